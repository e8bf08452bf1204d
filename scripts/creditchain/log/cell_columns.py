"""Many cells as two columns of rows, ascending by key: how replay and the state tree hold them.

Rows are numpy uint8 arrays of shape (n, 32). Columns are values: what changes them returns new ones.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from creditchain.log.cells import KEY_BYTES, NO_WORD, WORD_BYTES, Cell, CellError
from creditchain.merkle import lanes
from creditchain.merkle.rows import Places, Rows, check_rows

#: Rows between two insertions from which copying run by run beats numpy's mask over all rows.
LONG_RUN = 64


@dataclass(frozen=True, slots=True, eq=False)
class CellColumns(Sequence[Cell]):
    """Cells in ascending order of their keys, each key once. As a sequence, it gives `Cell`s.

    ValueError for other shapes; `require_ascending` checks the order, which takes a pass over all keys.
    """

    keys: Rows  #: (n, 32)
    words: Rows  #: (n, 32)

    def __post_init__(self) -> None:
        check_rows(self.keys, KEY_BYTES)
        check_rows(self.words, WORD_BYTES, rows=len(self.keys))

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> CellColumns:
        """Columns of these cells, in any order. CellError if a key comes twice."""
        ordered = sorted(cells, key=lambda cell: cell.key)
        made = cls(_rows(cell.key for cell in ordered), _rows(cell.word for cell in ordered))
        made.require_ascending()
        return made

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> CellColumns: ...
    def __getitem__(self, index: int | slice) -> Cell | CellColumns:
        if isinstance(index, slice):
            return CellColumns(self.keys[index], self.words[index])
        return Cell(self.keys[index].tobytes(), self.words[index].tobytes())

    def key(self, index: int) -> bytes:
        """The key of a cell, 32 bytes."""
        return bytes(self.keys[index])

    def require_ascending(self) -> None:
        """CellError unless the keys strictly ascend."""
        text = as_text(self.keys)
        wrong = np.flatnonzero(text[1:] <= text[:-1])
        if len(wrong):
            raise CellError(
                "the keys do not strictly ascend",
                expected=f"a key after 0x{self.key(int(wrong[0])).hex()}",
                found=f"0x{self.key(int(wrong[0]) + 1).hex()} at {wrong[0] + 1}",
            )

    def word(self, key: bytes) -> bytes:
        """The word of a key, 32 bytes; zero where there is no cell."""
        place = bisect_left(range(len(self)), key, key=self.key)
        return bytes(self.words[place]) if place < len(self) and self.key(place) == key else NO_WORD

    def words_of(self, keys: Rows) -> Rows:
        """The words of these keys (n, 32), zero where there is no cell."""
        places, present = find_keys(self.keys, keys)
        words = np.zeros((len(keys), WORD_BYTES), np.uint8)
        words[present] = self.words[places[present]]
        return words

    def without(self, keys: Rows) -> CellColumns:
        """These cells without those of `keys` (n, 32), which ascend."""
        places, present = find_keys(self.keys, keys)
        kept = np.ones(len(self), np.bool_)
        kept[places[present]] = False
        return CellColumns(self.keys[kept], self.words[kept])

    def updated(self, changes: CellColumns) -> CellColumns:
        """These cells with those of `changes` in place of, or beside, their own."""
        merge = Merge.of(self.keys, changes.keys)
        return CellColumns(merge.rows(self.keys, changes.keys), merge.rows(self.words, changes.words))


#: A region's state before its log wrote a cell.
NO_CELLS = CellColumns(np.empty((0, KEY_BYTES), np.uint8), np.empty((0, WORD_BYTES), np.uint8))


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """Where ascending new rows go among ascending old ones: some replace a row, the others stand between two."""

    replaced: Places  #: places of old rows that are replaced, ascending
    replacing: npt.NDArray[np.bool_]  #: which of the new rows replace one
    inserted: Places  #: the old row before which each other new row stands, ascending

    @classmethod
    def of(cls, old_keys: Rows, new_keys: Rows) -> Merge:
        """The merge of rows with these keys. Both strictly ascend."""
        places, replacing = find_keys(old_keys, new_keys)
        return cls(places[replacing], replacing, places[~replacing])

    def rows(self, old: Rows, new: Rows) -> Rows:
        """The merged rows of a column: `old` and `new` belong to the keys that the merge was made of."""
        merged = insert_rows(old, self.inserted, new[~self.replacing])
        # An old row moves by the number of rows that were inserted before it.
        moved = np.searchsorted(self.inserted, self.replaced, side="right")
        merged[self.replaced + moved] = new[self.replacing]
        return merged


def insert_rows(rows: Rows, places: Places, new: Rows) -> Rows:
    """A copy of `rows` with each of `new` before the row at its place. Places ascend and may repeat."""
    if len(rows) < LONG_RUN * len(places):
        return np.insert(rows, places, new, axis=0)
    merged, start = np.empty((len(rows) + len(new), rows.shape[1]), np.uint8), 0
    for count, place in enumerate(places.tolist()):
        merged[start + count : place + count] = rows[start:place]
        merged[place + count] = new[count]
        start = place
    merged[start + len(new) :] = rows[start:]
    return merged


def find_keys(among: Rows, keys: Rows) -> tuple[Places, npt.NDArray[np.bool_]]:
    """For each of `keys`: the place in ascending `among` of the first key not below it, and whether that is the key."""
    places = np.searchsorted(as_text(among), as_text(keys))
    inside = np.minimum(places, len(among) - 1) if len(among) else places
    same = (among[inside] == keys).all(axis=1) if len(among) else np.zeros(len(keys), np.bool_)
    return places, same


def key_order(keys: Rows) -> Places:
    """Places of keys (n, 32) in ascending order; equal keys keep their order.

    The sort of leaves expects digests, whose first bytes differ. Keys of one space do not: they share their first byte,
    and small numbers many more. So each space is sorted on its own, by what its keys do not share.
    """
    spaces = np.argsort(keys[:, 0], kind="stable")
    ends = np.cumsum(np.bincount(keys[:, 0], minlength=256))
    parts = np.split(spaces, ends[:-1])
    return np.concatenate([part[_order_of_space(keys[part])] for part in parts if len(part)] or [spaces])


def as_text(keys: Rows) -> npt.NDArray[np.bytes_]:
    """Rows of 32 bytes as numpy compares them: as bytes, from the first on."""
    return np.ascontiguousarray(keys).view(f"S{KEY_BYTES}").reshape(-1)


def _order_of_space(keys: Rows) -> Places:
    # Bytes that all keys share decide nothing, so they may come last.
    moved = np.roll(keys, -_shared(keys), axis=1)
    return lanes.row_order(moved)


def _shared(keys: Rows) -> int:
    """Number of leading bytes that all keys share; 0 if they are all equal."""
    return next((column for column in range(KEY_BYTES) if (keys[:, column] != keys[0, column]).any()), 0)


def _rows(values: Iterable[bytes]) -> Rows:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, KEY_BYTES)
