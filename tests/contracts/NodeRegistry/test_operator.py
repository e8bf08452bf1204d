"""Keys: rotation by the node, replacement by governors, acceptance by the new key, compromise."""

import pytest
from brownie import accounts
from eth_account import Account
from eth_keys.constants import SECPK1_N
from world import (
    BUREAU,
    NO_ADDRESS,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Status,
    acceptance,
    assert_node_changed,
    deploy,
    new_key,
    node_info,
    now,
    refused,
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
    assert_node_changed(region, tx, SOURCE, before, by=accounts[SOURCE], operator=NEW)
    assert region.members.nodeOf(NEW) == region.members.nodeOf(accounts[SOURCE]) == SOURCE
    assert region.members.actsFor(NEW, SOURCE)
    assert not region.members.actsFor(accounts[SOURCE], SOURCE)


def test_replace(region, accepted):
    before = node_info(region, SOURCE)
    tx = region.nodes.replaceOperator(SOURCE, NEW, DEADLINE, accepted)
    assert_node_changed(region, tx, SOURCE, before, operator=NEW)


def test_a_virtual_node_gets_a_key(region):
    accepted = acceptance(region.nodes, VIRTUAL, KEY, DEADLINE)
    with refused("NodeRegistryNotOperator", accounts[PLATFORM], VIRTUAL):
        region.nodes.rotateOperator(VIRTUAL, NEW, DEADLINE, accepted, {"from": accounts[PLATFORM]})
    region.nodes.replaceOperator(VIRTUAL, NEW, DEADLINE, accepted)
    assert region.members.actsFor(NEW, VIRTUAL)
    assert region.members.actsFor(accounts[PLATFORM], VIRTUAL)


def test_a_contract_accepts_by_erc_1271(region):
    owner = Account.from_key(KEY)
    wallet = deploy("Wallet", owner.address)
    domain = {"name": "creditchain", "version": "1", "salt": bytes(region.log.logId())}
    kinds = {"OperatorAcceptance": [("node", "uint24"), ("operator", "address"), ("deadline", "uint64")]}
    types = {name: [{"name": n, "type": t} for n, t in members] for name, members in kinds.items()}
    message = {"node": SOURCE, "operator": wallet.address, "deadline": DEADLINE}
    signature = owner.sign_typed_data(domain, types, message).signature
    region.nodes.rotateOperator(SOURCE, wallet, DEADLINE, bytes(signature), {"from": accounts[SOURCE]})
    assert region.members.actsFor(wallet, SOURCE)


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
        {"salt": bytes(32)},
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
    high = SECPK1_N - int.from_bytes(accepted[32:], "big") % 2**255
    for parity in (0, 1 << 255):
        malleated = accepted[:32] + (high | parity).to_bytes(32, "big")
        with refused("NodeRegistryAcceptance", SOURCE, NEW):
            region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, malleated, {"from": accounts[SOURCE]})
