"""Entering books."""

import pytest
from brownie import accounts
from world import (
    BOOK_TYPES,
    BUREAU,
    INSTITUTION,
    NO_WORD,
    PLATFORM,
    SOURCE,
    Kind,
    Role,
    Status,
    assert_logged,
    batch,
    body_hash,
    book,
    number_hash,
    refused,
)

ROOT = number_hash("root", 1)


@pytest.fixture
def published(region):
    """SOURCE published two batches of 5 leaves."""
    for number in (1, 2):
        region.anchors.anchor(batch(number, number_hash("root", number)), {"from": accounts[SOURCE]})
    return region


def enter(region, given, caller=SOURCE):
    return region.anchors.enterBook(given, {"from": accounts[caller]})


def test_enter(published):
    given = book(2, 10, ROOT)
    tx = enter(published, given)
    body = body_hash(*zip(BOOK_TYPES, given, strict=True))
    (entry,) = assert_logged(published, tx, published.anchors, (Kind.BOOK, body))
    assert tx.return_value == entry
    assert published.anchors.published(SOURCE, 1).dict() == {
        "batches": 2,
        "leaves": 10,
        "gone": 0,
        "lastEntry": entry,
        "book": entry,
        "auditedBook": 0,
    }


@pytest.mark.parametrize(("batches", "size"), [(1, 5), (2, 9), (2, 11), (3, 10), (0, 0), (2, 0), (2, 2**63)])
def test_a_book_that_launders_a_leaf_away(published, batches, size):
    """It must have as many leaves as its batches, of which it names all, also one that came meanwhile."""
    with refused("AnchorRegistryBook", 2, 10, batches, size):
        enter(published, book(batches, size, ROOT))


def test_a_stale_book(published):
    enter(published, book(2, 10, ROOT))
    published.anchors.anchor(batch(3, ROOT), {"from": accounts[SOURCE]})
    with refused("AnchorRegistryBook", 3, 15, 2, 10):
        enter(published, book(2, 10, ROOT))


def test_an_empty_book(region):
    with refused("AnchorRegistryBook", 0, 0, 0, 0):
        enter(region, book(0, 0, ROOT))


def test_a_book_without_root(published):
    with refused("AnchorRegistryBook", 2, 10, 2, 10):
        enter(published, book(2, 10, NO_WORD))


def test_the_book_of_a_past_key_epoch(published):
    published.anchors.openKeyEpoch(number_hash("epoch", 2))
    enter(published, book(2, 10, ROOT))
    with refused("AnchorRegistryBook", 0, 0, 2, 10):
        enter(published, book(2, 10, ROOT, epoch=2))


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_in_the_name_of_another(published, caller):
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        enter(published, book(2, 10, ROOT), caller)


def test_by_a_role_that_does_not_publish(published):
    with refused("NodeRegistryNotPublisher", INSTITUTION, Role.INSTITUTION):
        enter(published, book(2, 10, ROOT, node=INSTITUTION), INSTITUTION)


def test_while_suspended(published):
    published.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        enter(published, book(2, 10, ROOT))
