"""One module a revision of the journal's schema. None is changed once it was released."""
