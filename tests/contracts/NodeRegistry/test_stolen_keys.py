"""When a key was in other hands: declared by governors, corrected by them, and what it stops."""

import pytest
from brownie import accounts
from consent_world import next_block_at
from world import (
    COMPROMISE,
    NO_ADDRESS,
    NODE,
    PLATFORM,
    SOURCE,
    VIRTUAL,
    Kind,
    Status,
    acceptance,
    assert_logged,
    body_hash,
    declare_stolen,
    intervals,
    new_key,
    node_body,
    node_info,
    now,
    refused,
    time_of,
    value,
    wait,
)

KEY, NEW = new_key(2)
DEADLINE = 2**40


@pytest.fixture
def thief():
    """The operator of SOURCE, whose key was copied."""
    return accounts[SOURCE]


def replace(region, node=SOURCE):
    return region.nodes.replaceOperator(node, NEW, DEADLINE, acceptance(region.nodes, node, KEY, DEADLINE))


def declared(region, key, node=SOURCE):
    """Body hash of a `COMPROMISE` entry."""
    return body_hash(
        ("uint24", node), ("address", key.address), ("uint256", value(region, COMPROMISE, int(key.address, 16)))
    )


def test_an_open_interval_suspends(region, thief):
    wait(100)
    since = now() - 50
    tx = declare_stolen(region, thief, (since, 0))
    after = node_info(region, SOURCE)
    assert (after["status"], after["statusAt"], after["marked"]) == (Status.SUSPENDED, time_of(tx), 1)
    node = node_body(SOURCE, after, by=accounts[0])
    assert_logged(region, tx, region.nodes, (Kind.COMPROMISE, declared(region, thief)), (Kind.NODE, node))
    assert intervals(region, thief) == [(since, 0)]
    with refused("NodeRegistryCompromised", SOURCE, since):
        region.nodes.reinstate(SOURCE)
    assert region.members.memberAt(SOURCE, since - 1) == (4, True, thief.address, NO_ADDRESS)
    assert region.members.memberAt(SOURCE, since) == (4, False, NO_ADDRESS, NO_ADDRESS)


def test_it_began_earlier(region, thief):
    wait(100)
    since = now() - 50
    declare_stolen(region, thief, (since, 0))
    tx = declare_stolen(region, thief, (since - 20, 0))
    assert_logged(region, tx, region.nodes, (Kind.COMPROMISE, declared(region, thief)))
    assert intervals(region, thief) == [(since - 20, 0)]


def test_declared_too_early_and_taken_back(region, thief):
    """Governors correct what they declared: a wrong start does not stay for ever."""
    wait(100)
    declare_stolen(region, thief, (now() - 50, 0))
    declare_stolen(region, thief)
    assert intervals(region, thief) == []
    assert node_info(region, SOURCE)["marked"] == 0
    region.nodes.reinstate(SOURCE)
    assert region.members.actsFor(thief, SOURCE)


def test_before_the_key_was_the_nodes(region, thief):
    wait(100)
    since = node_info(region, SOURCE)["since"]
    with Refused("NodeRegistryInterval", thief.address.lower(), 0, since):
        declare_stolen(region, thief, (since - 1, 0))


def test_declared_too_late(region, thief):
    """A start in the future would let the thief act until then."""
    first = node_info(region, SOURCE)["since"]
    for interval in ((now() + 1000, 0), (first, now() + 1000)):
        with Refused("NodeRegistryInterval", thief.address.lower(), 0, first):
            declare_stolen(region, thief, interval)


def test_intervals_ascend(region, thief):
    wait(1000)
    first = now() - 900
    for second in ((first + 100, 0), (first + 101, first + 200), (first - 1, first + 20)):
        with Refused("NodeRegistryInterval", thief.address.lower(), 1, first + 102):
            declare_stolen(region, thief, (first, first + 100), second)
    with Refused("NodeRegistryInterval", thief.address.lower(), 0, node_info(region, SOURCE)["since"]):
        declare_stolen(region, thief, (first + 10, first + 9))
    with Refused("NodeRegistryInterval", thief.address.lower(), 0, node_info(region, SOURCE)["since"]):
        declare_stolen(region, thief, (first, 0), (first + 10, first + 20))


def test_how_many_intervals(region, thief):
    wait(1000)
    first = now() - 900
    given = [(first, first + 10), (first + 20, first + 30), (first + 40, first + 50)]
    with refused("NodeRegistryIntervals", thief.address, 3):
        declare_stolen(region, thief, *given)
    declare_stolen(region, thief, *given[:2], (first + 40, 0))
    assert intervals(region, thief) == [*given[:2], (first + 40, 0)]
    expected = {first - 1: False, first: True, first + 10: True, first + 11: False, first + 19: False}
    expected |= {first + 20: True, first + 30: True, first + 31: False, first + 39: False, first + 40: True}
    assert {time: region.members.wasStolen(thief, time) for time in expected} == expected


def test_a_replaced_key_ends_its_interval(region, thief):
    wait(100)
    since = now() - 50
    declare_stolen(region, thief, (since, 0))
    ended = time_of(replace(region))
    assert intervals(region, thief) == [(since, ended)]
    info = node_info(region, SOURCE)
    assert (info["operator"], info["marked"], info["status"]) == (NEW, 0, Status.SUSPENDED)
    region.nodes.reinstate(SOURCE)
    assert region.members.actsFor(NEW, SOURCE)


def test_a_third_interval_joins_the_second_when_the_key_is_replaced(region, thief):
    """There is room for two closed intervals. What is joined says too much, never too little."""
    wait(1000)
    first = now() - 900
    declare_stolen(region, thief, (first, first + 10), (first + 20, first + 30), (first + 40, 0))
    ended = time_of(replace(region))
    assert intervals(region, thief) == [(first, first + 10), (first + 20, ended)]


def test_a_key_rotated_away(region, thief):
    """The theft of a former key is found out later: what it did is marked, and the node goes on with its new key."""
    wait(100)
    accepted = acceptance(region.nodes, SOURCE, KEY, DEADLINE)
    rotated = time_of(region.nodes.rotateOperator(SOURCE, NEW, DEADLINE, accepted, {"from": thief}))
    wait(100)
    since = rotated - 50
    tx = declare_stolen(region, thief, (since, 0))
    assert_logged(region, tx, region.nodes, (Kind.COMPROMISE, declared(region, thief)))
    info = node_info(region, SOURCE)
    assert (info["status"], info["marked"]) == (Status.ACTIVE, 0)
    assert region.members.actsFor(NEW, SOURCE)
    assert region.members.memberAt(SOURCE, since - 1) == (4, True, thief.address, NO_ADDRESS)
    assert region.members.memberAt(SOURCE, since) == (4, False, NO_ADDRESS, NO_ADDRESS)
    assert region.members.memberAt(SOURCE, rotated) == (4, True, NEW, NO_ADDRESS)


def test_in_the_second_of_reinstatement(region, thief):
    """The last second of an interval belongs to it, also where the node is active again in that second."""
    wait(100)
    until = now() + 50
    region.nodes.suspend(SOURCE)
    wait(60)
    declare_stolen(region, thief, (until - 10, until))
    region.nodes.reinstate(SOURCE)
    assert region.members.memberAt(SOURCE, until) == (4, False, NO_ADDRESS, NO_ADDRESS)
    assert region.members.actsFor(thief, SOURCE)


def test_a_caller_with_a_stolen_key(region, thief):
    """An interval that lasts until now stops the key in this very second."""
    wait(100)
    until = now() + 50
    next_block_at(until)
    assert time_of(declare_stolen(region, thief, (until - 10, until))) == until
    with refused("NodeRegistryStolenKey", thief, SOURCE):
        region.members.requireActor(thief, SOURCE)
    wait(1)
    region.members.requireActor(thief, SOURCE)


def test_a_stolen_key_of_a_host(region):
    """What the host's key did for a virtual node counts no more; what the node's own key did still counts."""
    region.nodes.replaceOperator(VIRTUAL, NEW, DEADLINE, acceptance(region.nodes, VIRTUAL, KEY, DEADLINE))
    wait(100)
    since = now() - 20
    declare_stolen(region, accounts[PLATFORM], (since, since + 10))
    assert region.members.memberAt(VIRTUAL, since) == (4, True, NEW, NO_ADDRESS)
    assert region.members.memberAt(VIRTUAL, since + 11) == (4, True, NEW, accounts[PLATFORM].address)
    assert not region.members.memberAt(PLATFORM, since)[1]


def test_a_key_that_no_node_had(region):
    for key in (NEW, NO_ADDRESS):
        with refused("NodeRegistryKeyUnknown", key):
            declare_stolen(region, key, (now(), 0))


def test_of_a_retired_node(region, thief):
    region.nodes.retire(SOURCE)
    since = now()
    tx = declare_stolen(region, thief, (since, 0))
    assert_logged(region, tx, region.nodes, (Kind.COMPROMISE, declared(region, thief)))
    assert value(region, NODE, SOURCE) >> 191 == 1


class Refused:
    """As `world.refused`, for the one error whose last value is the time of its block."""

    def __init__(self, name, *values):
        self._start = f"{name}: {', '.join(map(str, values))}, "

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert error is not None
        assert error.revert_msg.startswith(self._start), error.revert_msg
        latest = int(error.revert_msg.removeprefix(self._start))
        assert abs(latest - now()) <= 2
        return True
