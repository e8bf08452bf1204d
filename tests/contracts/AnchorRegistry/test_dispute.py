"""Disputes: filed by platforms, due in 20 calendar days, answered by the publisher."""

from enum import IntEnum

import pytest
import reference
from brownie import accounts
from world import (
    BUREAU,
    DAY,
    INSTITUTION,
    NO_WORD,
    PLATFORM,
    REGULATOR,
    SOURCE,
    Kind,
    Role,
    Status,
    admission,
    assert_logged,
    batch,
    batch_tree,
    body_hash,
    leaf_opening,
    new_key,
    number_hash,
    refused,
    time_of,
    wait,
)

LEAF, REASON, ANSWER = (number_hash(name, 1) for name in ("leaf", "reason", "answer"))
LEAVES = batch_tree([leaf_opening(n) for n in range(7)])
ROOT = reference.mth(LEAVES)
NOTHING = (NO_WORD, 0, NO_WORD, [])


class Dispute(IntEnum):
    NONE = 0
    OPEN = 1
    CORRECTED = 2
    UPHELD = 3
    UNRESOLVED = 4


def file(region, caller=PLATFORM, platform=PLATFORM, node=SOURCE, leaf=LEAF):
    return region.anchors.fileDispute(platform, node, leaf, REASON, {"from": accounts[caller]})


def answer(region, outcome, correction=NOTHING, caller=SOURCE, leaf=LEAF):
    return region.anchors.answerDispute(SOURCE, leaf, outcome, correction, ANSWER, {"from": accounts[caller]})


def correction(index=3, root=ROOT):
    return (root, index, LEAVES[index], reference.path(index, LEAVES))


def dispute_body(state, due_at, successor, reason, platform=PLATFORM):
    return body_hash(
        ("uint24", platform),
        ("uint24", SOURCE),
        ("bytes32", LEAF),
        ("uint8", state),
        ("uint40", due_at),
        ("bytes32", successor),
        ("bytes32", reason),
    )


@pytest.fixture
def anchored(region):
    region.anchors.anchor(batch(1, ROOT, size=len(LEAVES)), {"from": accounts[SOURCE]})


def test_file(region):
    tx = file(region)
    due_at = time_of(tx) + 20 * DAY
    body = dispute_body(Dispute.OPEN, due_at, NO_WORD, REASON)
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.DISPUTE, body))
    assert region.anchors.recordOf(SOURCE, LEAF).dict() == {
        "life": 0,
        "dispute": Dispute.OPEN,
        "lifeAt": 0,
        "disputedAt": time_of(tx),
        "dueAt": due_at,
        "answeredAt": 0,
        "platform": PLATFORM,
        "entry": entry,
    }
    assert dict(tx.events["DisputeFiled"]) == {
        "platform": PLATFORM,
        "node": SOURCE,
        "leaf": "0x" + LEAF.hex(),
        "dueAt": due_at,
        "reasonDigest": "0x" + REASON.hex(),
        "entry": entry,
    }
    assert set(tx.events.keys()) == {"Appended", "DisputeFiled"}


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("outcome", [Dispute.UPHELD, Dispute.UNRESOLVED])
def test_answer(region, outcome, late):
    filed_at = time_of(file(region))
    wait(21 * DAY if late else DAY)
    tx = answer(region, outcome)
    due_at = filed_at + 20 * DAY
    body = dispute_body(outcome, due_at, NO_WORD, ANSWER)
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.DISPUTE, body))
    record = region.anchors.recordOf(SOURCE, LEAF).dict()
    assert record == {
        "life": 0,
        "dispute": outcome,
        "lifeAt": 0,
        "disputedAt": filed_at,
        "dueAt": due_at,
        "answeredAt": time_of(tx),
        "platform": PLATFORM,
        "entry": entry,
    }
    assert (record["answeredAt"] > due_at) is late
    assert dict(tx.events["DisputeAnswered"]) == {
        "platform": PLATFORM,
        "node": SOURCE,
        "leaf": "0x" + LEAF.hex(),
        "outcome": outcome,
        "dueAt": due_at,
        "successor": "0x" + NO_WORD.hex(),
        "reasonDigest": "0x" + ANSWER.hex(),
        "entry": entry,
    }
    assert set(tx.events.keys()) == {"Appended", "DisputeAnswered"}


@pytest.mark.parametrize("index", range(7))
def test_correct(region, anchored, index):
    due_at = time_of(file(region)) + 20 * DAY
    tx = answer(region, Dispute.CORRECTED, correction(index))
    status = body_hash(
        ("uint24", SOURCE), ("bytes32", LEAF), ("uint8", 1), ("bytes32", LEAVES[index]), ("bytes32", ANSWER)
    )
    _, entry = assert_logged(
        region,
        tx,
        region.anchors,
        (Kind.DISPUTE, dispute_body(Dispute.CORRECTED, due_at, LEAVES[index], ANSWER)),
        (Kind.STATUS, status),
    )
    record = region.anchors.recordOf(SOURCE, LEAF).dict()
    assert (record["life"], record["dispute"]) == (1, Dispute.CORRECTED)
    assert (record["lifeAt"], record["answeredAt"], record["entry"]) == (time_of(tx), time_of(tx), entry)
    assert tx.events["DisputeAnswered"]["successor"] == tx.events["LifeChanged"]["successor"]
    assert tx.events["LifeChanged"]["life"] == 1


def test_correct_what_was_revoked_meanwhile(region, anchored):
    file(region)
    region.anchors.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})
    assert region.anchors.recordOf(SOURCE, LEAF).dict()["dispute"] == Dispute.OPEN
    tx = answer(region, Dispute.CORRECTED, correction())
    assert region.anchors.recordOf(SOURCE, LEAF).dict()["life"] == 2
    assert set(tx.events.keys()) == {"Appended", "DisputeAnswered"}


@pytest.mark.parametrize("outcome", [Dispute.NONE, Dispute.OPEN])
def test_no_outcome(region, outcome):
    file(region)
    with refused("AnchorRegistryOutcome", outcome):
        answer(region, outcome)


def test_one_dispute_at_a_time(region):
    file(region)
    with refused("AnchorRegistryDispute", SOURCE, LEAF, Dispute.OPEN):
        file(region)


def test_nothing_to_answer(region):
    with refused("AnchorRegistryDispute", SOURCE, LEAF, Dispute.NONE):
        answer(region, Dispute.UPHELD)
    file(region)
    answer(region, Dispute.UPHELD)
    with refused("AnchorRegistryDispute", SOURCE, LEAF, Dispute.UPHELD):
        answer(region, Dispute.UNRESOLVED)


@pytest.mark.parametrize("outcome", [Dispute.CORRECTED, Dispute.UPHELD, Dispute.UNRESOLVED])
def test_dispute_again(region, anchored, outcome):
    file(region)
    answer(region, outcome, correction() if outcome == Dispute.CORRECTED else NOTHING)
    wait(DAY)
    tx = file(region)
    record = region.anchors.recordOf(SOURCE, LEAF).dict()
    assert (record["dispute"], record["disputedAt"], record["answeredAt"]) == (Dispute.OPEN, time_of(tx), 0)
    assert record["life"] == (1 if outcome == Dispute.CORRECTED else 0)


def test_successor(region, anchored):
    file(region)
    for outcome in (Dispute.UPHELD, Dispute.UNRESOLVED):
        with refused("AnchorRegistrySuccessor", LEAF, LEAVES[3]):
            answer(region, outcome, correction())
    with refused("AnchorRegistrySuccessor", LEAF, NO_WORD):
        answer(region, Dispute.CORRECTED)
    file(region, leaf=LEAVES[3])
    with refused("AnchorRegistrySuccessor", LEAVES[3], LEAVES[3]):
        answer(region, Dispute.CORRECTED, correction(3), leaf=LEAVES[3])


def test_a_correction_is_proven(region, anchored):
    file(region)
    root, index, successor, proof = correction()
    flipped = [proof[0][:-1] + bytes([proof[0][-1] ^ 1]), *proof[1:]]
    for wrong in (
        (root, index + 1, successor, proof),
        (root, len(LEAVES), successor, proof),
        (root, index, successor, flipped),
        (root, index, successor, proof[:-1]),
        (root, index, successor, [*proof, proof[0]]),
        (root, index, number_hash("other", 1), proof),
    ):
        with refused("AnchorRegistryInclusion", root, wrong[1], wrong[2]):
            answer(region, Dispute.CORRECTED, wrong)


def test_a_correction_is_in_an_anchor_of_the_node(region):
    file(region)
    with refused("AnchorRegistryNoAnchor", SOURCE, ROOT):
        answer(region, Dispute.CORRECTED, correction())
    region.anchors.anchor(batch(1, ROOT, node=BUREAU, size=len(LEAVES)), {"from": accounts[BUREAU]})
    with refused("AnchorRegistryNoAnchor", SOURCE, ROOT):
        answer(region, Dispute.CORRECTED, correction())


@pytest.mark.parametrize("platform", [REGULATOR, BUREAU, SOURCE, INSTITUTION])
def test_only_platforms_file(region, platform):
    with refused("NodeRegistryRole", platform, Role.PLATFORM, Role(platform)):
        file(region, caller=platform, platform=platform)


def test_in_the_name_of_another_platform(region):
    region.nodes.admit(admission(new_key(5)[1], Role.PLATFORM))
    with refused("NodeRegistryNotOperator", accounts[PLATFORM], 7):
        file(region, platform=7)


def test_a_suspended_platform(region):
    region.nodes.suspend(PLATFORM)
    with refused("NodeRegistryInactive", PLATFORM, Status.SUSPENDED, 0):
        file(region)


@pytest.mark.parametrize("node", [0, 7])
def test_against_a_node_that_is_none(region, node):
    with refused("AnchorRegistryUnknownNode", node):
        file(region, node=node)


def test_against_a_retired_node(region):
    """A retired publisher's records stay, and so do disputes about them, because nobody can answer."""
    region.nodes.retire(SOURCE)
    file(region)
    with refused("NodeRegistryInactive", SOURCE, Status.RETIRED, 0):
        answer(region, Dispute.UPHELD)


def test_a_leaf(region):
    with refused("AnchorRegistryNoLeaf"):
        file(region, leaf=NO_WORD)


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_only_the_publisher_answers(region, caller):
    file(region)
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        answer(region, Dispute.UPHELD, caller=caller)
