"""Layers of cells hold what one layer holds, whatever the order and size of changes."""

from __future__ import annotations

from random import Random

import numpy as np

from creditchain.log.cell_columns import NO_CELLS, CellColumns
from creditchain.log.cell_layers import LayeredCells
from creditchain.log.cells import NO_WORD, Cell, cell_key, cell_word


def some_cells(random: Random, entry: int, most: int) -> CellColumns:
    keys = {cell_key(random.choice((1, 7)), random.randrange(60)) for _ in range(random.randrange(most + 1))}
    return CellColumns.of(Cell(key, cell_word(random.getrandbits(200), entry)) for key in keys)


def test_layers_hold_what_one_layer_holds():
    random = Random(5)  # noqa: S311 - not for keys
    for base in (NO_CELLS, some_cells(random, 1, 40)):
        layered, whole = LayeredCells(base), base
        for entry in range(2, 60):
            changes = some_cells(random, entry, random.choice((1, 3, 20)))
            layered, whole = layered.updated(changes), whole.updated(changes)
            assert (layered.cells.keys.tobytes(), layered.cells.words.tobytes()) == (
                whole.keys.tobytes(),
                whole.words.tobytes(),
            )
            keys = np.frombuffer(b"".join(cell_key(space, n) for space in (1, 7) for n in range(62)), np.uint8)
            keys = keys.reshape(-1, 32)
            assert layered.words_of(keys).tobytes() == whole.words_of(keys).tobytes()
            assert [layered.word(bytes(key)) for key in keys] == [whole.word(bytes(key)) for key in keys]
            assert layered.base is base
            assert base.updated(layered.changes).words.tobytes() == whole.words.tobytes()


def test_there_are_few_layers():
    layered = LayeredCells()
    for entry in range(1, 2000):
        layered = layered.updated(CellColumns.of([Cell(cell_key(1, entry), cell_word(0, entry))]))
    assert len(layered.layers) <= 11
    assert layered.word(cell_key(1, 2000)) == NO_WORD
