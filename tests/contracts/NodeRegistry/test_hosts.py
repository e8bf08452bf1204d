"""A virtual node moves to another host; who was its host, and who acted for it, stays known for any time."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    NO_WORD,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Kind,
    Status,
    acceptance,
    assert_logged,
    assert_node_changed,
    body_hash,
    declare_stolen,
    intervals,
    new_key,
    node_info,
    now,
    number_hash,
    refused,
    time_of,
    wait,
)

from creditchain.log.members import Members

KEY, NEW = new_key(2)


def test_move(region):
    wait(100)
    before = node_info(region, VIRTUAL)
    tx = region.nodes.setHost(VIRTUAL, BUREAU)
    assert_node_changed(region, tx, VIRTUAL, before, host=BUREAU)
    assert region.members.actsFor(accounts[BUREAU], VIRTUAL)
    with refused("NodeRegistryNotOperator", accounts[PLATFORM], VIRTUAL):
        region.members.requireActor(accounts[PLATFORM], VIRTUAL)
    moved = time_of(tx)
    assert region.members.memberAt(VIRTUAL, moved - 1) == (4, True, NO_ADDRESS, accounts[PLATFORM].address)
    assert region.members.memberAt(VIRTUAL, moved) == (4, True, NO_ADDRESS, accounts[BUREAU].address)


def test_the_nodes_of_a_retired_host_move(region):
    """Until they move nobody acts for them; afterwards the new host does."""
    wait(10)
    region.nodes.retire(PLATFORM)
    with refused("NodeRegistryInactive", PLATFORM, Status.RETIRED, 0):
        region.members.requireActor(accounts[PLATFORM], VIRTUAL)
    wait(10)
    region.nodes.setHost(VIRTUAL, BUREAU)
    region.members.requireActor(accounts[BUREAU], VIRTUAL)
    with refused("NodeRegistryNotOperator", accounts[PLATFORM], VIRTUAL):
        region.members.requireActor(accounts[PLATFORM], VIRTUAL)


def test_hosts_that_cannot_host(region):
    region.nodes.setUntil(INSTITUTION, now() + 1000)
    for host in (VIRTUAL, INSTITUTION):
        with refused("NodeRegistryHost", host):
            region.nodes.setHost(VIRTUAL, host)
    region.nodes.suspend(BUREAU)
    with refused("NodeRegistryInactive", BUREAU, Status.SUSPENDED, 0):
        region.nodes.setHost(VIRTUAL, BUREAU)
    with refused("NodeRegistryUnknown", 99):
        region.nodes.setHost(VIRTUAL, 99)


def test_a_physical_node_has_no_host(region):
    with refused("NodeRegistryNotHosted", SOURCE):
        region.nodes.setHost(SOURCE, PLATFORM)


def test_every_past_term_is_found(region):
    """Suspended, reinstated, moved: for each second the state that held then."""
    seen = {}

    def note():
        seen[now()] = tuple(region.members.memberAt(VIRTUAL, now()))

    wait(10)
    note()
    for change in (
        lambda: region.nodes.suspend(VIRTUAL),
        lambda: region.nodes.reinstate(VIRTUAL),
        lambda: region.nodes.setHost(VIRTUAL, BUREAU),
        lambda: region.nodes.suspend(BUREAU),
        lambda: region.nodes.setHost(VIRTUAL, SOURCE),
        lambda: region.nodes.retire(VIRTUAL),
    ):
        wait(10)
        change()
        note()
    assert len({(acts, host) for _, acts, _, host in seen.values()}) == 6
    assert {time: tuple(region.members.memberAt(VIRTUAL, time)) for time in seen} == seen
    assert region.members.memberAt(VIRTUAL, 1) == (4, False, NO_ADDRESS, NO_ADDRESS)
    assert {time: read_by_python(region, VIRTUAL, time) for time in seen} == seen


def test_python_reads_the_same_members(region):
    """At each second around each change of keys, hosts and intervals."""
    first = now()
    accepted = acceptance(region.nodes, VIRTUAL, KEY, 2**40)
    for change in (
        lambda: region.nodes.setUntil(INSTITUTION, now() + 30),
        lambda: region.nodes.replaceOperator(VIRTUAL, NEW, 2**40, accepted),
        lambda: declare_stolen(region, accounts[PLATFORM], (now() - 15, now() - 5)),
        lambda: region.nodes.setHost(VIRTUAL, BUREAU),
        lambda: region.nodes.setUntil(INSTITUTION, now() + 100),
        lambda: declare_stolen(region, NEW, (now() - 12, 0)),
        lambda: region.nodes.suspend(BUREAU),
    ):
        wait(10)
        change()
    times = range(first - 1, now() + 1)
    for node in (PLATFORM, BUREAU, INSTITUTION, VIRTUAL, 99):
        contract = [tuple(region.members.memberAt(node, time)) for time in times]
        assert [read_by_python(region, node, time) for time in times] == contract
    members = python_members(region)
    own, of_host = members.compromises(VIRTUAL)[0], members.compromises(VIRTUAL)[1:]
    assert (own.key, own.since, own.until, own.acted_until) == (NEW, *intervals(region, NEW)[0], 0)
    # The first host's key counts as long as it acted for the node, in each of the node's terms.
    assert {(one.key, one.since, one.until) for one in of_host} == {
        (accounts[PLATFORM].address, *interval) for interval in intervals(region, accounts[PLATFORM])
    }
    left = max(one.acted_until for one in of_host)
    assert members.member_at(VIRTUAL, left - 1).host_operator == accounts[PLATFORM].address
    assert members.member_at(VIRTUAL, left).host_operator == accounts[BUREAU].address
    assert members.node_of(NEW) == VIRTUAL
    found = {info.number: info for info in members.nodes()}
    assert sorted(found) == [1, 2, 3, 4, 5, 6]
    assert found[VIRTUAL].compromised_since == intervals(region, NEW)[0][0]
    assert found[VIRTUAL].admitted_at <= first
    assert found[VIRTUAL].profile_digest == b"\x11" * 32


def python_members(region):
    def words(keys):
        found = region.log.read([int.from_bytes(key, "big") for key in keys])[0]
        return [int(word).to_bytes(32, "big") for word in found]

    return Members(words)


def read_by_python(region, node, time):
    found = python_members(region).member_at(node, time)
    return (found.role, found.acts, found.operator or NO_ADDRESS, found.host_operator or NO_ADDRESS)


def test_a_term_of_no_second_is_not_kept(region):
    """Two changes in one block: what held for no second leaves no term."""
    wait(10)
    before = node_info(region, SOURCE)
    both = [region.nodes.suspend.encode_input(SOURCE), region.nodes.reinstate.encode_input(SOURCE)]
    region.manager.grantRole(1, region.manager, 0)
    for name in ("suspend", "reinstate"):
        region.manager.setTargetFunctionRole(region.nodes, [region.nodes.signatures[name]], 2**64 - 1)
    calls = [region.manager.execute.encode_input(region.nodes, data) for data in both]
    tx = region.manager.multicall(calls)
    after = node_info(region, SOURCE)
    assert after == {**before, "since": time_of(tx), "statusAt": time_of(tx), "terms": before["terms"] + 1}


@pytest.fixture
def retired(region):
    region.nodes.retire(SOURCE)


def test_who_answers_for_a_retired_node(region, retired):
    leaf = number_hash("leaf", 1)
    with refused("NodeRegistryInactive", SOURCE, Status.RETIRED, 0):
        region.anchors.setLife(SOURCE, leaf, 2, NO_WORD, NO_WORD, {"from": accounts[BUREAU]})
    tx = region.nodes.setAnswerer(SOURCE, BUREAU)
    assert_logged(region, tx, region.nodes, (Kind.ANSWERER, body_hash(("uint24", SOURCE), ("uint24", BUREAU))))
    with refused("NodeRegistryNotOperator", accounts[SOURCE], BUREAU):
        region.anchors.setLife(SOURCE, leaf, 2, NO_WORD, NO_WORD, {"from": accounts[SOURCE]})
    region.anchors.setLife(SOURCE, leaf, 2, NO_WORD, NO_WORD, {"from": accounts[BUREAU]})


def test_nobody_answers_for_a_member(region):
    with refused("NodeRegistryAnswerer", SOURCE, BUREAU):
        region.nodes.setAnswerer(SOURCE, BUREAU)


def test_who_answers_is_a_member(region, retired):
    region.nodes.suspend(BUREAU)
    with refused("NodeRegistryAnswerer", SOURCE, BUREAU):
        region.nodes.setAnswerer(SOURCE, BUREAU)
