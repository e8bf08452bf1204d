"""The home folder: its layout, its journal and its keys. Nothing else writes there."""
