"""The one follower of a region's log: its entries, cells and state tree, checked once and kept in the home folder.

    block = region.chain.final_block()
    log = follow_log(region, IndexPlace.of(home.region(region.deployment.log_id)), block)

`follow_log` reads only what was appended since the last call, and checks it against the log's root at that final block.
`opening.region_log(region)` does the same in the region's home, or without one. `facts.IndexedFacts(log, basis)` is the
port of `log.facts` over it. `log` is the log as of that block:

    log.size, log.root, log.block                   what the contract says at that block
    log.entry(index), log.entries(first, stop)      entries as `LogEntry`
    log.of_kind(EntryKind.BOOK, EntryKind.AUDIT)    … of some kinds only
    log.columns(first, stop)                        … as `EntryColumns`
    log.parts_with(EntryKind.QUERIES)               … as `EntryColumns`, where there are any of this kind
    log.inclusion(index), log.opening(index)        proof under `root`; under a peak (for contracts)
    log.consistency(old_size), log.root_at(size)
    log.word(key), log.words(keys)                  words of cells, cheap also where there are millions
    log.state(size)                                 cells and state tree as of a size, `IndexedState`; all cells are
                                                    hashed, unless that state was kept (the first call keeps it):
        .root, .cells, .word(key), .words(keys)
        .prove_cell(key), .prove_range(prefix_range(space)), .prove_cells(first, count)

The files are not trusted: what is read from them is hashed, and has to give the root that the contract stated. If it
does not, IndexDamagedError says so, and `creditchain log index --rebuild` reads the log anew. ForkedLogError: what the
chain says now contradicts what was final before. Any number of processes may read while one extends.
"""
