"""Attacks on the ledger, each test named after its attack."""

from dataclasses import replace

import pytest
from brownie import QueryLedger, chain
from consent_world import (
    HOUR,
    SECTIONS,
    World,
    digest,
    key,
    malleable,
    members,
    now,
    rejections,
    sign,
    with_signature,
)

from creditchain.messages import ContractDomain
from creditchain.vocabulary import Finding, MeterFlag


def _in_domain(world: World, consent, domain: ContractDomain):
    """A delivery whose signatures were made in another domain."""
    delivery = world.answered(consent)
    request, receipt = (replace(message, domain=domain) for message in (delivery.request, delivery.receipt))
    return with_signature(
        delivery,
        request_signature=sign(world.operators[world.bank], request),
        receipt_signature=sign(world.operators[world.bureau], receipt),
    )


def test_replay_over_chains(world: World) -> None:
    consent = world.granted()
    delivery = _in_domain(world, consent, ContractDomain(chain.id + 1, world.ledger.address))
    assert rejections(world.meter(delivery)) == [(0, Finding.REQUEST_SIGNATURE)]


def test_replay_over_contracts(world: World) -> None:
    second = QueryLedger.deploy(world.log, {"from": world.governor})
    consent = world.granted()
    delivery = _in_domain(world, consent, ContractDomain(chain.id, second.address))
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
    assert world.metered(second)[2] == first.receipt.struct_hash()[:24] != second.receipt.struct_hash()[:24]


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


def test_the_log_and_the_slots_agree_on_the_entry(world: World) -> None:
    consent = world.granted(uses=9)
    for count in (1, 2, 3):
        deliveries = [world.answered(consent) for _ in range(count)]
        tx = world.meter(*deliveries)
        appended = tx.events["Appended"]["index"]
        assert tx.events["QueriesLogged"]["entry"] == appended
        assert {world.metered(delivery)[0] for delivery in deliveries} == {appended}
