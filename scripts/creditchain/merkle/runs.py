"""Prove a run of neighbouring leaves under a root with one proof for all of them (docs/format.md section 4).

Neighbours share most of their paths, so a run of any length needs at most two hashes for each level: the nodes just
outside it. For a single leaf this is the inclusion proof of RFC 9162 section 2.1.3, hash by hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from creditchain.hashing import keccak256
from creditchain.merkle.hashing import MAX_PATH, MAX_SIZE
from creditchain.merkle.tree import Tree

#: At most two hashes for each level.
MAX_RUN_PROOF: Final = 2 * MAX_PATH


def run_proof(tree: Tree, first: int, count: int) -> list[bytes]:
    """The hashes needed beside a run of `count` leaves from `first` to reach the root: lowest level first, left first.

    IndexError if the run is empty or leaves the tree.
    """
    if not (count > 0 and first >= 0 and first + count <= tree.size):
        raise IndexError(f"no run of {count} leaves from {first} in a tree of {tree.size}")
    proof, level = [], 0
    left, right, last = first, first + count - 1, tree.size - 1
    while last:
        if left & 1:
            proof.append(tree.node(level, left - 1))
        # The last node of a level has no sibling if its index is even: it moves up unchanged.
        if not right & 1 and right < last:
            proof.append(tree.node(level, right + 1))
        left, right, last, level = left >> 1, right >> 1, last >> 1, level + 1
    return proof


def verify_run(leaf_hashes: Sequence[bytes], first: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether these leaf hashes are neighbours, starting at index `first`, in the tree of `size` leaves with this root.

    Take size and root together from the anchor: the root alone binds neither size nor index. False also for malformed
    input: no leaves, hashes that are not 32 bytes, a run that leaves the tree, a proof with too many or too few hashes.
    """
    count = len(leaf_hashes)
    if not (count > 0 and first >= 0 and first + count <= size <= MAX_SIZE):
        return False
    if len(proof) > MAX_RUN_PROOF or not (_hashes(leaf_hashes) and _hashes(proof)):
        return False
    row, sides = list(leaf_hashes), iter(proof)
    left, right, last = first, first + count - 1, size - 1
    try:
        while last:
            # A left end with odd index needs its left sibling; a right end with even index needs its right sibling,
            # unless it is the last node of the level.
            if left & 1:
                row.insert(0, next(sides))
            if not right & 1 and right < last:
                row.append(next(sides))
            row = _row_above(row)
            left, right, last = left >> 1, right >> 1, last >> 1
    except StopIteration:  # too few hashes
        return False
    return next(sides, None) is None and row == [root]


def runs_proof(tree: Tree, runs: Sequence[tuple[int, int]]) -> list[bytes]:
    """The hashes needed beside several runs, each a first index and a count: lowest level first, left first.

    Of one run, it is `run_proof`. Runs share what lies between them and the root. IndexError if a run is empty, is not
    behind the one before it, or leaves the tree.
    """
    indices: list[int] = []
    for first, count in runs:
        if not (count > 0 and first > (indices[-1] if indices else -1) and first + count <= tree.size):
            raise IndexError(f"no run of {count} leaves from {first} there in a tree of {tree.size}")
        indices += range(first, first + count)
    proof, level, last = [], 0, tree.size - 1
    while last and indices:
        known = set(indices)
        # A node's sibling is the next or the last index; the last node of a level has none if its index is even.
        siblings = (index ^ 1 for index in indices if index & 1 or index < last)
        proof += [tree.node(level, index) for index in siblings if index not in known]
        indices = list(dict.fromkeys(index >> 1 for index in indices))
        last, level = last >> 1, level + 1
    return proof


def verify_runs(runs: Sequence[tuple[int, Sequence[bytes]]], size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether each of these rows of leaf hashes stands at its index in the tree of `size` leaves with this root.

    Rows ascend, and none is empty. Size and root as for `verify_run`; False also for malformed input, and for no runs.
    """
    nodes: list[tuple[int, bytes]] = []
    for first, row in runs:
        if not row or first <= (nodes[-1][0] if nodes else -1) or not _hashes(row):
            return False
        nodes += enumerate(row, first)
    if not nodes or not nodes[-1][0] < size <= MAX_SIZE or not _hashes(proof):
        return False
    sides, last = iter(proof), size - 1
    try:
        while last:
            nodes = _nodes_above(nodes, last, sides)
            last >>= 1
    except StopIteration:  # too few hashes
        return False
    return next(sides, None) is None and nodes == [(0, root)]


def _nodes_above(nodes: Sequence[tuple[int, bytes]], last: int, sides: Iterator[bytes]) -> list[tuple[int, bytes]]:
    """The parents of nodes of a level whose last index is `last`; what is not among them comes from `sides`."""
    above, at = [], 0
    while at < len(nodes):
        index, own = nodes[at]
        at += 1
        if index & 1:
            own = keccak256(b"\x01" + next(sides) + own)
        elif at < len(nodes) and nodes[at][0] == index + 1:
            own = keccak256(b"\x01" + own + nodes[at][1])
            at += 1
        elif index < last:
            own = keccak256(b"\x01" + own + next(sides))
        above.append((index >> 1, own))
    return above


def _row_above(row: Sequence[bytes]) -> list[bytes]:
    # `node_hash`, without a call for each pair.
    above = [keccak256(b"\x01" + row[at] + row[at + 1]) for at in range(0, len(row) - 1, 2)]
    if len(row) & 1:
        # The row starts at an even index, so only the last node of the whole level can be left over.
        above.append(row[-1])
    return above


def _hashes(values: Sequence[bytes]) -> bool:
    return not [value for value in values if not isinstance(value, bytes) or len(value) != 32]
