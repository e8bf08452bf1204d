"""Facts from a log in memory: its cells follow from its entries, as whoever replays a log has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from creditchain.log.cells import NO_WORD, parse_writes
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry
from creditchain.merkle import root


@dataclass
class MemoryFacts:
    """What a log of these entries says. `rounds` counts the exchanges that a chain would have needed."""

    log: Sequence[LogEntry]
    block: BlockRef
    basis: Basis = Basis.AGREED
    rounds: int = 0
    known: set[bytes | int] = field(default_factory=set)
    ahead: set[bytes | int] = field(default_factory=set)
    places: dict[int, EntryPlace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells: dict[bytes, bytes] = {}
        for entry in self.log:
            for write in parse_writes(entry.writes, entry.index):
                self.cells[write.key] = write.new

    @property
    def head(self) -> FactsHead:
        """Size and root."""
        return FactsHead(len(self.log), root([entry.hash for entry in self.log]), self.block)

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Only entries whose block is said come along."""
        self.ahead |= {*cells, *(one.index for one in entries if one.block is not None)}

    def _ask(self, wanted: set[bytes | int]) -> None:
        if not wanted <= self.known:
            self.rounds += 1
            self.known |= wanted | self.ahead
            self.ahead = set()

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells."""
        self._ask(set(keys))
        return [self.cells.get(key, NO_WORD) for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places."""
        self._ask({one.index for one in wanted})
        found = [self.log[one.index] for one in wanted if one.index < len(self.log)]
        if len(found) < len(wanted):
            raise MissingFactError("there is no such entry", "无此条目")
        return found
