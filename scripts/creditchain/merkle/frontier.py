"""The frontier of an append-only tree: the roots of its complete subtrees, enough to append and to compute the root."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from creditchain.hashing import require_hash
from creditchain.merkle.hashing import EMPTY_ROOT, node_hash


class Frontier:
    """An append-only tree kept as at most 64 hashes. Mutable; `copy` it to branch."""

    def __init__(self) -> None:
        self._peaks: list[bytes] = []
        self._size = 0

    @classmethod
    def of(cls, size: int, peaks: Iterable[bytes]) -> Self:
        """The frontier of a tree of `size` leaves with these `peaks`. ValueError if there are too many or too few."""
        made = cls()
        made._peaks = [require_hash(peak, "peak") for peak in peaks]
        made._size = size
        if size < 0 or len(made._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves does not have {len(made._peaks)} peaks")
        return made

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """Roots of the complete subtrees, largest (leftmost) first: one for each set bit of `size`."""
        return tuple(self._peaks)

    @property
    def root(self) -> bytes:
        """The root over all leaves so far, 32 bytes."""
        if not self._peaks:
            return EMPTY_ROOT
        computed = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            computed = node_hash(peak, computed)
        return computed

    def append(self, leaf_hash: bytes) -> int:
        """Append a leaf hash of 32 bytes; return its index."""
        return self.append_subtree(require_hash(leaf_hash, "leaf hash"), 1)

    def append_subtree(self, subtree_root: bytes, leaves: int) -> int:
        """Append a complete subtree by its root; return the index of its first leaf.

        ValueError unless `leaves` is a power of two that divides the size so far: no other subtree is part of the tree.
        """
        first = self._size
        if leaves < 1 or leaves & leaves - 1 or first % leaves:
            raise ValueError(f"no complete subtree of {leaves} leaves follows {first} leaves")
        computed = subtree_root
        # One merge for each trailing 1 bit of the index, as carries in a binary counter.
        for _ in range((~(first // leaves) & first // leaves + 1).bit_length() - 1):
            computed = node_hash(self._peaks.pop(), computed)
        self._peaks.append(computed)
        self._size += leaves
        return first

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Append leaf hashes of 32 bytes each, in order."""
        for leaf in leaf_hashes:
            self.append(leaf)

    def copy(self) -> Frontier:
        """An independent frontier with the same leaves."""
        return Frontier.of(self._size, self._peaks)
