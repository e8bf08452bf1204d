"""meter: what a metered delivery stores and logs, what each finding does, and that no item makes another fail."""

import pytest
from brownie import chain
from consent_world import (
    DAY,
    DOMAINS,
    HOUR,
    SECTIONS,
    World,
    consent_cell,
    digest,
    entry_bodies,
    item,
    items,
    key,
    members,
    next_block_at,
    now,
    rejections,
    reverts,
    sign,
    unruly_wallet,
    with_signature,
)
from world import CONSENT, NONCE, cell_key, written

from creditchain.log.entries import QueriesBody
from creditchain.log.query_items import nonce_cell
from creditchain.vocabulary import EntryKind, Finding, Limit, MeterFlag, Role


def test_what_one_delivery_leaves(world: World) -> None:
    consent = world.consent()
    granted = written(world.grant(consent))[0][2]
    delivery = world.answered(consent)
    tx = world.meter(delivery)
    entry = world.log.size() - 1
    request, receipt = delivery.request, delivery.receipt
    assert entry_bodies(tx) == [(EntryKind.QUERIES, QueriesBody((item(delivery),)).body_hash())]
    # The log's event says all.
    assert set(tx.events.keys()) == {"Appended"}
    cell, bit = nonce_cell(world.bank, world.bureau, request.nonce)
    nonces, uses = sorted(written(tx), key=lambda write: write[0], reverse=True)
    assert nonces[0] == cell_key(NONCE, cell)
    assert nonces[2] == nonces[1] >> 56 << 56 | 1 << 56 + bit | entry
    assert uses == (consent_cell(CONSENT, consent), granted, granted - granted % 2**56 + (1 << 184 + 56) + entry)
    assert world.metered(delivery) == (entry, 0, receipt.struct_hash())
    assert world.used(consent) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 13])
def test_a_batch_is_one_entry_over_its_items_in_order(world: World, count: int) -> None:
    consent = world.granted(uses=count)
    deliveries = [world.answered(consent) for _ in range(count)]
    tx = world.meter(*deliveries)
    assert items(tx) == [item(delivery) for delivery in deliveries]
    assert len(entry_bodies(tx)) == 1
    assert {world.metered(delivery)[0] for delivery in deliveries} == {world.log.size() - 1}
    assert world.used(consent) == count


def test_nothing_to_meter(world: World) -> None:
    with reverts("QueryLedgerEmpty"):
        world.meter()


def test_a_call_of_which_nothing_fits_logs_nothing(world: World) -> None:
    size = world.log.size()
    tx = world.meter(world.answered(world.consent()))
    assert world.log.size() == size
    assert "Appended" not in tx.events
    assert dict(tx.events["DeliveryRejected"][0])["by"] == world.anyone.address


def test_no_use_left_is_flagged_and_counts_nothing(world: World) -> None:
    consent = world.granted(uses=2)
    deliveries = [world.answered(consent) for _ in range(4)]
    world.meter(*deliveries)
    assert [world.metered(delivery)[1] for delivery in deliveries] == [0, 0, MeterFlag.OVERDRAWN, MeterFlag.OVERDRAWN]
    assert world.used(consent) == 2


def test_late_is_flagged_from_the_second_after(world: World) -> None:
    consent = world.granted(uses=9)
    in_time, late = world.answered(consent), world.answered(consent)
    next_block_at(in_time.receipt.meter_by)
    world.meter(in_time)
    next_block_at(late.receipt.meter_by + 1)
    world.meter(late)
    assert (world.metered(in_time)[1], world.metered(late)[1]) == (0, MeterFlag.LATE)
    assert world.used(consent) == 2


def test_late_and_overdrawn(world: World) -> None:
    consent = world.granted(uses=1)
    first, second = world.answered(consent), world.answered(consent)
    chain.sleep(2 * HOUR)
    world.meter(first, second)
    assert world.metered(second)[1] == MeterFlag.LATE | MeterFlag.OVERDRAWN


def test_open_domains_need_no_consent(world: World) -> None:
    world.consents.setLimit(Limit.OPEN_DOMAINS.value, 0b11, {"from": world.governor})
    fits, not_open = world.answered(None, domains=0b01), world.answered(None, domains=0b101)
    tx = world.meter(fits, not_open)
    assert world.metered(fits)[1] == MeterFlag.OPEN
    assert rejections(tx) == [(1, Finding.CONSENT_UNKNOWN)]


def test_what_is_open_is_judged_as_of_the_delivery(world: World) -> None:
    before = world.answered(None, domains=1)
    chain.sleep(10)
    world.consents.setLimit(Limit.OPEN_DOMAINS.value, 1, {"from": world.governor})
    during = world.answered(None, domains=1)
    chain.sleep(10)
    world.consents.setLimit(Limit.OPEN_DOMAINS.value, 0, {"from": world.governor})
    after = world.answered(None, domains=1)
    tx = world.meter(before, during, after)
    assert rejections(tx) == [(0, Finding.CONSENT_UNKNOWN), (2, Finding.CONSENT_UNKNOWN)]


def test_what_was_open_before_the_last_two_rules_counts_as_closed(world: World) -> None:
    world.consents.setLimit(Limit.OPEN_DOMAINS.value, 1, {"from": world.governor})
    chain.sleep(10)
    chain.mine()
    early = world.answered(None, domains=1)
    for domains in (3, 1):
        chain.sleep(10)
        world.consents.setLimit(Limit.OPEN_DOMAINS.value, domains, {"from": world.governor})
    assert rejections(world.meter(early)) == [(0, Finding.CONSENT_UNKNOWN)]


def test_a_domain_outside_the_consent_may_be_an_open_one(world: World) -> None:
    world.consents.setLimit(Limit.OPEN_DOMAINS.value, 1 << 30, {"from": world.governor})
    consent = world.granted(uses=2)
    fits = world.answered(consent, domains=1 << 30 | 1)
    tx = world.meter(fits, world.answered(consent, domains=1 << 30 | 1 << 29 | 1))
    assert rejections(tx) == [(1, Finding.CONSENT_DOMAINS)]
    assert world.metered(fits)[1] == 0
    assert world.used(consent) == 1


@pytest.mark.parametrize("side", ["institution", "provider"])
def test_a_wallet_signs_neither_request_nor_receipt(world: World, side: str) -> None:
    """Only an account's signature stays what it was. A wallet that says yes to everything is not even asked."""
    role = {"institution": Role.INSTITUTION, "provider": Role.BUREAU}[side]
    node = world.admit("wallet member", role, operator=unruly_wallet())
    world.operators[node] = key("owner of a wallet")
    consent = world.granted(institution=node) if side == "institution" else world.granted()
    finding = {"institution": Finding.REQUEST_SIGNATURE, "provider": Finding.RECEIPT_SIGNATURE}[side]
    good = world.answered(world.granted())
    assert rejections(world.meter(world.answered(consent, **{side: node}), good)) == [(0, finding)]
    assert world.metered(good)[1] == 0


def _unsigned(world, consent, **changes):
    return with_signature(world.answered(consent), **changes)


#: Finding → a delivery that gives it, under a consent that stands.
CASES = {
    "IN_FUTURE": lambda w, c: w.answered(c, at=now() + 500),
    "METER_BY before": lambda w, c: w.delivery(w.request(c), meter_by=now() - 1),
    "METER_BY too long": lambda w, c: w.delivery(w.request(c), meter_by=now() + HOUR + 1),
    "NOT_ISSUED": lambda w, c: w.answered(c, issued_at=now() + 1),
    "PAST_DEADLINE": lambda w, c: w.answered(c, deadline=now() - 1),
    "SCOPE no section": lambda w, c: w.answered(c, sections=0),
    "SCOPE no domain": lambda w, c: w.answered(c, domains=0),
    "SCOPE nothing without consent": lambda w, c: w.answered(None, sections=1, domains=0),
    "INSTITUTION role": lambda w, c: w.answered(c, institution=w.source),
    "INSTITUTION unknown": lambda w, c: w.delivery(_from(w, c, institution=999)),
    "PROVIDER source": lambda w, c: w.answered(c, provider=w.source),
    "PROVIDER bank": lambda w, c: w.answered(c, provider=w.other_bank),
    "PROVIDER unknown": lambda w, c: w.delivery(_from(w, c, provider=999)),
    "BROKER role": lambda w, c: w.answered(c, via=w.source),
    "BROKER unknown": lambda w, c: w.answered(c, via=999),
    "BROKER_SIGNATURE none": lambda w, c: w.answered(c, via=w.platform),
    "BROKER_SIGNATURE other": lambda w, c: _brokered(w, c, w.operators[w.other_platform]),
    "REQUEST_SIGNATURE": lambda w, c: _unsigned(w, c, request_signature=bytes(64)),
    "REQUEST_SIGNATURE empty": lambda w, c: _unsigned(w, c, request_signature=b""),
    "REQUEST_SIGNATURE other": lambda w, c: _signed_by(w, c, w.operators[w.other_bank], None),
    "RECEIPT_SIGNATURE": lambda w, c: _unsigned(w, c, receipt_signature=bytes(64)),
    "RECEIPT_SIGNATURE other": lambda w, c: _signed_by(w, c, None, w.operators[w.platform]),
    "CONSENT_UNKNOWN": lambda w, c: w.answered(w.consent()),
    "CONSENT_UNKNOWN none": lambda w, c: w.answered(None),
    "CONSENT_INSTITUTION": lambda w, c: w.answered(c, institution=w.other_bank),
    "CONSENT_PURPOSE": lambda w, c: w.answered(c, purpose=2),
    "CONSENT_SECTIONS": lambda w, c: w.answered(c, sections=SECTIONS | 1),
    "CONSENT_SECTIONS undefined": lambda w, c: w.answered(c, sections=SECTIONS | 0x80),
    "CONSENT_DOMAINS": lambda w, c: w.answered(c, domains=DOMAINS | 1 << 31),
}


def _brokered(world, consent, broker, **changes):
    delivery = world.answered(consent, via=world.platform, **changes)
    return with_signature(delivery, broker_signature=sign(broker, delivery.request))


def _from(world, consent, **changes):
    world.operators.setdefault(999, key("stranger"))
    return world.request(consent, **changes)


def _signed_by(world, consent, bank, bureau):
    delivery = world.answered(consent)
    changes = {"request_signature": sign(bank, delivery.request)} if bank else {}
    if bureau:
        changes["receipt_signature"] = sign(bureau, delivery.receipt)
    return with_signature(delivery, **changes)


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_fit_says_why_and_consumes_nothing(world: World, case: str) -> None:
    consent = world.granted(uses=2)
    before, after = world.answered(consent), world.answered(consent)
    bad = CASES[case](world, consent)
    tx = world.meter(before, bad, after)
    finding = Finding[case.split(" ")[0]]
    rejected = tx.events["DeliveryRejected"]
    assert (str(rejected["request"]), rejected["by"]) == ("0x" + bad.request.id.hex(), world.anyone.address)
    assert rejections(tx) == [(1, finding)]
    assert not finding.metered
    assert world.metered(bad) == (0, 0, bytes(32))
    assert [world.metered(good)[1] for good in (before, after)] == [0, 0]
    assert world.used(consent) == 2
    assert items(tx) == [item(before), item(after)]


def test_a_broker_signs_too(world: World) -> None:
    consent = world.granted()
    delivery = _brokered(world, consent, world.operators[world.platform], terms=digest("price list"))
    tx = world.meter(delivery)
    assert items(tx) == [item(delivery)]
    assert (items(tx)[0].via, items(tx)[0].terms) == (world.platform, delivery.request.terms)


@pytest.mark.parametrize(("late", "flags"), [(0, MeterFlag.LATE), (1, MeterFlag.LATE | MeterFlag.OLD)])
def test_old_is_flagged_from_the_second_after_eight_days(world: World, late: int, flags: MeterFlag) -> None:
    consent = world.granted()
    delivery = world.answered(consent)
    next_block_at(delivery.receipt.delivered_at + 8 * DAY + late)
    world.meter(delivery)
    assert world.metered(delivery)[1] == flags
    assert world.used(consent) == 1


def test_governors_set_when_a_delivery_is_old(world: World) -> None:
    consent = world.granted()
    delivery, other = world.answered(consent), world.answered(consent)
    world.consents.setLimit(Limit.DELIVERY_AGE.value, 60, {"from": world.governor})
    next_block_at(delivery.receipt.delivered_at + 61)
    world.meter(delivery)
    assert world.metered(delivery)[1] == MeterFlag.OLD
    world.consents.setLimit(Limit.DELIVERY_AGE.value, 0, {"from": world.governor})
    world.meter(other)
    assert world.metered(other)[1] == 0


def test_paused_is_flagged_and_counts(world: World) -> None:
    """As of the delivery, over the last two pauses."""
    consent = world.granted(uses=9)
    times = [now() + 100 * step for step in range(1, 6)]
    deliveries = [world.answered(consent, at=times[0] - 1, deadline=times[-1] + DAY)]
    for number, time in enumerate(times[:4], 1):
        deliveries += [world.answered(consent, at=time + at, deadline=times[-1] + DAY) for at in (0, 99)]
        next_block_at(time)
        message = world.turn(consent, number)
        function = world.consents.pauseSigned if number % 2 else world.consents.resumeSigned
        function(members(consent), message.deadline, sign(key("enterprise"), message), {"from": world.anyone})
    next_block_at(times[-1])
    tx = world.meter(*deliveries)
    assert rejections(tx) == []
    assert [one.flags for one in items(tx)] == [0, *([16, 16, 0, 0] * 2)]
    assert world.used(consent) == 9


def test_not_yet_valid(world: World) -> None:
    consent = world.granted(not_before=now() + 100)
    early = world.answered(consent, at=consent.not_before - 1, deadline=now() + HOUR)
    first = world.answered(consent, at=consent.not_before, deadline=now() + HOUR)
    chain.sleep(200)
    assert rejections(world.meter(early, first)) == [(0, Finding.CONSENT_NOT_YET_VALID)]


def test_before_the_grant(world: World) -> None:
    consent = world.consent(not_before=1)
    early = world.answered(consent)
    chain.sleep(10)
    world.grant(consent)
    assert rejections(world.meter(early)) == [(0, Finding.CONSENT_NOT_YET_VALID)]


def test_expired(world: World) -> None:
    consent = world.granted(not_after=now() + 100)
    last = world.answered(consent, at=consent.not_after)
    late = world.answered(consent, at=consent.not_after + 1)
    chain.sleep(200)
    assert rejections(world.meter(last, late)) == [(1, Finding.CONSENT_EXPIRED)]


def test_revoked_counts_from_its_second(world: World) -> None:
    consent = world.granted()
    at = now() + 100
    last, late = world.answered(consent, at=at - 1), world.answered(consent, at=at)
    next_block_at(at)
    world.consents.revokeSigned(members(consent), sign(key("enterprise"), world.revocation(consent)))
    assert now() == at
    assert rejections(world.meter(last, late)) == [(1, Finding.CONSENT_REVOKED)]
    assert world.used(consent) == 1


def test_metered_again(world: World) -> None:
    consent = world.granted()
    delivery = world.answered(consent)
    again = world.delivery(delivery.request)
    assert rejections(world.meter(delivery, delivery, again)) == [(1, Finding.REPLAYED), (2, Finding.REPLAYED)]
    assert rejections(world.meter(again)) == [(0, Finding.REPLAYED)]
    assert world.metered(delivery)[2] == delivery.receipt.struct_hash()
    assert world.used(consent) == 1


def test_what_was_rejected_can_be_handed_in_again(world: World) -> None:
    consent = world.consent()
    delivery = world.answered(consent, at=now() + 50, deadline=now() + HOUR)
    assert rejections(world.meter(delivery)) == [(0, Finding.IN_FUTURE)]
    world.grant(consent)
    chain.sleep(100)
    assert rejections(world.meter(delivery)) == []
    assert world.used(consent) == 1
