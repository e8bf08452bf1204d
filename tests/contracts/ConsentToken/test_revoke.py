"""revoke, revokeSigned, revokeByGovernors."""

from dataclasses import replace

import pytest
from brownie import accounts
from consent_world import (
    World,
    consent_cell,
    digest,
    entry_bodies,
    key,
    members,
    next_block_at,
    now,
    reverts,
    sign,
    token,
    wallet,
)
from world import CONSENT, written

from creditchain.log.entries import RevocationBody
from creditchain.vocabulary import EntryKind, Revoker, Role


def _sender(name: str):
    return accounts.add(key(name).key)


def _check(world: World, consent, tx, by: Revoker) -> None:
    assert world.state(consent)["revokedAt"] == tx.timestamp
    body = RevocationBody(consent.id, world.bank, by)
    assert entry_bodies(tx) == [(EntryKind.REVOCATION, body.body_hash())]
    ((key_, old, new),) = written(tx)
    assert key_ == consent_cell(CONSENT, consent)
    assert new == old >> 56 << 56 | tx.timestamp << 144 + 56 | world.log.size() - 1
    assert set(tx.events.keys()) <= {"Appended", "Executed"}
    assert world.consents.ownerOf(token(consent)) == world.operators[world.bank].address


def test_by_the_key_itself(world: World) -> None:
    consent = world.granted()
    _check(world, consent, world.consents.revoke(members(consent), {"from": _sender("enterprise")}), Revoker.KEY)


def test_by_the_wallet_itself(world: World) -> None:
    owner = key("owner of a wallet")
    purse = wallet(owner)
    consent = world.granted(owner, key=purse.address)
    data = world.consents.revoke.encode_input(members(consent))
    _check(world, consent, purse.execute(world.consents, data, {"from": _sender("owner of a wallet")}), Revoker.KEY)


def test_by_a_signature_that_anyone_relays(world: World) -> None:
    consent = world.granted()
    signature = sign(key("enterprise"), world.revocation(consent))
    tx = world.consents.revokeSigned(members(consent), signature, {"from": world.anyone})
    _check(world, consent, tx, Revoker.KEY)


def test_by_a_signature_of_a_wallet(world: World) -> None:
    owner = key("owner of a wallet")
    consent = world.granted(owner, key=wallet(owner).address)
    signature = sign(owner, world.revocation(consent))
    tx = world.consents.revokeSigned(members(consent), signature, {"from": world.anyone})
    _check(world, consent, tx, Revoker.KEY)


def test_by_the_platform_that_endorsed(world: World) -> None:
    consent = world.granted()
    _check(world, consent, world.consents.revoke(members(consent), {"from": _sender("platform")}), Revoker.PLATFORM)


def test_by_the_host_of_the_platform_that_endorsed(world: World) -> None:
    consent = world.granted(platform=world.admit("hosted platform", Role.PLATFORM, host=world.platform))
    _check(world, consent, world.consents.revoke(members(consent), {"from": _sender("platform")}), Revoker.PLATFORM)


def test_on_paper_the_platform_revokes(world: World) -> None:
    consent = world.paper()
    world.grant(consent)
    _check(world, consent, world.consents.revoke(members(consent), {"from": _sender("platform")}), Revoker.PLATFORM)


def test_governors_revoke_when_the_platform_is_gone(world: World) -> None:
    consent = world.paper()
    world.grant(consent)
    world.nodes.retire(world.platform, {"from": world.governor})
    with reverts("ConsentTokenNotRevoker", token(consent), key("platform").address):
        world.consents.revoke(members(consent), {"from": _sender("platform")})
    tx = world.consents.revokeByGovernors(token(consent), {"from": world.governor})
    _check(world, consent, tx, Revoker.GOVERNORS)


def test_the_platform_without_its_key_cannot_stop_the_enterprise(world: World) -> None:
    consent = world.granted()
    world.nodes.suspend(world.platform, {"from": world.governor})
    world.consents.revokeSigned(members(consent), sign(key("enterprise"), world.revocation(consent)))


@pytest.mark.parametrize("name", ["other platform", "bank", "bureau", "regulator", "nobody"])
def test_nobody_else_revokes(world: World, name: str) -> None:
    consent = world.granted()
    with reverts("ConsentTokenNotRevoker", token(consent), key(name).address):
        world.consents.revoke(members(consent), {"from": _sender(name)})


def test_a_suspended_platform_does_not_revoke(world: World) -> None:
    consent = world.granted()
    world.nodes.suspend(world.platform, {"from": world.governor})
    with reverts("ConsentTokenNotRevoker", token(consent), key("platform").address):
        world.consents.revoke(members(consent), {"from": _sender("platform")})


@pytest.mark.parametrize("name", ["platform", "bank", "nobody"])
def test_the_signature_of_anyone_else(world: World, name: str) -> None:
    consent = world.granted()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.revokeSigned(members(consent), sign(key(name), world.revocation(consent)))


def test_on_paper_there_is_no_key_to_sign(world: World) -> None:
    consent = world.paper()
    world.grant(consent)
    for signature in (b"", bytes(64), sign(key("platform"), world.revocation(consent))):
        with reverts("ConsentTokenSignature", token(consent), consent.key):
            world.consents.revokeSigned(members(consent), signature)


def test_the_signature_over_another_consent(world: World) -> None:
    consent, other = world.granted(), world.granted()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.revokeSigned(members(consent), sign(key("enterprise"), world.revocation(other)))


def test_revocation_is_final(world: World) -> None:
    consent = world.granted()
    signature = sign(key("enterprise"), world.revocation(consent))
    at = world.consents.revokeSigned(members(consent), signature).timestamp
    with reverts("ConsentTokenRevoked", token(consent), at):
        world.consents.revokeSigned(members(consent), signature)
    with reverts("ConsentTokenRevoked", token(consent), at):
        world.consents.revoke(members(consent), {"from": _sender("platform")})
    with reverts("ConsentTokenRevoked", token(consent), at):
        world.consents.revokeByGovernors(token(consent), {"from": world.governor})
    assert world.state(consent)["revokedAt"] == at


def test_there_is_no_such_consent(world: World) -> None:
    consent = world.consent()
    absent = members(consent)
    with reverts("ConsentTokenNotRevoker", token(consent), world.anyone.address):
        world.consents.revoke(absent, {"from": world.anyone})
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.revokeSigned(absent, bytes(64))
    with reverts("ConsentTokenUnknown", token(consent)):
        world.consents.revokeByGovernors(token(consent), {"from": world.governor})


def test_before_the_grant_by_the_key_or_the_platform(world: World) -> None:
    for consent, sender, by in (
        (world.consent(), "enterprise", Revoker.KEY),
        (world.paper(), "platform", Revoker.PLATFORM),
    ):
        tx = world.consents.revoke(members(consent), {"from": _sender(sender)})
        assert entry_bodies(tx) == [(EntryKind.REVOCATION, RevocationBody(consent.id, world.bank, by).body_hash())]
        word = tx.timestamp << 144 + 56 | world.log.size() - 1
        assert written(tx) == [(consent_cell(CONSENT, consent), 0, word)]
        assert world.state(consent)["revokedAt"] == tx.timestamp
        assert world.state(consent)["institution"] == 0
        with reverts("ConsentTokenRevoked", token(consent), tx.timestamp):
            world.grant(consent)
        with reverts("ConsentTokenRevoked", token(consent), tx.timestamp):
            world.consents.revoke(members(consent), {"from": _sender(sender)})
        with reverts("ConsentTokenUnknown", token(consent)):
            world.consents.ownerOf(token(consent))


def test_before_the_grant_there_is_nothing_to_take_back_after_the_deadline(world: World) -> None:
    consent = world.consent(deadline=now() - 1)
    with reverts("ConsentTokenDeadline", consent.deadline):
        world.consents.revoke(members(consent), {"from": _sender("enterprise")})
    granted = world.granted(deadline=now() + 100)
    next_block_at(granted.deadline + 1)
    world.consents.revoke(members(granted), {"from": _sender("enterprise")})


def test_before_the_grant_for_another_log(world: World) -> None:
    """What is taken back is the same consent for this log. The one for the other log can still be revoked there."""
    consent = world.consent(log=digest("another log"))
    here = replace(consent, log=bytes(world.log.logId()))
    revocation = sign(key("enterprise"), world.revocation(consent))
    with reverts("ConsentTokenSignature", token(here), consent.key):
        world.consents.revokeSigned(members(consent), revocation)
    world.consents.revoke(members(consent), {"from": _sender("enterprise")})
    assert (world.state(consent)["revokedAt"], world.state(here)["revokedAt"] > 0) == (0, True)


def test_whoever_shows_another_key_or_platform_revokes_nothing(world: World) -> None:
    """The consent that is shown gives its id, so a changed one is another. Nobody granted that, and nobody can now."""
    consent = world.granted()
    for changed in (
        replace(consent, key=key("nobody").address),
        replace(consent, platform=world.other_platform),
    ):
        name = "nobody" if changed.key != consent.key else "other platform"
        world.consents.revoke(members(changed), {"from": _sender(name)})
        assert world.state(consent)["revokedAt"] == 0


def test_a_revocation_when_the_log_is_sealed(world: World) -> None:
    signed, direct, on_paper = world.granted(), world.granted(), world.paper()
    world.grant(on_paper)
    delivery, late = world.answered(signed), world.consent()
    world.log.seal({"from": world.governor})
    sealed_at = world.log.sealedAt()
    with reverts("RegionLogSealed", sealed_at):
        world.grant(late)
    with reverts("RegionLogSealed", sealed_at):
        world.meter(delivery)
    signature = sign(key("enterprise"), world.revocation(signed))
    _check(world, signed, world.consents.revokeSigned(members(signed), signature, {"from": world.anyone}), Revoker.KEY)
    _check(world, direct, world.consents.revoke(members(direct), {"from": _sender("platform")}), Revoker.PLATFORM)
    tx = world.consents.revokeByGovernors(token(on_paper), {"from": world.governor})
    _check(world, on_paper, tx, Revoker.GOVERNORS)


def test_the_grant_itself_is_no_revocation(world: World) -> None:
    consent = world.granted()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.revokeSigned(members(consent), sign(key("enterprise"), consent))
    assert world.consents.idOf(members(consent)) == token(consent)
