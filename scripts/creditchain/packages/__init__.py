"""The files that people hand on: packages, consents, requests, filings, lists of loans. Parsing and writing, without I/O."""
