"""Which records may stand in a batch: one by one, and many at once."""
