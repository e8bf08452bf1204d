"""Admission."""

import pytest
from brownie import accounts
from world import (
    ALL_DOMAINS,
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    NO_WORD,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Kind,
    Role,
    Status,
    admission,
    assert_logged,
    new_key,
    node_body,
    node_count,
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
    assert tx.return_value == node_count(region) == NEXT
    info = node_info(region, NEXT)
    assert info == {
        "operator": OPERATOR,
        "role": role,
        "status": Status.ACTIVE,
        "domains": domains,
        "hosted": 0,
        "guest": 0,
        "marked": 0,
        "host": 0,
        "division": 320100,
        "until": 0,
        "since": time_of(tx),
        "statusAt": time_of(tx),
        "terms": 0,
        "profile": b"\x11" * 32,
    }
    assert region.members.nodeOf(OPERATOR) == NEXT
    assert region.members.actsFor(OPERATOR, NEXT)
    body = node_body(NEXT, info, by=accounts[0], profile=b"\x11" * 32)
    assert_logged(region, tx, region.nodes, (Kind.NODE, body))


@pytest.mark.parametrize("operator", [NO_ADDRESS, OPERATOR])
def test_admit_a_virtual_node(region, operator):
    region.nodes.admit(admission(operator, Role.SOURCE, host=PLATFORM, domains=1))
    assert node_info(region, NEXT)["host"] == PLATFORM
    assert region.members.actsFor(accounts[PLATFORM], NEXT)
    assert region.members.actsFor(operator, NEXT) is (operator != NO_ADDRESS)
    assert region.members.nodeOf(NO_ADDRESS) == 0


def test_admit_a_guest(region):
    until = now() + 1000
    region.nodes.admit(admission(OPERATOR, Role.INSTITUTION, until=until))
    assert node_info(region, NEXT)["until"] == until
    assert region.members.actsFor(OPERATOR, NEXT)
    wait(1000)
    assert not region.members.actsFor(OPERATOR, NEXT)
    assert node_info(region, NEXT)["status"] == Status.ACTIVE


def test_no_such_node(region):
    assert set(node_info(region, NEXT).values()) == {0, NO_ADDRESS, NO_WORD}
    assert region.members.nodeOf(OPERATOR) == 0
    assert not region.members.isActive(NEXT)
    assert not region.members.isActive(0)
    assert not region.members.actsFor(NO_ADDRESS, 0)


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
        region.members.requirePublisher(accounts[node], node, ALL_DOMAINS)
