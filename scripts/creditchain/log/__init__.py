"""The region log as plain values: entries, their bodies, and what follows from them. Pure."""
