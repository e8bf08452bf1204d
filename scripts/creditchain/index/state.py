"""Cells and state tree of a region as of one size of its log. Whatever it hands out was checked against the root."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creditchain.index.errors import IndexDamagedError
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cells import NO_WORD, Cell
from creditchain.log.state_proofs import (
    CellRange,
    CellRun,
    CellVerdict,
    KeyRange,
    single_key,
    verify_cell_range,
    verify_cells,
)
from creditchain.log.state_tree import StateTree
from creditchain.merkle import runs_proof, verify_runs


class IndexedState:
    """The state of a region after the first `log_size` entries of its log."""

    def __init__(self, log_size: int, tree: StateTree) -> None:
        self.log_size, self._tree, self.root = log_size, tree, tree.root

    @property
    def size(self) -> int:
        """Number of cells."""
        return self._tree.size

    @property
    def cells(self) -> CellColumns:
        """All cells, ascending by key, as they stand in the index: not held against the root."""
        return self._tree.cells

    def word(self, key: bytes) -> bytes:
        """The word of a cell (key of 32 bytes); zero if it was never written. IndexDamagedError."""
        shown = self.prove_range(single_key(key)).cells
        return shown[0].word if shown else NO_WORD

    def words(self, keys: Iterable[bytes]) -> list[bytes]:
        """The words of several cells, as `RegionLog.read` gives them."""
        return [self.word(key) for key in keys]

    def prove_cell(self, key: bytes) -> CellRun:
        """Show the cell with this key. KeyError if there is none; `prove_range` shows that."""
        places = self._tree.find(single_key(key))
        if not places:
            raise KeyError(f"no cell 0x{key.hex()}")
        return self.prove_cells(places.start, 1)

    def prove_cells(self, first: int, count: int) -> CellRun:
        """Show `count` cells from index `first` on. IndexError if there are none, or if they leave the tree."""
        run = self._tree.prove_cells(first, count)
        if not verify_cells(run, self.size, self.root):
            raise IndexDamagedError(f"the state from cell {first} on does not give its root")
        return run

    def prove_runs(
        self, runs: Sequence[tuple[int, int]]
    ) -> tuple[list[tuple[int, tuple[Cell, ...]]], tuple[bytes, ...]]:
        """Show several runs of cells, each from a first index on, with one proof for all of them.

        IndexError if a run is empty, is not behind the one before it, or leaves the tree.
        """
        cells = [(first, tuple(self._tree.cells[first : first + count])) for first, count in runs]
        proof = runs_proof(self._tree, runs)
        hashes = [(first, [cell.hash() for cell in row]) for first, row in cells]
        if runs and not verify_runs(hashes, self.size, proof, self.root):
            raise IndexDamagedError("cells of the state do not give its root")
        return cells, tuple(proof)

    def prove_range(self, keys: KeyRange) -> CellRange:
        """Show all cells with these keys, and that there are no others."""
        shown = self._tree.prove_range(keys)
        self._require(verify_cell_range(shown, keys, self.size, self.root))
        return shown

    def require_intact(self) -> None:
        """Hash all cells again. IndexDamagedError if they do not give the root."""
        if StateTree(self._tree.cells).root != self.root:
            raise IndexDamagedError("the cells of a state do not give its root")

    def _require(self, verdict: CellVerdict) -> None:
        if not verdict:
            raise IndexDamagedError("the state does not give its root", found=str(verdict.fault))
