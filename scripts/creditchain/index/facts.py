"""What the index of a log says, through the port of `log.facts`: cells and entries, at the log's block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from creditchain.chain.region import Region
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry


class EntrySequence(Sequence[LogEntry]):
    """All entries of an opened log, each read when it is asked for."""

    def __init__(self, log: IndexedLog) -> None:
        self._log = log

    def __len__(self) -> int:
        return self._log.size

    @overload
    def __getitem__(self, index: int) -> LogEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LogEntry]: ...
    def __getitem__(self, index: int | slice) -> LogEntry | Sequence[LogEntry]:
        if isinstance(index, slice):
            return [self._log.entry(place) for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"no entry {index}")
        return self._log.entry(index % len(self))


def entries_under(region: Region, head: FactsHead) -> Sequence[LogEntry]:
    """All entries of the log that has this size and root, from the index. Raises as `region_log`."""
    return EntrySequence(region_log(region, head.block, head=(head.size, head.root)))


class IndexedFacts:
    """A `Facts` over an opened log. No endpoint is asked; all was held against the root that endpoints stated."""

    def __init__(self, log: IndexedLog, basis: Basis) -> None:
        """`basis`: on whose word the log's root is believed."""
        self._log, self._basis = log, basis

    @property
    def basis(self) -> Basis:
        """On whose word the log's root is believed."""
        return self._basis

    @property
    def block(self) -> BlockRef:
        """The final block of the log."""
        return self._log.block

    @property
    def head(self) -> FactsHead:
        """Size and root of the log."""
        return FactsHead(self._log.size, self._log.root, self._log.block)

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Nothing has to be asked for together."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells, see `Facts.words`."""
        return self._log.words(keys)

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, see `Facts.entries`."""
        for place in wanted:
            if not 0 <= place.index < self._log.size:
                raise MissingFactError(f"the log has no entry {place.index}", "日志中没有该条目")
        return [self._log.entry(place.index) for place in wanted]
