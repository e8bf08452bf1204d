"""Entries of the log as they are shown to a contract: their fields, and the proof that the log holds them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.errors import InputError
from creditchain.log.cells import writes_hash
from creditchain.log.views import LogEntry, Opening
from creditchain.merkle import inclusion_proof


def open_entry(entries: Sequence[LogEntry], index: int) -> Opening:
    """What opens the entry with this index. `entries`: the whole log, in order.

    The proof ends at the largest perfect subtree that holds the entry (`RegionLog.peakOf`), so it stays good while
    others append. Raises InputError if the log has no such entry.
    """
    if not 0 <= index < len(entries):
        raise InputError("the log has no such entry", expected=f"below {len(entries)}", found=str(index))
    level = (index ^ len(entries)).bit_length() - 1
    first = index >> level << level
    hashes = [entry.hash for entry in entries[first : first + (1 << level)]]
    entry = entries[index]
    return Opening(
        entry.index, entry.writer, entry.time, writes_hash(entry.writes), tuple(inclusion_proof(hashes, index - first))
    )
