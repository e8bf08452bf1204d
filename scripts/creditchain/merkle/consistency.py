"""Consistency proofs: the smaller tree is a prefix of the larger (RFC 9162 section 2.1.4)."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.merkle.hashing import EMPTY_ROOT, MAX_SIZE, node_hash, well_formed_path
from creditchain.merkle.tree import MemoryTree, Tree, level_width


def consistency_path(tree: Tree, old_size: int) -> list[bytes]:
    """The consistency proof from the first `old_size` leaves to the whole tree (2.1.4.1).

    Empty for old_size 0, since every tree extends the empty one, and for old_size = size. ValueError beyond the size.
    """
    size = tree.size
    if not 0 <= old_size <= size:
        raise ValueError(f"old_size {old_size} is not from 0 to {size}")
    if old_size in (0, size):
        return []
    # Start at the last complete subtree of the old tree: it is the lowest node that both trees have in common.
    level = (old_size & -old_size).bit_length() - 1
    position = (old_size - 1) >> level
    path = [tree.node(level, position)] if position else []
    for above in range(level, (size - 1).bit_length()):
        sibling = ((old_size - 1) >> above) ^ 1
        if sibling < level_width(size, above):
            path.append(tree.node(above, sibling))
    return path


def consistency_proof(leaf_hashes: Sequence[bytes], old_size: int) -> list[bytes]:
    """The proof that the tree over all `leaf_hashes` (32 bytes each) extends the tree over the first `old_size`.

    ValueError if old_size exceeds their number.
    """
    return consistency_path(MemoryTree(leaf_hashes), old_size)


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree (new_size, new_root) starts with the leaves of (old_size, old_root) (2.1.4.2).

    For old_size 0 it is True if old_root is the empty root and the proof is empty; that says nothing about new_root.
    False for everything else, including malformed input.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE or not well_formed_path(proof) or len(new_root) != 32:
        return False
    if old_size == 0:
        empty_stays_empty = new_size > 0 or new_root == EMPTY_ROOT
        return not proof and old_root == EMPTY_ROOT and empty_stays_empty
    if old_size == new_size:
        return not proof and old_root == new_root
    return _fold(old_size, old_root, new_size, new_root, list(proof))


def _fold(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: list[bytes]) -> bool:
    if old_size & (old_size - 1) == 0:
        # A tree of 2^k leaves is complete, so its root is the node from which the path starts. Proofs leave it out.
        path.insert(0, old_root)
    if not path:
        return False
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old = new = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(item, old), node_hash(item, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, item)
        position >>= 1
        last >>= 1
    return last == 0 and old == old_root and new == new_root
