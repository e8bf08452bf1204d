"""Replay a region log entry by entry, as a follower does that hears of one after the other."""

from __future__ import annotations

from creditchain.hashing import require_hash
from creditchain.log.appended import AppendedEntry
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cells import Cell, CellError, CellWrite, parse_writes
from creditchain.log.replay import NOTHING_REPLAYED, Replayed, ReplayError
from creditchain.merkle.frontier import Frontier


class Replay:
    """A log that is replayed entry by entry. Mutable; `replayed` gives what it has come to."""

    def __init__(self, log_id: bytes, before: Replayed = NOTHING_REPLAYED) -> None:
        """`log_id`: 32 bytes; `before`: what the entries to come follow."""
        self._log_id = require_hash(log_id, "log_id")
        self._cells = before.cells
        self._written: dict[bytes, bytes] = {}
        self._frontier = Frontier.of(before.size, before.peaks)

    @property
    def size(self) -> int:
        """Number of entries so far."""
        return self._frontier.size

    @property
    def root(self) -> bytes:
        """The root of the log's tree so far, 32 bytes."""
        return self._frontier.root

    def word(self, key: bytes) -> bytes:
        """The word of a cell (key of 32 bytes) as it is now, 32 bytes; zero if it was never written."""
        return self._written.get(key) or self._cells.word(key)

    def append(self, entry: AppendedEntry) -> bytes:
        """Check the next entry and write its cells; return its leaf hash. A ReplayError changes nothing."""
        if entry.index != self.size:
            expected, found = f"entry {self.size}", str(entry.index)
            raise ReplayError("it does not follow the last entry", entry.index, expected=expected, found=found)
        writes = _writes(entry)
        for write in writes:
            self._require_old(write, entry.index)
        leaf_hash = entry.hash(self._log_id)
        self._frontier.append(leaf_hash)
        self._written.update((write.key, write.new) for write in writes)
        return leaf_hash

    def replayed(self) -> Replayed:
        """What the entries so far add up to."""
        changes = CellColumns.of(Cell(key, word) for key, word in self._written.items())
        return Replayed(self.size, self._frontier.peaks, self._cells.updated(changes))

    def _require_old(self, write: CellWrite, entry: int) -> None:
        left = self.word(write.key)
        if write.old != left:
            message = f"an old word is not what the last write of cell 0x{write.key.hex()} left"
            raise ReplayError(message, entry, expected="0x" + left.hex(), found="0x" + write.old.hex())


def _writes(entry: AppendedEntry) -> tuple[CellWrite, ...]:
    try:
        return parse_writes(entry.writes, entry.index)
    except CellError as error:
        expected, found = error.expected or "", error.found or ""
        raise ReplayError(error.message, entry.index, expected=expected, found=found) from error
