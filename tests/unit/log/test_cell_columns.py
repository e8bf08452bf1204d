"""Columns of cells against dictionaries and Python's own sort."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from creditchain.log.cell_columns import LONG_RUN, NO_CELLS, CellColumns, insert_rows, key_order
from creditchain.log.cells import NO_WORD, Cell, CellError, cell_key, cell_word
from creditchain.merkle.rows import Rows

RANDOM = Random(20261126)  # noqa: S311 - not for keys


def random_cells(count: int, *, entry: int = 1) -> dict[bytes, bytes]:
    keys = {cell_key(RANDOM.choice([1, 2, 255]), RANDOM.choice([RANDOM.randrange(500), RANDOM.getrandbits(248)]))}
    while len(keys) < count:
        keys.add(cell_key(RANDOM.choice([1, 2, 255]), RANDOM.choice([RANDOM.randrange(500), RANDOM.getrandbits(248)])))
    return {key: cell_word(RANDOM.getrandbits(200), entry) for key in sorted(keys)[:count]}


def columns(cells: dict[bytes, bytes]) -> CellColumns:
    return CellColumns.of(Cell(key, word) for key, word in cells.items())


def as_dict(cells: CellColumns) -> dict[bytes, bytes]:
    return {cell.key: cell.word for cell in cells}


def rows(keys: list[bytes]) -> Rows:
    return np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32)


@pytest.mark.parametrize("count", [0, 1, 2, 33])
def test_a_sequence_of_cells_by_key(count: int):
    cells = random_cells(count)
    made = columns(cells)
    assert [(cell.key, cell.word) for cell in made] == sorted(cells.items())
    assert as_dict(made[1:5]) == dict(sorted(cells.items())[1:5])
    assert len(made) == count


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (5, 0), (1, 1), (33, 33), (40, 4000), (4000, 40)])
def test_updated_is_what_a_dictionary_does(old: int, new: int):
    cells = random_cells(old)
    changes = random_cells(new, entry=2) | dict.fromkeys(RANDOM.sample(sorted(cells), old // 3), cell_word(3, 2))
    before = columns(cells)
    assert as_dict(before.updated(columns(changes))) == cells | changes
    assert as_dict(before) == cells


@pytest.mark.parametrize("places", [[], [0], [0, 0, 0], [500], [500, 500], [0, 1, 250, 250, 499, 500]])
def test_rows_inserted_run_by_run_and_by_mask(places: list[int]):
    some = np.arange(LONG_RUN * len(places) * 32, dtype=np.int64).astype(np.uint8).reshape(-1, 32)
    few = some[:500]
    for among in (np.concatenate([few, some[: 500 - len(few)]]) if len(few) < 500 else few, some):
        at = np.minimum(np.array(places, np.int64), len(among))
        new = np.arange(len(places) * 32, dtype=np.int64).astype(np.uint8).reshape(-1, 32)
        assert np.array_equal(insert_rows(among, at, new), np.insert(among, at, new, axis=0))


def test_words_of_keys():
    cells = random_cells(100)
    missing = sorted(random_cells(50).keys() - cells.keys())
    made, keys = columns(cells), RANDOM.sample([*cells, *missing], 100)
    assert [word.tobytes() for word in made.words_of(rows(keys))] == [cells.get(key, NO_WORD) for key in keys]
    assert [made.word(key) for key in keys] == [cells.get(key, NO_WORD) for key in keys]
    assert NO_CELLS.word(keys[0]) == NO_WORD
    assert not NO_CELLS.words_of(rows(keys)).any()


def test_without_keys():
    cells = random_cells(100)
    gone = sorted(RANDOM.sample(sorted(cells), 30))
    assert as_dict(columns(cells).without(rows(gone))) == {key: cells[key] for key in cells if key not in gone}
    assert as_dict(columns(cells).without(rows([bytes(32)]))) == cells


def test_keys_that_do_not_ascend():
    keys = [cell_key(1, 2), cell_key(1, 1)]
    words = rows([cell_word(1, 1)] * 2)
    with pytest.raises(CellError, match=f"after 0x{keys[0].hex()}; found 0x{keys[1].hex()} at 1"):
        CellColumns(rows(keys), words).require_ascending()
    twice = [Cell(keys[0], cell_word(value, 1)) for value in (1, 2)]
    with pytest.raises(CellError, match="strictly"):
        CellColumns.of(twice)


@pytest.mark.parametrize("shape", [(2, 31), (3, 32), (64,)])
def test_other_shapes(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="expected uint8 rows"):
        CellColumns(np.zeros((2, 32), np.uint8), np.zeros(shape, np.uint8))


@pytest.mark.parametrize("count", [0, 1, 2, 300, 70_000])
def test_the_order_of_keys(count: int):
    """Spaces of counters, of counters behind a number, of digests, of one key many times, and of zeros at the end."""
    numbers = np.random.default_rng(count)
    keys = np.zeros((count, 32), np.uint8)
    keys[:, 0] = numbers.integers(0, 6, count)
    space = keys[:, 0]
    keys[space == 1, 29:] = numbers.integers(0, 256, ((space == 1).sum(), 3))
    keys[space == 2, 4:] = numbers.integers(0, 2, ((space == 2).sum(), 28))
    keys[space == 3, 1:] = numbers.integers(0, 256, ((space == 3).sum(), 31))
    keys[space == 4, 1:] = 7
    keys[space == 5, 1:3] = numbers.integers(0, 256, ((space == 5).sum(), 2))
    expected = sorted(range(count), key=lambda place: keys[place].tobytes())
    assert key_order(keys).tolist() == expected
