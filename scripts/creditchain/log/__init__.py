"""The region log as plain values: entries, what they say, and what follows from them. Pure."""
