"""Read the region log from its events, one an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import LogPage, LogRange
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.region import Region
from creditchain.log.appended import AppendedEntry
from creditchain.log.views import LogEntry
from creditchain.merkle.frontier import Frontier
from creditchain.vocabulary import EntryKind


def read_entries(region: Region, block: int | None = None) -> list[LogEntry]:
    """Every entry of the log as of a block (None: the newest), checked against the log's root at that block.

    Raises:
        LyingEndpointError: the entries do not give that root.
    """
    at = region.chain.head().number if block is None else block
    return read_entries_of(region, at, lambda: (region.log_size(at), region.log_root(at)))


def read_entries_of(region: Region, at: int, head: Callable[[], tuple[int, bytes]]) -> list[LogEntry]:
    """Every entry of the log as of block `at`, checked against `head`: its size and root (32 bytes) there.

    Raises:
        LyingEndpointError: the entries do not give that root.
    """
    entries = entries_between(region, region.deployment.first_block, at)
    for index, entry in enumerate(entries):
        if entry.index != index:
            expected, found = f"entry {index}", f"entry {entry.index}"
            raise LyingEndpointError("the endpoint omits entries of the log", expected=expected, found=found)
    frontier = Frontier()
    frontier.extend(entry.hash for entry in entries)
    size, root = head()
    if frontier.root != root:
        raise LyingEndpointError(
            f"the events of the region log do not give its root at block {at}",
            expected=f"{size} entries with root 0x{root.hex()}",
            found=f"{len(entries)} entries with root 0x{frontier.root.hex()}",
            hint="The endpoint omits or changes events; use another endpoint.",
        )
    return entries


def entries_between(
    region: Region, first: int, last: int, kind: EntryKind | None = None, index: int | None = None
) -> list[LogEntry]:
    """Entries of the log in order, from the events of blocks `first` to `last`; of one kind or index, or of all (None).

    Only the log's root tells whether entries are missing or changed (`read_entries`).
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
    first = _first_block_from(region, time, last)
    return first, max(first, _first_block_from(region, time + 1, last) - 1)


def _first_block_from(region: Region, time: int, last: int) -> int:
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
