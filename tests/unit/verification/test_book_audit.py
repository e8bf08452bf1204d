"""The audit of a book against its batches, and proofs of what is wrong, checked as the contract checks them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from creditchain.documents.commitments import leaf_key
from creditchain.merkle import Leaf, verify_inclusion
from creditchain.verification.audit import LeafList, tree_of
from creditchain.verification.book_audit import (
    AnchoredTwice,
    BookAudit,
    ListedBatch,
    OmissionProof,
    Omitted,
    ShownLeaf,
    Surplus,
    Unordered,
    WrongList,
    audit_book,
    list_root,
    prove_disorder,
    prove_omission,
    prove_repeat,
)


def leaf(number: int) -> Leaf:
    """One of many leaves of few enterprises, sections and products."""
    digest = hashlib.sha256(bytes([number])).digest()
    return Leaf(hashlib.sha256(bytes([number % 5, 255])).digest(), number % 2, number % 3, digest)


def listed(leaves: Sequence[Leaf]) -> LeafList:
    """Leaves as a list, in their order."""
    return LeafList(np.frombuffer(b"".join(leaf_key(*one) for one in leaves), np.uint8).reshape(-1, 69))


def batch(number: int, leaves: Sequence[Leaf]) -> ListedBatch:
    """A batch of these leaves, as its publisher anchored it."""
    keys = listed(leaves)
    return ListedBatch(number, list_root(keys.keys), len(keys), keys)


def audit(book: Sequence[Leaf], batches: Sequence[ListedBatch]) -> BookAudit:
    """The audit of a book that was entered with its own root."""
    return audit_book(listed(book), list_root(listed(book).keys), batches)


ONE, TWO, THREE = (sorted(leaf(number) for number in range(first, first + 12)) for first in (0, 12, 24))
WHOLE = sorted([*ONE, *TWO, *THREE])
BATCHES = [batch(1, ONE), batch(2, TWO), batch(3, THREE)]


def test_a_book_that_is_exactly_its_batches() -> None:
    found = audit(WHOLE, BATCHES)
    assert found == BookAudit(list_root(listed(WHOLE).keys), 36, ())
    assert found.root == tree_of(listed(WHOLE)).root


@pytest.mark.parametrize("gone", range(36))
def test_every_leaf_left_out_is_found_and_proven(gone: int) -> None:
    book = [*WHOLE[:gone], *WHOLE[gone + 1 :]]
    number, leaves = next((n, some) for n, some in ((1, ONE), (2, TWO), (3, THREE)) if WHOLE[gone] in some)
    found = audit(book, BATCHES)
    assert found.faults == (Omitted(number, leaves.index(WHOLE[gone])),)
    theirs, mine = listed(leaves), listed(book)
    proof = prove_omission(theirs, tree_of(theirs), leaves.index(WHOLE[gone]), mine, tree_of(mine))
    assert proof.leaf.leaf == WHOLE[gone]
    assert included(proof.leaf, theirs)
    assert absent(proof, mine)


def included(shown: ShownLeaf, leaves: LeafList) -> bool:
    """The contract's check of a shown leaf."""
    root = tree_of(leaves).root
    return verify_inclusion(shown.leaf.hash(), shown.index, len(leaves), shown.proof, root)


def absent(proof: OmissionProof, book: LeafList) -> bool:
    """The contract's check that a leaf is strictly between two neighbours, or before the first or after the last."""
    first, last = proof.right.index == 0, proof.left.index + 1 == len(book)
    if not first and not last and proof.right.index - proof.left.index != 1:
        return False
    if not first and not (included(proof.left, book) and proof.left.leaf < proof.leaf.leaf):
        return False
    return not (first or not last) or (included(proof.right, book) and proof.leaf.leaf < proof.right.leaf)


@pytest.mark.parametrize("only", [0, 17, 35])
def test_omission_from_a_book_of_one_leaf(only: int) -> None:
    book = listed([WHOLE[only]])
    for at, missing in enumerate(WHOLE):
        if at != only:
            theirs = listed([missing])
            assert absent(prove_omission(theirs, tree_of(theirs), 0, book, tree_of(book)), book)


def test_no_omission_is_proven_of_a_leaf_that_is_there() -> None:
    one, whole = listed(ONE), listed(WHOLE)
    for index in range(12):
        with pytest.raises(ValueError, match="the leaf is in the book"):
            prove_omission(one, tree_of(one), index, whole, tree_of(whole))


@pytest.mark.parametrize("index", [0, 5, 11])
def test_a_leaf_anchored_twice_is_found_and_proven(index: int) -> None:
    again = sorted([*TWO, ONE[index]])
    found = audit(WHOLE, [BATCHES[0], batch(2, again), BATCHES[2]])
    fault = AnchoredTwice(2, again.index(ONE[index]), 1, index)
    assert found.faults == (fault,)
    earlier, later = listed(ONE), listed(again)
    proof = prove_repeat(earlier, tree_of(earlier), later, tree_of(later), fault)
    assert proof.leaf == ONE[index].hash()
    for leaves, place in ((earlier, proof.in_earlier), (later, proof.in_later)):
        assert verify_inclusion(proof.leaf, place.index, len(leaves), place.proof, tree_of(leaves).root)
    with pytest.raises(ValueError, match="differ"):
        prove_repeat(earlier, tree_of(earlier), later, tree_of(later), AnchoredTwice(2, 0, 1, 11))


@pytest.mark.parametrize("index", [0, 17, 34])
def test_a_book_in_disorder_is_found_and_proven(index: int) -> None:
    book = [*WHOLE[:index], WHOLE[index + 1], WHOLE[index], *WHOLE[index + 2 :]]
    assert audit(book, BATCHES).faults == (Unordered(0, index),)
    mine = listed(book)
    shown = prove_disorder(mine, tree_of(mine), index)
    assert all(included(one, mine) for one in shown)
    assert not shown[0].leaf < shown[1].leaf
    with pytest.raises(ValueError, match="ascend"):
        prove_disorder(mine, tree_of(mine), index + 1 if index < 34 else 0)


def test_a_batch_in_disorder_is_named_and_nothing_else() -> None:
    wrong = [*TWO[:4], TWO[5], TWO[4], *TWO[6:]]
    assert audit(WHOLE, [BATCHES[0], batch(2, wrong), BATCHES[2]]).faults == (Unordered(2, 4),)


def test_a_leaf_twice_in_a_book_launders_one_away() -> None:
    book = sorted([*WHOLE[:7], *WHOLE[8:], WHOLE[20]])
    place = book.index(WHOLE[20])
    number, leaves = next((n, some) for n, some in ((1, ONE), (2, TWO), (3, THREE)) if WHOLE[7] in some)
    found = audit(book, BATCHES)
    assert found.size == 36
    assert found.faults == (Unordered(0, place), Omitted(number, leaves.index(WHOLE[7])), Surplus(place + 1))


def test_a_leaf_of_no_batch_in_a_book() -> None:
    stray = leaf(99)
    book = sorted([*WHOLE, stray])
    assert audit(book, BATCHES).faults == (Surplus(book.index(stray)),)


def test_a_batch_that_is_not_in_the_book_at_all() -> None:
    found = audit(sorted([*ONE, *THREE]), BATCHES)
    assert found.faults == tuple(Omitted(2, index) for index in range(12))
    assert audit_book(listed(ONE), list_root(listed(ONE).keys), BATCHES, most=3).faults == tuple(
        Omitted(2, index) for index in range(3)
    )


def test_wrong_lists_accuse_nobody() -> None:
    """A list that is not the batch's would make an honest publisher look like one that omits."""
    other = ListedBatch(2, BATCHES[1].root, 12, listed(sorted(leaf(number) for number in range(50, 62))))
    assert audit(WHOLE, [BATCHES[0], other, BATCHES[2]]).faults == (WrongList(2, list_root(other.leaves.keys), 12),)
    short = ListedBatch(2, BATCHES[1].root, 12, listed(TWO[1:]))
    assert audit(WHOLE, [BATCHES[0], short, BATCHES[2]]).faults == (WrongList(2, list_root(short.leaves.keys), 11),)
    sized = ListedBatch(2, BATCHES[1].root, 13, BATCHES[1].leaves)
    assert audit(WHOLE, [BATCHES[0], sized, BATCHES[2]]).faults == (WrongList(2, BATCHES[1].root, 12),)
    mine = listed(WHOLE[1:])
    assert audit_book(mine, bytes(32), BATCHES).faults == (WrongList(0, list_root(mine.keys), 35),)


def test_an_empty_book_has_nothing() -> None:
    nothing = LeafList(np.empty((0, 69), np.uint8))
    assert audit_book(nothing, list_root(nothing.keys), [BATCHES[0]]).faults == tuple(
        Omitted(1, index) for index in range(12)
    )
