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
    assert_node_changed(region, tx, SOURCE, before, **changed)
    assert not region.members.isActive(SOURCE)
    wait(10)
    before = node_info(region, SOURCE)
    tx = region.nodes.reinstate(SOURCE)
    changed = {"status": Status.ACTIVE, "statusAt": time_of(tx)}
    assert_node_changed(region, tx, SOURCE, before, **changed)
    assert region.members.isActive(SOURCE)


@pytest.mark.parametrize("suspended", [False, True])
def test_retire(region, suspended):
    if suspended:
        region.nodes.suspend(SOURCE)
    before = node_info(region, SOURCE)
    tx = region.nodes.retire(SOURCE)
    changed = {"status": Status.RETIRED, "statusAt": time_of(tx)}
    assert_node_changed(region, tx, SOURCE, before, **changed)
    assert region.members.nodeOf(accounts[SOURCE]) == SOURCE


def test_set_domains(region):
    before = node_info(region, VIRTUAL)
    tx = region.nodes.setDomains(VIRTUAL, 0x800001)
    assert_node_changed(region, tx, VIRTUAL, before, domains=0x800001)


def test_set_profile(region):
    before = node_info(region, REGULATOR)
    digest = number_hash("profile", 1)
    tx = region.nodes.setProfile(REGULATOR, digest)
    assert_node_changed(region, tx, REGULATOR, before, profile=digest)


def test_set_until(region):
    before = node_info(region, INSTITUTION)
    until = now() + 1000
    tx = region.nodes.setUntil(INSTITUTION, until)
    assert_node_changed(region, tx, INSTITUTION, before, until=until, guest=1)
    wait(10)
    before = node_info(region, INSTITUTION)
    tx = region.nodes.setUntil(INSTITUTION, 0)
    assert_node_changed(region, tx, INSTITUTION, before, until=0, guest=0)


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
        lambda: region.nodes.setHost(node, PLATFORM),
        lambda: region.nodes.setAnswerer(node, PLATFORM),
        lambda: region.nodes.rotateOperator(node, accounts[8], 2**40, b"", {"from": accounts[SOURCE]}),
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
    assert region.members.isActive(VIRTUAL)
    getattr(region.nodes, stop)(PLATFORM)
    assert not region.members.isActive(VIRTUAL)
    assert not region.members.actsFor(accounts[PLATFORM], VIRTUAL)
    status = Status.SUSPENDED if stop == "suspend" else Status.RETIRED
    with refused("NodeRegistryInactive", PLATFORM, status, 0):
        region.members.requireActor(accounts[PLATFORM], VIRTUAL)
    assert node_info(region, VIRTUAL)["status"] == Status.ACTIVE


def test_requirements(region):
    members = region.members
    assert members.requireActor(accounts[SOURCE], SOURCE) == Role.SOURCE
    members.requireRole(accounts[SOURCE], SOURCE, Role.SOURCE)
    members.requirePublisher(accounts[PLATFORM], VIRTUAL, 0b11)
    with refused("NodeRegistryUnknown", 7):
        members.requireActor(accounts[SOURCE], 7)
    with refused("NodeRegistryNotOperator", accounts[BUREAU], SOURCE):
        members.requireActor(accounts[BUREAU], SOURCE)
    with refused("NodeRegistryNotOperator", NO_ADDRESS, VIRTUAL):
        members.requireActor(NO_ADDRESS, VIRTUAL)
    with refused("NodeRegistryRole", SOURCE, Role.PLATFORM, Role.SOURCE):
        members.requireRole(accounts[SOURCE], SOURCE, Role.PLATFORM)
    with refused("NodeRegistryNotPublisher", INSTITUTION, Role.INSTITUTION):
        members.requirePublisher(accounts[INSTITUTION], INSTITUTION, 1)
    with refused("NodeRegistryDomains", VIRTUAL, 0b11, 0b101):
        members.requirePublisher(accounts[PLATFORM], VIRTUAL, 0b101)


def test_a_guest_past_its_end_date(region):
    until = now() + 1000
    region.nodes.setUntil(INSTITUTION, until)
    wait(1000)
    with refused("NodeRegistryInactive", INSTITUTION, Status.ACTIVE, until):
        region.members.requireActor(accounts[INSTITUTION], INSTITUTION)
