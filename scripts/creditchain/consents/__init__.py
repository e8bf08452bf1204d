"""The terms of consents, and how a provider judges requests under them (docs/consent.md). Pure."""
