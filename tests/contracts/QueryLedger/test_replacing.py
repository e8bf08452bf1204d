"""ConsentToken and QueryLedger are replaced while consents are granted, used and revoked. All state is in the log."""

import pytest
from brownie import ConsentToken, QueryLedger, chain
from consent_world import (
    World,
    consent_cell,
    digest,
    item,
    items,
    key,
    members,
    rejections,
    reverts,
    sign,
    token,
)
from world import (
    CONSENT,
    CONSENT_USED,
    NO_ADDRESS,
    NONCE,
    WHOLE_SPACE,
    Kind,
    admit_writer,
    append,
    bits,
    refused_inside,
    writer_for,
    writer_id,
    written,
)

from creditchain.vocabulary import Finding, MeterFlag


def _new_token(world: World):
    """A second ConsentToken, in place of the first in one entry. Returns the first."""
    old = world.consents
    new = ConsentToken.deploy(world.manager, world.log, {"from": world.governor})
    admit_writer(world.log, new, "ConsentToken", instead_of=old)
    world.consents = new
    return old


def _new_ledger(world: World):
    """A second QueryLedger, in place of the first in one entry. Returns the first."""
    old = world.ledger
    new = QueryLedger.deploy(world.log, {"from": world.governor})
    admit_writer(world.log, new, "QueryLedger", instead_of=old)
    world.ledger = new
    return old


@pytest.fixture(autouse=True)
def _contracts(world: World):
    """The contracts of the world, put back with the chain."""
    kept = world.consents, world.ledger
    yield
    world.consents, world.ledger = kept


def _revoke(world: World, consent):
    signature = sign(key("enterprise"), world.revocation(consent))
    return world.consents.revokeSigned(members(consent), signature, {"from": world.anyone})


def _loans(world: World, revision: int):
    report = (world.bank, 202601, revision, 1 + revision, 100, digest("queries"))
    return world.ledger.reportLoans(report, {"from": world.bank_account()})


def test_all_state_goes_on_in_a_second_token(world: World) -> None:
    world.consents.setLimit(1, 0b11, {"from": world.governor})
    consent, revoked = world.granted(uses=2), world.granted()
    _revoke(world, revoked)
    world.meter(world.answered(consent))
    before = [world.state(one) for one in (consent, revoked)]
    old = _new_token(world)
    assert [world.state(one) for one in (consent, revoked)] == before
    assert world.consents.balanceOf(world.operators[world.bank].address) == 2
    assert world.consents.openDomainsAt(chain[-1].timestamp) == 0b11
    assert world.consents.ownerOf(token(consent)) == world.operators[world.bank].address
    with reverts("ConsentTokenRevoked", token(revoked), before[1]["revokedAt"]):
        _revoke(world, revoked)
    world.granted()
    assert world.consents.balanceOf(world.operators[world.bank].address) == 3
    # Views of the former contract read the same cells.
    assert old.balanceOf(world.operators[world.bank].address) == 3


def test_all_state_goes_on_in_a_second_ledger(world: World) -> None:
    consent = world.granted(uses=2)
    metered = world.answered(consent)
    world.meter(metered)
    kept = world.metered(metered)
    _loans(world, 0)
    _new_ledger(world)
    assert world.metered(metered) == kept
    assert world.used(consent) == 1
    with reverts("QueryLedgerRevision", 1, 0):
        _loans(world, 0)
    _loans(world, 1)
    assert world.ledger.loansOf(world.bank, 202601)["reports"] == 2


def test_both_contracts_are_replaced_one_after_the_other_under_load(world: World) -> None:
    """Grants, uses, revocations and deliveries go on between and after; nothing is accepted twice."""
    consents = [world.granted(uses=3) for _ in range(2)]
    metered = [world.answered(one) for one in consents]
    world.meter(*metered)
    _new_token(world)
    consents.append(world.granted(uses=3))
    with reverts("ConsentTokenGranted", token(consents[2])):
        world.grant(consents[2])
    between = [world.answered(one) for one in consents]
    assert rejections(world.meter(*between)) == []
    _new_ledger(world)
    _revoke(world, consents[0])
    after = [world.answered(one) for one in consents]
    assert rejections(world.meter(*after)) == [(0, Finding.CONSENT_REVOKED)]
    assert [world.used(one) for one in consents] == [2, 3, 2]
    last = world.answered(consents[1])
    world.meter(last)
    assert world.metered(last)[1] == MeterFlag.OVERDRAWN
    assert world.used(consents[1]) == 3


def test_a_delivery_is_judged_once_whatever_ledger_is_asked(world: World) -> None:
    consent = world.granted(uses=9)
    delivery = world.answered(consent)
    world.meter(delivery)
    old = _new_ledger(world)
    assert rejections(world.meter(delivery)) == [(0, Finding.REPLAYED)]
    assert rejections(world.meter(world.delivery(delivery.request))) == [(0, Finding.REPLAYED)]
    world.ledger = old
    with reverts("RegionLogNotWriter", old.address):
        world.meter(world.answered(consent))
    assert world.used(consent) == 1


def test_uses_are_burnt_by_deliveries_only(world: World) -> None:
    for contract in (world.consents, world.ledger):
        names = {entry["name"] for entry in contract.abi if entry["type"] == "function"}
        assert not names & {"consume", "setLedger", "isLedger"}
    consent = world.granted(uses=5)
    cell = consent_cell(CONSENT, consent)
    tx = world.meter(world.answered(consent))
    ((_, old, new),) = [one for one in written(tx) if one[0] == cell]
    assert new >> 56 == (old >> 56) + (1 << 184)
    # A call of which nothing fits writes nothing at all.
    assert written(world.meter(world.answered(consent, purpose=2))) == []


def test_uses_burnt_by_whoever_holds_all_else_of_a_consent(world: World) -> None:
    """The bits that count uses have one writer. The contract of consents, whatever replaces it, cannot change them."""
    consent = world.granted(uses=5)
    cell = consent_cell(CONSENT, consent)
    world.log.setWriter(writer_id(world.log, world.consents), NO_ADDRESS, 0, [], {"from": world.governor})
    rogue = writer_for(world.log, bits(Kind.CONSENT), [(CONSENT, WHOLE_SPACE ^ CONSENT_USED)])
    given = int(next(iter(world.log.read([cell])[0]))) >> 56
    with refused_inside(
        world.log, "RegionLogBits(uint256,uint200,uint200)", cell, WHOLE_SPACE ^ CONSENT_USED, 5 << 184
    ):
        append(world.log, rogue, Kind.CONSENT, b"", [(cell, given | 5 << 184)])
    assert world.used(consent) == 0


def test_a_ledger_that_is_swapped_in_one_entry_makes_nothing_late(world: World) -> None:
    """No second lies between the last delivery that the former ledger takes and the first of the next one."""
    consent = world.granted()
    first, second = world.answered(consent), world.answered(consent)
    before = items(world.meter(first))
    old = _new_ledger(world)
    assert before + items(world.meter(second)) == [item(first), item(second)]
    kept, world.ledger = world.ledger, old
    with reverts("RegionLogNotWriter", old.address):
        world.meter(world.answered(consent))
    world.ledger = kept


def test_a_second_ledger_cannot_be_slipped_in_unseen(world: World) -> None:
    consent = world.granted()
    second = QueryLedger.deploy(world.log, {"from": world.governor})
    kept, world.ledger = world.ledger, second
    delivery = world.answered(consent)
    with reverts("RegionLogNotWriter", second.address):
        world.meter(delivery)
    # Not even governors can let it count uses beside the first.
    with reverts("RegionLogShareTaken", CONSENT, WHOLE_SPACE, CONSENT_USED):
        world.log.setWriter(0, second, bits(Kind.QUERIES), [(CONSENT, CONSENT_USED)], {"from": world.governor})
    # A writer without the uses of consents meters nothing under them.
    world.log.setWriter(0, second, bits(Kind.QUERIES), [(22, 1)], {"from": world.governor})
    with reverts("RegionLogSpace", second.address, NONCE):
        world.meter(delivery)
    world.ledger = kept
    assert world.used(consent) == 0


def test_an_old_consent_after_its_contract_lost_the_log(world: World) -> None:
    """A consent that nobody can revoke cannot be used. In the hands of the next contract it can be both."""
    consent = world.granted(uses=2)
    delivery = world.answered(consent)
    old = world.consents
    world.log.setWriter(writer_id(world.log, old), NO_ADDRESS, 0, [], {"from": world.governor})
    with reverts("RegionLogNotWriter", old.address):
        _revoke(world, consent)
    with reverts("QueryLedgerNobodyRevokes"):
        world.meter(delivery)
    assert world.used(consent) == 0
    world.consents = ConsentToken.deploy(world.manager, world.log, {"from": world.governor})
    admit_writer(world.log, world.consents, "ConsentToken")
    assert rejections(world.meter(delivery)) == []
    _revoke(world, consent)
    assert rejections(world.meter(world.answered(consent))) == [(0, Finding.CONSENT_REVOKED)]
