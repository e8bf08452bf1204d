"""The life of a record: all 4 × 4 transitions."""

from enum import IntEnum

import pytest
from brownie import accounts
from world import (
    BUREAU,
    NO_WORD,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Kind,
    Status,
    assert_logged,
    body_hash,
    number_hash,
    refused,
    time_of,
)

LEAF, SUCCESSOR, REASON = (number_hash(name, 1) for name in ("leaf", "successor", "reason"))


class Life(IntEnum):
    LIVE = 0
    SUPERSEDED = 1
    REVOKED = 2
    ERASED = 3


ALLOWED = {
    Life.LIVE: {Life.SUPERSEDED, Life.REVOKED, Life.ERASED},
    Life.SUPERSEDED: {Life.REVOKED, Life.ERASED},
    Life.REVOKED: {Life.ERASED},
    Life.ERASED: set(),
}


def successor_of(life):
    return SUCCESSOR if life == Life.SUPERSEDED else NO_WORD


def set_life(region, life, node=SOURCE, caller=SOURCE, leaf=LEAF, successor=None):
    given = successor_of(life) if successor is None else successor
    return region.anchors.setLife(node, leaf, life, given, REASON, {"from": accounts[caller]})


@pytest.mark.parametrize("given", Life)
@pytest.mark.parametrize("current", Life)
def test_transitions(region, current, given):
    if current != Life.LIVE:
        set_life(region, current)
    before = region.anchors.recordOf(SOURCE, LEAF)
    assert before.dict()["life"] == current
    if given not in ALLOWED[current]:
        with refused("AnchorRegistryLife", current, given):
            set_life(region, given)
        assert region.anchors.recordOf(SOURCE, LEAF) == before
        return
    set_life(region, given)
    assert region.anchors.recordOf(SOURCE, LEAF).dict()["life"] == given


@pytest.mark.parametrize("life", list(Life)[1:])
@pytest.mark.parametrize(("node", "caller"), [(SOURCE, SOURCE), (VIRTUAL, PLATFORM)])
def test_set_life(region, node, caller, life):
    successor = successor_of(life)
    tx = set_life(region, life, node, caller)
    body = body_hash(("uint24", node), ("bytes32", LEAF), ("uint8", life), ("bytes32", successor), ("bytes32", REASON))
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.STATUS, body))
    assert region.anchors.recordOf(node, LEAF).dict() == {"life": life, "lifeAt": time_of(tx), "entry": entry}
    assert set(tx.events.keys()) == {"Appended"}


def test_records_of_nodes_are_apart(region):
    """Equal leaf hashes of two nodes are two records."""
    set_life(region, Life.REVOKED)
    assert set(region.anchors.recordOf(BUREAU, LEAF)) == {0}


def test_a_life_that_is_none(region):
    with refused(""):
        set_life(region, 4)


def test_a_leaf(region):
    with refused("AnchorRegistryNoLeaf"):
        set_life(region, Life.REVOKED, leaf=NO_WORD)


def test_successor(region):
    with refused("AnchorRegistrySuccessor", LEAF, NO_WORD):
        set_life(region, Life.SUPERSEDED, successor=NO_WORD)
    with refused("AnchorRegistrySuccessor", LEAF, LEAF):
        set_life(region, Life.SUPERSEDED, successor=LEAF)
    for life in (Life.REVOKED, Life.ERASED):
        with refused("AnchorRegistrySuccessor", LEAF, SUCCESSOR):
            set_life(region, life, successor=SUCCESSOR)


@pytest.mark.parametrize("life", list(Life)[1:])
def test_a_successor_that_is_gone(region, life):
    """Each of two records would be hidden by the other, or by one that nobody has to show."""
    later = number_hash("later", 1)
    set_life(region, life, leaf=SUCCESSOR, successor=later if life == Life.SUPERSEDED else NO_WORD)
    with refused("AnchorRegistrySuccessorLife", SUCCESSOR, life):
        set_life(region, Life.SUPERSEDED)
    set_life(region, Life.SUPERSEDED, successor=later)
    # The successor is a record of the same node: what became of another node's leaf does not count.
    set_life(region, Life.SUPERSEDED, VIRTUAL, PLATFORM)


def test_records_that_supersede_each_other(region):
    set_life(region, Life.SUPERSEDED)
    with refused("AnchorRegistrySuccessorLife", LEAF, Life.SUPERSEDED):
        set_life(region, Life.SUPERSEDED, leaf=SUCCESSOR, successor=LEAF)


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_of_another_node(region, caller):
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        set_life(region, Life.REVOKED, caller=caller)


def test_while_suspended(region):
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        set_life(region, Life.REVOKED)
