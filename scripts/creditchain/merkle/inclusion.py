"""Inclusion proofs (RFC 9162 section 2.1.3)."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.merkle.hashing import MAX_SIZE, node_hash, well_formed_path
from creditchain.merkle.tree import MemoryTree, Tree, level_width


def inclusion_path(tree: Tree, index: int) -> list[bytes]:
    """The siblings of leaf `index` on its way up, lowest first (2.1.3.1). IndexError outside the tree."""
    size = tree.size
    if not 0 <= index < size:
        raise IndexError(f"no leaf {index} in a tree of {size}")
    path = []
    for level in range((size - 1).bit_length()):
        sibling = (index >> level) ^ 1
        if sibling < level_width(size, level):
            path.append(tree.node(level, sibling))
    return path


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of leaf `index` among `leaf_hashes` (32 bytes each). IndexError outside them."""
    return inclusion_path(MemoryTree(leaf_hashes), index)


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf hash is at `index` in the tree of `size` leaves with this root (2.1.3.2).

    False also for malformed input: hashes that are not 32 bytes, an index outside the tree, a path that is too long or
    too short.
    """
    if not 0 <= index < size <= MAX_SIZE or not well_formed_path(proof) or len(leaf_hash) != 32:
        return False
    position, last, computed = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            # A last node without a sibling moves up unchanged. Skip the levels where that happened.
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and computed == root
