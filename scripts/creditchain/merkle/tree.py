"""Trees as levels of nodes, from which proofs are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from creditchain.hashing import require_hash
from creditchain.merkle.hashing import EMPTY_ROOT, node_hash


class Tree(Protocol):
    """A tree whose nodes can be read.

    Level 0 holds the leaf hashes, level l holds ceil(size / 2^l) nodes. A last node without a sibling moves up
    unchanged. This gives the tree of RFC 9162 section 2.1.1, whose left subtrees are always complete.
    """

    @property
    def size(self) -> int:
        """Number of leaves."""

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. IndexError outside the tree."""


class MemoryTree:
    """A tree with every level in memory: 64 bytes for each leaf, plus Python's overhead."""

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        """`leaf_hashes` have 32 bytes each, in order. ValueError for any other length."""
        level = [require_hash(leaf, "leaf hash") for leaf in leaf_hashes]
        self._levels = [level]
        while len(level) > 1:
            level = _level_above(level)
            self._levels.append(level)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. IndexError outside the tree."""
        if level < 0 or index < 0:
            raise IndexError(f"no node {index} in level {level}")
        return self._levels[level][index]


def tree_root(tree: Tree) -> bytes:
    """The root of a tree, 32 bytes. The empty tree's root is keccak256("")."""
    size = tree.size
    return tree.node((size - 1).bit_length(), 0) if size else EMPTY_ROOT


def level_width(size: int, level: int) -> int:
    """Number of nodes in a level of a tree of `size` leaves: ceil(size / 2^level)."""
    return (size + (1 << level) - 1) >> level


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes of 32 bytes each (RFC 9162 section 2.1.1)."""
    return tree_root(MemoryTree(leaf_hashes))


def _level_above(level: list[bytes]) -> list[bytes]:
    above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    if len(level) % 2:
        above.append(level[-1])
    return above
