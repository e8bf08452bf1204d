"""The files that people hand on: packages, consents, requests, filings, lists of loans. No I/O."""
