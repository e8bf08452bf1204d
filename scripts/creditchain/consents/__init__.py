"""Consents, queries and disputes as files that people hand on, and what a provider refuses (docs/consent.md). Pure."""
