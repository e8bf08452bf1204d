"""Requests, metering, evidence and loans without a command line; what is refused changes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from acts_world import (
    ANYBODY,
    BANK,
    OTHER_BANK,
    PLATFORM,
    SOURCE,
    SUBJECT,
    TAGS,
    ActsWorld,
    acts_world,
    bring_up_members,
)
from region_world import Place, pass_time
from worlds import Kept

from creditchain.acts.consenting import consent_on_chain
from creditchain.acts.lending import Loans, loans_of, month_is_over, report_loans
from creditchain.acts.metering import MeterResult, meter
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.querying import Query, countersign, request_report
from creditchain.acts.tracing import QueryState, trace
from creditchain.catalogue.products import load_product
from creditchain.chain.clock import now
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.outbox import Outbox
from creditchain.consents.errors import (
    ConsentPurposeError,
    ConsentUnknownError,
    ForeignFileError,
    NonceError,
    ProductMismatchError,
    RequestReplayedError,
    SubjectError,
    TermsError,
)
from creditchain.consents.judging import judge
from creditchain.errors import InputError
from creditchain.evidence.query import view_of
from creditchain.hashing import keccak256
from creditchain.home.reasons import ReasonError
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered, delivered_under, reading_of
from creditchain.messages import DeliveryReceipt, LogDomain
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.request_file import RequestFile, parse_request
from creditchain.products import Purpose
from creditchain.vocabulary import Finding, MeterFlag

REPORT = load_product("working-capital-report/1")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = Place("embedded", tmp_path_factory.mktemp("query-acts"))
    bring_up_members(place)
    return Kept(place)


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[ActsWorld]:
    with acts_world(kept.fresh(tmp_path / "world")) as made:
        yield made


def query(consent: ConsentFile | None, **changes: Any) -> Query:
    """What the bank asks the platform for."""
    asked = Query(BANK, PLATFORM, REPORT, SUBJECT, consent, None, None, None, "信贷员 07", 3600)
    return replace(asked, **changes)


def request(world: ActsWorld, asked: Query, tags: tuple[bytes, ...] = TAGS) -> RequestFile:
    return request_report(world.region, world.home, world.key(BANK), asked, tags)


def delivery(world: ActsWorld, file: RequestFile, *, late: int = 0, signer: int = PLATFORM) -> Delivery:
    """The platform's answer, with a report that nobody needs to see."""
    time = now(world.region.chain) + late
    receipt = DeliveryReceipt(file.request.domain, file.request.id, keccak256(b"report"), time, time + 1800)
    return Delivery(file.request, receipt, file.signature, world.key(signer).sign_typed(receipt.typed_data()))


def test_what_was_delivered_under_a_consent_is_found_by_its_cell(
    world: ActsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, also what was overdrawn; and the log is not searched while the consent has a use left."""
    consent, other = world.granted(uses=2), world.granted()
    made = [delivery(world, request(world, query(one))) for one in (consent, other, consent, consent)]

    def found(one: ConsentFile) -> list[tuple[bytes, int]]:
        log = region_log(world.region)
        under = delivered_under(log, reading_of(world.region, log), one.message.id)
        return [(each.item.request, each.item.flags) for each in under]

    assert found(consent) == []
    meter(world.region, world.outbox(PLATFORM), made[:2])
    with monkeypatch.context() as patched:
        patched.delattr(IndexedLog, "of_kind")
        assert [found(one) for one in (consent, other)] == [[(each.request.id, 0)] for each in made[:2]]
    meter(world.region, world.outbox(PLATFORM), made[2:3])
    meter(world.region, world.outbox(PLATFORM), made[3:])
    flags = (0, 0, int(MeterFlag.OVERDRAWN))
    assert found(consent) == [(each.request.id, flag) for each, flag in zip([made[0], *made[2:]], flags, strict=True)]
    assert found(consent) == [
        (one.item.request, one.item.flags)
        for one in delivered(region_log(world.region))
        if one.item.consent == consent.message.id
    ]


def test_a_request_is_signed_by_the_institution_and_its_staff_stays_at_home(world: ActsWorld) -> None:
    consent = world.granted()
    file = request(world, query(consent))
    assert parse_request(file.to_json()) == file
    message = file.request
    assert (message.institution, message.provider, message.purpose) == (BANK, PLATFORM, Purpose.LOAN_APPLICATION)
    assert (message.sections, message.domains) == (consent.message.sections, consent.message.domains)
    kept = [path.read_text(encoding="utf-8") for path in world.home.path.rglob("reasons/*")]
    assert len(kept) == 1
    assert "信贷员 07" in kept[0]
    assert "信贷员" not in file.to_json().decode()


def test_each_request_has_a_nonce_of_its_own(world: ActsWorld) -> None:
    """Also when nobody answers, and when the home lost count."""
    consent = world.granted()
    nonces = [request(world, query(consent)).request.nonce for _ in range(3)]
    assert nonces == [nonces[0], nonces[0] + 1, nonces[0] + 2]
    folder = world.home.region(world.region.deployment.log_id).nonces
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [str(nonces[2])]
    last = delivery(world, request(world, query(consent)))
    meter(world.region, world.outbox(PLATFORM), [last])
    shutil.rmtree(folder)
    assert request(world, query(consent)).request.nonce == last.request.nonce + 1


def test_a_provider_refuses_a_used_or_far_nonce_before_it_delivers(world: ActsWorld) -> None:
    consent = world.granted()
    file = request(world, query(consent))
    message = file.request

    def judged(**changes: Any) -> None:
        other = replace(message, **changes)
        signature = world.key(BANK).sign_typed(other.typed_data())
        judge(other, view_of(world.region, other, signature, message.issued_at))

    judged()
    with world.refuses(NonceError, found="2000"):
        judged(nonce=2000)
    meter(world.region, world.outbox(PLATFORM), [delivery(world, file)])
    with world.refuses(RequestReplayedError):
        judged()
    with world.refuses(RequestReplayedError):
        judged(staff=bytes(32))


def test_a_broker_countersigns(world: ActsWorld) -> None:
    consent = world.granted()
    file = request(world, query(consent, via=PLATFORM))
    assert parse_request(file.to_json()) == file
    with world.refuses(NotEntitledError):
        countersign(world.region, world.key(BANK), file)
    without = request(world, query(consent))
    with world.refuses(InputError, field="via"):
        countersign(world.region, world.key(PLATFORM), without)
    signed = countersign(world.region, world.key(PLATFORM), file)
    assert parse_request(signed.to_json()) == signed
    unsigned = delivery(world, file)
    results = meter(world.region, world.outbox(PLATFORM), [unsigned])
    assert [one.finding for one in results] == [Finding.BROKER_SIGNATURE]
    brokered = replace(unsigned, broker_signature=signed.broker_signature)
    assert [one.finding for one in meter(world.region, world.outbox(PLATFORM), [brokered])] == [Finding.FITS]


def test_requests_that_would_be_refused_later_are_refused_now(world: ActsWorld) -> None:
    consent, pending = world.granted(), world.endorsed()
    with world.refuses(ConsentUnknownError, expected="a consent that was granted"):
        request(world, query(pending))
    with world.refuses(ConsentPurposeError, expected="loan_application", found="credit_line"):
        request(world, query(consent, purpose=Purpose.CREDIT_LINE))
    with world.refuses(ProductMismatchError):
        request(world, query(consent, product=load_product("registry-basic/1")))
    with world.refuses(ProductMismatchError):
        request(world, query(consent, purpose=next(one for one in Purpose if one not in REPORT.purposes)))
    with world.refuses(TermsError, field="sections"):
        request(world, query(consent, sections=0))
    with world.refuses(TermsError, field="provider"):
        request(world, query(consent, provider=SOURCE))
    with world.refuses(TermsError, field="institution"):
        request(world, query(consent, institution=PLATFORM))
    with world.refuses(NotEntitledError, found=f"a key of node {BANK}"):
        request(world, query(consent, institution=OTHER_BANK))
    with world.refuses(SubjectError):
        request(world, query(consent), (keccak256(b"another enterprise"),))
    with world.refuses(ForeignFileError):
        request(world, query(replace(consent, message=replace(consent.message, log=keccak256(b"other")))))
    with world.refuses(InputError, field="purpose"):
        request(world, query(None))
    with world.refuses(ReasonError):
        request(world, query(consent, staff="two\nlines"))


def test_metering_and_what_it_leaves_to_see(world: ActsWorld) -> None:
    consent = world.granted()
    first, second = (delivery(world, request(world, query(consent))) for _ in range(2))
    promised = trace(world.region, first.request.id, first.receipt, first.request.domain)
    assert (promised.state, promised.delivery) == (QueryState.PROMISED, None)
    assert trace(world.region, first.request.id).state is QueryState.NOT_METERED

    outbox = world.outbox(PLATFORM)
    results = meter(world.region, outbox, [first, second, first])
    assert [one.finding for one in results] == [Finding.FITS] * 3
    assert results[0] == results[2]
    before = world.state()
    assert meter(world.region, outbox, [first, second, first]) == results
    assert world.state() == before  # what is on the ledger is not sent again

    metered = trace(world.region, first.request.id, first.receipt)
    assert metered.state is QueryState.METERED
    assert metered.delivery is not None
    assert metered.delivery.entry.root == world.region.log_root(metered.block.number)
    assert metered.delivery.delivered.item.receipt == first.receipt.struct_hash()
    assert trace(world.region, first.request.id, second.receipt).state is QueryState.ANOTHER_METERED


def test_one_delivery_that_does_not_fit_does_not_hold_up_the_others(world: ActsWorld) -> None:
    consent = world.granted()
    good = delivery(world, request(world, query(consent)))
    forged = delivery(world, request(world, query(consent)), signer=SOURCE)
    ahead = delivery(world, request(world, query(consent)), late=3000)
    outbox = world.outbox(PLATFORM)
    results = meter(world.region, outbox, [forged, ahead, good])
    assert [one.finding for one in results] == [Finding.RECEIPT_SIGNATURE, Finding.IN_FUTURE, Finding.FITS]
    assert [one.metered for one in results] == [False, False, True]
    assert results[0] == MeterResult(forged.request.id, Finding.RECEIPT_SIGNATURE, None, MeterFlag(0))
    pass_time(world.place, 3000)
    assert [one.finding for one in meter(world.region, outbox, [ahead])] == [Finding.FITS]
    pass_time(world.place, 3600)
    meter(world.region, outbox, [good])
    assert trace(world.region, forged.request.id, forged.receipt).state is QueryState.OVERDUE


def test_deliveries_of_another_region_are_refused_before_any_is_sent(world: ActsWorld) -> None:
    good = delivery(world, request(world, query(world.granted())))
    domain = LogDomain(bytes(32))
    foreign = replace(good, request=replace(good.request, domain=domain))
    outbox = world.outbox(PLATFORM)
    with world.refuses(ForeignFileError):
        meter(world.region, outbox, [good, foreign])


LOANS = Loans(BANK, 202401, 2, 50_000_000, ())


def test_loans_are_reported_corrected_and_reported_once(world: ActsWorld) -> None:
    asked = delivery(world, request(world, query(world.granted())))
    meter(world.region, world.outbox(PLATFORM), [asked])
    outbox, loans = world.outbox(BANK), replace(LOANS, queries=(asked.request.id,))
    first = report_loans(world.region, outbox, world.home, loans)
    assert first.total is not None
    assert (first.total.count, first.total.amount, first.total.reports) == (2, 50_000_000, 1)
    with world.refuses(TermsError, expected="--correct, to correct it"):
        report_loans(world.region, outbox, world.home, loans)
    second = report_loans(world.region, outbox, world.home, replace(loans, count=1), correct=True)
    assert second.total is not None
    assert (second.total.count, second.total.reports) == (1, 2)
    assert second.digest != first.digest
    assert loans_of(world.region, BANK, 202401) == second.total
    assert loans_of(world.region, BANK, 202402) is None


def test_loans_that_are_refused_leave_no_list_behind(world: ActsWorld) -> None:
    bank, anybody = world.outbox(BANK), world.outbox(ANYBODY)
    for month in (202413, 202400, 299901, 196912):
        with world.refuses(TermsError, field="month"):
            report_loans(world.region, bank, world.home, replace(LOANS, month=month))
    for count, amount in ((0, 1), (1, 0), (1, 2**128)):
        with world.refuses(TermsError, field="amount"):
            report_loans(world.region, bank, world.home, replace(LOANS, count=count, amount=amount))
    with world.refuses(TermsError, field="institution"):
        report_loans(world.region, bank, world.home, replace(LOANS, institution=PLATFORM))
    with world.refuses(NotEntitledError, found="a key of node nobody"):
        report_loans(world.region, anybody, world.home, LOANS)
    with world.refuses(TermsError, field="queries"):
        report_loans(world.region, bank, world.home, replace(LOANS, queries=(keccak256(b"no query"),)))
    with world.refuses(TermsError):
        report_loans(world.region, bank, world.home, LOANS, correct=True)


class KilledError(Exception):
    """Raised in place of the end of the process."""


def dying(outbox: Outbox, at: str) -> Outbox:
    """The outbox of a process that ends as soon as the journal has this state."""

    def die(_intent: str, state: str) -> None:
        if state == at:
            raise KilledError

    outbox.on_state(die)
    return outbox


@pytest.mark.parametrize("state", ["signed", "sent", "mined"])
def test_a_report_of_loans_that_was_killed_is_finished(world: ActsWorld, state: str) -> None:
    with pytest.raises(KilledError):
        report_loans(world.region, dying(world.outbox(BANK), state), world.home, LOANS)
    again = world.outbox(BANK)
    with pytest.raises(InputError, match="another list"):
        report_loans(world.region, again, world.home, replace(LOANS, queries=(keccak256(b"other"),)))
    made = report_loans(world.region, again, world.home, LOANS)
    assert made.total is not None
    assert made.total.reports == 1


@pytest.mark.parametrize("state", ["signed", "sent", "mined", "final"])
def test_metering_that_was_killed_is_finished_and_never_doubled(world: ActsWorld, state: str) -> None:
    consent = world.granted()
    deliveries = [delivery(world, request(world, query(consent))) for _ in range(2)]
    with pytest.raises(KilledError):
        meter(world.region, dying(world.outbox(PLATFORM), state), deliveries)
    results = meter(world.region, world.outbox(PLATFORM), deliveries)
    assert [one.finding for one in results] == [Finding.FITS] * 2
    assert len({one.entry for one in results}) == 1
    found = consent_on_chain(world.region, consent.message.id).state
    assert found is not None
    assert found.used == 2
    assert len(list(delivered(region_log(world.region)))) == 2


def test_a_delivery_that_two_transactions_bring_is_metered_once_and_not_called_rejected(world: ActsWorld) -> None:
    consent = world.granted()
    first, second = (delivery(world, request(world, query(consent))) for _ in range(2))
    with pytest.raises(KilledError):
        meter(world.region, dying(world.outbox(PLATFORM), "signed"), [first])
    # The signed transaction is sent before the next one of this key, and brings the first delivery too.
    results = meter(world.region, world.outbox(PLATFORM), [first, second])
    assert [one.finding for one in results] == [Finding.FITS] * 2
    assert len({one.entry for one in results}) == 2
    assert len(list(delivered(region_log(world.region)))) == 2


def test_months_end_in_china() -> None:
    end = 1_706_716_800  # 2024-02-01T00:00:00+08:00
    assert not month_is_over(202401, end - 1)
    assert month_is_over(202401, end)
    assert month_is_over(197001, end)
    assert month_is_over(202312, 1_704_038_400)
    assert not month_is_over(202312, 1_704_038_399)
