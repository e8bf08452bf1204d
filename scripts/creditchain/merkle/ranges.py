"""Range proofs show all leaves of a tag, or of some of its sections, and that there are no others (docs/format.md 4).

A range is asked for by tag and sections: one section, the first and last of neighbouring ones, or None for all.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from creditchain.documents.commitments import leaf_hash
from creditchain.merkle.hashing import MAX_SIZE
from creditchain.merkle.runs import run_proof, verify_run
from creditchain.merkle.tree import Tree

#: One section, the first and last of neighbouring sections, or all (None).
Sections: TypeAlias = int | tuple[int, int] | None
_ALL_SECTIONS = (0, 255)
#: What decides whether a leaf is in a range: tag and section.
_Place: TypeAlias = tuple[bytes, int]


class Leaf(NamedTuple):
    """The content of a leaf. These tuples sort in the order of the tree: by tag, section, product, commitment."""

    tag: bytes  #: subject tag, 32 bytes
    section: int  #: the section's byte, 0 to 255
    product: int  #: the product's number, below 2^32
    commitment: bytes  #: 32 bytes

    def hash(self) -> bytes:
        """The leaf hash, 32 bytes."""
        return leaf_hash(*self)


@dataclass(frozen=True, slots=True)
class RangeProof:
    """Shows all leaves of one tag, or of some of its sections. Without leaves, it shows that there are none."""

    first: int  #: index of the first leaf of the range, or where it would stand
    leaves: tuple[Leaf, ...]
    left: Leaf | None  #: the leaf at first - 1; None only if first = 0
    right: Leaf | None  #: the leaf at first + count; None only if that is the size
    proof: tuple[bytes, ...]  #: proof of the run from the left neighbour to the right one, see `verify_run`


class RangeFault(StrEnum):
    """Why a range proof does not hold."""

    MALFORMED = "a value of the proof has the wrong length or range"
    BOUNDS = "the range does not lie inside the batch"
    LEFT_MISSING = "the left neighbour is not shown, though the range does not start the batch"
    LEFT_EXTRA = "a left neighbour is shown, though the range starts the batch"
    RIGHT_MISSING = "the right neighbour is not shown, though the range does not end the batch"
    RIGHT_EXTRA = "a right neighbour is shown, though the range ends the batch"
    NOT_INCLUDED = "the leaves shown are not neighbours at this place in the batch"
    OTHER_KEY = "a leaf of the range has another tag or section"
    NOT_OUTSIDE = "a neighbour has the tag and section of the range"
    ORDER = "the leaves do not strictly ascend"


@dataclass(frozen=True, slots=True)
class RangeVerdict:
    """True as a condition exactly if the proof holds; otherwise the fault and, if it concerns one leaf, its index."""

    fault: RangeFault | None = None
    index: int | None = None

    def __bool__(self) -> bool:
        return self.fault is None


def find_range(leaves: Sequence[Leaf], tag: bytes, sections: Sections) -> range:
    """Indices of the leaves of (tag, sections) in ascending leaves; an empty range at their place if there are none."""
    low, high = _bounds(tag, sections)
    first = bisect_left(leaves, low, key=_place)
    return range(first, bisect_right(leaves, high, lo=first, key=_place))


def prove_range(tree: Tree, leaves: Sequence[Leaf], tag: bytes, sections: Sections) -> RangeProof:
    """The range proof of (tag, sections). `leaves` are the tree's, ascending. Of both, only what is needed is read.

    ValueError if the number of leaves is not the tree's.
    """
    if len(leaves) != tree.size:
        raise ValueError(f"{len(leaves)} leaves for a tree of {tree.size}")
    indices = find_range(leaves, tag, sections)
    shown = range(max(indices.start - 1, 0), min(indices.stop + 1, tree.size))
    return RangeProof(
        first=indices.start,
        leaves=tuple(leaves[index] for index in indices),
        left=leaves[shown.start] if shown.start < indices.start else None,
        right=leaves[indices.stop] if shown.stop > indices.stop else None,
        proof=tuple(run_proof(tree, shown.start, len(shown))),
    )


def verify_range(proof: RangeProof, tag: bytes, sections: Sections, size: int, root: bytes) -> RangeVerdict:
    """Whether the proof opens exactly the leaves of (tag, sections) in the batch of `size` leaves with this root.

    Size and root come from the anchor. Leaf hashes are computed from what is shown. The verdict names the first fault,
    in the order of docs/format.md section 4. Malformed input is a fault, not an exception.
    """
    fault = _shape_fault(proof, size)
    if fault is not None:
        return RangeVerdict(fault)
    shown = _shown(proof)
    if not verify_run([leaf.hash() for _, leaf in shown], shown[0][0], size, proof.proof, root):
        return RangeVerdict(RangeFault.NOT_INCLUDED)
    return _order_verdict(proof, _bounds(tag, sections), shown)


def _bounds(tag: bytes, sections: Sections) -> tuple[_Place, _Place]:
    """Between which places, both included, the leaves of the range stand."""
    if sections is None:
        sections = _ALL_SECTIONS
    first, last = sections if isinstance(sections, tuple) else (sections, sections)
    return (tag, first), (tag, last)


def _place(leaf: Leaf) -> _Place:
    return leaf.tag, leaf.section


def _shape_fault(proof: RangeProof, size: int) -> RangeFault | None:
    end = proof.first + len(proof.leaves)
    # An empty batch would leave nothing to check against the root. No anchor has size 0.
    if not 0 <= proof.first <= end <= size or not 1 <= size <= MAX_SIZE:
        return RangeFault.BOUNDS
    if (proof.left is None) != (proof.first == 0):
        return RangeFault.LEFT_EXTRA if proof.left else RangeFault.LEFT_MISSING
    if (proof.right is None) != (end == size):
        return RangeFault.RIGHT_EXTRA if proof.right else RangeFault.RIGHT_MISSING
    well_formed = all(_well_formed(leaf) for _, leaf in _shown(proof))
    return None if well_formed else RangeFault.MALFORMED


def _well_formed(leaf: Leaf) -> bool:
    return len(leaf.tag) == 32 and 0 <= leaf.section <= 255 and 0 <= leaf.product < 2**32 and len(leaf.commitment) == 32


def _shown(proof: RangeProof) -> list[tuple[int, Leaf]]:
    """Every leaf that the proof shows, from left to right, with its index."""
    shown = list(enumerate(proof.leaves, proof.first))
    if proof.left:
        shown.insert(0, (proof.first - 1, proof.left))
    if proof.right:
        shown.append((proof.first + len(proof.leaves), proof.right))
    return shown


def _order_verdict(proof: RangeProof, bounds: tuple[_Place, _Place], shown: list[tuple[int, Leaf]]) -> RangeVerdict:
    (low, high), end = bounds, proof.first + len(proof.leaves)
    for offset, leaf in enumerate(proof.leaves):
        if not low <= _place(leaf) <= high:
            return RangeVerdict(RangeFault.OTHER_KEY, proof.first + offset)
    for index, neighbour in ((proof.first - 1, proof.left), (end, proof.right)):
        if neighbour and low <= _place(neighbour) <= high:
            return RangeVerdict(RangeFault.NOT_OUTSIDE, index)
    for (_, before), (index, leaf) in pairwise(shown):
        if not before < leaf:
            return RangeVerdict(RangeFault.ORDER, index)
    if proof.left and not _place(proof.left) < low:
        return RangeVerdict(RangeFault.ORDER, proof.first - 1)
    if proof.right and not high < _place(proof.right):
        return RangeVerdict(RangeFault.ORDER, end)
    return RangeVerdict()
