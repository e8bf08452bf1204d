"""Answering a request: the provider judges it by a fresh view of the chain, verifies the report, signs the receipt."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from creditchain.acts.preconditions import require_log, require_signer, require_signer_in
from creditchain.acts.querying import require_purpose
from creditchain.chain.clock import now
from creditchain.chain.region import Region
from creditchain.chain.signers import LocalSigner, Signer
from creditchain.consents.errors import ProductMismatchError, ReportUnfitError, SubjectError
from creditchain.consents.judging import judge
from creditchain.documents import parse_document
from creditchain.errors import InputError, Place
from creditchain.evidence.query import fresh_head, view_in, view_of
from creditchain.evidence.record import EvidenceFetcher, live_evidence
from creditchain.evidence.report import read_and_noted
from creditchain.log.reading import RegionReading
from creditchain.log.views import ConsentState, MemberAt
from creditchain.messages import METER_WITHIN, DeliveryReceipt, QueryRequest, subject_digest
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.report_package import ReportPackage
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product
from creditchain.reports import with_delivery
from creditchain.verification.report import verify_report
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.verdict import Outcome

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JudgedView:
    """By what a request was judged: the time of the delivery, the newest block, and the consent as it was then."""

    time: int  #: unix seconds
    block: int
    consent: ConsentState | None


def deliver(
    region: Region,
    signer: Signer,
    file: RequestFile,
    package: ReportPackage,
    products: Mapping[str, Product],
    *,
    meter_within: int,
    view_age: int,
) -> tuple[ReportPackage, DeliveryReceipt]:
    """Answer a request with a report that is assembled already: `judge_request`, then `promise`, and as these raise.

    Args:
        package: the report as assembled, without a delivery.
    """
    require_metering_time(meter_within)
    view = judge_request(region, signer, file, view_age)
    made = promise(live_evidence(region), signer, file, package, products, view.time, meter_within)
    return made, delivery_of(made).receipt


def require_metering_time(meter_within: int) -> None:
    """Raise InputError if a promise to meter within so many seconds would be too long."""
    if not 0 <= meter_within <= METER_WITHIN:
        raise InputError("the time to meter is too long", expected=f"0 to {METER_WITHIN} seconds")


def judge_request(region: Region, signer: Signer, file: RequestFile, view_age: int) -> JudgedView:
    """The view of the chain by which the ledger would meter a delivery now.

    Args:
        view_age: seconds that the newest block may be old.
    Raises:
        ForeignFileError: the request or its consent is for another region.
        NotEntitledError: the signer is not the provider's.
        StaleViewError: the chain's newest block is too old.
        QueryRefusedError: the ledger would not meter it.
    """
    message = file.request
    require_logs(region, file)
    require_signer(region, signer, message.provider, "provider that is asked")
    head = fresh_head(region.chain, view_age)
    time = now(region.chain, head)
    view = view_of(region, message, file.signature, time, head.number, by_broker=file.broker_signature)
    judge(message, view)
    return JudgedView(time, head.number, view.consent)


def judge_seen(region: Region, reading: RegionReading, signer: Signer, file: RequestFile) -> JudgedView:
    """The same from facts as of the newest block, which the caller found young enough. Raises as `judge_request`."""
    message, head = file.request, reading.facts.block
    require_logs(region, file)
    require_signer_in(reading.members, signer, message.provider, head.time, "provider that is asked")
    time = now(region.chain, head)
    view = view_in(reading, message, file.signature, time, file.broker_signature)
    judge(message, view)
    return JudgedView(time, head.number, view.consent)


def require_logs(region: Region, file: RequestFile) -> None:
    """Raise ForeignFileError unless a request and its consent are for this region."""
    require_log(region, file.request.domain.log_id)
    if file.consent is not None:
        require_log(region, file.consent.message.log)


def promise(
    records: EvidenceFetcher,
    signer: Signer,
    file: RequestFile,
    package: ReportPackage,
    products: Mapping[str, Product],
    time: int,
    meter_within: int,
) -> ReportPackage:
    """The package as the institution gets it, with its request, the consent and the signed receipt.

    Args:
        records: the facts by which it is verified here, as of the newest final block.
        package: the report as assembled, without a delivery.
        products: the catalogue, by `name/version`.
        time: of the delivery, at which the request was judged, unix seconds.
        meter_within: seconds within which the provider promises to meter, at most METER_WITHIN.
    Raises:
        QueryRefusedError: the report is not what was asked for, or would fail its verification. Nothing was signed.
    """
    message, consent = file.request, file.consent
    _require_subject(package, file.subject_salt, message.subject, "request")
    if consent is not None:
        _require_subject(package, consent.subject_salt, consent.message.subject, "consent")
    _require_product(package, message, products)
    receipt = DeliveryReceipt(message.domain, message.id, package.report.commitment, time, time + meter_within)

    def signed_with(signature: bytes) -> ReportPackage:
        delivery = PackagedDelivery(
            message, file.subject_salt, file.signature, receipt, signature, file.broker_signature
        )
        return with_delivery(package, delivery, consent)

    stand_in = _stand_in()
    tried, evidence = read_and_noted(records, signed_with(stand_in.sign_typed(receipt.typed_data())))
    _require_fit(tried, evidence, stand_in.address, products)
    made = replace(signed_with(signer.sign_typed(receipt.typed_data())), reads=tried.reads)
    _log.info("a receipt is signed; the delivery is to be metered within %d seconds", meter_within)
    return made


def delivery_of(package: ReportPackage) -> PackagedDelivery:
    """The delivery in a package that was promised."""
    if package.delivery is None:
        raise TypeError("the package holds no delivery")
    return package.delivery


def _require_subject(package: ReportPackage, salt: bytes, digest: bytes, what: str) -> None:
    found = [subject_digest(one.tag.subject_tag, salt) for one in package.tags]
    if digest not in found:
        raise SubjectError(
            f"the report is about another enterprise than the {what}, or lacks the tag of its key epoch",
            expected="0x" + digest.hex(),
            found=", ".join("0x" + one.hex() for one in found) or "no tag",
        )


def _require_product(package: ReportPackage, request: QueryRequest, products: Mapping[str, Product]) -> None:
    asked = next((one for one in products.values() if one.digest == request.product), None)
    if asked is None:
        raise ProductMismatchError(
            "the product that is asked for is not known here",
            expected="a product of the catalogue",
            found="0x" + request.product.hex(),
            hint="Name the folder that holds it with --products.",
        )
    found = parse_document(package.report.content).product
    if found != asked.ref:
        raise ProductMismatchError("the report is of another product", expected=asked.ref, found=found)
    require_purpose(asked, request.purpose)


@cache
def _stand_in() -> LocalSigner:
    """A key of nobody, made when it is first needed."""
    return LocalSigner(secrets.token_bytes(32))


def _require_fit(
    package: ReportPackage, evidence: ReportEvidence, stand_in: str, products: Mapping[str, Product]
) -> None:
    """The provider verifies what it hands out as the institution will; only what fails stops it.

    Without a receipt that holds, completeness (step 9) is not judged. The provider is not to sign before that, so a key
    of nobody signs, and counts as the provider's here; its signature goes nowhere.
    """
    provider = evidence.delivery.provider
    if isinstance(provider, MemberAt):
        delivery = replace(evidence.delivery, provider=replace(provider, operator=stand_in))
        evidence = replace(evidence, delivery=delivery)
    for step in verify_report(package, evidence, catalogue=products).steps:
        if step.outcome is Outcome.FAILED:
            details = step.as_json()["details"]
            raise ReportUnfitError(
                f"the report would fail step {step.number} of its verification: {step.reason.en}",
                expected=_shown(details.get("expected")),
                found=_shown(details.get("found")),
                hint="Assemble it again, for the sections, domains and days asked for (`creditchain report assemble`).",
                place=Place(field=f"step {step.number}"),
            )


def _shown(value: object) -> str | None:
    return None if value is None else str(value)
