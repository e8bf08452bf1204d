"""Giving a part of a report: a publisher's exchange answers another provider, under the institution's one request.

The publisher judges request and consent itself, by its own view of the chain. It signs what it gives, and writes that
down before anybody sees it. Nothing is metered here: the provider meters the one delivery.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from creditchain.acts.answering import Answered, AnswerForgottenError, Desk, report_product
from creditchain.acts.delivering import require_logs
from creditchain.acts.preconditions import NotEntitledError, require_signer_in
from creditchain.acts.querying import require_purpose
from creditchain.acts.reporting import LogOfFacts
from creditchain.acts.sights import Sight
from creditchain.acts.subject_tags import require_signed
from creditchain.chain.clock import now
from creditchain.consents.errors import SubjectError
from creditchain.consents.judging import judge
from creditchain.documents import parsed_once
from creditchain.errors import InputError, Place, UnavailableError
from creditchain.evidence.query import view_in
from creditchain.evidence.record import EvidenceFetcher
from creditchain.log.cells import NO_WORD
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.publishing_cells import published_of
from creditchain.log.views import LogEntry
from creditchain.messages import subject_digest
from creditchain.packages.parts import PackagedTag
from creditchain.packages.report_package import Countersigned
from creditchain.packages.report_part import PartOrder, PublisherPart, SignedPart
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product
from creditchain.reports import ReportOrder, assemble_part, gather_tags
from creditchain.store.parts import GivenPart, GivenParts, KnownPart
from creditchain.verification.days import day_of
from creditchain.verification.keeping import kept_until
from creditchain.verification.policy import Completeness
from creditchain.verification.scope import Sought, asked_for, combined, in_scope, sought_of
from creditchain.verification.shelves import LoggedAnchor, LoggedBook, Shelf

_log = logging.getLogger(__name__)


class EntryNotReachedError(UnavailableError):
    """The log, as it is known here, does not reach an entry that is asked for."""


@dataclass(frozen=True, slots=True)
class PartDesk:
    """Where a publisher gives parts: its desk, and where it notes what it gave."""

    desk: Desk
    given: GivenParts = field(repr=False)


def give_part(parts: PartDesk, order: PartOrder, seen: Sight) -> Answered:
    """The part that another provider asks for, signed. The same order gets the same part.

    Args:
        seen: the region as of the newest block, asked for since the order came.
    Raises:
        NotEntitledError: the part of a node that is not served here.
        ForeignFileError, ProductMismatchError, SubjectError: the request is for something else.
        EntryNotReachedError: the chain, as it is seen here, is not there yet.
        QueryRefusedError: the ledger would not meter it.
        AnswerForgottenError: it was given too long ago.
        AssemblyError: what the part needs is not here.
        InputError: an entry is no book and no batch of this node.
    """
    desk, request = parts.desk, order.file.request
    _require_served(desk, order.node, seen)
    known = parts.given.find(request.id, order.node, order.digest)
    if known is not None:
        return _again(desk, known)
    time = _judged(desk, order.file, seen)
    product = report_product(desk, request)
    require_purpose(product, request.purpose)
    require_signed(seen.records, desk.vouchers.statements)
    tags = gather_tags(order.file.subject, seen.epochs, desk.vouchers.keys, desk.vouchers.statements)
    _require_subject(order.file, tags.values())
    with parsed_once():
        part = _assembled(desk, order, product, seen.records, tags, time)
    message = part.countersignature(request.domain.log_id, request.id, time)
    signature = desk.signer.sign_typed(message.typed_data())
    made = SignedPart(request.domain.log_id, request.id, part, Countersigned(order.node, time, signature))
    return _noted(parts, order, made)


def _noted(parts: PartDesk, order: PartOrder, made: SignedPart) -> Answered:
    answered, file = made.to_json(), order.file
    digest, count = made.message.part, len(made.part.records)
    given = GivenPart(file.request, file.signature, order.node, order.digest, digest, count, made.signed.given_at)
    drop_after = None if file.consent is None else kept_until(file.consent.message, made.signed.given_at)
    known = parts.given.give(given, parts.desk.answers.seal(answered), drop_after)
    if known is not None:  # the same order came twice at once; what was noted first counts
        return _again(parts.desk, known)
    _log.info("a part of a report is given, of %d records", count)
    return Answered(answered, again=False)


def _again(desk: Desk, known: KnownPart) -> Answered:
    answered = desk.answers.open(known.answer)
    if answered is None:
        raise AnswerForgottenError(
            "the part was given before, and is not kept any more",
            found=f"given at {known.given_at}",
            hint="The institution signs a fresh request.",
        )
    return Answered(answered, again=True)


def _require_served(desk: Desk, node: int, seen: Sight) -> None:
    """Raise NotEntitledError unless the node's part is given here: this exchange's own, or one that it hosts."""
    members = seen.now.members
    info = None if node == desk.node else members.node(node)
    if node != desk.node and (info is None or info.host != desk.node):
        raise NotEntitledError(
            "this exchange gives no part of that node",
            expected=f"node {desk.node}, or a node that it hosts",
            found=f"node {node}",
            place=Place(field="node"),
        )
    require_signer_in(members, desk.signer, node, seen.head.time, "publisher")


def _judged(desk: Desk, file: RequestFile, seen: Sight) -> int:
    """When the part is given, unix seconds: the ledger would meter a delivery now, by the newest block."""
    require_logs(desk.region, file)
    time = now(desk.region.chain, seen.head)
    judge(file.request, view_in(seen.now, file.request, file.signature, time, file.broker_signature))
    return time


def _require_subject(file: RequestFile, tags: Iterable[PackagedTag]) -> None:
    """Raise SubjectError unless request and consent are about the enterprise that the file names."""
    listed = [one.subject_tag for one in tags]
    named = [(file.request.subject, file.subject_salt, "request")]
    if file.consent is not None:
        named.append((file.consent.message.subject, file.consent.subject_salt, "consent"))
    for digest, salt, what in named:
        if digest not in [subject_digest(tag, salt) for tag in listed]:
            raise SubjectError(f"the {what} is about another enterprise", place=Place(field="subject"))


def _assembled(
    desk: Desk,
    order: PartOrder,
    product: Product,
    records: EvidenceFetcher,
    tags: dict[int, PackagedTag],
    time: int,
) -> PublisherPart:
    file, origin = order.file, records.origin
    message = None if file.consent is None else file.consent.message
    asked = asked_for(file.request)
    wanted = ReportOrder(
        product=product,
        catalogue=desk.products,
        subject=file.subject,
        as_of=day_of(time),
        words={},
        region=origin.region,
        log_id=origin.log_id,
        asked=asked,
        time=time,
        salt=b"",
        days=None if message is None else (message.data_from, message.data_to),
        open_domains=records.reading.open_domains_at(time),
    )
    products = in_scope(combined(product, desk.products), asked, Completeness())
    sought = [_sought(entry, order.node, products, wanted) for entry in _entries(records, order)]
    return assemble_part(wanted, order.node, sought, desk.library, tags, LogOfFacts(records, time))


def _entries(records: EvidenceFetcher, order: PartOrder) -> Sequence[LogEntry]:
    size = records.facts.head.size
    beyond = [one.index for one in order.entries if one.index >= size]
    if beyond:
        raise EntryNotReachedError(
            "the log, as it is known here, does not reach an entry that is asked for",
            expected=f"entries below {size}",
            found=str(max(beyond)),
        )
    return records.facts.entries(order.entries)


def _sought(entry: LogEntry, node: int, products: dict[int, Product], order: ReportOrder) -> Sought:
    """A book or a batch of the node, of which the report has to show something. Raises InputError."""
    body = entry.body
    mine = isinstance(body, AnchorBody | BookBody) and body.node == node
    if not mine or not products or (isinstance(body, AnchorBody) and body.product not in products):
        raise InputError(
            "an entry holds nothing of this node that the request asks for",
            found=f"entry {entry.index}",
            place=Place(field="entries"),
        )
    if isinstance(body, AnchorBody):
        volume: LoggedAnchor | LoggedBook = LoggedAnchor(entry.index, entry.time, body, entry.block)
    elif isinstance(body, BookBody):
        volume = LoggedBook(entry.index, entry.time, body, entry.block, body.size)
    else:
        raise TypeError("unreachable")
    # Which other books and batches stand beside it, nobody asks here.
    shelf = Shelf(node, body.key_epoch, published_of(NO_WORD, NO_WORD), None, (), ())
    return sought_of(shelf, volume, products, order.asked)
