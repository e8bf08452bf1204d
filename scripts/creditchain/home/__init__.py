"""The home folder: its layout, its journal, its keys, and the one way to write files."""
