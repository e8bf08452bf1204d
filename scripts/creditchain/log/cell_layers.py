"""All cells of a region as layers of columns, so that following a log does not copy millions of cells for each change.

A layer holds the cells that changed since the layers below it. New layers are merged with those above that are not much
larger, so there are few of them, and each cell is copied a few times only. The lowest layer is never copied: it may be
a mapped file.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from creditchain.log.cell_columns import NO_CELLS, CellColumns, find_keys
from creditchain.log.cells import NO_WORD, WORD_BYTES
from creditchain.merkle.rows import Rows


@dataclass(frozen=True, slots=True, eq=False)
class LayeredCells:
    """Cells of a base, with those that changed since. It never changes: `updated` makes another one."""

    base: CellColumns = NO_CELLS
    layers: tuple[CellColumns, ...] = field(default=())  #: the oldest first

    def word(self, key: bytes) -> bytes:
        """The word of a key, 32 bytes; zero where there is no cell."""
        for layer in (*reversed(self.layers), self.base):
            # No cell that was written holds the zero word.
            if (found := layer.word(key)) != NO_WORD:
                return found
        return NO_WORD

    def words_of(self, keys: Rows) -> Rows:
        """The words of these keys (n, 32), zero where there is no cell."""
        words, missing = np.zeros((len(keys), WORD_BYTES), np.uint8), np.arange(len(keys))
        for layer in (*reversed(self.layers), self.base):
            places, present = find_keys(layer.keys, keys[missing])
            words[missing[present]] = layer.words[places[present]]
            missing = missing[~present]
        return words

    def updated(self, changes: CellColumns) -> LayeredCells:
        """These cells with those of `changes` in place of, or beside, their own."""
        layers = [*self.layers, changes]
        while len(layers) > 1 and len(layers[-2]) < 2 * len(layers[-1]):
            above = layers.pop()
            layers[-1] = layers[-1].updated(above)
        return LayeredCells(self.base, tuple(layers))

    @property
    def changes(self) -> CellColumns:
        """What changed since the base."""
        changed = NO_CELLS
        for layer in self.layers:
            changed = changed.updated(layer)
        return changed

    @property
    def cells(self) -> CellColumns:
        """All cells as one layer."""
        return self.base.updated(self.changes)
