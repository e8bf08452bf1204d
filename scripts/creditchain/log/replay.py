"""Replay a region log: from its entries to the cells that they add up to, with every check on the way.

What is checked: entries follow each other without a gap; each old word is what the cell's last write left; each new
word names the entry that writes it; no entry writes a cell twice; and, with `Replayed.require_root`, the entries are
those of the log, since their hashes give its root. No rule of any contract needs to be known for that.

The state as of an earlier size comes from replaying the entries before it, or from rewinding those after it.
`log.stepping` replays one entry after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from creditchain.errors import NotValidError
from creditchain.log.cell_columns import NO_CELLS, CellColumns, key_order
from creditchain.log.cells import ENTRY_BYTES
from creditchain.log.entry_columns import EntryColumns, Numbers, big_endian, entry_hashes
from creditchain.merkle.appending import append_rows
from creditchain.merkle.frontier import Frontier
from creditchain.merkle.rows import Rows

_Marks = npt.NDArray[np.bool_]


class CellsBefore(Protocol):
    """The cells before some entries, in columns or in layers of columns."""

    def words_of(self, keys: Rows) -> Rows:
        """The words of these keys (n, 32), zero where there is no cell."""


class ReplayError(NotValidError):
    """The entries contradict each other or the log's root. `entry`: index of the one at fault; None for the root."""

    def __init__(self, message: str, entry: int | None = None, *, expected: str, found: str) -> None:
        where = "" if entry is None else f"entry {entry}: "
        super().__init__(where + message, expected=expected, found=found)
        self.entry = entry


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A log after its first `size` entries: the frontier of its tree, and all cells."""

    size: int  #: number of entries
    peaks: tuple[bytes, ...]  #: of the frontier, see `merkle.Frontier`
    cells: CellColumns

    @property
    def root(self) -> bytes:
        """The root of the log's tree, 32 bytes."""
        return Frontier.of(self.size, self.peaks).root

    def require_root(self, size: int, root: bytes) -> Replayed:
        """This, if the log had this root when it had `size` entries. Raises ReplayError."""
        if self.size != size:
            raise ReplayError("the log has another size", expected=str(size), found=str(self.size))
        if self.root != root:
            found = "0x" + self.root.hex()
            raise ReplayError("the entries are not those of the log", expected=f"the root 0x{root.hex()}", found=found)
        return self


#: A log before its first entry.
NOTHING_REPLAYED = Replayed(0, (), NO_CELLS)


def replay(entries: EntryColumns, log_id: bytes, before: Replayed = NOTHING_REPLAYED, *, threads: int = 0) -> Replayed:
    """The log after these entries, which follow those of `before`. `threads`: for hashing, 0 for all cores.

    Raises ReplayError with the first entry that contradicts those before it.
    """
    require_consecutive(entries.indices, before.size)
    cells = before.cells.updated(changes_by(entries, before.cells))
    frontier = Frontier.of(before.size, before.peaks)
    append_rows(frontier, entry_hashes(entries, log_id, threads=threads), threads=threads)
    return Replayed(frontier.size, frontier.peaks, cells)


def rewind(cells: CellColumns, entries: EntryColumns) -> CellColumns:
    """The cells as they were before these entries, the last of the log: each cell gets its first old word back.

    Raises ReplayError if a cell does not hold what the last of these entries wrote.
    """
    writes, by_entry = entries.own_writes()
    order = key_order(writes[:, :32])
    ordered = _Writes.of(writes[order])
    first, last = _ends_of_runs(ordered.keys)
    held = cells.words_of(ordered.keys[last])
    wrong = (held != ordered.new[last]).any(axis=1)
    if wrong.any():
        entry, expected = by_entry[order[last][wrong][0]], _hexed(ordered.new[last][wrong][0])
        raise ReplayError("the cell holds another word", int(entry), expected=expected, found=_hexed(held[wrong][0]))
    before = CellColumns(ordered.keys[first], ordered.old[first])
    written = before.words.any(axis=1)
    earlier = CellColumns(before.keys[written], before.words[written])
    return cells.without(before.keys[~written]).updated(earlier)


def require_consecutive(indices: Numbers, first: int) -> None:
    """ReplayError unless the indices are `first`, `first` + 1 and so on."""
    expected = np.arange(first, first + len(indices), dtype=np.uint64)
    wrong = np.flatnonzero(indices != expected)
    if len(wrong):
        wanted, found = int(expected[wrong[0]]), int(indices[wrong[0]])
        raise ReplayError("it does not follow the last entry", found, expected=f"entry {wanted}", found=str(found))


class _Writes(NamedTuple):
    """Writes as three columns of rows (n, 32)."""

    keys: Rows
    old: Rows
    new: Rows

    @classmethod
    def of(cls, rows: Rows) -> _Writes:
        return cls(*(np.ascontiguousarray(rows[:, start : start + 32]) for start in (0, 32, 64)))


def changes_by(entries: EntryColumns, before: CellsBefore) -> CellColumns:
    """What each written cell holds after the entries, every write checked against the one before it.

    Raises ReplayError with the first entry that contradicts those before it.
    """
    writes, by_entry = entries.own_writes()
    # In this order, the writes of one cell stand together, from the first to the last.
    order = key_order(writes[:, :32])
    ordered, entry = _Writes.of(writes[order]), by_entry[order]
    first, last = _ends_of_runs(ordered.keys)
    left = np.empty_like(ordered.old)  # what the cell's last write left
    left[1:] = ordered.new[:-1]
    left[first] = before.words_of(ordered.keys[first])
    again = np.zeros(len(order), np.bool_)
    again[1:] = entry[1:] == entry[:-1]
    faults = _Faults(
        genesis=entry == 0,
        other_entry=(ordered.new[:, -ENTRY_BYTES:] != big_endian(entry)[:, -ENTRY_BYTES:]).any(axis=1),
        again=again & ~first,
        other_word=(ordered.old != left).any(axis=1),
    )
    wrong = np.logical_or.reduce(faults)
    if wrong.any():
        place = np.flatnonzero(wrong)[np.argmin(order[wrong])]
        raise _fault(faults, int(place), int(entry[place]), ordered, left)
    return CellColumns(ordered.keys[last], ordered.new[last])


class _Faults(NamedTuple):
    """Which writes have which fault, (n,) each."""

    genesis: _Marks
    other_entry: _Marks
    again: _Marks
    other_word: _Marks


def _fault(faults: _Faults, place: int, entry: int, writes: _Writes, left: Rows) -> ReplayError:
    """The error for the first wrong write."""
    if faults.genesis[place]:
        return ReplayError(
            "the first entry writes a cell", entry, expected="no writes", found=_hexed(writes.keys[place])
        )
    if faults.other_entry[place]:
        named = int.from_bytes(writes.new[place, -ENTRY_BYTES:].tobytes())
        return ReplayError("a new word names another entry", entry, expected=str(entry), found=str(named))
    if faults.again[place]:
        cell = _hexed(writes.keys[place])
        return ReplayError("it writes a cell twice", entry, expected="each cell once", found=f"{cell} again")
    expected, found = _hexed(left[place]), _hexed(writes.old[place])
    message = f"an old word is not what the last write of cell {_hexed(writes.keys[place])} left"
    return ReplayError(message, entry, expected=expected, found=found)


def _ends_of_runs(keys: Rows) -> tuple[_Marks, _Marks]:
    """Which rows are the first, and which the last, of a run of equal keys."""
    changes = np.ones(len(keys) + 1, np.bool_)
    changes[1:-1] = (keys[1:] != keys[:-1]).any(axis=1)
    changes = changes if len(keys) else changes[:0]
    return changes[:-1], changes[1:]


def _hexed(row: Rows) -> str:
    return "0x" + row.tobytes().hex()
