"""Many leaf hashes appended to a frontier at once, against one by one."""

from __future__ import annotations

import numpy as np
import pytest

from creditchain.hashing import keccak256
from creditchain.merkle import Frontier, root
from creditchain.merkle.appending import append_rows

LEAVES = [keccak256(bytes([index])) for index in range(70)]
ROWS = np.frombuffer(b"".join(LEAVES), np.uint8).reshape(-1, 32)


def test_from_every_size_to_every_other():
    for first in range(34):
        for size in range(first, 70):
            frontier = Frontier()
            frontier.extend(LEAVES[:first])
            append_rows(frontier, ROWS[first:size])
            assert (frontier.size, frontier.root) == (size, root(LEAVES[:size]))


@pytest.mark.parametrize(("size", "leaves"), [(1, 2), (2, 4), (6, 4), (0, 3), (0, 0), (0, -1)])
def test_a_subtree_that_is_no_part_of_the_tree(size: int, leaves: int):
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    with pytest.raises(ValueError, match=f"no complete subtree of {leaves} leaves follows {size}"):
        frontier.append_subtree(LEAVES[0], leaves)
    assert frontier.root == root(LEAVES[:size])
