"""grant: each refusal with its exact error, then everything that a grant changes."""

from dataclasses import replace

import pytest
from brownie import chain
from consent_world import (
    DAY,
    HOUR,
    World,
    consent_cell,
    digest,
    entry_bodies,
    key,
    members,
    next_block_at,
    now,
    packed,
    reverts,
    sign,
    token,
    unruly_wallet,
    wallet,
)
from world import BALANCE, CONSENT, cell_key, node_info, written

from creditchain.log.entries import ConsentBody
from creditchain.messages import NO_DIGEST, NO_KEY
from creditchain.vocabulary import EntryKind, Role


def test_a_grant_emits_transfer_and_locked(world: World) -> None:
    consent = world.consent()
    tx = world.grant(consent)
    owner = world.operators[world.bank].address
    assert dict(tx.events["Transfer"]) == {"from": NO_KEY, "to": owner, "tokenId": token(consent)}
    assert dict(tx.events["Locked"]) == {"tokenId": token(consent)}
    assert set(tx.events.keys()) == {"Appended", "Transfer", "Locked"}


def test_a_grant_is_one_log_entry_that_holds_the_whole_consent(world: World) -> None:
    consent = world.consent()
    for consent in (world.consent(), world.paper()):
        assert entry_bodies(world.grant(consent)) == [(EntryKind.CONSENT, ConsentBody.of(consent).body_hash())]


def test_the_cells_of_a_grant(world: World) -> None:
    for tokens, consent in enumerate((world.consent(uses=2**16 - 1), world.paper(uses=1))):
        tx = world.grant(consent)
        entry = world.log.size() - 1
        valid_from = max(consent.not_before, tx.timestamp)
        fields = (
            *((world.bank, 24), (consent.purpose, 8), (consent.sections, 7), (consent.domains, 24), (valid_from, 32)),
            *((consent.not_after, 32), (consent.uses, 16), (int(consent.on_paper), 1)),
        )
        balance = cell_key(BALANCE, world.bank)
        before = tokens and (tokens << 56 | entry - 1)
        assert written(tx) == [
            (consent_cell(CONSENT, consent), 0, packed(*fields) << 56 | entry),
            (balance, before, tokens + 1 << 56 | entry),
        ]


def test_what_is_stored(world: World) -> None:
    consent = world.consent(uses=7)
    tx = world.grant(consent)
    assert world.state(consent) == {
        "institution": world.bank,
        "sections": consent.sections,
        "domains": consent.domains,
        "purpose": consent.purpose,
        "validFrom": max(consent.not_before, tx.timestamp),
        "notAfter": consent.not_after,
        "uses": 7,
        "used": 0,
        "revokedAt": 0,
        "pausedAt": 0,
        "resumedAt": 0,
        "turns": 0,
    }


def test_it_is_valid_from_the_grant_or_from_not_before_whichever_is_later(world: World) -> None:
    late = world.consent(not_before=now() + HOUR)
    world.grant(late)
    assert world.state(late)["validFrom"] == late.not_before
    early = world.consent(not_before=1)
    tx = world.grant(early)
    assert world.state(early)["validFrom"] == tx.timestamp


def test_the_id_is_the_struct_hash(world: World) -> None:
    consent = world.consent()
    assert world.consents.idOf(members(consent)) == token(consent)
    assert world.grant(consent).return_value in (token(consent), None)  # no traces on contracts with immutables


def test_on_paper_the_platform_signs_alone(world: World) -> None:
    consent = world.paper()
    world.grant(consent)
    assert world.state(consent)["institution"] == world.bank


def test_the_host_of_a_virtual_platform_endorses(world: World) -> None:
    hosted = world.admit("hosted platform", Role.PLATFORM, host=world.platform)
    world.grant(world.consent(platform=hosted))


def test_a_guest_is_granted_until_its_end(world: World) -> None:
    guest = world.admit("guest", Role.INSTITUTION, until=now() + DAY)
    world.grant(world.consent(institution=guest))
    chain.sleep(2 * DAY)
    with reverts("ConsentTokenInactive", guest):
        world.grant(world.consent(institution=guest))


def test_an_erc1271_wallet_grants(world: World) -> None:
    owner = key("owner of a wallet")
    consent = world.consent(key=wallet(owner).address)
    world.grant(consent, owner)
    assert world.state(consent)["institution"] == world.bank


def test_an_erc1271_wallet_endorses(world: World) -> None:
    owner = key("owner of a platform's wallet")
    node = world.admit("wallet platform", Role.PLATFORM, operator=wallet(owner))
    consent = world.consent(platform=node)
    world.grant(consent, by_platform=sign(owner, consent))


@pytest.mark.parametrize("temper", [1, 2, 3, 4, 5], ids=["reverts", "burns-gas", "much", "little", "wrong"])
def test_a_wallet_that_does_not_say_yes_grants_nothing(world: World, temper: int) -> None:
    purse = unruly_wallet()
    consent = world.consent(key=purse.address)
    purse.setTemper(temper, {"from": world.anyone})
    with reverts("ConsentTokenSignature", token(consent), purse.address):
        world.grant(consent, by_key=b"yes")
    purse.setTemper(0, {"from": world.anyone})
    world.grant(consent, by_key=b"yes")


def test_another_log(world: World) -> None:
    """What is shown is for the contract's own log, so that nobody signed it."""
    consent = world.consent(log=digest("log"))
    here = replace(consent, log=bytes(world.log.logId()))
    with reverts("ConsentTokenSignature", token(here), consent.key):
        world.grant(consent)
    with reverts("ConsentTokenEndorsement", token(here), world.platform):
        world.grant(consent, by_key=sign(key("enterprise"), here))


@pytest.mark.parametrize(
    "changes",
    [
        {"sections": 0},
        {"sections": 0b10000000},
        {"sections": 0b11111111},
        {"domains": 0},
        {"purpose": 0},
        {"uses": 0},
        {"subject": NO_DIGEST},
        {"notice": NO_DIGEST},
    ],
    ids=lambda changes: "-".join(f"{name}-{value!r}"[:24] for name, value in changes.items()),
)
def test_an_incomplete_consent(world: World, changes: dict) -> None:
    with reverts("ConsentTokenIncomplete"):
        world.grant(world.consent(**changes))


@pytest.mark.parametrize("length", [0, 31, 32, 100, 119, 121, 131, 133, 152, 164])
def test_a_form_of_another_length(world: World, length: int) -> None:
    consent, signature = world.paper(), sign(key("platform"), world.paper())
    form = consent.form().ljust(200, b"\0")[:length]
    calls = world.consents
    for function, more in (
        *((calls.grant, (b"", signature)), (calls.revoke, ()), (calls.revokeSigned, (signature,)), (calls.pause, ())),
        *((calls.resume, ()), (calls.pauseSigned, (now() + DAY, signature))),
        *((calls.resumeSigned, (now() + DAY, signature)), (calls.idOf, ())),
    ):
        with reverts("ConsentTokenForm", length):
            function(form, *more, {"from": world.anyone})


def test_a_key_that_is_or_was_a_members(world: World) -> None:
    old, new = world.operators[world.other_bank], key("the other bank's next key")
    world.rotate(world.other_bank, new)
    for account, node in ((old, world.other_bank), (new, world.other_bank), (key("platform"), world.platform)):
        consent = world.consent(account)
        with reverts("ConsentTokenKeyOfNode", consent.key, node):
            world.grant(consent, account)


def test_it_is_granted_until_its_deadline(world: World) -> None:
    consent, late = world.consent(deadline=now() + 100), world.consent(deadline=now() + 100)
    next_block_at(consent.deadline)
    world.grant(consent)
    next_block_at(late.deadline + 1)
    with reverts("ConsentTokenDeadline", late.deadline):
        world.grant(late)


def test_neither_key_nor_paper(world: World) -> None:
    consent = world.consent(key=NO_KEY)
    endorsed = sign(key("platform"), consent)
    for form in (consent.form(), consent.form()[:-12]):
        with reverts("ConsentTokenKeyOrPaper", NO_KEY, NO_DIGEST):
            world.consents.grant(form, b"", endorsed, {"from": world.anyone})


def test_paper_with_a_signature_of_a_key(world: World) -> None:
    consent = world.paper()
    with reverts("ConsentTokenKeyOrPaper", NO_KEY, consent.paper):
        world.grant(consent, by_key=sign(key("enterprise"), consent))


@pytest.mark.parametrize(
    "changes",
    [
        {"not_before": 2_000_000_000, "not_after": 1_999_999_999},
        {"not_before": 1, "not_after": 2},
        {"data_from": 20240102, "data_to": 20240101},
        {"data_from": 20241301},
        {"data_from": 20240001},
        {"data_to": 20991232},
        {"data_to": 20991200},
        {"data_from": 999_0101},
        {"data_to": 1_000_00101},
        {"data_from": 0},
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_a_period_that_is_none(world: World, changes: dict) -> None:
    consent = world.consent(**changes)
    period = (consent.not_before, consent.not_after, consent.data_from, consent.data_to)
    with reverts("ConsentTokenPeriod", *period):
        world.grant(consent)


def test_it_can_be_granted_in_the_last_second(world: World) -> None:
    consent, late = world.consent(not_after=now() + 100), world.consent(not_after=now() + 100)
    next_block_at(consent.not_after)
    world.grant(consent)
    next_block_at(late.not_after + 1)
    with reverts("ConsentTokenPeriod", late.not_before, late.not_after, late.data_from, late.data_to):
        world.grant(late)


def test_the_institution_has_another_role(world: World) -> None:
    with reverts("ConsentTokenRole", world.bureau, Role.INSTITUTION.value, Role.BUREAU.value):
        world.grant(world.consent(institution=world.bureau))


def test_there_is_no_such_institution(world: World) -> None:
    with reverts("ConsentTokenRole", 999, Role.INSTITUTION.value, 0):
        world.grant(world.consent(institution=999))


@pytest.mark.parametrize("name", ["bureau", "bank", "source", "regulator"])
def test_the_endorser_has_another_role(world: World, name: str) -> None:
    node = getattr(world, name)
    role = Role(node_info(world, node)["role"])
    with reverts("ConsentTokenRole", node, Role.PLATFORM.value, role.value):
        world.grant(world.consent(platform=node))


@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_the_institution_does_not_act(world: World, ending: str) -> None:
    getattr(world.nodes, ending)(world.bank, {"from": world.governor})
    with reverts("ConsentTokenInactive", world.bank):
        world.grant(world.consent())


def test_another_key_signed(world: World) -> None:
    consent = world.consent()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.grant(consent, key("somebody else"))


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\1" * 64, b"\1" * 65], ids=["empty", "zero", "64", "65"])
def test_a_signature_that_is_none(world: World, signature: bytes) -> None:
    consent = world.consent()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.grant(consent, by_key=signature)
    with reverts("ConsentTokenEndorsement", token(consent), world.platform):
        world.grant(consent, by_platform=signature)


def test_the_endorsement_of_another_platform(world: World) -> None:
    consent = world.consent()
    with reverts("ConsentTokenEndorsement", token(consent), world.platform):
        world.grant(consent, by_platform=sign(world.operators[world.other_platform], consent))


def test_the_enterprise_cannot_endorse_itself(world: World) -> None:
    consent = world.consent()
    with reverts("ConsentTokenEndorsement", token(consent), world.platform):
        world.grant(consent, by_platform=sign(key("enterprise"), consent))


def test_granted_already(world: World) -> None:
    consent = world.granted()
    with reverts("ConsentTokenGranted", token(consent)):
        world.grant(consent)


def test_once_revoked_it_cannot_be_granted_again(world: World) -> None:
    consent = world.granted()
    world.consents.revokeSigned(members(consent), sign(key("enterprise"), world.revocation(consent)))
    with reverts("ConsentTokenGranted", token(consent)):
        world.grant(consent)
