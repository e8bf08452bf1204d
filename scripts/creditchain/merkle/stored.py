"""A growing tree as one row of hashes that is only appended to: each node stands right after its last leaf.

Only nodes of complete subtrees are stored, because those never change. A tree of n leaves has 2n - popcount(n) of them,
and the tree of every earlier size is a beginning of the same row. What is not complete, at the right edge, is computed
from at most 64 stored nodes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from creditchain.merkle import lanes
from creditchain.merkle.hashing import EMPTY_ROOT, node_hash
from creditchain.merkle.rows import Places, Rows, check_rows
from creditchain.merkle.tree import level_width, tree_root

#: Reads the node at a level and index, 32 bytes, if its subtree is complete.
NodeReader = Callable[[int, int], bytes]


def stored_rows(size: int) -> int:
    """Number of stored nodes of a tree of `size` leaves."""
    return 2 * size - size.bit_count()


def stored_place(level: int, index: int) -> int:
    """Where node `index` of `level` stands in the row."""
    last = ((index + 1) << level) - 1
    return 2 * last - last.bit_count() + level


def rows_to_append(size: int, leaf_hashes: Rows, node: NodeReader, *, threads: int = 0) -> Rows:
    """The rows (m, 32) that follow those of a tree of `size` leaves when leaf hashes (n, 32) are appended.

    `node` reads nodes of the tree so far.
    """
    check_rows(leaf_hashes, 32)
    end, start = size + len(leaf_hashes), stored_rows(size)
    rows = np.empty((stored_rows(end) - start, 32), np.uint8)
    level, first, nodes = 0, size, leaf_hashes
    while len(nodes):
        places = _places(level, np.arange(first, first + len(nodes), dtype=np.uint64))
        rows[places - start] = nodes
        if first & 1:
            left = np.frombuffer(node(level, first - 1), np.uint8).reshape(1, 32)
            first, nodes = first - 1, np.concatenate([left, nodes])
        nodes = lanes.node_level(nodes[: len(nodes) // 2 * 2], threads=threads)
        level, first = level + 1, first // 2
    return rows


def _places(level: int, indices: npt.NDArray[np.uint64]) -> Places:
    """`stored_place` of many nodes of one level."""
    lasts = ((indices + np.uint64(1)) << np.uint64(level)) - np.uint64(1)
    places: Places = 2 * lasts.astype(np.int64) - np.bitwise_count(lasts).astype(np.int64) + level
    return places


class StoredTree:
    """A `merkle.Tree` of any size up to that of the stored row, whose nodes `node` reads."""

    def __init__(self, rows: Rows, size: int) -> None:
        """`rows`: the stored nodes (m, 32), at least those of `size` leaves. ValueError if there are fewer."""
        check_rows(rows, 32)
        if not 0 <= stored_rows(size) <= len(rows):
            raise ValueError(f"a tree of {size} leaves has {stored_rows(size)} stored nodes, not {len(rows)}")
        self._rows, self._size = rows, size

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return tree_root(self)

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the complete subtrees, largest first, as `merkle.Frontier` has them."""
        levels = [level for level in reversed(range(self._size.bit_length())) if self._size >> level & 1]
        return tuple(self.node(level, (self._size >> level) - 1) for level in levels)

    def at(self, size: int) -> StoredTree:
        """The tree as it was with `size` leaves. ValueError beyond the stored nodes."""
        return StoredTree(self._rows, size)

    def leaf_rows(self, first: int, stop: int) -> Rows:
        """The leaf hashes from `first` to before `stop` (n, 32)."""
        rows: Rows = self._rows[_places(0, np.arange(first, stop, dtype=np.uint64))]
        return rows

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. IndexError outside the tree."""
        if level < 0 or not 0 <= index < level_width(self._size, level):
            raise IndexError(f"no node {index} in level {level}")
        if (index + 1) << level <= self._size:
            return bytes(self._rows[stored_place(level, index)])
        return self._edge(level, index)

    def _edge(self, level: int, index: int) -> bytes:
        """The node over the leaves from `index << level` to the end, which are not a complete subtree."""
        start, pieces = index << level, list[bytes]()
        for below in reversed(range(level)):
            if self._size - start >> below:
                pieces.append(bytes(self._rows[stored_place(below, start >> below)]))
                start += 1 << below
        computed = pieces.pop() if pieces else EMPTY_ROOT
        for piece in reversed(pieces):
            computed = node_hash(piece, computed)
        return computed
