"""The state of a region as of any size: from the nearest one that was kept, and the entries since."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from creditchain.home.locks import file_lock
from creditchain.index.columns import IndexColumns
from creditchain.index.entries import CheckedEntries
from creditchain.index.errors import IndexDamagedError
from creditchain.index.snapshots import Snapshots
from creditchain.index.state import IndexedState
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cell_layers import LayeredCells
from creditchain.log.replay import ReplayError, changes_by
from creditchain.log.state_tree import NO_STATE, StateTree

#: Entries that are replayed at a time.
REPLAYED_AT_ONCE: Final = 1 << 16
#: A state is kept after so many entries at least, and after more where there are many cells: one for 16 cells.
KEPT_AFTER: Final = 4096
CELLS_AN_ENTRY: Final = 16
#: Cells from which computing a tree takes longer than mapping it, so that the tree is kept when somebody asks for it.
WORTH_KEEPING: Final = 1 << 16
_LOCK_SECONDS: Final = 60.0


class States:
    """The states of an index as far as its entries are checked."""

    def __init__(self, folder: Path, lock: Path, columns: IndexColumns, checked: CheckedEntries) -> None:
        self._folder, self._lock, self._columns, self._checked = folder, lock, columns, checked
        self._snapshots = Snapshots(folder)
        self._made: tuple[int, StateTree] | None = None
        self._recent: tuple[int, IndexedState, CellColumns] | None = None

    def tree(self, size: int) -> StateTree:
        """The state tree as of a size. Raises IndexDamagedError, StorageError."""
        if self._made is not None and self._made[0] == size:
            return self._made[1]
        near = self._snapshots.nearest(size, whole=False)
        if near is not None and near[0] == size:
            tree = near[1]
        else:
            tree = self._computed(size)
            if tree.size >= WORTH_KEEPING and self._folder.is_dir():
                with file_lock(self._lock, _LOCK_SECONDS, "another process follows this log"):
                    self._snapshots.write(size, tree)
        self._made = size, tree
        return tree

    def cells(self, size: int) -> LayeredCells:
        """The cells as of a size.

        A kept state that they are based on is not compared with its digests: a change in it shows where the next write
        of that cell contradicts it.
        """
        return self._replayed(self._snapshots.nearest(size, whole=False), size)

    def recent(self, size: int) -> tuple[IndexedState, CellColumns]:
        """The nearest state that was kept up to a size, and what changed since: each change is of a checked entry."""
        if self._recent is None or self._recent[0] != size:
            base = self._snapshots.nearest(size, whole=False)
            kept = IndexedState(base[0], base[1]) if base else IndexedState(0, NO_STATE)
            self._recent = size, kept, self._replayed(base, size).changes
        return self._recent[1:]

    def keep(self, size: int) -> None:
        """Keep the state as of this size if the last one is too long ago. The caller holds the lock."""
        since, tree = self._snapshots.nearest(size, whole=False) or (0, NO_STATE)
        if size - since >= max(KEPT_AFTER, tree.size // CELLS_AN_ENTRY):
            self._snapshots.write(size, self._computed(size))

    def _computed(self, size: int) -> StateTree:
        base = self._snapshots.nearest(size, whole=True)
        changes = self._replayed(base, size).changes
        return (base[1] if base else NO_STATE).updated(changes)

    def _replayed(self, base: tuple[int, StateTree] | None, size: int) -> LayeredCells:
        since, tree = base or (0, NO_STATE)
        cells = LayeredCells(tree.cells)
        for start in range(since, size, REPLAYED_AT_ONCE):
            part = self._checked.part(start, min(start + REPLAYED_AT_ONCE, size))
            try:
                cells = cells.updated(changes_by(part, cells))
            except ReplayError as error:
                raise IndexDamagedError(f"its entries contradict its state: {error.message}") from error
        return cells
