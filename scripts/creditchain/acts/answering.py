"""Answering a signed request at once: judge it, assemble the report, promise to meter it, write that down, hand it out.

What was written down is answered again the same way, so an institution whose connection broke asks with the same
request. Nothing is handed out that is not written down, and what is written down is metered (`metering_due`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from creditchain.acts.delivering import JudgedView, delivery_of, judge_request, promise
from creditchain.acts.profiles import delivery_key_of
from creditchain.acts.reporting import Places, Vouchers, Wanted, assemble_report
from creditchain.acts.stating import state_tag
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.consents import nonce_of
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.consents.errors import ProductMismatchError
from creditchain.documents import Section
from creditchain.errors import Place, RefusedError
from creditchain.home.layout import Home
from creditchain.home.profiles import Profiles
from creditchain.identifiers import Subject
from creditchain.log.consent_cells import is_used, nonce_key
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.packages.encrypted import encrypt
from creditchain.packages.report_package import ReportPackage
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product, ProductKind
from creditchain.store.answers import Answers
from creditchain.store.deliveries import Deliveries, Known, UsesLeft
from creditchain.verification.days import day_of
from creditchain.verification.scope import Asked

_log = logging.getLogger(__name__)

#: What the issuer says of its own in a report of a product, about a request, on a day.
Words = Callable[[Product, QueryRequest, date], Mapping[str, Any]]

#: Told of a report that is about to be delivered for a request.
Shown = Callable[[RequestFile, ReportPackage], None]


class OtherProviderError(RefusedError):
    """The request is for another provider than the one that is asked."""


class AnswerForgottenError(RefusedError):
    """The request was answered before, and what was answered is no longer kept."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a provider answers requests: its node and key, what it assembles reports from, and where it notes them."""

    region: Region
    node: int
    signer: Signer
    home: Home
    profiles: Profiles
    places: Places
    vouchers: Vouchers = field(repr=False)
    products: Mapping[str, Product]  #: by name/version
    words: Words
    deliveries: Deliveries
    answers: Answers
    view_age: int = 120  #: seconds that the newest block may be old
    meter_within: int = 1800  #: seconds within which a delivery is promised to be metered
    states_tags: bool = False  #: a platform's reports say on its word whose tags they show


@dataclass(frozen=True, slots=True)
class Answered:
    """The report package as its bytes, encrypted if the institution's profile has a key (`packages.encrypted`).

    `again`: it was answered before, with these bytes.
    """

    package: bytes = field(repr=False)
    again: bool


def answer(desk: Desk, file: RequestFile, shown: Shown | None = None) -> Answered:
    """The report that a request asks for. `shown` is told the package before the delivery is written down.

    Raises:
        OtherProviderError, ForeignFileError, ProductMismatchError: the request is for somebody or something else.
        StaleViewError, ChainUnavailableError: the consent cannot be judged now.
        QueryRefusedError: the ledger would not meter it. NonceTakenError, UsesTakenError: others came first.
        AnswerForgottenError: it was answered too long ago.
        ProfileUnknownError: it is not known here whether the institution has a key to encrypt to.
        AssemblyError: what the report needs is not here.
    """
    if file.request.provider != desk.node:
        raise OtherProviderError(
            "the request is for another provider",
            expected=f"node {desk.node}",
            found=f"node {file.request.provider}",
            place=Place(field="request.provider"),
        )
    known = desk.deliveries.find(file.request.id)
    if known is not None:
        return _again(desk, known)
    view = judge_request(desk.region, desk.signer, file, desk.view_age)
    key = delivery_key_of(desk.region, desk.profiles, file.request.institution, view.block)
    package = _assembled(desk, file, view.time)
    made = promise(desk.region, desk.signer, file, package, desk.products, view.time, desk.meter_within)
    if shown is not None:
        shown(file, made)
    return _noted(desk, made, view, key)


def _again(desk: Desk, known: Known) -> Answered:
    answered = desk.answers.open(known.answer)
    if answered is None:
        raise AnswerForgottenError(
            "the request was answered before, and the answer is not kept any more",
            found=f"delivered at {known.delivery.receipt.delivered_at}",
            hint="Use the report that was delivered, or sign a fresh request.",
        )
    return Answered(answered, again=True)


def _assembled(desk: Desk, file: RequestFile, time: int) -> ReportPackage:
    request, consent = file.request, file.consent
    product = _product(desk, request)
    day = day_of(time)
    wanted = Wanted(
        product=product,
        catalogue=desk.products,
        subject=file.subject,
        words=desk.words(product, request, day),
        asked=Asked(frozenset(one for one in Section if request.sections >> one & 1), request.domains),
        as_of=day,
        days=None if consent is None else (consent.message.data_from, consent.message.data_to),
    )
    return assemble_report(desk.region, wanted, desk.places, _vouchers(desk, file.subject), desk.home).package


def _vouchers(desk: Desk, subject: Subject) -> Vouchers:
    """Who vouches for the enterprise's tags: the keys, and the platform's own word for whoever does not hold them."""
    if not desk.states_tags:
        return desk.vouchers
    stated = [state_tag(desk.region, desk.signer, desk.node, subject, key) for key in desk.vouchers.keys]
    return replace(desk.vouchers, statements=(*desk.vouchers.statements, *stated))


def _product(desk: Desk, request: QueryRequest) -> Product:
    product = next((one for one in desk.products.values() if one.digest == request.product), None)
    if product is None or product.kind is not ProductKind.REPORT:
        raise ProductMismatchError(
            "the product that is asked for is not known here",
            expected="a report product of this provider",
            found="0x" + request.product.hex(),
            place=Place(field="request.product"),
        )
    return product


def _noted(desk: Desk, made: ReportPackage, view: JudgedView, key: str | None) -> Answered:
    """Write the delivery down, and its answer, encrypted to the institution's key if it has one."""
    packaged = delivery_of(made)
    answered = made.to_json() if key is None else encrypt(made.to_json(), key)
    delivery = Delivery(
        packaged.request,
        packaged.receipt,
        packaged.request_signature,
        packaged.receipt_signature,
        packaged.broker_signature,
    )
    known = desk.deliveries.promise(delivery, desk.answers.seal(answered), _uses(desk, packaged.request, view))
    if known is not None:  # the same request came twice at once; the receipt that was noted first counts
        return _again(desk, known)
    _log.info("a report is delivered")
    return Answered(answered, again=False)


def _uses(desk: Desk, request: QueryRequest, view: JudgedView) -> UsesLeft | None:
    """What is left of the consent, and which waiting deliveries the chain has counted; None without a consent."""
    consent = view.consent
    if consent is None or request.consent == NO_DIGEST:
        return None
    waiting = desk.deliveries.waiting_under(request.consent)
    words = desk.region.words([nonce_key(*nonce_of(one)) for one in waiting], view.block)
    counted = frozenset(one.id for one, word in zip(waiting, words, strict=True) if is_used(word, one.nonce))
    return UsesLeft(consent.uses - consent.used, view.block, counted)
