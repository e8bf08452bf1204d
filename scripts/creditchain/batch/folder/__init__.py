"""A batch folder: its files, its manifest, its proofs, checking and purging it."""
