"""Attacks by name. The verifier's tests show what stops those that a contract cannot see."""

import pytest
import reference
from brownie import accounts
from dispute_calls import LEAF, SUCCESSOR, Dispute, answer, file, supersede
from world import (
    NO_ADDRESS,
    NO_WORD,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Role,
    acceptance,
    admission,
    appended,
    batch_tree,
    leaf_opening,
    new_key,
    number_hash,
    publish,
    refused,
)

OTHER_PLATFORM, HOSTED, SIBLING = 7, 8, 9


@pytest.fixture(scope="module")
def hosted(region):
    """A platform apart, and two that PLATFORM hosts, one with a key of its own."""
    region.nodes.admit(admission(accounts[7], Role.PLATFORM, domains=1))
    region.nodes.admit(admission(NO_ADDRESS, Role.PLATFORM, host=PLATFORM, domains=1))
    region.nodes.admit(admission(accounts[8], Role.PLATFORM, host=PLATFORM, domains=1))
    return region


def own(region, platform, node, caller=PLATFORM):
    with refused("DisputesOwnRecord", platform, node):
        file(region, caller=caller, platform=platform, node=node)


def test_a_publisher_platform_files_against_itself(hosted):
    own(hosted, PLATFORM, PLATFORM)


def test_a_host_files_against_a_node_it_hosts(hosted):
    own(hosted, PLATFORM, VIRTUAL)


@pytest.mark.parametrize(("platform", "caller"), [(HOSTED, PLATFORM), (SIBLING, PLATFORM), (SIBLING, 8)])
def test_a_hosted_node_files_against_its_host(hosted, platform, caller):
    own(hosted, platform, PLATFORM, caller)


@pytest.mark.parametrize(("platform", "caller"), [(HOSTED, PLATFORM), (SIBLING, 8)])
def test_a_hosted_node_files_against_another_of_its_host(hosted, platform, caller):
    own(hosted, platform, VIRTUAL, caller)


def test_a_hosted_node_files_against_itself(hosted):
    own(hosted, SIBLING, SIBLING, 8)


def test_a_new_key_does_not_set_a_host_apart(hosted):
    """Which keys count is judged as of now, for both nodes."""
    key, operator = new_key(3)
    signed = acceptance(hosted.nodes, PLATFORM, key, 2**40)
    hosted.nodes.replaceOperator(PLATFORM, operator, 2**40, signed)
    own(hosted, SIBLING, VIRTUAL, 8)
    own(hosted, SIBLING, PLATFORM, 8)


def test_a_platform_apart_files_against_all_of_them(hosted):
    for node in (PLATFORM, VIRTUAL, SIBLING):
        assert file(hosted, caller=7, platform=OTHER_PLATFORM, node=node).return_value == 1


def test_one_open_dispute_blocks_no_other(hosted):
    """Whoever files first, also a friend of the publisher, keeps nobody from filing and from an answer."""
    assert file(hosted).return_value == 1
    assert file(hosted, caller=7, platform=OTHER_PLATFORM).return_value == 2
    assert file(hosted).return_value == 3
    answer(hosted, Dispute.UPHELD, 2)
    record = hosted.disputes.disputesOf(SOURCE, LEAF).dict()
    assert (record["open"], record["filings"], record["outcome"]) == (2, 3, Dispute.UPHELD)
    answer(hosted, Dispute.UNRESOLVED, 3)
    answer(hosted, Dispute.UPHELD, 1)
    assert hosted.disputes.disputesOf(SOURCE, LEAF).dict()["open"] == 0
    for number, outcome in ((1, Dispute.UPHELD), (2, Dispute.UPHELD), (3, Dispute.UNRESOLVED)):
        assert hosted.disputes.answerOf(SOURCE, LEAF, number)[0] == outcome


def test_the_index_of_a_disputed_leaf_in_calldata(hosted):
    """It would tell the rank of the subject's tag. What is sent and logged about a record is its leaf hash alone."""
    openings = [leaf_opening(n) for n in range(5)]
    leaves = batch_tree(openings)
    publish(hosted, openings)
    sent = [file(hosted, leaf=leaves[3]), supersede(hosted, leaves[3], by=leaves[4])]
    sent.append(answer(hosted, Dispute.CORRECTED, successor=leaves[4], leaf=leaves[3]))
    telling = [*(leaf for n, leaf in enumerate(leaves) if n not in (3, 4)), reference.mth(leaves)]
    telling += [reference.keccak(b"\x01", leaves[n], leaves[n + 1]) for n in (0, 2)]
    for tx in sent:
        seen = bytes.fromhex(tx.input[2:]) + b"".join(event["body"] + event["writes"] for event in appended(tx))
        assert leaves[3] in seen
        assert not any(node in seen for node in telling)
    taken = {
        name for tx in sent for name in _members(hosted.disputes if "Dispute" in tx.fn_name else hosted.anchors, tx)
    }
    assert taken == {
        *("platform", "node", "leaf", "reasonDigest", "life", "successor", "filing", "outcome"),
    }


def _members(contract, tx):
    """Names of all that a function takes, those within structs too."""
    (function,) = [one for one in contract.abi if one.get("name") == tx.fn_name]
    for taken in function["inputs"]:
        yield from (one["name"] for one in taken.get("components", [taken]))


@pytest.mark.parametrize("life", [1, 2, 3], ids=["superseded", "revoked", "erased"])
def test_a_correction_by_a_record_that_is_gone(region, life):
    file(region)
    supersede(region)
    by = number_hash("later", 1) if life == 1 else NO_WORD
    region.anchors.setLife(SOURCE, SUCCESSOR, life, by, NO_WORD, {"from": accounts[SOURCE]})
    with refused("DisputesLife", SUCCESSOR, 0, life):
        answer(region, Dispute.CORRECTED, successor=SUCCESSOR)


def test_a_correction_in_a_circle(region):
    """A record is corrected by another, which is corrected by the first."""
    file(region)
    supersede(region)
    answer(region, Dispute.CORRECTED, successor=SUCCESSOR)
    file(region, leaf=SUCCESSOR)
    with refused("AnchorRegistrySuccessorLife", LEAF, 1):
        supersede(region, SUCCESSOR, by=LEAF)
    supersede(region, SUCCESSOR, by=number_hash("later", 1))
    with refused("DisputesLife", LEAF, 0, 1):
        answer(region, Dispute.CORRECTED, successor=LEAF, leaf=SUCCESSOR)
