"""Proofs of disorder, omission and repetition, by anybody."""

import pytest
import reference
from brownie import accounts
from world import (
    BUREAU,
    REGULATOR,
    SOURCE,
    Kind,
    assert_logged,
    batch_tree,
    body_hash,
    enter,
    index_of,
    leaf_opening,
    number_hash,
    publish,
    refused,
    shown,
    shown_leaf,
)

DISORDER, OMISSION, REPEAT = 1, 2, 3
REPORT = number_hash("report", 1)
SORTED = [leaf_opening(n) for n in range(9)]
NO_LEAF = ((bytes(32), 0, 0, bytes(32)), 0, [])


def swapped(openings, index):
    return [*openings[:index], openings[index + 1], openings[index], *openings[index + 2 :]]


def prove_disorder(region, tx, openings, index):
    leaves = (shown_leaf(openings, index), shown_leaf(openings, index + 1))
    return region.audits.proveDisorder(shown(region, tx), *leaves, {"from": accounts[9]})


def prove_disorder_in_book(region, tx, openings, index):
    leaves = (shown_leaf(openings, index), shown_leaf(openings, index + 1))
    return region.audits.proveDisorderInBook(shown(region, tx), *leaves, {"from": accounts[9]})


def prove_omission(region, batch, leaf, book, openings, place):
    """`leaf` of the batch (its openings and an index) would be at `place` of the book."""
    left = shown_leaf(openings, place - 1) if place > 0 else NO_LEAF
    right = shown_leaf(openings, place) if place < len(openings) else (NO_LEAF[0], place, [])
    arguments = (shown(region, batch), shown_leaf(*leaf), shown(region, book), left, right)
    return region.audits.proveOmission(*arguments, {"from": accounts[9]})


def prove_repeat(region, earlier, later):
    """Both given as (transaction, openings, index of the leaf)."""
    (first, before, i), (second, after, j) = earlier, later
    places = [(at, reference.path(at, batch_tree(tree))) for tree, at in ((before, i), (after, j))]
    leaf = batch_tree(before)[i]
    return region.audits.proveRepeat(shown(region, first), shown(region, second), leaf, *places, {"from": accounts[9]})


def audit(region, entered):
    arguments = (REGULATOR, shown(region, entered), False, REPORT)
    return region.audits.attestAudit(*arguments, {"from": accounts[REGULATOR]})


def flags(region, tx):
    return region.audits.flagsOf(index_of(tx)).dict()


def published(region):
    return region.anchors.published(SOURCE, 1).dict()


def assert_broken(region, tx, target, fault, other=0):
    body = body_hash(
        ("uint24", SOURCE), ("uint32", 1), ("uint64", index_of(target)), ("uint8", fault), ("uint64", other)
    )
    (entry,) = assert_logged(region, tx, region.audits, (Kind.BROKEN, body))
    assert (flags(region, target)["broken"], flags(region, target)["since"]) == (True, entry)


@pytest.mark.parametrize("index", range(8))
def test_disorder(region, index):
    openings = swapped(SORTED, index)
    tx = publish(region, openings)
    assert_broken(region, prove_disorder(region, tx, openings, index), tx, DISORDER)
    assert (published(region)["leaves"], published(region)["gone"]) == (9, 9)


@pytest.mark.parametrize(
    "second",
    [
        SORTED[4],
        (SORTED[4][0], 0, 9, b"\xff" * 32),
        (SORTED[4][0], 1, 2, b"\xff" * 32),
        (SORTED[4][0], 1, 3, bytes(32)),
        (bytes(32), 9, 9, b"\xff" * 32),
    ],
    ids=["the same leaf twice", "a lower section", "a lower product", "a lower commitment", "a lower tag"],
)
def test_disorder_by_each_part_of_the_key(region, second):
    openings = [*SORTED[:5], second, *SORTED[6:]]
    tx = publish(region, openings)
    assert_broken(region, prove_disorder(region, tx, openings, 4), tx, DISORDER)


@pytest.mark.parametrize(
    "second",
    [
        SORTED[5],
        (SORTED[4][0], 2, 0, bytes(32)),
        (SORTED[4][0], 1, 4, bytes(32)),
        (SORTED[4][0], 1, 3, b"\xff" * 32),
        (bytes(31) + b"\x05", 0, 0, bytes(32)),
    ],
    ids=["the next leaf", "a higher section", "a higher product", "a higher commitment", "a higher tag"],
)
def test_leaves_that_ascend(region, second):
    openings = [*SORTED[:5], second, *SORTED[6:]]
    tx = publish(region, openings)
    with refused("AuditRegistryOrdered", 4):
        prove_disorder(region, tx, openings, 4)


def test_disorder_is_proven(region):
    openings = swapped(SORTED, 3)
    tx = publish(region, openings)
    root = reference.mth(batch_tree(openings))
    wrong = (*openings[4][:3], bytes(32))
    first, second = shown_leaf(openings, 3), shown_leaf(openings, 4)
    with refused("AuditRegistryInclusion", root, 4, reference.leaf(*wrong)):
        region.audits.proveDisorder(shown(region, tx), first, (wrong, *second[1:]))
    wrong = (*openings[3][:3], b"\xff" * 32)
    with refused("AuditRegistryInclusion", root, 3, reference.leaf(*wrong)):
        region.audits.proveDisorder(shown(region, tx), (wrong, *first[1:]), second)


@pytest.mark.parametrize(("a", "b"), [(5, 3), (3, 3), (3, 5), (8, 0)])
def test_disorder_of_leaves_that_are_not_neighbours(region, a, b):
    tx = publish(region, SORTED)
    with refused("AuditRegistryNotNeighbours", a, b):
        region.audits.proveDisorder(shown(region, tx), shown_leaf(SORTED, a), shown_leaf(SORTED, b))


def test_an_inner_node_is_no_leaf(region):
    """With the anchored size, the path to an inner node has another length."""
    tx = publish(region, SORTED[:8])
    leaves = batch_tree(SORTED[:8])
    inner = [reference.keccak(b"\x01", leaves[i], leaves[i + 1]) for i in range(0, 8, 2)]
    other = publish(region, SORTED[:8])
    root = reference.mth(leaves)
    places = [(i, reference.path(i, inner)) for i in (0, 0)]
    with refused("AuditRegistryInclusion", root, 0, inner[0]):
        region.audits.proveRepeat(shown(region, tx), shown(region, other), inner[0], *places)


def test_a_broken_batch_leaves_the_book(region):
    """Its leaves count no more, and its publisher must enter a book without them, or with them anchored again."""
    wrong = swapped(SORTED[:4], 1)
    tx = publish(region, wrong)
    publish(region, SORTED[4:])
    prove_disorder(region, tx, wrong, 1)
    root = reference.mth(batch_tree(SORTED))
    with refused("AnchorRegistryBook", 2, 5, 2, 9):
        region.anchors.enterBook((SOURCE, 1, 2, 9, root), {"from": accounts[SOURCE]})
    enter(region, SORTED[4:])
    publish(region, SORTED[:4])
    enter(region, SORTED)


def test_broken_is_for_ever(region):
    openings = swapped(SORTED, 3)
    tx = publish(region, openings)
    prove_disorder(region, tx, openings, 3)
    with refused("AuditRegistrySpoiled", index_of(tx)):
        prove_disorder(region, tx, openings, 3)
    assert published(region)["gone"] == 9


def test_a_book_out_of_order(region):
    publish(region, SORTED)
    openings = swapped(SORTED, 3)
    entered = enter(region, openings)
    assert_broken(region, prove_disorder_in_book(region, entered, openings, 3), entered, DISORDER)
    assert published(region)["gone"] == 0


def test_a_book_is_no_batch(region):
    openings = swapped(SORTED, 3)
    publish(region, openings)
    entered = enter(region, openings)
    book, entry = shown(region, entered)
    posing = (book[0], book[1], 3, book[2], book[4], book[3], 1, 1)
    with refused("OpeningWrong", entry[0]):
        region.audits.proveDisorder((posing, entry), shown_leaf(openings, 3), shown_leaf(openings, 4))


@pytest.mark.parametrize("left_out", range(5))
def test_a_book_that_launders_a_leaf_away(region, left_out):
    """It must have as many leaves, so it holds a made-up one instead; whoever holds the record can break it."""
    batch = publish(region, SORTED[:5])
    made_up = leaf_opening(7)
    openings = [*SORTED[:left_out], *SORTED[left_out + 1 : 5], made_up]
    entered = enter(region, openings)
    tx = prove_omission(region, batch, (SORTED[:5], left_out), entered, openings, left_out)
    assert_broken(region, tx, entered, OMISSION, index_of(batch))
    assert not flags(region, batch)["broken"]


def test_an_omission_after_the_last_leaf_of_the_book(region):
    batch = publish(region, SORTED[4:5])
    entered = enter(region, SORTED[:1])
    tx = prove_omission(region, batch, (SORTED[4:5], 0), entered, SORTED[:1], 1)
    assert_broken(region, tx, entered, OMISSION, index_of(batch))


def test_a_book_with_a_stolen_batch_in(region):
    """Another node's leaves take the place of the node's own, which are then omitted."""
    batch = publish(region, SORTED[:3])
    publish(region, SORTED[5:8], node=BUREAU)
    entered = enter(region, SORTED[5:8])
    tx = prove_omission(region, batch, (SORTED[:3], 0), entered, SORTED[5:8], 0)
    assert_broken(region, tx, entered, OMISSION, index_of(batch))


def test_a_leaf_that_is_in_the_book_is_not_omitted(region):
    batch = publish(region, SORTED[:5])
    entered = enter(region, SORTED[:5])
    for place in range(6):
        with refused("AuditRegistryNotBetween", place if place < 3 else place - 1):
            prove_omission(region, batch, (SORTED[:5], 2), entered, SORTED[:5], place)


@pytest.mark.parametrize("place", [0, 1])
def test_the_only_leaf_of_a_book_is_not_omitted(region, place):
    """It is the first and the last at once: one side of it is judged all the same."""
    batch = publish(region, SORTED[:1])
    entered = enter(region, SORTED[:1])
    with refused("AuditRegistryNotBetween", 0):
        prove_omission(region, batch, (SORTED[:1], 0), entered, SORTED[:1], place)


@pytest.mark.parametrize(("left", "right"), [(0, 2), (2, 1), (1, 1), (3, 1)])
def test_an_omission_between_leaves_that_are_not_neighbours(region, left, right):
    batch = publish(region, SORTED[:5])
    entered = enter(region, SORTED[:5])
    arguments = (shown(region, batch), shown_leaf(SORTED[:5], 1), shown(region, entered))
    with refused("AuditRegistryNotNeighbours", left, right):
        region.audits.proveOmission(*arguments, shown_leaf(SORTED[:5], left), shown_leaf(SORTED[:5], right))


def test_an_omission_needs_neighbours_of_the_book(region):
    batch = publish(region, SORTED[:3])
    entered = enter(region, SORTED[:3])
    root = reference.mth(batch_tree(SORTED[:3]))
    made_up = (leaf_opening(8), 0, shown_leaf(SORTED[:3], 0)[2])
    with refused("AuditRegistryInclusion", root, 0, reference.leaf(*made_up[0])):
        region.audits.proveOmission(
            shown(region, batch), shown_leaf(SORTED[:3], 1), shown(region, entered), NO_LEAF, made_up
        )
    beside = (made_up[0], 2, shown_leaf(SORTED[:3], 2)[2])
    with refused("AuditRegistryInclusion", root, 2, reference.leaf(*beside[0])):
        region.audits.proveOmission(
            shown(region, batch), shown_leaf(SORTED[:3], 1), shown(region, entered), beside, (NO_LEAF[0], 3, [])
        )
    foreign = (leaf_opening(7), 1, shown_leaf(SORTED[:3], 1)[2])
    with refused("AuditRegistryInclusion", root, 1, reference.leaf(*foreign[0])):
        region.audits.proveOmission(shown(region, batch), foreign, shown(region, entered), NO_LEAF, NO_LEAF)


def test_an_omission_from_an_earlier_book_or_anothers(region):
    publish(region, SORTED[:3])
    entered = enter(region, SORTED[:3])
    batch = publish(region, SORTED[4:])
    with refused("AuditRegistryUnrelated", index_of(batch), index_of(entered)):
        prove_omission(region, batch, (SORTED[4:], 0), entered, SORTED[:3], 3)
    publish(region, SORTED[:3], node=BUREAU)
    of_bureau = enter(region, SORTED[:3], node=BUREAU)
    with refused("AuditRegistryUnrelated", index_of(batch), index_of(of_bureau)):
        prove_omission(region, batch, (SORTED[4:], 0), of_bureau, SORTED[:3], 3)
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    publish(region, SORTED[:3], epoch=2)
    of_another_epoch = enter(region, SORTED[:3], epoch=2)
    with refused("AuditRegistryUnrelated", index_of(batch), index_of(of_another_epoch)):
        prove_omission(region, batch, (SORTED[4:], 0), of_another_epoch, SORTED[:3], 3)


def test_an_omission_is_judged_as_of_the_books_entry(region):
    """A batch that was broken before rightly left the book; one that is broken later was missing all the same."""
    wrong = swapped(SORTED[5:], 0)
    batch = publish(region, wrong)
    publish(region, SORTED[:4])
    before = enter(region, [*SORTED[:4], *[leaf_opening(n) for n in range(20, 24)]])
    prove_disorder(region, batch, wrong, 0)
    after = enter(region, SORTED[:4])
    with refused("AuditRegistryGone", index_of(batch), index_of(after)):
        prove_omission(region, batch, (wrong, 0), after, SORTED[:4], 4)
    openings = [*SORTED[:4], *[leaf_opening(n) for n in range(20, 24)]]
    tx = prove_omission(region, batch, (wrong, 0), before, openings, 4)
    assert_broken(region, tx, before, OMISSION, index_of(batch))


def test_a_leaf_anchored_twice(region):
    """The later anchor is broken: two books could not tell which of the two counts."""
    first = publish(region, SORTED[:5])
    second = publish(region, SORTED[3:])
    tx = prove_repeat(region, (first, SORTED[:5], 4), (second, SORTED[3:], 1))
    assert_broken(region, tx, second, REPEAT, index_of(first))
    assert not flags(region, first)["broken"]
    assert published(region)["gone"] == 6


def test_a_repeat_needs_the_leaf_in_both(region):
    first, second = publish(region, SORTED[:5]), publish(region, SORTED[5:])
    roots = [reference.mth(batch_tree(tree)) for tree in (SORTED[:5], SORTED[5:])]
    leaf = batch_tree(SORTED)[4]
    places = [(4, shown_leaf(SORTED[:5], 4)[2]), (0, shown_leaf(SORTED[5:], 0)[2])]
    with refused("AuditRegistryInclusion", roots[1], 0, leaf):
        region.audits.proveRepeat(shown(region, first), shown(region, second), leaf, *places)
    leaf = batch_tree(SORTED)[5]
    with refused("AuditRegistryInclusion", roots[0], 4, leaf):
        region.audits.proveRepeat(shown(region, first), shown(region, second), leaf, *places)


def test_a_repeat_in_the_wrong_order_or_of_another_node(region):
    first, second = publish(region, SORTED[:5]), publish(region, SORTED[3:])
    with refused("AuditRegistryUnrelated", index_of(second), index_of(first)):
        prove_repeat(region, (second, SORTED[3:], 0), (first, SORTED[:5], 3))
    with refused("AuditRegistryUnrelated", index_of(first), index_of(first)):
        prove_repeat(region, (first, SORTED[:5], 0), (first, SORTED[:5], 0))
    copied = publish(region, SORTED[:5], node=BUREAU)
    with refused("AuditRegistryUnrelated", index_of(first), index_of(copied)):
        prove_repeat(region, (first, SORTED[:5], 0), (copied, SORTED[:5], 0))


def test_publishing_again_what_was_broken_is_no_repeat(region):
    wrong = swapped(SORTED, 3)
    first = publish(region, wrong)
    prove_disorder(region, first, wrong, 3)
    second = publish(region, SORTED)
    with refused("AuditRegistryGone", index_of(first), index_of(second)):
        prove_repeat(region, (first, wrong, 0), (second, SORTED, 0))


def test_the_last_sound_audit_takes_the_place_of_a_broken_one(region):
    """Of three audited books the last two turn out to be wrong, in either order; a fourth goes on from the first."""
    publish(region, SORTED)
    bad = swapped(SORTED, 3)
    books = [enter(region, SORTED), enter(region, bad), enter(region, bad)]
    for entered in books:
        audit(region, entered)
    first, second, third = (index_of(entered) for entered in books)
    assert published(region)["auditedBook"] == third
    prove_disorder_in_book(region, books[1], bad, 3)
    assert published(region)["auditedBook"] == third
    prove_disorder_in_book(region, books[2], bad, 3)
    assert published(region)["auditedBook"] == first
    fourth = enter(region, SORTED)
    audit(region, fourth)
    assert flags(region, fourth)["previous"] == first
    assert (flags(region, books[2])["previous"], flags(region, books[1])["previous"]) == (second, first)


def test_no_sound_audit_is_left(region):
    publish(region, SORTED)
    bad = swapped(SORTED, 3)
    entered = enter(region, bad)
    audit(region, entered)
    prove_disorder_in_book(region, entered, bad, 3)
    assert published(region)["auditedBook"] == 0
