"""Answering a signed request at once: judge it, assemble the report, promise to meter it, write that down, hand it out.

What was written down is answered again the same way, so an institution whose connection broke asks with the same
request. Nothing is handed out that is not written down, and what is written down is metered (`metering_due`).
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from creditchain.acts.collecting import Collection
from creditchain.acts.delivering import JudgedView, delivery_of, judge_seen, promise
from creditchain.acts.profiles import delivery_key_in
from creditchain.acts.reporting import Vouchers, Wanted, assemble_surveyed
from creditchain.acts.sights import Sight, Sights
from creditchain.acts.stating import state_tag_in
from creditchain.acts.subject_tags import require_signed
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.consents import nonce_of
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.client.peers import Peers
from creditchain.consents.errors import ProductMismatchError
from creditchain.documents import Section, parsed_once
from creditchain.errors import Place, RefusedError
from creditchain.home.layout import Home
from creditchain.home.profiles import Profiles
from creditchain.identifiers import Subject
from creditchain.log.consent_cells import is_used, nonce_key
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.packages.encrypted import encrypt
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.packages.report_package import ReportPackage
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product, ProductKind
from creditchain.reports import Library, gather_tags
from creditchain.store.answers import Answers
from creditchain.store.deliveries import Deliveries, Known, UsesLeft, UsesTakenError
from creditchain.verification.days import day_of
from creditchain.verification.scope import Asked

_log = logging.getLogger(__name__)

#: Days that the key of an answer lasts, rounded down: `--keep-answers` is a day at most.
_KEY_DAYS = 1

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
    sights: Sights
    library: Library
    vouchers: Vouchers = field(repr=False)
    products: Mapping[str, Product]  #: by name/version
    words: Words
    deliveries: Deliveries
    answers: Answers
    view_age: int = 120  #: seconds that the newest block may be old
    meter_within: int = 1800  #: seconds within which a delivery is promised to be metered
    states_tags: bool = False  #: a platform's reports say on its word whose tags they show
    peers: Peers | None = None  #: exchanges of other publishers; None: all that reports need has to be here


@dataclass(frozen=True, slots=True)
class Answered:
    """The report package as its bytes, encrypted if the institution's profile has a key (`packages.encrypted`).

    `again`: it was answered before, with these bytes.
    """

    package: bytes = field(repr=False)
    again: bool


def answer(desk: Desk, file: RequestFile, sight: Sight | None = None, shown: Shown | None = None) -> Answered:
    """The report that a request asks for.

    Args:
        sight: the region as of the newest block, if the caller asked for it since the request came.
        shown: told the package before the delivery is written down.
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
    seen = desk.sights.newest(desk.view_age) if sight is None else sight
    view = judge_seen(desk.region, seen.now, desk.signer, file)
    key = delivery_key_in(seen.now.members, desk.profiles, file.request.institution)
    with parsed_once():
        package = _assembled(desk, file, seen, view.time)
        made = promise(seen.records, desk.signer, file, package, desk.products, view.time, desk.meter_within)
    if shown is not None:
        shown(file, made)
    return _noted(desk, made, seen, view, key)


def _again(desk: Desk, known: Known) -> Answered:
    answered = desk.answers.open(known.answer)
    if answered is None:
        raise AnswerForgottenError(
            "the request was answered before, and the answer is not kept any more",
            found=f"delivered at {known.delivery.receipt.delivered_at}",
            hint="Use the report that was delivered, or sign a fresh request.",
        )
    return Answered(answered, again=True)


def _assembled(desk: Desk, file: RequestFile, seen: Sight, time: int) -> ReportPackage:
    request, consent = file.request, file.consent
    product = report_product(desk, request)
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
    collect = None if desk.peers is None else Collection(file, desk.node, desk.peers, time).assembled
    tags, salt = tags_of(desk, file.subject, seen), secrets.token_bytes(32)
    return assemble_surveyed(seen.records, seen.survey, wanted, desk.library, tags, salt, collect).package


def tags_of(desk: Desk, subject: Subject, seen: Sight) -> dict[int, PackagedTag]:
    """The enterprise's tag by key epoch, and who vouches: the keys, and the platform's word for who has no keys."""
    records, vouchers = seen.records, desk.vouchers
    require_signed(records, vouchers.statements)
    stated: list[SignedTagStatement] = []
    if desk.states_tags:
        stated = [state_tag_in(records, desk.signer, desk.node, subject, key) for key in vouchers.keys]
    return gather_tags(subject, seen.epochs, vouchers.keys, (*vouchers.statements, *stated))


def report_product(desk: Desk, request: QueryRequest) -> Product:
    """The report product that a request asks for. Raises ProductMismatchError."""
    product = next((one for one in desk.products.values() if one.digest == request.product), None)
    if product is None or product.kind is not ProductKind.REPORT:
        raise ProductMismatchError(
            "the product that is asked for is not known here",
            expected="a report product of this provider",
            found="0x" + request.product.hex(),
            place=Place(field="request.product"),
        )
    return product


def _noted(desk: Desk, made: ReportPackage, seen: Sight, view: JudgedView, key: str | None) -> Answered:
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
    sealed, uses = desk.answers.seal(answered), _uses(packaged.request, view)
    try:
        known = desk.deliveries.promise(delivery, sealed, uses, _drop_after(made))
    except UsesTakenError:
        # Unless the chain has counted some of those that wait.
        if uses is None or not (counted := _counted(desk, packaged.request, seen)):
            raise
        known = desk.deliveries.promise(delivery, sealed, replace(uses, counted=counted), _drop_after(made))
    if known is not None:  # the same request came twice at once; the receipt that was noted first counts
        return _again(desk, known)
    _log.info("a report is delivered")
    return Answered(answered, again=False)


def _drop_after(made: ReportPackage) -> int | None:
    """Until when the answer may be kept (unix seconds), where its consent may end that before its key does."""
    if made.consent is None or made.consent.message.keep_days > _KEY_DAYS:
        return None
    return delivery_of(made).receipt.delivered_at + made.consent.message.keep_days * 86_400


def _uses(request: QueryRequest, view: JudgedView) -> UsesLeft | None:
    """What is left of the consent; None without a consent."""
    consent = view.consent
    if consent is None or request.consent == NO_DIGEST:
        return None
    return UsesLeft(consent.uses - consent.used, view.block)


def _counted(desk: Desk, request: QueryRequest, seen: Sight) -> frozenset[bytes]:
    """The deliveries that wait under a consent, and whose use the chain has counted."""
    waiting = desk.deliveries.waiting_under(request.consent)
    words = seen.now.facts.words([nonce_key(*nonce_of(one)) for one in waiting])
    return frozenset(one.id for one, word in zip(waiting, words, strict=True) if is_used(word, one.nonce))
