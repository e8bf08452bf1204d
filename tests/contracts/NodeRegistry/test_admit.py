"""Admission."""

import pytest
from brownie import accounts
from world import (
    ALL_DOMAINS,
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Change,
    Kind,
    Role,
    Status,
    admission,
    as_bytes,
    assert_logged,
    new_key,
    node_body,
    node_info,
    now,
    refused,
    time_of,
    wait,
)

NEXT = 7
OPERATOR = new_key(1)[1]


@pytest.mark.parametrize("role", Role)
def test_admit(region, role):
    domains = 0b101 if Role.PLATFORM <= role <= Role.SOURCE else 0
    tx = region.nodes.admit(admission(OPERATOR, role, division=320100, domains=domains))
    assert tx.return_value == region.nodes.count() == NEXT
    info = node_info(region, NEXT)
    assert info == {
        "node": NEXT,
        "operator": OPERATOR,
        "role": role,
        "status": Status.ACTIVE,
        "division": 320100,
        "host": 0,
        "domains": domains,
        "until": 0,
        "compromisedSince": 0,
        "profileDigest": "0x" + "11" * 32,
        "admittedAt": time_of(tx),
        "statusAt": time_of(tx),
    }
    assert as_bytes(info["profileDigest"]) == b"\x11" * 32
    assert region.nodes.nodeOf(OPERATOR) == NEXT
    assert region.nodes.actsFor(OPERATOR, NEXT)
    (entry,) = assert_logged(region, tx, region.nodes, (Kind.NODE, node_body(info)))
    event = tx.events["NodeChanged"]
    assert (event["node"], event["change"], event["entry"]) == (NEXT, Change.ADMITTED, entry)
    assert tuple(event["info"]) == tuple(region.nodes.node(NEXT))


@pytest.mark.parametrize("operator", [NO_ADDRESS, OPERATOR])
def test_admit_a_virtual_node(region, operator):
    region.nodes.admit(admission(operator, Role.SOURCE, host=PLATFORM, domains=1))
    assert region.nodes.node(NEXT).dict()["host"] == PLATFORM
    assert region.nodes.actsFor(accounts[PLATFORM], NEXT)
    assert region.nodes.actsFor(operator, NEXT) is (operator != NO_ADDRESS)
    assert region.nodes.nodeOf(NO_ADDRESS) == 0


def test_admit_a_guest(region):
    until = now() + 1000
    region.nodes.admit(admission(OPERATOR, Role.INSTITUTION, until=until))
    assert region.nodes.node(NEXT).dict()["until"] == until
    assert region.nodes.actsFor(OPERATOR, NEXT)
    wait(1000)
    assert not region.nodes.actsFor(OPERATOR, NEXT)
    assert region.nodes.node(NEXT).dict()["status"] == Status.ACTIVE


def test_no_such_node(region):
    empty = (0, NO_ADDRESS, 0, 0, 0, 0, 0, 0, 0, "0x" + "00" * 32, 0, 0)
    assert region.nodes.node(NEXT) == empty
    assert region.nodes.nodeOf(OPERATOR) == 0
    assert not region.nodes.isActive(NEXT)
    assert not region.nodes.isActive(0)
    assert not region.nodes.actsFor(NO_ADDRESS, 0)


def test_a_role(region):
    with refused("NodeRegistryNoRole"):
        region.nodes.admit(admission(OPERATOR, 0))


@pytest.mark.parametrize("division", [0, 99_999, 1_000_000])
def test_a_division(region, division):
    with refused("NodeRegistryDivision", division):
        region.nodes.admit(admission(OPERATOR, Role.SOURCE, division=division))


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.INSTITUTION])
def test_only_publishers_have_domains(region, role):
    with refused("NodeRegistryDomains", NEXT, 0, 1):
        region.nodes.admit(admission(OPERATOR, role, domains=1))


@pytest.mark.parametrize("role", [Role.REGULATOR, Role.PLATFORM, Role.BUREAU, Role.SOURCE])
def test_only_institutions_are_guests(region, role):
    until = now() + 1000
    with refused("NodeRegistryUntil", role, until):
        region.nodes.admit(admission(OPERATOR, role, until=until))


def test_guest_time_is_to_come(region):
    until = now() - 1
    with refused("NodeRegistryUntil", Role.INSTITUTION, until):
        region.nodes.admit(admission(OPERATOR, Role.INSTITUTION, until=until))


def test_one_key_one_node(region):
    with refused("NodeRegistryKeyTaken", accounts[BUREAU], BUREAU):
        region.nodes.admit(admission(accounts[BUREAU], Role.SOURCE))


def test_a_physical_node_has_a_key(region):
    with refused("NodeRegistryNoOperator", NEXT):
        region.nodes.admit(admission(NO_ADDRESS, Role.SOURCE))


def test_a_host_exists(region):
    with refused("NodeRegistryUnknown", 99):
        region.nodes.admit(admission(NO_ADDRESS, Role.SOURCE, host=99))


def test_a_host_is_physical(region):
    with refused("NodeRegistryHost", VIRTUAL):
        region.nodes.admit(admission(NO_ADDRESS, Role.SOURCE, host=VIRTUAL))


def test_a_host_is_no_guest(region):
    region.nodes.setUntil(INSTITUTION, now() + 1000)
    with refused("NodeRegistryHost", INSTITUTION):
        region.nodes.admit(admission(NO_ADDRESS, Role.SOURCE, host=INSTITUTION))


def test_a_host_is_active(region):
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        region.nodes.admit(admission(NO_ADDRESS, Role.SOURCE, host=SOURCE))


def test_domains_of_all_publishers(region):
    for node in (PLATFORM, BUREAU, SOURCE):
        region.nodes.requirePublisher(accounts[node], node, ALL_DOMAINS)
