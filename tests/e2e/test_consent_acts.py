"""Consents as a service would handle them, without a command line; what is refused changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from acts_world import (
    ANYBODY,
    BANK,
    ENTERPRISE,
    OTHER_BANK,
    PLATFORM,
    SOURCE,
    TAGS,
    ActsWorld,
    acts_world,
    bring_up_members,
)
from eth_account import Account
from region_world import GOVERNOR, Place, send
from worlds import Kept

from creditchain.acts import consenting, revoking
from creditchain.acts.enterprise_keys import MnemonicKeys, WalletAnswer
from creditchain.acts.preconditions import NotEntitledError
from creditchain.chain.errors import ContractRefusedError
from creditchain.consents.errors import (
    ConsentPausedError,
    ConsentRevokedError,
    ConsentUnknownError,
    ForeignFileError,
    SubjectError,
    TermsError,
)
from creditchain.consents.standing import ConsentStanding, standing
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.messages import SignatureError, compact
from creditchain.messages.enterprise_keys import MnemonicError
from creditchain.packages.consent_file import parse_consent, parse_turn


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = Place("embedded", tmp_path_factory.mktemp("consent-acts"))
    bring_up_members(place)
    return Kept(place)


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[ActsWorld]:
    with acts_world(kept.fresh(tmp_path / "world")) as made:
        yield made


def test_from_request_to_revocation(world: ActsWorld) -> None:
    before = world.state()
    file = world.endorsed()
    assert world.state() == before  # all but relaying happens on files
    assert parse_consent(file.to_json()) == file
    first = consenting.relay(world.region, world.outbox(ANYBODY), file)
    assert standing(first.state, first.block.time) is ConsentStanding.VALID
    assert consenting.relay(world.region, world.outbox(OTHER_BANK), file).state == first.state
    block, listed = consenting.list_consents(world.region, institution=BANK)
    assert [(one.id, state) for one, state in listed] == [(file.message.id, first.state)]
    assert consenting.list_consents(world.region, institution=OTHER_BANK)[1] == []

    revocation = revoking.sign_revocation(world.region, file.message.id, ENTERPRISE)
    assert consenting.consent_on_chain(world.region, file.message.id).state == first.state
    over = revoking.relay_revocation(world.region, world.outbox(ANYBODY), revocation)
    assert standing(over.state, over.block.time) is ConsentStanding.REVOKED
    assert over.block.number > block.number
    with world.refuses(ConsentRevokedError):
        revoking.sign_revocation(world.region, file.message.id, ENTERPRISE)


def test_a_signed_consent_is_taken_back_before_relay(world: ActsWorld) -> None:
    file = world.endorsed()
    consent = file.message.id
    with world.refuses(ConsentUnknownError):
        revoking.sign_revocation(world.region, consent, ENTERPRISE)
    with world.refuses(InputError):
        revoking.sign_revocation(world.region, consent, ENTERPRISE, world.endorsed().message)
    revocation = revoking.sign_revocation(world.region, consent, ENTERPRISE, file.message)
    found = revoking.relay_revocation(world.region, world.outbox(ANYBODY), revocation, file.message)
    assert found.state is None
    with world.refuses(ConsentRevokedError):
        revoking.sign_revocation(world.region, consent, ENTERPRISE, file.message)
    with world.refuses(ContractRefusedError):
        consenting.relay(world.region, world.outbox(ANYBODY), file)


def test_a_consent_is_paused_and_resumed(world: ActsWorld) -> None:
    consent = world.granted().message.id
    with world.refuses(ConsentPausedError):
        revoking.sign_turn(world.region, consent, ENTERPRISE, pauses=False)
    with world.refuses(InputError):
        revoking.sign_turn(world.region, consent, world.key(ANYBODY), pauses=True)
    pause = revoking.sign_turn(world.region, consent, ENTERPRISE, pauses=True)
    assert parse_turn(pause.to_json()) == pause
    found = revoking.relay_turn(world.region, world.outbox(ANYBODY), pause)
    assert standing(found.state, found.block.time) is ConsentStanding.PAUSED
    assert revoking.relay_turn(world.region, world.outbox(ANYBODY), pause).state == found.state
    with world.refuses(ConsentPausedError):
        revoking.turn(world.region, world.outbox(PLATFORM), consent, pauses=True)
    with world.refuses(ContractRefusedError):
        revoking.turn(world.region, world.outbox(PLATFORM), consent, pauses=False)
    resumption = revoking.sign_turn(world.region, consent, ENTERPRISE, pauses=False)
    assert parse_turn(resumption.to_json()) == resumption
    found = revoking.relay_turn(world.region, world.outbox(OTHER_BANK), resumption)
    assert standing(found.state, found.block.time) is ConsentStanding.VALID
    for pauses in (True, False):
        found = revoking.turn(world.region, world.outbox(PLATFORM), consent, pauses=pauses)
        assert found.state is not None
        assert found.state.paused == pauses


def test_a_platform_revokes_and_nobody_else(world: ActsWorld) -> None:
    consent = world.granted().message.id
    outbox, platform = world.outbox(BANK), world.outbox(PLATFORM)
    with world.refuses(ContractRefusedError):
        revoking.revoke(world.region, outbox, consent)
    with world.refuses(InputError):
        revoking.sign_revocation(world.region, consent, world.key(ANYBODY))
    with world.refuses(ConsentUnknownError):
        revoking.sign_revocation(world.region, bytes(31) + b"\1", ENTERPRISE)
    first = revoking.revoke(world.region, platform, consent)
    assert first.state is not None
    assert first.state.revoked_at > 0
    assert revoking.revoke(world.region, platform, consent).state == first.state


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"institution": PLATFORM}, "institution"),
        ({"institution": 99}, "institution"),
        ({"platform": SOURCE}, "platform"),
        ({"sections": 0}, "sections"),
        ({"domains": 1 << 30}, "domains"),
        ({"purpose": 200}, "purpose"),
        ({"uses": 0}, "uses"),
        ({"data_from": 20250230}, "dataFrom"),
        ({"data_to": 18000101}, "dataTo"),
        ({"valid_for": -1}, "notAfter"),
    ],
)
def test_terms_that_cannot_be_meant(world: ActsWorld, changes: dict[str, Any], field: str) -> None:
    with world.refuses(TermsError, field=field):
        world.asked(**changes)


def test_a_platform_that_was_suspended_meanwhile(world: ActsWorld) -> None:
    asked = world.asked()
    agreed = consenting.grant(world.region, asked, ENTERPRISE)
    send(world.place, world.region, GOVERNOR, "suspend", world.region.calls.suspend(PLATFORM))
    with world.refuses(TermsError, field="platform"):
        consenting.grant(world.region, asked, ENTERPRISE)
    with world.refuses(TermsError, field="platform"):
        consenting.endorse(world.region, world.key(PLATFORM), agreed, TAGS)


def test_only_what_was_agreed_to_is_endorsed_and_only_by_the_platform(world: ActsWorld) -> None:
    asked, platform = world.asked(), world.key(PLATFORM)
    agreed = consenting.grant(world.region, asked, ENTERPRISE)
    outbox = world.outbox(ANYBODY)
    with world.refuses(InputError):
        consenting.endorse(world.region, platform, asked, TAGS)
    with world.refuses(NotEntitledError, found=f"a key of node {BANK}"):
        consenting.endorse(world.region, world.key(BANK), agreed, TAGS)
    with world.refuses(SubjectError):
        consenting.endorse(world.region, platform, agreed, (keccak256(b"another enterprise"),))
    with world.refuses(SignatureError):
        wider = replace(agreed, message=replace(agreed.message, uses=1000))
        consenting.endorse(world.region, platform, wider, TAGS)
    with world.refuses(InputError):
        consenting.endorse(world.region, platform, agreed, TAGS, paper=b"scan")
    with world.refuses(InputError):
        consenting.relay(world.region, outbox, agreed)
    with world.refuses(ContractRefusedError):
        consenting.relay(world.region, outbox, replace(agreed, endorsement=agreed.key_signature))


def test_what_was_agreed_is_replaced_only_if_that_is_meant(world: ActsWorld) -> None:
    file, stranger = world.endorsed(), world.key(ANYBODY)
    with world.refuses(InputError, found="one that is endorsed too"):
        consenting.grant(world.region, file, stranger)
    again = consenting.grant(world.region, file, stranger, again=True)
    assert (again.message.key, again.endorsement) == (stranger.address, b"")
    paper = consenting.endorse(world.region, world.key(PLATFORM), world.asked(), TAGS, paper=b"scan")
    with world.refuses(InputError, found="one that is endorsed too"):
        consenting.grant(world.region, paper, stranger)


def test_a_file_of_another_region(world: ActsWorld) -> None:
    file = world.endorsed()
    outbox = world.outbox(ANYBODY)
    foreign = replace(file, message=replace(file.message, log=keccak256(b"another log")))
    asked = replace(foreign, message=replace(foreign.message, key=world.asked().message.key), key_signature=b"")
    with world.refuses(ForeignFileError):
        consenting.grant(world.region, asked, ENTERPRISE)
    with world.refuses(ForeignFileError):
        consenting.endorse(world.region, world.key(PLATFORM), foreign, TAGS)
    with world.refuses(ForeignFileError):
        consenting.relay(world.region, outbox, foreign)


def test_a_wallet_elsewhere_and_a_mnemonic_that_is_none(world: ActsWorld) -> None:
    asked, wallet = world.asked(), Account.from_key(keccak256(b"wallet"))
    typed = consenting.consent_to_sign(world.region, asked, wallet.address).typed_data()
    right = bytes(wallet.sign_typed_data(full_message=typed).signature)
    wrong = bytes(Account.from_key(keccak256(b"stranger")).sign_typed_data(full_message=typed).signature)
    with world.refuses(SignatureError, expected=f"one by {wallet.address}"):
        consenting.grant(world.region, asked, WalletAnswer(wallet.address, wrong))
    for signature in (right, right[:64] + bytes([right[64] - 27])):
        made = consenting.grant(world.region, asked, WalletAnswer(wallet.address, signature))
        assert (made.message.key, made.key_signature) == (wallet.address, compact(right))
    with world.refuses(MnemonicError):
        consenting.grant(world.region, asked, MnemonicKeys("not a mnemonic"))
