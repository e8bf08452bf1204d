"""A passkey as the enterprise's key: an ERC-1271 wallet that checks P-256 in Solidity, within the gas of wallets."""

from __future__ import annotations

from typing import Any

import pytest
from brownie import PasskeyWallet, accounts
from consent_world import World, members, reverts, token
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from creditchain.messages import TypedMessage

ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551


@pytest.fixture
def passkey() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(20_261_126, ec.SECP256R1())


@pytest.fixture
def purse(passkey: ec.EllipticCurvePrivateKey) -> Any:
    point = passkey.public_key().public_numbers()
    return PasskeyWallet.deploy(*(number.to_bytes(32, "big") for number in (point.x, point.y)), {"from": accounts[0]})


def _signed(passkey: ec.EllipticCurvePrivateKey, message: TypedMessage) -> bytes:
    r, s = decode_dss_signature(passkey.sign(message.digest(), ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


def test_a_passkey_grants_pauses_and_revokes(world: World, passkey: Any, purse: Any) -> None:
    consent = world.consent(key=purse.address)
    tx = world.grant(consent, by_key=_signed(passkey, consent))
    assert 250_000 < tx.gas_used < 600_000
    assert world.state(consent)["institution"] == world.bank
    for number in (1, 2):
        message = world.turn(consent, number)
        function = world.consents.pauseSigned if number % 2 else world.consents.resumeSigned
        function(members(consent), message.deadline, _signed(passkey, message), {"from": world.anyone})
    revocation = _signed(passkey, world.revocation(consent))
    tx = world.consents.revokeSigned(members(consent), revocation, {"from": world.anyone})
    assert world.state(consent)["revokedAt"] == tx.timestamp
    assert 200_000 < tx.gas_used < 500_000


def test_another_passkey_grants_and_revokes_nothing(world: World, passkey: Any, purse: Any) -> None:
    other = ec.derive_private_key(7, ec.SECP256R1())
    consent = world.consent(key=purse.address)
    for signature in (_signed(other, consent), _signed(passkey, world.revocation(consent)), bytes(64), b""):
        with reverts("ConsentTokenSignature", token(consent), purse.address):
            world.grant(consent, by_key=signature)
    world.grant(consent, by_key=_signed(passkey, consent))
    with reverts("ConsentTokenSignature", token(consent), purse.address):
        world.consents.revokeSigned(members(consent), _signed(other, world.revocation(consent)))
