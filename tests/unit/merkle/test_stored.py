"""The append-only row of a tree's nodes gives the same tree as all levels in memory, at every size up to its own."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from creditchain.merkle import Frontier, MemoryTree, consistency_path, inclusion_path, tree_root
from creditchain.merkle.stored import StoredTree, rows_to_append, stored_place, stored_rows
from creditchain.merkle.tree import level_width

MOST = 70
LEAVES = [Random(number).randbytes(32) for number in range(MOST)]  # noqa: S311 - not for keys


def stored(steps: list[int]) -> np.ndarray:
    """The row of a tree that grew in these steps."""
    rows, size = np.empty((0, 32), np.uint8), 0
    for step in steps:
        leaves = np.frombuffer(b"".join(LEAVES[size : size + step]), np.uint8).reshape(-1, 32)
        added = rows_to_append(size, leaves, StoredTree(rows, size).node)
        rows, size = np.concatenate([rows, added]), size + step
        assert len(rows) == stored_rows(size)
    return rows


@pytest.mark.parametrize("steps", [[MOST], [1] * MOST, [3, 1, 13, 7, 32, 1, 0, 13], [33, 37], [64, 6]])
def test_every_node_of_every_size(steps: list[int]):
    rows = stored(steps)
    assert rows.tobytes() == stored([MOST]).tobytes()
    for size in range(MOST + 1):
        tree, expected = StoredTree(rows, size), MemoryTree(LEAVES[:size])
        levels = (size - 1).bit_length() + 1 if size else 0
        for level in range(levels):
            for index in range(level_width(size, level)):
                assert tree.node(level, index) == expected.node(level, index)
            with pytest.raises(IndexError):
                tree.node(level, level_width(size, level))
        assert tree.root == tree_root(expected)
        frontier = Frontier()
        frontier.extend(LEAVES[:size])
        assert tree.peaks == frontier.peaks
        assert tree.leaf_rows(0, size).tobytes() == b"".join(LEAVES[:size])
        for index in range(size):
            assert inclusion_path(tree, index) == inclusion_path(expected, index)
            assert consistency_path(tree, index) == consistency_path(expected, index)


def test_a_place_is_where_its_node_was_appended():
    rows = stored([MOST])
    expected = MemoryTree(LEAVES)
    seen = set()
    for level in range(MOST.bit_length()):
        for index in range(MOST >> level):
            place = stored_place(level, index)
            assert rows[place].tobytes() == expected.node(level, index)
            seen.add(place)
    assert seen == set(range(len(rows)))


def test_a_row_that_is_too_short():
    with pytest.raises(ValueError, match="a tree of 8 leaves has 15 stored nodes, not 14"):
        StoredTree(np.zeros((14, 32), np.uint8), 8)
