"""Limits: governors set them."""

import pytest
from brownie import chain
from consent_world import World, entry_bodies, next_block_at, now, packed, reverts
from world import LIMIT, cell_key, written

from creditchain.log.entries import LimitsBody
from creditchain.messages import NO_DIGEST
from creditchain.vocabulary import EntryKind, Limit

LIMITS = cell_key(LIMIT, 0)


def _open(world: World, domains: int):
    return world.consents.setLimit(Limit.OPEN_DOMAINS.value, domains, {"from": world.governor})


def test_open_domains_are_logged_and_remembered(world: World) -> None:
    at, words = [], [0]
    rules = (2**32 - 1, 0b111, 0b10)
    for domains in rules:
        tx = _open(world, domains)
        assert entry_bodies(tx) == [(EntryKind.LIMITS, LimitsBody(Limit.OPEN_DOMAINS, domains).body_hash())]
        assert set(tx.events.keys()) == {"Appended"}
        at.append(tx.timestamp)
        before = (rules[len(at) - 2], at[-2]) if len(at) > 1 else (0, 0)
        held = (domains, 32), (at[-1], 32), (before[0], 32), (before[1], 32)
        value = packed(*held, (0, 32), (at[-1], 32))
        words.append(value << 56 | world.log.size() - 1)
        assert written(tx) == [(LIMITS, words[-2], words[-1])]
        chain.sleep(100)
    assert world.consents.openDomainsAt(at[1]) == 0b111
    assert world.consents.openDomainsAt(at[2] - 1) == 0b111
    assert world.consents.openDomainsAt(at[2]) == 0b10
    assert world.consents.openDomainsAt(2**40 - 1) == 0b10
    for time in (0, at[0], at[1] - 1):
        with reverts("ConsentTokenOpenDomainsPast", time, at[1]):
            world.consents.openDomainsAt(time)


def test_before_the_first_rule_none_was_open(world: World) -> None:
    assert world.consents.openDomainsAt(now()) == 0
    at = _open(world, 0b1).timestamp
    assert world.consents.openDomainsAt(0) == 0
    assert world.consents.openDomainsAt(at - 1) == 0
    assert world.consents.openDomainsAt(at) == 0b1


def test_a_rule_that_is_replaced_within_its_second_leaves_the_one_before(world: World) -> None:
    first = _open(world, 0b1).timestamp
    at = now() + 100
    for domains in (0b10, 0b100):
        next_block_at(at)
        _open(world, domains)
    assert now() == at
    assert world.consents.openDomainsAt(first) == 0b1
    assert world.consents.openDomainsAt(at - 1) == 0b1
    assert world.consents.openDomainsAt(at) == 0b100


def test_the_age_of_deliveries_is_logged_and_remembered(world: World) -> None:
    before = 0
    for seconds in (60, 2**32 - 1, 0):
        tx = world.consents.setLimit(Limit.DELIVERY_AGE.value, seconds, {"from": world.governor})
        assert entry_bodies(tx) == [(EntryKind.LIMITS, LimitsBody(Limit.DELIVERY_AGE, seconds).body_hash())]
        word = packed((seconds, 32), (tx.timestamp, 32)) << 128 + 56 | world.log.size() - 1
        assert written(tx) == [(LIMITS, before, word)]
        before = word


def test_no_limit_changes_another(world: World) -> None:
    opened = _open(world, 0b1).timestamp
    world.consents.setLimit(Limit.DELIVERY_AGE.value, 60, {"from": world.governor})
    chain.sleep(100)
    tx = _open(world, 0b10)
    rules = (0b10, 32), (tx.timestamp, 32), (0b1, 32), (opened, 32)
    ((_, _, new),) = written(tx)
    assert new >> 56 == packed(*rules, (60, 32), (tx.timestamp, 32))
    chain.sleep(100)
    tx = world.consents.setLimit(Limit.DELIVERY_AGE.value, 0, {"from": world.governor})
    ((_, _, new),) = written(tx)
    assert new >> 56 == packed(*rules, (0, 32), (tx.timestamp, 32))


@pytest.mark.parametrize(("limit", "value"), [(0, 1), (3, 1), (255, 0), (1, 2**32), (2, 2**200 - 1)])
def test_a_limit_that_is_none(world: World, limit: int, value: int) -> None:
    with reverts("ConsentTokenLimit", limit, value):
        world.consents.setLimit(limit, value, {"from": world.governor})


@pytest.mark.parametrize(("function", "arguments"), [("setLimit", (1, 1)), ("revokeByGovernors", (1,))])
def test_only_governors(world: World, function: str, arguments: tuple[int, ...]) -> None:
    for caller in (world.anyone, world.bank_account(), world.bank_account("platform")):
        with reverts("AccessManagedUnauthorized", caller.address):
            getattr(world.consents, function)(*arguments, {"from": caller})


def test_hardly_anything_is_read_as_zero(world: World) -> None:
    assert world.consents.openDomainsAt(0) == 0
    assert int(str(world.consents.consentOf(int.from_bytes(NO_DIGEST, "big"))["institution"])) == 0
