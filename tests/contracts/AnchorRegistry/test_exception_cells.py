"""Numbers that are accepted although their check digits are wrong: cells with entries."""

import pytest
from brownie import accounts
from world import EXCEPTION, NO_WORD, Kind, appended, assert_logged, body_hash, number_hash, refused, value, written

FIRST, SECOND = number_hash("number", 1), number_hash("number", 2)


def cell(region, digest):
    return value(region, EXCEPTION, 1 << 240 | int.from_bytes(digest[:25], "big"))


def entry(digest, accepted):
    return Kind.EXCEPTION, body_hash(("bytes32", digest), ("bool", accepted))


def test_accepted_withdrawn_and_accepted_again(region):
    tx = region.anchors.setException(FIRST, True)
    assert_logged(region, tx, region.anchors, entry(FIRST, True))
    assert (cell(region, FIRST), value(region, EXCEPTION, 0)) == (1 << 1 | 1, 1)
    assert value(region, EXCEPTION, 1) == int.from_bytes(FIRST[:25], "big")
    region.anchors.setException(SECOND, True)
    assert (cell(region, SECOND), value(region, EXCEPTION, 0)) == (2 << 1 | 1, 2)
    tx = region.anchors.setException(FIRST, False)
    assert_logged(region, tx, region.anchors, entry(FIRST, False))
    assert len(written(tx)) == 1
    assert (cell(region, FIRST), value(region, EXCEPTION, 0)) == (1 << 1, 2)
    (event,) = appended(region.anchors.setException(FIRST, True))
    assert event["kind"] == Kind.EXCEPTION
    assert (cell(region, FIRST), value(region, EXCEPTION, 0)) == (1 << 1 | 1, 2)


@pytest.mark.parametrize(("digest", "accepted"), [(FIRST, False), (NO_WORD, True), (NO_WORD, False)])
def test_what_changes_nothing(region, digest, accepted):
    with refused("AnchorRegistryException", digest, accepted):
        region.anchors.setException(digest, accepted)


def test_accepted_twice(region):
    region.anchors.setException(FIRST, True)
    with refused("AnchorRegistryException", FIRST, True):
        region.anchors.setException(FIRST, True)


def test_only_governors(region):
    with refused("AccessManagedUnauthorized", accounts[5]):
        region.anchors.setException(FIRST, True, {"from": accounts[5]})
