"""Batches: read an upload, seal it, sort it, build its tree, and keep it as a folder named by its root."""
