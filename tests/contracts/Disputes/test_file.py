"""fileDispute: a platform disputes a record on behalf of an enterprise."""

import pytest
from brownie import accounts
from dispute_calls import LEAF, Dispute, answer, file, filing_body, record_place
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
    admission,
    assert_logged,
    new_key,
    refused,
    time_of,
    wait,
    written,
)


def test_file(region):
    tx = file(region)
    (entry,) = assert_logged(region, tx, region.disputes, (Kind.DISPUTE, filing_body(1, 0)))
    assert region.disputes.disputesOf(SOURCE, LEAF).dict() == {
        "open": 1,
        "filings": 1,
        "last": entry,
        "filedAt": time_of(tx),
        "dueAt": time_of(tx) + 20 * DAY,
        "outcome": Dispute.NONE,
        "answeredAt": 0,
    }
    assert region.disputes.answerOf(SOURCE, LEAF, 1) == (Dispute.NONE, 0)
    value = 1 | 1 << 32 | entry << 64 | time_of(tx) << 104
    assert written(tx) == [(record_place(), 0, value << 56 | entry)]
    assert tx.return_value == 1
    assert set(tx.events.keys()) == {"Appended"}


def test_each_filing_names_the_one_before(region):
    first = file(region)
    (before,) = assert_logged(region, first, region.disputes, (Kind.DISPUTE, filing_body(1, 0)))
    answered = answer(region, Dispute.UPHELD)
    second = file(region)
    (entry,) = assert_logged(region, second, region.disputes, (Kind.DISPUTE, filing_body(2, before)))
    outcome = (Dispute.UPHELD | time_of(answered) << 3) << 144
    ((_, old, new),) = written(second)
    assert old >> 56 == 0 | 1 << 32 | before << 64 | time_of(first) << 104 | outcome
    assert new >> 56 == 1 | 2 << 32 | entry << 64 | time_of(second) << 104 | outcome


def test_dispute_again(region):
    """A filer who does not agree with the answer files again; the answer before stays readable."""
    file(region)
    answer(region, Dispute.UNRESOLVED)
    wait(DAY)
    tx = file(region)
    record = region.disputes.disputesOf(SOURCE, LEAF).dict()
    assert (record["open"], record["filings"], record["filedAt"]) == (1, 2, time_of(tx))
    assert record["outcome"] == Dispute.UNRESOLVED
    assert region.disputes.answerOf(SOURCE, LEAF, 1)[0] == Dispute.UNRESOLVED
    assert region.disputes.answerOf(SOURCE, LEAF, 2) == (Dispute.NONE, 0)


@pytest.mark.parametrize("platform", [REGULATOR, BUREAU, SOURCE, INSTITUTION])
def test_only_platforms_file(region, platform):
    with refused("DisputesPlatform", platform, Role(platform)):
        file(region, caller=platform, platform=platform, node=BUREAU if platform != BUREAU else SOURCE)


def test_no_platform_of_this_number(region):
    with refused("DisputesPlatform", 7, 0):
        file(region, platform=7)


def test_in_the_name_of_another_platform(region):
    region.nodes.admit(admission(new_key(5)[1], Role.PLATFORM))
    with refused("DisputesNotOperator", accounts[PLATFORM], 7):
        file(region, platform=7)


@pytest.mark.parametrize("change", ["suspend", "retire"])
def test_a_platform_that_does_not_act(region, change):
    getattr(region.nodes, change)(PLATFORM)
    with refused("DisputesPlatform", PLATFORM, Role.PLATFORM):
        file(region)


def test_for_a_platform_that_it_hosts(region):
    region.nodes.admit(admission("0x" + "00" * 20, Role.PLATFORM, host=PLATFORM))
    assert file(region, platform=7).return_value == 1


@pytest.mark.parametrize("node", [0, 7])
def test_against_a_node_that_is_none(region, node):
    with refused("DisputesUnknownNode", node):
        file(region, node=node)


def test_against_a_retired_node(region):
    """A retired publisher's records stay, and so do disputes about them, because nobody can answer."""
    region.nodes.retire(SOURCE)
    file(region)
    with refused("NodeRegistryInactive", SOURCE, 3, 0):
        answer(region, Dispute.UPHELD)


def test_a_leaf(region):
    with refused("DisputesNoLeaf"):
        file(region, leaf=NO_WORD)


def test_records_of_nodes_are_apart(region):
    """Equal leaf hashes of two nodes are two records."""
    file(region)
    assert set(region.disputes.disputesOf(BUREAU, LEAF)) == {0}
    assert file(region, node=BUREAU).return_value == 1
