"""The state tree: all cells of a region, ascending by key, as one tree (docs/format.md section 4).

Whoever has the entries of a log computes it; checkpoints sign its root. A tree keeps 128 bytes for each cell in memory.
`log.state_proofs` has the proofs that it makes, and how they are checked.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from creditchain.log.cell_columns import NO_CELLS, CellColumns, Merge
from creditchain.log.state_proofs import CellRange, CellRun, KeyRange
from creditchain.merkle import lanes
from creditchain.merkle.rows import Rows
from creditchain.merkle.runs import run_proof
from creditchain.merkle.tree import tree_root


class StateTree:
    """The tree over all cells of a region, a `merkle.Tree`. It never changes: `updated` makes another one."""

    def __init__(self, cells: CellColumns, *, threads: int = 0) -> None:
        """Hash all cells and levels. `threads`: for hashing, 0 for all cores. CellError unless the keys ascend."""
        cells.require_ascending()
        self._build(cells, lanes.cell_rows(cells.keys, cells.words, threads=threads), threads)

    def _build(self, cells: CellColumns, leaf_hashes: Rows, threads: int) -> None:
        self._cells = cells
        self._threads = threads
        self._levels = lanes.levels(leaf_hashes, threads=threads)

    @classmethod
    def of_levels(cls, cells: CellColumns, levels: Sequence[Rows], *, threads: int = 0) -> StateTree:
        """The tree whose levels were computed before, and kept. Nothing is hashed or checked here."""
        made = cls.__new__(cls)
        made._cells, made._levels, made._threads = cells, list(levels), threads
        return made

    @property
    def cells(self) -> CellColumns:
        """All cells, ascending by key."""
        return self._cells

    @property
    def levels(self) -> Sequence[Rows]:
        """All nodes, level by level, leaf hashes first, as `merkle.lanes.levels` gives them."""
        return self._levels

    @property
    def size(self) -> int:
        """Number of cells."""
        return len(self._cells)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes; keccak256("") if there is no cell."""
        return tree_root(self)

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. IndexError outside the tree."""
        if level < 0 or index < 0:
            raise IndexError(f"no node {index} in level {level}")
        return bytes(self._levels[level][index])

    def updated(self, changes: CellColumns) -> StateTree:
        """The tree with these cells, changed or new, ascending by key. CellError unless they ascend.

        Leaf hashes of other cells are taken over. All inner nodes are hashed again, because an insertion moves what
        stands after it; that takes less time than finding out which of them stay.
        """
        changes.require_ascending()
        merge = Merge.of(self._cells.keys, changes.keys)
        hashes = lanes.cell_rows(changes.keys, changes.words, threads=self._threads)
        cells = CellColumns(merge.rows(self._cells.keys, changes.keys), merge.rows(self._cells.words, changes.words))
        made = StateTree.__new__(StateTree)
        made._build(cells, merge.rows(self._levels[0], hashes), self._threads)
        return made

    def find(self, keys: KeyRange) -> range:
        """Indices of the cells with these keys. If there are none: an empty range at the place where they would be."""
        places = range(self.size)
        first = bisect_left(places, keys.low, key=self._cells.key)
        return range(first, bisect_right(places, keys.high, lo=first, key=self._cells.key))

    def prove_cells(self, first: int, count: int) -> CellRun:
        """Show `count` cells from index `first` on. IndexError if there are none, or if they leave the tree."""
        proof = tuple(run_proof(self, first, count))
        return CellRun(first, tuple(self._cells[first : first + count]), proof)

    def prove_cell(self, key: bytes) -> CellRun:
        """Show the cell with this key. KeyError if there is none; `prove_range` shows that."""
        places = self.find(KeyRange(key, key))
        if not places:
            raise KeyError(f"no cell 0x{key.hex()}")
        return self.prove_cells(places.start, 1)

    def prove_range(self, keys: KeyRange) -> CellRange:
        """Show all cells with these keys, and that there are no others. For one key without a cell: its absence."""
        places = self.find(keys)
        shown = range(max(places.start - 1, 0), min(places.stop + 1, self.size))
        return CellRange(
            first=places.start,
            cells=tuple(self._cells[places.start : places.stop]),
            left=self._cells[shown.start] if shown.start < places.start else None,
            right=self._cells[places.stop] if shown.stop > places.stop else None,
            proof=tuple(run_proof(self, shown.start, len(shown))) if shown else (),
        )


#: The tree of a log that has written no cell.
NO_STATE = StateTree(NO_CELLS)
