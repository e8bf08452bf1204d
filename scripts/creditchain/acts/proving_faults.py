"""Anybody proves that a batch or a book is wrong, which breaks it for ever: disorder, omission, repetition.

Disorder: two adjacent leaves that do not ascend. Omission: a leaf of a batch that is not in a later book. Repeat: a
leaf that was in an earlier batch already. The subject tags of the leaves shown become public: the one
exception to privacy, for a publisher that broke the rule. A proof of repetition shows none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from creditchain.acts.showing import Shower, show
from creditchain.chain.calls import OpenedLeaf
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.log.views import ContractCall
from creditchain.merkle import inclusion_path
from creditchain.verification.audit import LeafList, ListTree, first_disorder, leaf_hashes_of, tree_of
from creditchain.vocabulary import Fault

_NO_LEAF = OpenedLeaf((bytes(32), 0, 0, bytes(32)), 0, ())


@dataclass(frozen=True, slots=True)
class Broken:
    """What is broken now: what is wrong, and the root (32 bytes) and entry of the batch or book."""

    fault: Fault
    root: bytes
    entry: int
    broken: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """Whose batches and books: a node's, under a key epoch."""

    node: int
    key_epoch: int


def prove_disorder(region: Region, outbox: Outbox, listed: LeafList, of: Publication, *, book: bool = False) -> Broken:
    """Find the first two adjacent leaves of a batch, or a book, that do not ascend, and prove it on chain.

    Raises:
        InputError: the list is in order, or the node anchored or entered nothing with its root. Nothing was sent.
    """
    index = first_disorder(listed)
    if index is None:
        raise InputError("the list is in order; there is nothing to prove")
    tree = tree_of(listed)

    def call(shower: Shower) -> ContractCall:
        shown = (shower.book if book else shower.batch)(of.node, of.key_epoch, tree.root)
        leaves = _shown(listed, tree, index), _shown(listed, tree, index + 1)
        return region.calls.prove_disorder(shown, *leaves)

    return _prove(region, outbox, Fault.DISORDER, of, tree.root, call, book=book)


def prove_omission(region: Region, outbox: Outbox, batch: LeafList, book: LeafList, of: Publication) -> Broken:
    """Find the first leaf of a batch that is not in a later book, and prove it on chain.

    Raises:
        InputError: the book has all leaves, is out of order, or one of the two lists is not on chain.
    """
    if first_disorder(book) is not None:
        raise InputError("the book is out of order", hint="Prove that: `creditchain audit prove disorder --book`.")
    index = _first_missing(batch, book)
    if index is None:
        raise InputError("the book has all leaves of this batch; there is nothing to prove")
    own, whole = tree_of(batch), tree_of(book)
    place = sum(book.leaf(at) < batch.leaf(index) for at in range(len(book)))
    left = _shown(book, whole, place - 1) if place else _NO_LEAF
    right = _shown(book, whole, place) if place < len(book) else OpenedLeaf(_NO_LEAF.leaf, place, ())

    def call(shower: Shower) -> ContractCall:
        shown = shower.batch(of.node, of.key_epoch, own.root), shower.book(of.node, of.key_epoch, whole.root)
        return region.calls.prove_omission(shown[0], _shown(batch, own, index), shown[1], (left, right))

    return _prove(region, outbox, Fault.OMISSION, of, whole.root, call, book=True)


def prove_repeat(region: Region, outbox: Outbox, earlier: LeafList, later: LeafList, of: Publication) -> Broken:
    """Find the first leaf of a batch that an earlier batch has, and prove it on chain.

    Raises:
        InputError: the two share no leaf, or one of them is not anchored.
    """
    before = {leaf: index for index, leaf in enumerate(leaf_hashes_of(earlier))}
    found = next(((leaf, index) for index, leaf in enumerate(leaf_hashes_of(later)) if leaf in before), None)
    if found is None:
        raise InputError("the two lists share no leaf; there is nothing to prove")
    leaf, index = found
    trees = tree_of(earlier), tree_of(later)
    places = (
        (before[leaf], tuple(inclusion_path(trees[0], before[leaf]))),
        (index, tuple(inclusion_path(trees[1], index))),
    )

    def call(shower: Shower) -> ContractCall:
        first, second = (shower.batch(of.node, of.key_epoch, tree.root) for tree in trees)
        return region.calls.prove_repeat((first, second), leaf, places)

    return _prove(region, outbox, Fault.REPEAT, of, trees[1].root, call, book=False)


def _prove(
    region: Region,
    outbox: Outbox,
    fault: Fault,
    of: Publication,
    root: bytes,
    call: Callable[[Shower], ContractCall],
    *,
    book: bool,
) -> Broken:
    show(region, outbox, f"{fault.label} {of.node} {of.key_epoch} {root.hex()}", call)
    shower = Shower(region)
    shown = (shower.book if book else shower.batch)(of.node, of.key_epoch, root)
    flags = region.flags(shown.entry.index, region.chain.final_block().number)
    return Broken(fault, root, shown.entry.index, flags.broken)


def _first_missing(batch: LeafList, book: LeafList) -> int | None:
    held = set(leaf_hashes_of(book))
    return next((index for index, leaf in enumerate(leaf_hashes_of(batch)) if leaf not in held), None)


def _shown(listed: LeafList, tree: ListTree, index: int) -> OpenedLeaf:
    leaf = listed.leaf(index)
    return OpenedLeaf(
        (leaf.tag, leaf.section, leaf.product, leaf.commitment), index, tuple(inclusion_path(tree, index))
    )
