"""Fetches what verification needs from a chain, every value at one block."""
