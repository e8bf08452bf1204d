"""Facts that note what is asked of them: so that a package can say what a verifier will ask for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creditchain.log.facts import Basis, EntryPlace, Facts, FactsHead
from creditchain.log.views import BlockRef, LogEntry


class RecordedFacts:
    """Other facts, with everything that was asked and had an answer."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._cells: dict[bytes, None] = {}
        self._entries: dict[int, EntryPlace] = {}

    @property
    def cells(self) -> tuple[bytes, ...]:
        """The keys of all cells that were asked for, 32 bytes each, each once."""
        return tuple(self._cells)

    @property
    def asked(self) -> tuple[EntryPlace, ...]:
        """All entries that were asked for, with the blocks that hold them, ascending, each once."""
        return tuple(self._entries[index] for index in sorted(self._entries))

    @property
    def basis(self) -> Basis:
        """As of the other facts."""
        return self._facts.basis

    @property
    def block(self) -> BlockRef:
        """As of the other facts."""
        return self._facts.block

    @property
    def head(self) -> FactsHead:
        """As of the other facts."""
        return self._facts.head

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Passed on, not noted: what is expected need not be needed."""
        self._facts.expect(cells, entries)

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """See `Facts.words`."""
        found = self._facts.words(keys)
        self._cells.update(dict.fromkeys(keys))
        return found

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """See `Facts.entries`."""
        found = self._facts.entries(wanted)
        self._entries.update((entry.index, EntryPlace(entry.index, entry.block)) for entry in found)
        return found
