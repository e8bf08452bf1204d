"""What ships as data, and a user's own files of the same kind: products, members, regions."""
