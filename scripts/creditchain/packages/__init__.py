"""Formats of the files that participants exchange: packages, consents, requests, filings, lists of queries. No I/O."""
