"""Attacks on the ledger, each test named after its attack."""

from contextlib import suppress
from dataclasses import replace

import pytest
from brownie import chain
from brownie.exceptions import VirtualMachineError
from consent_world import (
    DAY,
    HOUR,
    SECTIONS,
    World,
    digest,
    item,
    items,
    key,
    malleable,
    members,
    now,
    rejections,
    reverts,
    sign,
    unruly_wallet,
    with_signature,
)
from world import NO_ADDRESS, admit_writer, writer_id, written

from creditchain.messages import LogDomain
from creditchain.vocabulary import Finding, MeterFlag, Role


def _in_domain(world: World, consent, domain: LogDomain):
    """A delivery whose signatures were made in another domain."""
    delivery = world.answered(consent)
    request, receipt = (replace(message, domain=domain) for message in (delivery.request, delivery.receipt))
    return with_signature(
        delivery,
        request_signature=sign(world.operators[world.bank], request),
        receipt_signature=sign(world.operators[world.bureau], receipt),
    )


def test_replay_over_logs(world: World) -> None:
    """A log's id holds its chain, its address and its first block."""
    consent = world.granted()
    delivery = _in_domain(world, consent, LogDomain(digest("another log")))
    assert rejections(world.meter(delivery)) == [(0, Finding.REQUEST_SIGNATURE)]


def test_replay_as_another_institution(world: World) -> None:
    mine = world.granted()
    theirs = world.granted(institution=world.other_bank)
    taken = world.answered(mine)
    request = replace(taken.request, institution=world.other_bank, consent=theirs.id)
    delivery = with_signature(world.delivery(request), request_signature=taken.request_signature)
    assert rejections(world.meter(delivery)) == [(0, Finding.REQUEST_SIGNATURE)]


def test_replay_by_another_provider(world: World) -> None:
    """A request names its provider, so another provider can neither answer it nor claim the first one's answer."""
    consent = world.granted()
    asked = world.answered(consent)
    by_other = with_signature(asked, receipt_signature=sign(world.operators[world.platform], asked.receipt))
    renamed = world.delivery(replace(asked.request, provider=world.platform))
    renamed = with_signature(renamed, request_signature=asked.request_signature)
    found = rejections(world.meter(by_other, renamed))
    assert found == [(0, Finding.RECEIPT_SIGNATURE), (1, Finding.REQUEST_SIGNATURE)]
    assert world.used(consent) == 0


@pytest.mark.parametrize("which", ["request_signature", "receipt_signature"])
def test_high_s(world: World, which: str) -> None:
    consent = world.granted()
    delivery = world.answered(consent)
    bad = with_signature(delivery, **{which: malleable(getattr(delivery, which))})
    assert rejections(world.meter(bad)) == [(0, Finding[which.upper()])]


def test_double_metering(world: World) -> None:
    consent = world.granted()
    delivery = world.answered(consent)
    tx = world.meter(delivery, delivery)
    assert rejections(tx) == [(1, Finding.REPLAYED)]
    for _ in range(2):
        assert rejections(world.meter(delivery)) == [(0, Finding.REPLAYED)]
    assert world.used(consent) == 1


def test_another_report_for_a_request_that_was_metered(world: World) -> None:
    """The second receipt remains a broken promise, and its signature proves it."""
    consent = world.granted()
    first = world.answered(consent)
    second = world.delivery(first.request)
    assert first.receipt.report != second.receipt.report
    world.meter(first)
    assert rejections(world.meter(second)) == [(0, Finding.REPLAYED)]
    assert world.metered(second)[2] == first.receipt.struct_hash() != second.receipt.struct_hash()


@pytest.mark.parametrize("wider", [{"sections": 0x7F}, {"domains": 2**32 - 1}, {"purpose": 2}, {"deadline": 2**40 - 1}])
def test_scope_widening_by_the_provider(world: World, wider: dict) -> None:
    consent = world.granted()
    asked = world.answered(consent)
    widened = world.delivery(replace(asked.request, **wider))
    widened = with_signature(widened, request_signature=asked.request_signature)
    assert rejections(world.meter(widened)) == [(0, Finding.REQUEST_SIGNATURE)]


def test_scope_widening_by_products(world: World) -> None:
    """A product that grew after the consent does not widen it: sections and domains count, not the product's name."""
    consent = world.granted()
    tx = world.meter(
        world.answered(consent, product=digest("a product of every section"), sections=0x7F),
        world.answered(consent, product=digest("a product of every section"), sections=SECTIONS),
    )
    assert rejections(tx) == [(0, Finding.CONSENT_SECTIONS)]


def test_front_run_relay_of_a_part_of_the_batch(world: World) -> None:
    """Whoever takes an item out of a waiting batch meters it; the rest of the batch follows, each exactly once."""
    consent = world.granted()
    batch = [world.answered(consent) for _ in range(3)]
    size = world.log.size()
    world.ledger.meter([batch[1].args()], {"from": world.governor})
    tx = world.meter(*batch)
    assert rejections(tx) == [(1, Finding.REPLAYED)]
    assert [world.metered(delivery)[0] for delivery in batch] == [size + 1, size, size + 1]
    assert world.used(consent) == 3


def test_revoked_between_delivery_and_metering(world: World) -> None:
    consent = world.granted()
    before = world.answered(consent)
    chain.sleep(60)
    world.consents.revokeSigned(members(consent), sign(key("enterprise"), world.revocation(consent)))
    after = world.answered(consent)
    assert rejections(world.meter(before, after)) == [(1, Finding.CONSENT_REVOKED)]
    assert world.metered(before)[1] == 0


def test_two_providers_and_one_use(world: World) -> None:
    consent = world.granted(uses=1)
    by_bureau = world.answered(consent)
    by_platform = world.answered(consent, provider=world.platform)
    world.meter(by_platform)
    world.meter(by_bureau)
    assert (world.metered(by_platform)[1], world.metered(by_bureau)[1]) == (0, MeterFlag.OVERDRAWN)
    assert world.used(consent) == 1


def test_backdated_delivery(world: World) -> None:
    """Bank and bureau together date a delivery back to before the revocation. Within the hour nothing shows it, which
    is the stated residual; later it is LATE."""
    consent = world.granted()
    chain.sleep(60)
    revoked_at = world.consents.revokeSigned(
        members(consent), sign(key("enterprise"), world.revocation(consent))
    ).timestamp
    chain.sleep(600)
    chain.mine()
    first, second = (world.answered(consent, at=revoked_at - 1, issued_at=revoked_at - 10) for _ in range(2))
    world.meter(first)
    chain.sleep(HOUR)
    world.meter(second)
    assert (world.metered(first)[1], world.metered(second)[1]) == (0, MeterFlag.LATE)


def test_backdated_with_a_longer_promise(world: World) -> None:
    """The promise cannot be stretched to hide the delay."""
    consent = world.granted()
    at = now()
    chain.sleep(2 * HOUR)
    stretched = world.delivery(world.request(consent, issued_at=at), at=at, meter_by=at + 3 * HOUR)
    assert rejections(world.meter(stretched)) == [(0, Finding.METER_BY)]


def test_a_delivery_before_its_consent(world: World) -> None:
    consent = world.consent(not_before=1)
    early = world.answered(consent)
    chain.sleep(5)
    world.grant(consent)
    assert rejections(world.meter(early)) == [(0, Finding.CONSENT_NOT_YET_VALID)]


def test_a_bank_that_answers_itself(world: World) -> None:
    consent = world.granted()
    assert rejections(world.meter(world.answered(consent, provider=world.bank))) == [(0, Finding.PROVIDER)]


def test_a_nonce_twice_in_one_batch(world: World) -> None:
    """Two requests with one nonce: the first is metered, the second consumes nothing."""
    consent = world.granted()
    first = world.answered(consent)
    second = world.answered(consent, nonce=first.request.nonce)
    assert first.request.id != second.request.id
    tx = world.meter(first, second)
    assert rejections(tx) == [(1, Finding.REPLAYED)]
    assert items(tx) == [item(first)]
    assert world.used(consent) == 1


def test_a_used_nonce(world: World) -> None:
    consent = world.granted()
    first = world.answered(consent)
    second = world.answered(consent, nonce=first.request.nonce)
    world.meter(first)
    assert rejections(world.meter(second)) == [(0, Finding.REPLAYED)]
    assert world.used(consent) == 1


def test_a_rejected_delivery_uses_no_nonce(world: World) -> None:
    consent = world.granted()
    wrong = world.answered(consent, purpose=2)
    right = world.answered(consent, nonce=wrong.request.nonce)
    assert rejections(world.meter(wrong, right)) == [(0, Finding.CONSENT_PURPOSE)]
    assert items(world.meter(world.answered(consent)))


def test_one_nonce_signed_to_two_providers(world: World) -> None:
    """Nonces are by institution and provider, so neither provider loses what it delivered, in one batch or in two."""
    consent = world.granted(uses=4)
    for together in (True, False):
        first = world.answered(consent)
        second = world.answered(consent, provider=world.platform, nonce=first.request.nonce)
        txs = [world.meter(first, second)] if together else [world.meter(first), world.meter(second)]
        assert [rejections(tx) for tx in txs] == [[]] * len(txs)
        assert [one for tx in txs for one in items(tx)] == [item(first), item(second)]
    assert world.used(consent) == 4


def test_one_nonce_of_two_institutions(world: World) -> None:
    mine, theirs = world.granted(), world.granted(institution=world.other_bank)
    first = world.answered(mine)
    second = world.answered(theirs, institution=world.other_bank, nonce=first.request.nonce)
    assert rejections(world.meter(first, second)) == []


def test_nonces_share_cells_and_never_clash(world: World) -> None:
    consent = world.granted(uses=99)
    nonces = (0, 1, 199, 200, 399, 400, 2**48 - 1)
    tx = world.meter(*(world.answered(consent, provider=world.platform, nonce=nonce) for nonce in nonces))
    assert rejections(tx) == []
    assert len(written(tx)) == 1 + 4
    for nonce in nonces:
        assert world.ledger.nonceUsed(world.bank, world.platform, nonce)[0]
    for nonce in (2, 198, 201, 398, 401, 2**48 - 2):
        assert not world.ledger.nonceUsed(world.bank, world.platform, nonce)[0]


def test_a_wallet_operated_bank_says_yes_takes_the_report_then_says_no(world: World) -> None:
    """Its wallet is not asked. The provider sees before it delivers that the request is not signed by an account."""
    purse = unruly_wallet()
    bank = world.admit("wallet bank", Role.INSTITUTION, operator=purse)
    world.operators[bank] = key("whoever")
    consent = world.granted(institution=bank)
    delivery = world.answered(consent, institution=bank)
    assert rejections(world.meter(delivery)) == [(0, Finding.REQUEST_SIGNATURE)]
    purse.setTemper(5, {"from": world.anyone})
    assert rejections(world.meter(delivery)) == [(0, Finding.REQUEST_SIGNATURE)]
    # What an account signed stays signed, whatever becomes of the node.
    signed = world.answered(world.granted())
    chain.sleep(10)
    world.nodes.suspend(world.bank, {"from": world.governor})
    assert rejections(world.meter(signed)) == []


def test_empty_scope(world: World) -> None:
    """A request for nothing would take a use, or pass as one that needs no consent."""
    consent = world.granted()
    empty = [
        *(world.answered(consent, sections=0), world.answered(consent, domains=0)),
        *(world.answered(None, sections=0, domains=0), world.answered(None, domains=0)),
        *(world.answered(None, purpose=0), world.answered(consent, purpose=0)),
    ]
    assert rejections(world.meter(*empty)) == [(index, Finding.SCOPE) for index in range(6)]
    assert world.used(consent) == 0


def test_a_delivery_handed_in_a_month_later(world: World) -> None:
    consent = world.granted()
    delivery = world.answered(consent)
    chain.sleep(30 * DAY)
    tx = world.meter(delivery)
    assert [one.flags for one in items(tx)] == [MeterFlag.LATE | MeterFlag.OLD]
    assert world.used(consent) == 1


def test_a_ledger_switched_off_for_an_hour(world: World) -> None:
    """Deliveries become LATE, and the flag says so; nothing is lost."""
    consent = world.granted(uses=2)
    deliveries = [world.answered(consent) for _ in range(2)]
    world.log.setWriter(writer_id(world.log, world.ledger), NO_ADDRESS, 0, [], {"from": world.governor})
    with reverts("RegionLogNotWriter", world.ledger.address):
        world.meter(*deliveries)
    chain.sleep(HOUR + 1)
    admit_writer(world.log, world.ledger, "QueryLedger")
    tx = world.meter(*deliveries)
    assert items(tx) == [item(delivery, MeterFlag.LATE) for delivery in deliveries]
    assert world.used(consent) == 2


def test_dirty_bits_in_a_delivery(world: World) -> None:
    """A word with bits beyond its type would say something else in the item than what was signed."""
    delivery = world.answered(world.granted())
    data = world.ledger.meter.encode_input([delivery.args()])
    start = 10 + 64 * 2
    for member in (0, 1, 5, 6, 7, 9, 10, 11, 12, 15, 16):
        at = start + 64 * member
        with suppress(VirtualMachineError):
            tx = world.anyone.transfer(world.ledger, 0, data=data[:at] + "ff" + data[at + 2 :], gas_limit=1_000_000)
            # Read, it reverts. If the signature was looked at before, it is of something else.
            assert rejections(tx) == [(0, Finding.REQUEST_SIGNATURE)]
    assert items(world.meter(delivery)) == [item(delivery)]
