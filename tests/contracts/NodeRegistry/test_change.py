"""Governors change a node: status, domains, profile, end date."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    PLATFORM,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    Change,
    Role,
    Status,
    assert_node_changed,
    node_info,
    now,
    number_hash,
    refused,
    time_of,
    wait,
)


def test_suspend_and_reinstate(region):
    before = node_info(region, SOURCE)
    tx = region.nodes.suspend(SOURCE)
    changed = {"status": Status.SUSPENDED, "statusAt": time_of(tx)}
    assert_node_changed(region, tx, SOURCE, Change.SUSPENDED, before, **changed)
    assert not region.nodes.isActive(SOURCE)
    wait(10)
    tx = region.nodes.reinstate(SOURCE)
    changed = {"status": Status.ACTIVE, "statusAt": time_of(tx)}
    assert_node_changed(region, tx, SOURCE, Change.REINSTATED, before, **changed)
    assert region.nodes.isActive(SOURCE)


@pytest.mark.parametrize("suspended", [False, True])
def test_retire(region, suspended):
    if suspended:
        region.nodes.suspend(SOURCE)
    before = node_info(region, SOURCE)
    tx = region.nodes.retire(SOURCE)
    changed = {"status": Status.RETIRED, "statusAt": time_of(tx)}
    assert_node_changed(region, tx, SOURCE, Change.RETIRED, before, **changed)
    assert region.nodes.nodeOf(accounts[SOURCE]) == SOURCE


def test_set_domains(region):
    before = node_info(region, VIRTUAL)
    tx = region.nodes.setDomains(VIRTUAL, 0x80000001)
    assert_node_changed(region, tx, VIRTUAL, Change.DOMAINS_SET, before, domains=0x80000001)


def test_set_profile(region):
    before = node_info(region, REGULATOR)
    digest = number_hash("profile", 1)
    tx = region.nodes.setProfile(REGULATOR, digest)
    assert_node_changed(region, tx, REGULATOR, Change.PROFILE_SET, before, profileDigest="0x" + digest.hex())


def test_set_until(region):
    before = node_info(region, INSTITUTION)
    until = now() + 1000
    tx = region.nodes.setUntil(INSTITUTION, until)
    assert_node_changed(region, tx, INSTITUTION, Change.UNTIL_SET, before, until=until)
    tx = region.nodes.setUntil(INSTITUTION, 0)
    assert_node_changed(region, tx, INSTITUTION, Change.UNTIL_SET, before)


def test_wrong_status(region):
    with refused("NodeRegistryStatus", SOURCE, Status.ACTIVE):
        region.nodes.reinstate(SOURCE)
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryStatus", SOURCE, Status.SUSPENDED):
        region.nodes.suspend(SOURCE)


def test_retirement_is_final(region):
    region.nodes.retire(SOURCE)
    for change in (
        lambda: region.nodes.suspend(SOURCE),
        lambda: region.nodes.reinstate(SOURCE),
        lambda: region.nodes.retire(SOURCE),
        lambda: region.nodes.setDomains(SOURCE, 1),
        lambda: region.nodes.setProfile(SOURCE, number_hash("profile", 1)),
        lambda: region.nodes.setUntil(SOURCE, 0),
        lambda: region.nodes.replaceOperator(SOURCE, accounts[8], 2**40, b""),
    ):
        with refused("NodeRegistryStatus", SOURCE, Status.RETIRED):
            change()


@pytest.mark.parametrize("node", [0, 7])
def test_unknown(region, node):
    for change in (
        lambda: region.nodes.suspend(node),
        lambda: region.nodes.reinstate(node),
        lambda: region.nodes.retire(node),
        lambda: region.nodes.setDomains(node, 1),
        lambda: region.nodes.setProfile(node, number_hash("profile", 1)),
        lambda: region.nodes.setUntil(node, 0),
        lambda: region.nodes.markCompromised(node, 1),
        lambda: region.nodes.rotateOperator(node, accounts[8], 2**40, b""),
        lambda: region.nodes.replaceOperator(node, accounts[8], 2**40, b""),
    ):
        with refused("NodeRegistryUnknown", node):
            change()


@pytest.mark.parametrize(("node", "role"), [(REGULATOR, Role.REGULATOR), (INSTITUTION, Role.INSTITUTION)])
def test_only_publishers_have_domains(region, node, role):
    with refused("NodeRegistryNotPublisher", node, role):
        region.nodes.setDomains(node, 1)


def test_only_institutions_have_an_end_date(region):
    with refused("NodeRegistryUntil", Role.BUREAU, 2**39):
        region.nodes.setUntil(BUREAU, 2**39)
    past = now() - 1
    with refused("NodeRegistryUntil", Role.INSTITUTION, past):
        region.nodes.setUntil(INSTITUTION, past)


@pytest.mark.parametrize("stop", ["suspend", "retire"])
def test_a_host_that_stops_stops_its_virtual_nodes(region, stop):
    assert region.nodes.isActive(VIRTUAL)
    getattr(region.nodes, stop)(PLATFORM)
    assert not region.nodes.isActive(VIRTUAL)
    assert not region.nodes.actsFor(accounts[PLATFORM], VIRTUAL)
    status = Status.SUSPENDED if stop == "suspend" else Status.RETIRED
    with refused("NodeRegistryInactive", PLATFORM, status, 0):
        region.nodes.requireActor.call(accounts[PLATFORM], VIRTUAL)
    assert region.nodes.node(VIRTUAL).dict()["status"] == Status.ACTIVE


def test_requirements(region):
    nodes = region.nodes
    assert nodes.requireActor(accounts[SOURCE], SOURCE) == Role.SOURCE
    assert nodes.requireRole(accounts[SOURCE], SOURCE, Role.SOURCE) == Role.SOURCE
    assert nodes.requirePublisher(accounts[PLATFORM], VIRTUAL, 0b11) == Role.SOURCE
    with refused("NodeRegistryUnknown", 7):
        nodes.requireActor.call(accounts[SOURCE], 7)
    with refused("NodeRegistryNotOperator", accounts[BUREAU], SOURCE):
        nodes.requireActor.call(accounts[BUREAU], SOURCE)
    with refused("NodeRegistryNotOperator", NO_ADDRESS, VIRTUAL):
        nodes.requireActor.call(NO_ADDRESS, VIRTUAL)
    with refused("NodeRegistryRole", SOURCE, Role.PLATFORM, Role.SOURCE):
        nodes.requireRole.call(accounts[SOURCE], SOURCE, Role.PLATFORM)
    with refused("NodeRegistryNotPublisher", INSTITUTION, Role.INSTITUTION):
        nodes.requirePublisher.call(accounts[INSTITUTION], INSTITUTION, 1)
    with refused("NodeRegistryDomains", VIRTUAL, 0b11, 0b101):
        nodes.requirePublisher.call(accounts[PLATFORM], VIRTUAL, 0b101)


def test_a_guest_past_its_end_date(region):
    until = now() + 1000
    region.nodes.setUntil(INSTITUTION, until)
    wait(1000)
    with refused("NodeRegistryInactive", INSTITUTION, Status.ACTIVE, until):
        region.nodes.requireActor.call(accounts[INSTITUTION], INSTITUTION)
