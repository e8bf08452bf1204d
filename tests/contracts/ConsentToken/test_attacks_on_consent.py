"""Attacks on consents, each test named after its attack."""

from dataclasses import replace

import pytest
from brownie import chain, web3
from consent_world import World, digest, key, malleable, members, next_block_at, now, rejections, reverts, sign, token
from world import declare_stolen

from creditchain.messages import Consent, LogDomain
from creditchain.messages.enterprise_keys import KeyUse, derive_key
from creditchain.vocabulary import Finding

MNEMONIC = "test test test test test test test test test test test junk"


def _signed_elsewhere(world: World, consent, domain: LogDomain):
    """Both signatures of a consent, made in another EIP-712 domain."""
    elsewhere = replace(consent, domain=domain)
    return {
        "by_key": sign(key("enterprise"), elsewhere),
        "by_platform": sign(world.operators[world.platform], elsewhere),
    }


def test_replay_over_logs(world: World) -> None:
    """A log's id holds its chain, its address and its first block."""
    consent = world.consent()
    elsewhere = LogDomain(digest("another log"))
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.grant(consent, **_signed_elsewhere(world, consent, elsewhere))


def test_replay_to_another_institution_platform_or_scope(world: World) -> None:
    consent = world.consent()
    by_key, by_platform = sign(key("enterprise"), consent), sign(world.operators[world.platform], consent)
    for change in (
        {"institution": world.other_bank},
        {"sections": 0x7F},
        {"domains": 2**24 - 1},
        {"purpose": 2},
        {"uses": 2**16 - 1},
        {"not_after": consent.not_after + 1},
        {"data_from": 19000101},
        {"keep_days": 2**16 - 1},
        {"notice": digest("another notice")},
        {"subject": digest("another subject")},
    ):
        other = replace(consent, **change)
        with reverts("ConsentTokenSignature", token(other), other.key):
            world.grant(other, by_key=by_key, by_platform=by_platform)


def test_high_s(world: World) -> None:
    consent = world.consent()
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.grant(consent, by_key=malleable(sign(key("enterprise"), consent)))
    with reverts("ConsentTokenEndorsement", token(consent), world.platform):
        world.grant(consent, by_platform=malleable(sign(world.operators[world.platform], consent)))


def test_malleable_ids(world: World) -> None:
    """A consent has one id, whoever signs or encodes it, so it cannot be granted twice for twice the uses."""
    consent = world.granted()
    platform = world.operators[world.platform]
    for by_key in (sign(key("enterprise"), consent), malleable(sign(key("enterprise"), consent))):
        with reverts("ConsentTokenGranted", token(consent)):
            world.grant(consent, by_key=by_key, by_platform=sign(platform, consent))
    assert world.consents.balanceOf(world.operators[world.bank].address) == 1


def test_ids_by_another_form(world: World) -> None:
    """Each bit of the form is one of the message, so no two forms have one id, and none has another's signatures."""
    consent, paper = world.consent(), world.paper()
    for one in (consent, paper):
        form = members(one)
        ids = {world.consents.idOf(form)}
        for bit in range(0, 8 * len(form), 5):
            changed = (int.from_bytes(form, "big") ^ 1 << bit).to_bytes(len(form), "big")
            ids.add(world.consents.idOf(changed))
            if bit % 16 == 0:
                read = Consent.of_form(changed, consent.log)
                assert world.consents.idOf(changed) == token(read) != token(one)
        assert len(ids) == 1 + -(-8 * len(form) // 5)
    signatures = sign(key("enterprise"), consent), sign(world.operators[world.platform], consent)
    with reverts("ConsentTokenForm", 152):
        world.consents.grant(members(consent) + bytes(32), *signatures)


@pytest.mark.parametrize("ending", ["suspend", "retire"])
def test_endorsement_by_a_suspended_platform(world: World, ending: str) -> None:
    consent = world.consent()
    getattr(world.nodes, ending)(world.platform, {"from": world.governor})
    with reverts("ConsentTokenInactive", world.platform):
        world.grant(consent)


def test_endorsement_by_a_stolen_key(world: World) -> None:
    consent, stolen = world.consent(), world.operators[world.platform]
    declare_stolen(world, stolen, (now() - 1, 0))
    with reverts("ConsentTokenInactive", world.platform):
        world.grant(consent)
    world.rotate(world.platform, key("the platform's new key"))
    world.nodes.reinstate(world.platform, {"from": world.governor})
    chain.sleep(1)
    with reverts("ConsentTokenEndorsement", token(consent), world.platform):
        world.grant(consent, by_platform=sign(stolen, consent))
    world.grant(consent)


def test_endorsement_in_the_last_second_of_a_theft(world: World) -> None:
    """The platform acts, and its key does not count."""
    consent, stolen = world.consent(), world.operators[world.platform]
    chain.sleep(100)
    chain.mine()
    until = now() + 50
    next_block_at(until)
    declare_stolen(world, stolen, (until - 10, until))
    next_block_at(until)
    with reverts("ConsentTokenInactive", world.platform):
        world.grant(consent)
    assert now() == until
    next_block_at(until + 1)
    world.grant(consent)


def test_a_front_run_relay_changes_nothing(world: World) -> None:
    consent = world.consent()
    world.grant(consent)
    entries = world.log.size()
    with reverts("ConsentTokenGranted", token(consent)):
        world.grant(consent)
    assert world.log.size() == entries


def test_a_front_run_revocation_changes_nothing(world: World) -> None:
    consent = world.granted()
    signature = sign(key("enterprise"), world.revocation(consent))
    tx = world.consents.revokeSigned(members(consent), signature, {"from": world.anyone})
    with reverts("ConsentTokenRevoked", token(consent), tx.timestamp):
        world.consents.revokeSigned(members(consent), signature, {"from": world.governor})


def test_replay_of_a_revocation_over_logs(world: World) -> None:
    consent = world.granted()
    elsewhere = replace(world.revocation(consent), domain=LogDomain(digest("another log")))
    with reverts("ConsentTokenSignature", token(consent), consent.key):
        world.consents.revokeSigned(members(consent), sign(key("enterprise"), elsewhere))


def test_a_signed_consent_taken_back_before_relay(world: World) -> None:
    consent = world.consent()
    revocation = sign(key("enterprise"), world.revocation(consent))
    at = world.consents.revokeSigned(members(consent), revocation, {"from": world.anyone}).timestamp
    with reverts("ConsentTokenRevoked", token(consent), at):
        world.grant(consent)
    assert world.consents.balanceOf(world.operators[world.bank].address) == 0
    assert rejections(world.meter(world.answered(consent))) == [(0, Finding.CONSENT_UNKNOWN)]


def test_a_key_equal_to_the_banks_own(world: World) -> None:
    """A bank cannot consent in the place of the enterprise, with the key it has or one it had."""
    bank = world.operators[world.bank]
    consent = world.consent(bank)
    with reverts("ConsentTokenKeyOfNode", bank.address, world.bank):
        world.grant(consent, bank)
    world.rotate(world.bank, key("the bank's next key"))
    with reverts("ConsentTokenKeyOfNode", bank.address, world.bank):
        world.grant(consent, bank)


@pytest.mark.parametrize("scope", [{"sections": 0}, {"domains": 0}, {"sections": 0, "domains": 0}])
def test_empty_scope(world: World, scope: dict) -> None:
    with reverts("ConsentTokenIncomplete"):
        world.grant(world.consent(**scope))


def _words(tx) -> set[int]:
    """Every word of more than eight bytes in the input and the logs of a transaction."""
    sent = bytes.fromhex(tx.input[10:])
    found = [sent[i : i + 32] for i in range(0, len(sent), 32)]
    for log in web3.eth.get_transaction_receipt(tx.txid)["logs"]:
        found += [bytes(topic) for topic in log["topics"][1:]]
        data = bytes(log["data"])
        found += [data[i : i + 32] for i in range(0, len(data), 32)]
    return {int.from_bytes(word, "big") for word in found if len(word.replace(b"\0", b"")) > 8}


def test_rival_banks_cannot_see_that_they_share_a_customer(world: World) -> None:
    """Two consents of one enterprise, with query and revocation, put nothing on chain that they have in common."""
    log_id = bytes(world.log.logId())
    seen = []
    for bank in (world.bank, world.other_bank):
        enterprise = derive_key(MNEMONIC, log_id, KeyUse.CONSENT, bank)
        consent = world.consent(enterprise, institution=bank)
        words = _words(world.grant(consent, enterprise))
        chain.sleep(1)
        chain.mine()
        metering = world.meter(world.answered(consent, institution=bank))
        assert rejections(metering) == []
        words |= _words(metering)
        revocation = sign(enterprise, world.revocation(consent))
        words |= _words(world.consents.revokeSigned(members(consent), revocation, {"from": world.anyone}))
        seen.append(words)
    contracts = (world.log, world.nodes, world.consents, world.ledger)
    public = {int.from_bytes(log_id, "big"), *(int(contract.address, 16) for contract in contracts)}
    assert seen[0] & seen[1] <= public
    assert min(map(len, seen)) > 15


def test_a_bank_that_consents_with_its_own_key(world: World) -> None:
    """A bank and a platform alone cannot make a consent: the key must be nobody's who is, or was, a member."""
    operator = world.operators[world.bank]
    consent = world.consent(operator)
    with reverts("ConsentTokenKeyOfNode", consent.key, world.bank):
        world.grant(consent, operator)


def test_ids_that_share_31_bytes(world: World) -> None:
    """The id of a cell is the hash of a consent's id, so no other id finds it."""
    consent = world.granted()
    alike = token(consent) ^ 1 << 248
    assert world.consents.consentOf(alike)["institution"] == 0
    with reverts("ConsentTokenUnknown", alike):
        world.consents.ownerOf(alike)
    delivery = world.delivery(replace(world.request(consent), consent=alike.to_bytes(32, "big")))
    assert rejections(world.meter(delivery)) == [(0, Finding.CONSENT_UNKNOWN)]
    assert world.used(consent) == 0


def test_one_consent_does_not_serve_another_bank(world: World) -> None:
    consent = world.granted()
    tx = world.meter(world.answered(consent, institution=world.other_bank))
    assert rejections(tx) == [(0, Finding.CONSENT_INSTITUTION)]
