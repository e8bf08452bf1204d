"""pause, resume, pauseSigned, resumeSigned."""

from __future__ import annotations

import pytest
from brownie import accounts
from consent_world import (
    DAY,
    World,
    consent_cell,
    entry_bodies,
    key,
    members,
    next_block_at,
    now,
    packed,
    reverts,
    sign,
    token,
)
from world import CONSENT, written
from world import PAUSE as PAUSES

from creditchain.log.entries import PauseBody
from creditchain.vocabulary import EntryKind, Revoker


def _sender(name: str):
    return accounts.add(key(name).key)


def _turn(world: World, consent, number: int, name: str = "enterprise"):
    function = world.consents.pause if number % 2 else world.consents.resume
    return function(members(consent), {"from": _sender(name)})


def _signed(world: World, consent, number: int, **changes):
    message = world.turn(consent, number, **changes)
    function = world.consents.pauseSigned if number % 2 else world.consents.resumeSigned
    signature = sign(key("enterprise"), message)
    return function(members(consent), message.deadline, signature, {"from": world.anyone})


def test_what_turns_leave(world: World) -> None:
    """The cell holds the last two pauses; the first one is noted in the consent's own cell."""
    consent = world.granted()
    times, before = [0, 0], 0
    for number in range(1, 7):
        next_block_at(now() + 100)
        tx = _signed(world, consent, number)
        if number % 2:
            times += [tx.timestamp, 0]
        else:
            times[-1] = tx.timestamp
        assert entry_bodies(tx) == [(EntryKind.PAUSE, PauseBody(consent.id, Revoker.KEY, number).body_hash())]
        fields = ((times[-2], 32), (times[-1], 32), (times[-4], 32), (times[-3], 32), (number, 16), (0, 1))
        word = packed(*fields) << 56 | world.log.size() - 1
        writes = written(tx)
        assert writes[0] == (consent_cell(PAUSES, consent), before, word)
        if number == 1:
            ((cell, old, new),) = writes[1:]
            assert cell == consent_cell(CONSENT, consent)
            assert new == old >> 56 << 56 | 1 << 176 + 56 | world.log.size() - 1
        else:
            assert writes[1:] == []
        assert set(tx.events.keys()) == {"Appended"}
        state = world.state(consent)
        assert (state["pausedAt"], state["resumedAt"], state["turns"]) == (times[-2], times[-1], number)
        before = word


@pytest.mark.parametrize("name", ["enterprise", "platform"])
def test_by_key_or_platform(world: World, name: str) -> None:
    consent = world.granted()
    by = Revoker.KEY if name == "enterprise" else Revoker.PLATFORM
    for number in (1, 2):
        tx = _turn(world, consent, number, name)
        assert entry_bodies(tx) == [(EntryKind.PAUSE, PauseBody(consent.id, by, number).body_hash())]


def test_a_platform_cannot_resume_what_the_key_paused(world: World) -> None:
    consent = world.granted()
    _turn(world, consent, 1)
    with reverts("ConsentTokenPausedByKey", token(consent)):
        _turn(world, consent, 2, "platform")
    _turn(world, consent, 2)
    _turn(world, consent, 3, "platform")
    _turn(world, consent, 4)
    _turn(world, consent, 5, "platform")
    _turn(world, consent, 6, "platform")


@pytest.mark.parametrize("name", ["other platform", "bank", "bureau", "regulator", "nobody"])
def test_nobody_else(world: World, name: str) -> None:
    consent = world.granted()
    with reverts("ConsentTokenNotRevoker", token(consent), key(name).address):
        _turn(world, consent, 1, name)
    message = world.turn(consent, 1)
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.pauseSigned(members(consent), message.deadline, sign(key(name), message))


def test_paused_twice_and_resumed_twice(world: World) -> None:
    consent = world.granted()
    with reverts("ConsentTokenNotPaused", token(consent)):
        _turn(world, consent, 2)
    at = _turn(world, consent, 1).timestamp
    with reverts("ConsentTokenPaused", token(consent), at):
        _turn(world, consent, 1)
    with reverts("ConsentTokenPaused", token(consent), at):
        _signed(world, consent, 3)


def test_a_signed_pause_is_used_once(world: World) -> None:
    """Whoever keeps an old pause cannot pause the consent again."""
    consent = world.granted()
    message = world.turn(consent, 1)
    signature = sign(key("enterprise"), message)
    world.consents.pauseSigned(members(consent), message.deadline, signature, {"from": world.anyone})
    _signed(world, consent, 2)
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.pauseSigned(members(consent), message.deadline, signature, {"from": world.anyone})


def test_a_pause_is_no_resumption(world: World) -> None:
    consent = world.granted()
    _signed(world, consent, 1)
    message = world.turn(consent, 1)
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.resumeSigned(members(consent), message.deadline, sign(key("enterprise"), message))


def test_a_signed_pause_has_a_deadline(world: World) -> None:
    consent, other = world.granted(), world.granted()
    last, late = now() + 100, now() + 200
    next_block_at(last)
    _signed(world, consent, 1, deadline=last)
    message = world.turn(other, 1, deadline=late)
    next_block_at(late + 1)
    with reverts("ConsentTokenDeadline", late):
        world.consents.pauseSigned(members(other), late, sign(key("enterprise"), message))
    with reverts("ConsentTokenSignature", token(other), other.key):
        world.consents.pauseSigned(members(other), late + DAY, sign(key("enterprise"), message))


def test_only_what_stands_is_paused(world: World) -> None:
    absent = world.consent()
    with reverts("ConsentTokenUnknown", token(absent)):
        _turn(world, absent, 1)
    consent = world.granted()
    _turn(world, consent, 1)
    at = world.consents.revoke(members(consent), {"from": _sender("enterprise")}).timestamp
    for number in (1, 2):
        with reverts("ConsentTokenRevoked", token(consent), at):
            _turn(world, consent, number)
