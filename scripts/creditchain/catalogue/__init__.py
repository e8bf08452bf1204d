"""Products, members and regions: those that ship with the package, and users' own files of the same kinds."""
