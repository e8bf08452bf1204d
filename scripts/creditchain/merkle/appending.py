"""Append many leaf hashes to a frontier at once: complete subtrees are hashed by `merkle.lanes`, in vectors."""

from __future__ import annotations

from creditchain.merkle import lanes
from creditchain.merkle.frontier import Frontier
from creditchain.merkle.rows import Rows, check_rows


def append_rows(frontier: Frontier, leaf_hashes: Rows, *, threads: int = 0) -> None:
    """Append leaf hashes (n, 32) to `frontier`, as `Frontier.extend` does one by one."""
    check_rows(leaf_hashes, 32)
    start = 0
    while start < len(leaf_hashes):
        leaves = _next_subtree(frontier.size, len(leaf_hashes) - start)
        top = lanes.levels(leaf_hashes[start : start + leaves], threads=threads)[-1]
        frontier.append_subtree(top.tobytes(), leaves)
        start += leaves


def _next_subtree(size: int, coming: int) -> int:
    """Leaves of the largest complete subtree that can follow `size` leaves and needs at most `coming` more."""
    largest = 1 << coming.bit_length() - 1
    return min(largest, size & -size) if size else largest
