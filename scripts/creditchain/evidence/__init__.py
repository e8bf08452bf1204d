"""Fetch from a chain what verification needs, all at one final block."""
