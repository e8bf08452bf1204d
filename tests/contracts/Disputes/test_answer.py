"""answerDispute: the publisher answers one filing, within 20 calendar days or late."""

import pytest
from brownie import accounts
from dispute_calls import (
    LEAF,
    SUCCESSOR,
    Dispute,
    answer,
    answer_body,
    answer_place,
    file,
    record_place,
    supersede,
)
from world import BUREAU, DAY, NO_WORD, PLATFORM, SOURCE, Kind, Status, assert_logged, refused, time_of, wait, written


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("outcome", [Dispute.UPHELD, Dispute.UNRESOLVED])
def test_answer(region, outcome, late):
    filed = file(region)
    before = region.disputes.disputesOf(SOURCE, LEAF).dict()
    wait(21 * DAY if late else DAY)
    tx = answer(region, outcome)
    (entry,) = assert_logged(region, tx, region.disputes, (Kind.ANSWER, answer_body(1, outcome)))
    record = region.disputes.disputesOf(SOURCE, LEAF).dict()
    assert record == {**before, "open": 0, "outcome": outcome, "answeredAt": time_of(tx)}
    assert (record["answeredAt"] > record["dueAt"]) is late
    assert region.disputes.answerOf(SOURCE, LEAF, 1) == (outcome, time_of(tx))
    said = outcome | time_of(tx) << 3
    filing = 1 << 32 | before["last"] << 64 | time_of(filed) << 104
    assert [(key, new) for key, _, new in written(tx)] == [
        (record_place(), (filing | said << 144) << 56 | entry),
        (answer_place(1), said << 56 | entry),
    ]
    assert region.anchors.recordOf(SOURCE, LEAF).dict()["life"] == 0
    assert set(tx.events.keys()) == {"Appended"}


def test_correct(region):
    file(region)
    superseded = supersede(region)
    before = region.anchors.recordOf(SOURCE, LEAF)
    tx = answer(region, Dispute.CORRECTED, successor=SUCCESSOR)
    assert_logged(region, tx, region.disputes, (Kind.ANSWER, answer_body(1, Dispute.CORRECTED, SUCCESSOR)))
    assert region.disputes.disputesOf(SOURCE, LEAF).dict()["outcome"] == Dispute.CORRECTED
    # The record's life is the anchor registry's alone.
    assert region.anchors.recordOf(SOURCE, LEAF) == before
    assert before.dict() == {"life": 1, "lifeAt": time_of(superseded), "entry": before.dict()["entry"]}


@pytest.mark.parametrize("outcome", [Dispute.NONE, Dispute.OPEN])
def test_no_outcome(region, outcome):
    file(region)
    with refused("DisputesOutcome", outcome):
        answer(region, outcome)


@pytest.mark.parametrize("filing", [0, 2])
def test_no_such_filing(region, filing):
    file(region)
    with refused("DisputesNoFiling", 1, filing):
        answer(region, Dispute.UPHELD, filing)


def test_nothing_to_answer(region):
    with refused("DisputesNoFiling", 0, 1):
        answer(region, Dispute.UPHELD)


@pytest.mark.parametrize("outcome", [Dispute.UPHELD, Dispute.UNRESOLVED, Dispute.CORRECTED])
def test_a_filing_is_answered_once(region, outcome):
    file(region)
    supersede(region)
    successor = SUCCESSOR if outcome == Dispute.CORRECTED else NO_WORD
    answer(region, outcome, successor=successor)
    for again in (Dispute.UPHELD, Dispute.UNRESOLVED):
        with refused("DisputesAnswered", 1, outcome):
            answer(region, again)
    file(region)
    with refused("DisputesAnswered", 1, outcome):
        answer(region, Dispute.UPHELD)
    assert region.disputes.disputesOf(SOURCE, LEAF).dict()["open"] == 1


def test_successor(region):
    file(region)
    for outcome in (Dispute.UPHELD, Dispute.UNRESOLVED):
        with refused("DisputesSuccessor", LEAF, SUCCESSOR):
            answer(region, outcome, successor=SUCCESSOR)
    with refused("DisputesSuccessor", LEAF, NO_WORD):
        answer(region, Dispute.CORRECTED)
    with refused("DisputesSuccessor", LEAF, LEAF):
        answer(region, Dispute.CORRECTED, successor=LEAF)


@pytest.mark.parametrize("life", [0, 2, 3])
def test_a_corrected_record_is_superseded_first(region, life):
    file(region)
    if life:
        region.anchors.setLife(SOURCE, LEAF, life, NO_WORD, NO_WORD, {"from": accounts[SOURCE]})
    with refused("DisputesLife", LEAF, 1, life):
        answer(region, Dispute.CORRECTED, successor=SUCCESSOR)


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_only_the_publisher_answers(region, caller):
    file(region)
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        answer(region, Dispute.UPHELD, caller=caller)


def test_a_suspended_publisher(region):
    file(region)
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        answer(region, Dispute.UPHELD)
