"""fileDisputeSigned: an enterprise files a dispute itself."""

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

from creditchain.log.entries import DisputeBody
from creditchain.messages import NO_DIGEST, NO_KEY, ContractDomain
from creditchain.vocabulary import DisputeState, EntryKind, Role

ANSWER_TIME = 20 * 86400
NO_CORRECTION = (NO_DIGEST, 0, NO_DIGEST, [])


def _answer(world: World, filing, outcome=DisputeState.UPHELD):
    sender = accounts.add(key("source").key)
    return world.anchors.answerDispute(
        filing.node, filing.leaf, outcome, NO_CORRECTION, digest("answer"), {"from": sender}
    )


def test_it_is_filed_as_if_by_the_platform(world: World) -> None:
    filing = world.filing()
    tx = world.file(filing)
    due = tx.timestamp + ANSWER_TIME
    body = DisputeBody(
        filing.platform, filing.node, filing.leaf, DisputeState.OPEN, due, NO_DIGEST, filing.reason_digest
    )
    assert entry_bodies(tx) == [(EntryKind.DISPUTE, body.body_hash())]
    filed, signed = tx.events["DisputeFiled"], tx.events["DisputeSigned"]
    assert (filed["platform"], filed["node"], filed["dueAt"]) == (filing.platform, filing.node, due)
    assert (signed["key"], signed["node"], str(signed["leaf"])) == (filing.key, filing.node, "0x" + filing.leaf.hex())
    record = world.anchors.recordOf(filing.node, filing.leaf)
    assert (record["dispute"], record["disputedAt"], record["dueAt"]) == (DisputeState.OPEN, tx.timestamp, due)
    assert record["platform"] == filing.platform


def test_by_a_wallet_and_endorsed_by_a_host(world: World) -> None:
    hosted = world.admit("hosted platform", Role.PLATFORM, host=world.platform)
    filing = world.filing(key=wallet(key("enterprise")).address, platform=hosted)
    assert world.file(filing).events["DisputeSigned"]["key"] == filing.key


def test_replay_after_the_answer(world: World) -> None:
    filing = world.filing()
    at = world.file(filing).timestamp
    chain.sleep(1)
    _answer(world, filing)
    with reverts("AnchorRegistryFilingUsed", at, 0):
        world.file(filing)
    world.file(replace(filing, previous=at))


def test_a_dispute_that_is_open(world: World) -> None:
    filing = world.filing()
    at = world.file(filing).timestamp
    with reverts("AnchorRegistryDispute", filing.node, filing.leaf, DisputeState.OPEN.value):
        world.file(replace(filing, previous=at))


def test_until_the_deadline(world: World) -> None:
    in_time, late = world.filing(), world.filing()
    next_block_at(in_time.deadline)
    world.file(in_time)
    next_block_at(late.deadline + 1)
    with reverts("AnchorRegistryFilingExpired", late.deadline):
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
    with reverts("AnchorRegistryFilingSignature", filing.key):
        world.file(changed, by_key=by_key)
    with reverts("AnchorRegistryFilingEndorsement", filing.platform):
        world.file(changed, by_platform=by_platform)


def test_signatures_that_are_none(world: World) -> None:
    filing = world.filing()
    good, endorsed = sign(key("enterprise"), filing), sign(world.operators[world.platform], filing)
    elsewhere = replace(filing, domain=ContractDomain(chain.id + 1, world.anchors.address))
    for bad in (b"", bytes(65), malleable(good), sign(key("nobody"), filing), sign(key("enterprise"), elsewhere)):
        with reverts("AnchorRegistryFilingSignature", filing.key):
            world.file(filing, by_key=bad)
    for bad in (b"", bytes(65), malleable(endorsed), good, sign(world.operators[world.other_platform], filing)):
        with reverts("AnchorRegistryFilingEndorsement", filing.platform):
            world.file(filing, by_platform=bad)


def test_no_key_signs_nothing(world: World) -> None:
    filing = world.filing(key=NO_KEY)
    for signature in (b"", bytes(65)):
        with reverts("AnchorRegistryFilingSignature", NO_KEY):
            world.file(filing, by_key=signature)


@pytest.mark.parametrize("temper", [1, 2, 3, 4, 5], ids=["reverts", "burns-gas", "much", "little", "other"])
def test_a_wallet_that_does_not_say_yes(world: World, temper: int) -> None:
    purse = unruly_wallet()
    filing = world.filing(key=purse.address)
    purse.setTemper(temper, {"from": world.anyone})
    with reverts("AnchorRegistryFilingSignature", purse.address):
        world.file(filing, by_key=b"yes")


@pytest.mark.parametrize("name", ["bureau", "bank", "source", "regulator"])
def test_only_platforms_endorse(world: World, name: str) -> None:
    node = getattr(world, name)
    with reverts("AnchorRegistryFilingEndorsement", node):
        world.file(world.filing(platform=node))


@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_endorsement_by_a_suspended_platform(world: World, ending: str) -> None:
    filing = world.filing()
    getattr(world.nodes, ending)(world.platform, {"from": world.governor})
    with reverts("AnchorRegistryFilingEndorsement", world.platform):
        world.file(filing)


def test_no_leaf_or_node(world: World) -> None:
    with reverts("AnchorRegistryNoLeaf"):
        world.file(world.filing(leaf=NO_DIGEST))
    for node in (0, 999):
        with reverts("AnchorRegistryUnknownNode", node):
            world.file(world.filing(node=node))


def test_what_was_filed_is_what_was_signed(world: World) -> None:
    filing = world.filing()
    world.file(filing)
    assert members(filing)[4] == key("enterprise").address
    assert now() <= filing.deadline
