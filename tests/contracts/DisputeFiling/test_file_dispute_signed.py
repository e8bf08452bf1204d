"""Disputes.fileDisputeSigned: an enterprise files a dispute itself."""

from dataclasses import replace

import pytest
from brownie import accounts, chain
from consent_world import (
    World,
    digest,
    entry_bodies,
    key,
    malleable,
    members,
    next_block_at,
    now,
    reverts,
    sign,
    unruly_wallet,
    wallet,
)
from world import declare_stolen, node_info

from creditchain.log.entries import DisputeBody
from creditchain.messages import NO_DIGEST, NO_KEY, LogDomain
from creditchain.vocabulary import DisputeState, EntryKind, Role


def _answer(world: World, filing, number=1, outcome=DisputeState.UPHELD):
    sender = accounts.add(key("source").key)
    given = (filing.node, filing.leaf, number, outcome, NO_DIGEST, digest("answer"))
    return world.disputes.answerDispute(given, {"from": sender})


def _body(filing, number=1, previous=0):
    return DisputeBody(filing.platform, filing.node, filing.leaf, number, previous, filing.key, filing.reason_digest)


def test_it_is_filed_as_if_by_the_platform(world: World) -> None:
    filing = world.filing()
    tx = world.file(filing)
    assert entry_bodies(tx) == [(EntryKind.DISPUTE, _body(filing).body_hash())]
    assert tx.return_value == 1
    record = world.disputes.disputesOf(filing.node, filing.leaf)
    assert (record["open"], record["filings"], record["filedAt"]) == (1, 1, tx.timestamp)
    assert record["last"] == world.log.size() - 1


def test_by_a_wallet_and_endorsed_by_a_host(world: World) -> None:
    hosted = world.admit("hosted platform", Role.PLATFORM, host=world.platform)
    filing = world.filing(key=wallet(key("enterprise")).address, platform=hosted)
    assert entry_bodies(world.file(filing)) == [(EntryKind.DISPUTE, _body(filing).body_hash())]


def test_replay_after_the_answer(world: World) -> None:
    filing = world.filing()
    world.file(filing)
    _answer(world, filing)
    with reverts("DisputesFilingUsed", 1, 0):
        world.file(filing)
    world.file(replace(filing, previous=1))


def test_a_filing_used_thrice_in_one_second(world: World) -> None:
    """Answered in the same second, each time; a filing that named a time, not a number, would hold again."""
    filing, time = world.filing(), now() + 10
    next_block_at(time)
    assert world.file(filing).timestamp == time
    next_block_at(time)
    assert _answer(world, filing).timestamp == time
    for _ in range(2):
        next_block_at(time)
        with reverts("DisputesFilingUsed", 1, 0):
            world.file(filing)
    assert now() == time
    assert world.disputes.disputesOf(filing.node, filing.leaf)["filings"] == 1


def test_beside_a_dispute_that_is_open(world: World) -> None:
    """Another enterprise's open dispute stands in nobody's way."""
    filing = world.filing()
    world.file(filing)
    entry = world.log.size() - 1
    second = replace(filing, previous=1, platform=world.other_platform)
    assert entry_bodies(world.file(second)) == [(EntryKind.DISPUTE, _body(second, 2, entry).body_hash())]
    assert world.disputes.disputesOf(filing.node, filing.leaf)["open"] == 2


@pytest.mark.parametrize("relation", ["itself", "its host", "hosted by it", "of one host"])
def test_a_publisher_endorses_against_itself(world: World, relation: str) -> None:
    """Whoever published the record, or shares a host with its publisher, cannot endorse a dispute about it."""
    if relation == "itself":
        node, platform = world.platform, world.platform
    elif relation == "its host":
        node, platform = world.admit("virtual source", Role.SOURCE, host=world.platform), world.platform
    elif relation == "hosted by it":
        node, platform = world.platform, world.admit("virtual platform", Role.PLATFORM, host=world.platform)
    else:
        node = world.admit("virtual source", Role.SOURCE, host=world.platform)
        platform = world.admit("virtual platform", Role.PLATFORM, host=world.platform)
    with reverts("DisputesOwnRecord", platform, node):
        world.file(world.filing(node=node, platform=platform))
    assert world.file(world.filing(node=node, platform=world.other_platform)).return_value == 1


def test_an_endorsement_by_a_stolen_key(world: World) -> None:
    """While it is in other hands nothing is endorsed; with the next key, what the thief signed counts no more."""
    stolen = world.operators[world.platform]
    filing = world.filing()
    declare_stolen(world, stolen, (now() - 1, 0))
    with reverts("DisputesPlatform", world.platform, Role.PLATFORM.value):
        world.file(filing)
    world.rotate(world.platform, key("the platform's new key"))
    world.nodes.reinstate(world.platform, {"from": world.governor})
    chain.sleep(1)
    with reverts("DisputesFilingEndorsement", world.platform):
        world.file(filing, by_platform=sign(stolen, filing))
    assert world.file(filing).return_value == 1


def test_an_endorsement_in_the_last_second_of_a_theft(world: World) -> None:
    """The platform acts, and its key does not count."""
    filing, stolen = world.filing(), world.operators[world.platform]
    chain.sleep(100)
    chain.mine()
    until = now() + 50
    next_block_at(until)
    declare_stolen(world, stolen, (until - 10, until))
    next_block_at(until)
    with reverts("DisputesPlatform", world.platform, Role.PLATFORM.value):
        world.file(filing)
    assert now() == until
    next_block_at(until + 1)
    assert world.file(filing).return_value == 1


def test_until_the_deadline(world: World) -> None:
    in_time, late = world.filing(), world.filing()
    next_block_at(in_time.deadline)
    world.file(in_time)
    next_block_at(late.deadline + 1)
    with reverts("DisputesFilingExpired", late.deadline):
        world.file(late)


@pytest.mark.parametrize("change", ["node", "leaf", "reason_digest", "deadline"])
def test_every_word_of_it_is_signed(world: World, change: str) -> None:
    filing = world.filing()
    other = {
        "node": world.bureau,
        "leaf": digest("leaf"),
        "reason_digest": digest("reason"),
        "deadline": filing.deadline + 1,
    }[change]
    by_key, by_platform = sign(key("enterprise"), filing), sign(world.operators[world.platform], filing)
    changed = replace(filing, **{change: other})
    with reverts("DisputesFilingSignature", filing.key):
        world.file(changed, by_key=by_key)
    with reverts("DisputesFilingEndorsement", filing.platform):
        world.file(changed, by_platform=by_platform)


def test_signatures_that_are_none(world: World) -> None:
    filing = world.filing()
    good, endorsed = sign(key("enterprise"), filing), sign(world.operators[world.platform], filing)
    elsewhere = replace(filing, domain=LogDomain(bytes(32)))
    for bad in (b"", bytes(65), malleable(good), sign(key("nobody"), filing), sign(key("enterprise"), elsewhere)):
        with reverts("DisputesFilingSignature", filing.key):
            world.file(filing, by_key=bad)
    for bad in (b"", bytes(65), malleable(endorsed), good, sign(world.operators[world.other_platform], filing)):
        with reverts("DisputesFilingEndorsement", filing.platform):
            world.file(filing, by_platform=bad)


def test_no_key_signs_nothing(world: World) -> None:
    filing = world.filing(key=NO_KEY)
    for signature in (b"", bytes(65)):
        with reverts("DisputesFilingSignature", NO_KEY):
            world.file(filing, by_key=signature)


@pytest.mark.parametrize("temper", [1, 2, 3, 4, 5], ids=["reverts", "burns-gas", "much", "little", "other"])
def test_a_wallet_that_does_not_say_yes(world: World, temper: int) -> None:
    purse = unruly_wallet()
    filing = world.filing(key=purse.address)
    purse.setTemper(temper, {"from": world.anyone})
    with reverts("DisputesFilingSignature", purse.address):
        world.file(filing, by_key=b"yes")


@pytest.mark.parametrize("name", ["bureau", "bank", "source", "regulator"])
def test_only_platforms_endorse(world: World, name: str) -> None:
    node = getattr(world, name)
    with reverts("DisputesPlatform", node, node_info(world, node)["role"]):
        world.file(world.filing(platform=node))


@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_endorsement_by_a_suspended_platform(world: World, ending: str) -> None:
    filing = world.filing()
    getattr(world.nodes, ending)(world.platform, {"from": world.governor})
    with reverts("DisputesPlatform", world.platform, Role.PLATFORM.value):
        world.file(filing)


def test_no_leaf_or_node(world: World) -> None:
    with reverts("DisputesNoLeaf"):
        world.file(world.filing(leaf=NO_DIGEST))
    for node in (0, 999):
        with reverts("DisputesUnknownNode", node):
            world.file(world.filing(node=node))


def test_what_was_filed_is_what_was_signed(world: World) -> None:
    filing = world.filing()
    world.file(filing)
    assert members(filing)[4] == key("enterprise").address
    assert now() <= filing.deadline
