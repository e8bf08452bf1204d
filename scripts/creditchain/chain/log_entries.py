"""Read entries of the region log from their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import LogPage, LogRange
from creditchain.chain.region import Region
from creditchain.log.appended import AppendedEntry
from creditchain.log.views import LogEntry
from creditchain.vocabulary import EntryKind


def entries_between(
    region: Region, first: int, last: int, kind: EntryKind | None = None, index: int | None = None
) -> list[LogEntry]:
    """Entries of the log in order, from the events of blocks `first` to `last`; of one kind or index, or of all (None).

    Only the log's root tells whether entries are missing or changed; `index.following` holds them against it.
    """
    event, log = interface("RegionLog").events["Appended"], region.deployment.address("RegionLog")
    indexed = tuple(None if value is None else value.to_bytes(32, "big") for value in (index, kind))
    wanted = LogRange((log,), (event.topic,), first, last, indexed)
    return [entry_from(region.deployment.log_id, found) for found in region.chain.logs(wanted)]


def range_of(region: Region, indices: Sequence[int], first: int, last: int) -> LogRange:
    """Which logs hold the entries with these indices, in blocks `first` to `last`."""
    event, log = interface("RegionLog").events["Appended"], region.deployment.address("RegionLog")
    wanted = tuple(index.to_bytes(32, "big") for index in indices)
    return LogRange((log,), (event.topic,), first, last, (wanted,))


def entry_pages(region: Region, first: int, last: int) -> Iterator[LogPage]:
    """The events of all entries of blocks `first` to `last`, range by range, as the endpoints gave them.

    Only the log's root tells whether entries are missing or changed. Raises as `Chain.logs`.
    """
    event, log = interface("RegionLog").events["Appended"], region.deployment.address("RegionLog")
    yield from region.chain.log_pages(LogRange((log,), (event.topic,), first, last))


def entry_at(region: Region, index: int, time: int, last: int) -> LogEntry | None:
    """The entry with this index, appended at `time` (unix seconds), if blocks up to `last` have it.

    It takes few reads, however long the log is. Only the log's root tells whether the entry is as the log has it.
    """
    first, until = blocks_at(region, time, last)
    return next((entry for entry in entries_between(region, first, until, index=index) if entry.index == index), None)


def blocks_at(region: Region, time: int, last: int) -> tuple[int, int]:
    """The first and last block with this time, up to block `last`: by bisection, without reading every block."""
    first = blocks_from(region, time, last)
    return first, max(first, blocks_from(region, time + 1, last) - 1)


def blocks_from(region: Region, time: int, last: int) -> int:
    """The first block of the region's with this time or a later one, up to block `last` + 1: by bisection."""
    low, high = region.deployment.first_block, last + 1
    while low < high:
        middle = (low + high) // 2
        if region.chain.block(middle).time < time:
            low = middle + 1
        else:
            high = middle
    return low


def entry_from(log_id: bytes, log: Log) -> LogEntry:
    """The entry that an `Appended` event of the log with this id says."""
    values = interface("RegionLog").events["Appended"].decode(log)
    said = AppendedEntry(
        index=values["index"],
        kind=values["kind"],
        writer=bytes.fromhex(values["writer"][2:]),
        time=values["time"],
        body=values["body"],
        writes=values["writes"],
    )
    return LogEntry.of(said, said.hash(log_id), block=log.block, transaction_hash=log.transaction_hash)
