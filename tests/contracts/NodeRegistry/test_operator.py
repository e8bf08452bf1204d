"""Keys: rotation by the node, replacement by governors, acceptance by the new key, compromise."""

import pytest
from brownie import accounts, chain
from eth_account import Account
from eth_keys.constants import SECPK1_N
from world import (
    BUREAU,
    NO_ADDRESS,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Change,
    Status,
    acceptance,
    assert_node_changed,
    deploy,
    new_key,
    node_info,
    now,
    refused,
    time_of,
    wait,
)

KEY, NEW = new_key(2)
DEADLINE = 2**40


@pytest.fixture
def accepted(region):
    return acceptance(region.nodes, SOURCE, KEY, DEADLINE)


def test_rotate(region, accepted):
    before = node_info(region, SOURCE)
    tx = region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[SOURCE]})
    assert_node_changed(region, tx, SOURCE, Change.OPERATOR_ROTATED, before, operator=NEW)
    assert region.nodes.nodeOf(NEW) == region.nodes.nodeOf(accounts[SOURCE]) == SOURCE
    assert region.nodes.actsFor(NEW, SOURCE)
    assert not region.nodes.actsFor(accounts[SOURCE], SOURCE)


def test_replace(region, accepted):
    before = node_info(region, SOURCE)
    tx = region.nodes.replaceOperator(SOURCE, NEW, DEADLINE, accepted)
    assert_node_changed(region, tx, SOURCE, Change.OPERATOR_REPLACED, before, operator=NEW)


def test_a_virtual_node_gets_a_key(region):
    accepted = acceptance(region.nodes, VIRTUAL, KEY, DEADLINE)
    with refused("NodeRegistryNotOperator", accounts[PLATFORM], VIRTUAL):
        region.nodes.rotateOperator(VIRTUAL, NEW, DEADLINE, accepted, {"from": accounts[PLATFORM]})
    region.nodes.replaceOperator(VIRTUAL, NEW, DEADLINE, accepted)
    assert region.nodes.actsFor(NEW, VIRTUAL)
    assert region.nodes.actsFor(accounts[PLATFORM], VIRTUAL)


def test_a_contract_accepts_by_erc_1271(region):
    owner = Account.from_key(KEY)
    wallet = deploy("Wallet", owner.address)
    domain = {"name": "creditchain", "version": "1", "chainId": chain.id, "verifyingContract": region.nodes.address}
    kinds = {"OperatorAcceptance": [("node", "uint24"), ("operator", "address"), ("deadline", "uint64")]}
    types = {name: [{"name": n, "type": t} for n, t in members] for name, members in kinds.items()}
    message = {"node": SOURCE, "operator": wallet.address, "deadline": DEADLINE}
    signature = owner.sign_typed_data(domain, types, message).signature
    region.nodes.rotateOperator(SOURCE, wallet, DEADLINE, bytes(signature), {"from": accounts[SOURCE]})
    assert region.nodes.actsFor(wallet, SOURCE)


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_only_the_operator_rotates(region, accepted, caller):
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[caller]})


def test_only_governors_replace(region, accepted):
    with refused("AccessManagedUnauthorized", accounts[SOURCE]):
        region.nodes.replaceOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[SOURCE]})


def test_a_suspended_node_does_not_rotate(region, accepted):
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[SOURCE]})


def test_to_no_key(region):
    with refused("NodeRegistryNoOperator", SOURCE):
        region.nodes.rotateOperator(SOURCE, NO_ADDRESS, DEADLINE, b"", {"from": accounts[SOURCE]})


def test_acceptance_expires(region):
    deadline = now() - 1
    accepted = acceptance(region.nodes, SOURCE, KEY, deadline)
    with refused("NodeRegistryExpired", deadline):
        region.nodes.rotateOperator(SOURCE, NEW, deadline, accepted, {"from": accounts[SOURCE]})


def test_acceptance_counts_until_its_deadline(region):
    deadline = now() + 1000
    accepted = acceptance(region.nodes, SOURCE, KEY, deadline)
    wait(900)
    region.nodes.replaceOperator.call(SOURCE, NEW, deadline, accepted)
    wait(200)
    with refused("NodeRegistryExpired", deadline):
        region.nodes.replaceOperator.call(SOURCE, NEW, deadline, accepted)


@pytest.mark.parametrize("node", [PLATFORM, SOURCE])
def test_a_key_is_never_used_twice(region, node):
    """A key that a node once had cannot be used again, by another node or by the same one."""
    region.nodes.rotateOperator(
        SOURCE, NEW, DEADLINE, acceptance(region.nodes, SOURCE, KEY, DEADLINE), {"from": accounts[SOURCE]}
    )
    with refused("NodeRegistryKeyTaken", NEW, SOURCE):
        region.nodes.replaceOperator(node, NEW, DEADLINE, acceptance(region.nodes, node, KEY, DEADLINE))


@pytest.mark.parametrize(
    "wrong",
    [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"name": "Creditchain"},
        {"version": "2"},
    ],
)
def test_acceptance_replayed_from_another_domain(region, wrong):
    accepted = acceptance(region.nodes, SOURCE, KEY, DEADLINE, **wrong)
    with refused("NodeRegistryAcceptance", SOURCE, NEW):
        region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[SOURCE]})


def test_acceptance_of_something_else(region):
    other_key, _ = new_key(3)
    for accepted in (
        acceptance(region.nodes, BUREAU, KEY, DEADLINE),
        acceptance(region.nodes, SOURCE, KEY, DEADLINE - 1),
        acceptance(region.nodes, SOURCE, other_key, DEADLINE),
        b"",
        bytes(65),
    ):
        with refused("NodeRegistryAcceptance", SOURCE, NEW):
            region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": accounts[SOURCE]})


def test_high_s_signature(region, accepted):
    """The other signature of the same message, which anybody can compute."""
    r, s, v = accepted[:32], int.from_bytes(accepted[32:64], "big"), accepted[64]
    malleated = r + (SECPK1_N - s).to_bytes(32, "big") + bytes([55 - v])
    with refused("NodeRegistryAcceptance", SOURCE, NEW):
        region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, malleated, {"from": accounts[SOURCE]})


def test_compromise(region, accepted):
    nodes, admitted_at = region.nodes, region.nodes.node(SOURCE).dict()["admittedAt"]
    wait(1000)
    before, since = node_info(region, SOURCE), admitted_at + 100
    tx = nodes.markCompromised(SOURCE, since)
    changed = {"status": Status.SUSPENDED, "statusAt": time_of(tx), "compromisedSince": since}
    assert_node_changed(region, tx, SOURCE, Change.COMPROMISED, before, **changed)
    assert nodes.compromises(SOURCE) == ((since, 0),)
    with refused("NodeRegistryCompromised", SOURCE, since):
        nodes.reinstate(SOURCE)

    # More is found out: it began earlier.
    before = node_info(region, SOURCE)
    tx = nodes.markCompromised(SOURCE, since - 50)
    assert_node_changed(region, tx, SOURCE, Change.COMPROMISED, before, compromisedSince=since - 50)
    assert nodes.compromises(SOURCE) == ((since - 50, 0),)

    before = node_info(region, SOURCE)
    tx = nodes.replaceOperator(SOURCE, NEW, DEADLINE, accepted)
    replaced_at = time_of(tx)
    assert_node_changed(region, tx, SOURCE, Change.OPERATOR_REPLACED, before, operator=NEW, compromisedSince=0)
    assert nodes.compromises(SOURCE) == ((since - 50, replaced_at),)
    nodes.reinstate(SOURCE)
    expected = {since - 51: False, since - 50: True, replaced_at: True, replaced_at + 1: False}
    assert {time: nodes.wasCompromised(SOURCE, time) for time in expected} == expected


def test_a_second_compromise_is_another_interval(region):
    wait(1000)
    first = now()
    region.nodes.markCompromised(SOURCE, first)
    closed = time_of(
        region.nodes.replaceOperator(SOURCE, NEW, DEADLINE, acceptance(region.nodes, SOURCE, KEY, DEADLINE))
    )
    wait(100)
    second = closed + 50
    region.nodes.markCompromised(SOURCE, second)
    assert region.nodes.compromises(SOURCE) == ((first, closed), (second, 0))
    assert not region.nodes.wasCompromised(SOURCE, closed + 49)
    assert region.nodes.wasCompromised(SOURCE, 2**40 - 1)


def test_a_compromised_host_compromises_its_virtual_nodes(region):
    since = now()
    region.nodes.markCompromised(PLATFORM, since)
    assert region.nodes.wasCompromised(VIRTUAL, since)
    assert not region.nodes.wasCompromised(VIRTUAL, since - 1)
    assert region.nodes.compromises(VIRTUAL) == ()


def test_compromise_of_a_retired_node(region):
    region.nodes.retire(SOURCE)
    before, since = node_info(region, SOURCE), now()
    tx = region.nodes.markCompromised(SOURCE, since)
    assert_node_changed(region, tx, SOURCE, Change.COMPROMISED, before, compromisedSince=since)


def test_when_a_compromise_began(region):
    admitted_at = region.nodes.node(SOURCE).dict()["admittedAt"]
    wait(100)
    future = now() + 1000
    for since in (admitted_at - 1, future):
        with RefusedSince(region, since, admitted_at):
            region.nodes.markCompromised(SOURCE, since)
    since = admitted_at + 50
    region.nodes.markCompromised(SOURCE, since)
    with refused("NodeRegistrySince", SOURCE, since, admitted_at, since - 1):
        region.nodes.markCompromised(SOURCE, since)


def test_a_node_without_a_key_is_not_compromised(region):
    with refused("NodeRegistryNoOperator", VIRTUAL):
        region.nodes.markCompromised(VIRTUAL, now())


class RefusedSince:
    """As `world.refused`, for the one error whose values include the time of its block."""

    def __init__(self, region, since, admitted_at):
        self._region, self._start = region, f"NodeRegistrySince: {SOURCE}, {since}, {admitted_at}, "

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert error is not None
        assert error.revert_msg.startswith(self._start)
        latest = int(error.revert_msg.removeprefix(self._start))
        assert abs(latest - now()) <= 2
        return True
