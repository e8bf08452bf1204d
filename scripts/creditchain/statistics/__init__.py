"""Statistics of a region's log: calls, batches, consents, disputes and loans, counted by month and member. No I/O.

    counted = Sums(("month", "institution"), CALLS)
    for entries in log.parts_with(EntryKind.QUERIES):           entries in columns, in any number of parts
        counted.add(calls_of(entries))
    counted.rows()                                              a dict for each month and institution

Each module turns entries into columns: what is counted by (keys), and what is counted (measures, whole numbers that
are added up). `folding` adds them up, `dimensions` puts members into regions, divisions and kinds afterwards.
Millions of items are counted in columns (NumPy, Arrow); nothing is done item by item.
"""
