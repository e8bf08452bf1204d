"""What the index of a log says, through the port of `log.facts`: cells and entries, at the log's block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creditchain.index.opened import IndexedLog
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry


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
