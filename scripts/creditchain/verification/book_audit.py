"""Audit a book from lists of leaves that hold no content: is it exactly its batches, in order? Pure.

What is wrong is named with its places, and from these anyone can make what the contract takes as proof of disorder (two
neighbours that do not ascend), omission (a leaf of a batch, and the two neighbours in the book between which it would
be) or repeat (a leaf in two batches). A leaf of the book that no batch holds can be shown by no single proof: a book
that has as many leaves as its batches, and none of which is omitted, has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from creditchain.merkle import Frontier, Leaf, Tree, inclusion_path, lanes
from creditchain.merkle.appending import append_rows
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import Places, Rows, as_texts
from creditchain.verification.audit import LeafList, first_disorder

#: Leaves that are hashed at a time.
_CHUNK = 1 << 18


@dataclass(frozen=True)
class ListedBatch:
    """A batch as it was anchored, and the list of leaves that is said to be its."""

    number: int
    root: bytes  #: 32 bytes
    size: int
    leaves: LeafList


@dataclass(frozen=True, slots=True)
class WrongList:
    """A list does not give the root and size of its batch, so nothing follows from it. `number` 0: the book's."""

    number: int
    root: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Unordered:
    """Leaves `index` and `index + 1` of a batch do not strictly ascend. `number` 0: of the book."""

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class Omitted:
    """Leaf `index` of a batch is not in the book."""

    number: int
    index: int


@dataclass(frozen=True, slots=True)
class AnchoredTwice:
    """A leaf stands in two batches: at `index` of batch `number`, and before that at `earlier_index` of `earlier`."""

    number: int
    index: int
    earlier: int
    earlier_index: int


@dataclass(frozen=True, slots=True)
class Surplus:
    """Leaf `index` of the book is in none of its batches."""

    index: int


BookFault = WrongList | Unordered | Omitted | AnchoredTwice | Surplus


@dataclass(frozen=True)
class BookAudit:
    """What the lists show. The book is exactly its batches if there is no fault."""

    root: bytes  #: 32 bytes
    size: int
    faults: tuple[BookFault, ...]


@dataclass(frozen=True, slots=True)
class ShownLeaf:
    """A leaf of a tree with its inclusion proof, as the contract takes it."""

    leaf: Leaf
    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LeafPlace:
    """The place of a leaf in a tree, by its hash."""

    index: int
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class OmissionProof:
    """A leaf of a batch, and the neighbours in the book between which it would be; the one it lacks is a filler."""

    leaf: ShownLeaf
    left: ShownLeaf
    right: ShownLeaf


@dataclass(frozen=True, slots=True)
class RepeatProof:
    """A leaf hash, and where it stands in two batches."""

    leaf: bytes
    in_earlier: LeafPlace
    in_later: LeafPlace


def audit_book(book: LeafList, root: bytes, batches: Sequence[ListedBatch], *, most: int = 100) -> BookAudit:
    """Hold a book's list against the lists of its batches, ascending by number; the first `most` faults of each kind.

    `root`: of the book as it was entered. Batches that are broken or annulled are not given. Lists may be mapped files.
    """
    found = list_root(book.keys)
    faults = [WrongList(0, found, len(book))] if found != root else []
    faults += [WrongList(one.number, told, len(one.leaves)) for one, told in _other_roots(batches)][:most]
    if faults:  # what wrong lists show would accuse somebody who did nothing
        return BookAudit(found, len(book), tuple(faults))
    return BookAudit(found, len(book), tuple(_faults(book, batches, most)))


def list_root(keys: Rows) -> bytes:
    """The root of the tree over leaves with these keys (n, 69), in their order; 32 bytes."""
    frontier = Frontier()
    for start in range(0, len(keys), _CHUNK):
        append_rows(frontier, lanes.leaf_rows(keys[start : start + _CHUNK]))
    return frontier.root


def shown_leaf(leaves: LeafList, tree: Tree, index: int) -> ShownLeaf:
    """A leaf with its inclusion proof. `tree` is that of the list. IndexError outside it."""
    return ShownLeaf(leaves.leaf(index), index, tuple(inclusion_path(tree, index)))


def prove_disorder(leaves: LeafList, tree: Tree, index: int) -> tuple[ShownLeaf, ShownLeaf]:
    """The leaves `index` and `index + 1` of a batch or book. ValueError if they strictly ascend."""
    shown = shown_leaf(leaves, tree, index), shown_leaf(leaves, tree, index + 1)
    if shown[0].leaf < shown[1].leaf:
        raise ValueError(f"leaves {index} and {index + 1} ascend")
    return shown


def prove_omission(batch: LeafList, batch_tree: Tree, index: int, book: LeafList, book_tree: Tree) -> OmissionProof:
    """Show that leaf `index` of a batch is not in an ordered book. ValueError if it is.

    Where the leaf would be the first or the last, the neighbour that it lacks is a filler, which the contract ignores.
    """
    omitted = shown_leaf(batch, batch_tree, index)
    place = int(lanes.lower_bounds(book.keys, batch.keys[index : index + 1])[0])
    if place < len(book) and book.leaf(place) == omitted.leaf:
        raise ValueError(f"the leaf is in the book, at {place}")
    # The contract knows the first place by a right neighbour at 0, and the last by a left one at size - 1.
    left = shown_leaf(book, book_tree, place - 1) if place else _filler(0)
    right = shown_leaf(book, book_tree, place) if place < len(book) else _filler(len(book))
    return OmissionProof(omitted, left, right)


def prove_repeat(
    earlier: LeafList, earlier_tree: Tree, later: LeafList, later_tree: Tree, found: AnchoredTwice
) -> RepeatProof:
    """Show that a leaf stands in two batches. ValueError if they are not the same leaf."""
    one, other = earlier.leaf(found.earlier_index), later.leaf(found.index)
    if one != other:
        raise ValueError(f"leaf {found.earlier_index} and leaf {found.index} differ")
    return RepeatProof(
        one.hash(),
        LeafPlace(found.earlier_index, tuple(inclusion_path(earlier_tree, found.earlier_index))),
        LeafPlace(found.index, tuple(inclusion_path(later_tree, found.index))),
    )


@dataclass(frozen=True)
class _Ordered:
    """Leaves in order, whatever the order of their list. `places`: where they stand there; None if it is in order."""

    keys: Rows
    places: Places | None

    def at(self, row: int) -> int:
        """Where the leaf of this row stands in the list."""
        return row if self.places is None else int(self.places[row])


def _ordered(leaves: LeafList, disorder: int | None) -> _Ordered:
    if disorder is None:
        return _Ordered(leaves.keys, None)
    places = leaf_order(np.ascontiguousarray(leaves.keys))
    return _Ordered(leaves.keys[places], places)


def _other_roots(batches: Sequence[ListedBatch]) -> Iterator[tuple[ListedBatch, bytes]]:
    for one in batches:
        found = list_root(one.leaves.keys)
        if (found, len(one.leaves)) != (one.root, one.size):
            yield one, found


def _faults(book: LeafList, batches: Sequence[ListedBatch], most: int) -> Iterator[BookFault]:
    whole, unordered = _in_order(0, book)
    yield from unordered
    numbers = {one.number: one for one in batches}
    owners = np.zeros(len(book), np.uint32)
    repeats, omissions = list[AnchoredTwice](), list[Omitted]()
    for one in batches:
        mine, unordered = _in_order(one.number, one.leaves)
        yield from unordered
        places = lanes.lower_bounds(whole.keys, mine.keys)
        there = places < len(book)
        rows = np.flatnonzero(there)
        there[rows] = as_texts(whole.keys[places[rows]]) == as_texts(mine.keys[rows])
        omissions += [Omitted(one.number, mine.at(row)) for row in np.flatnonzero(~there)[:most].tolist()]
        rows = np.flatnonzero(there)
        owned = owners[places[rows]]
        for row, owner in zip(rows[owned != 0][:most].tolist(), owned[owned != 0][:most].tolist(), strict=True):
            earlier = numbers[owner].leaves
            repeats.append(AnchoredTwice(one.number, mine.at(row), owner, _place(earlier, mine.keys[row])))
        owners[places[rows[owned == 0]]] = one.number
    yield from sorted(omissions, key=lambda fault: (fault.number, fault.index))[:most]
    yield from repeats[:most]
    yield from (Surplus(whole.at(row)) for row in np.flatnonzero(owners == 0)[:most].tolist())


def _in_order(number: int, leaves: LeafList) -> tuple[_Ordered, list[Unordered]]:
    disorder = first_disorder(leaves)
    return _ordered(leaves, disorder), [] if disorder is None else [Unordered(number, disorder)]


def _place(leaves: LeafList, key: Rows) -> int:
    """Where a leaf stands in a list that holds it."""
    return int(np.flatnonzero(as_texts(leaves.keys) == as_texts(key.reshape(1, -1)))[0])


def _filler(index: int) -> ShownLeaf:
    return ShownLeaf(Leaf(bytes(32), 0, 0, bytes(32)), index, ())
