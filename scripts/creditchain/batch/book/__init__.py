"""Books: all leaves that a node published under one key epoch, as one tree. Made from leaves alone."""
