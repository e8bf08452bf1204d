"""Assemble a report package from batch folders: prove every batch in scope, open every record that may be shown.

The scope comes from the log by the verifier's own code (`verification.scope`), so the package has what step 9 asks
for. Nothing here reads the chain: the caller passes the log and the members.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.packages import package_of
from creditchain.documents import (
    JSON_MEDIA_TYPE,
    Domain,
    Section,
    canonical_bytes,
    parse_document,
)
from creditchain.errors import InputError, Place
from creditchain.hashing import HASH_NAME
from creditchain.identifiers import Subject
from creditchain.log.history import BatchKey, LogIndex, RecordKey
from creditchain.merkle import prove_range
from creditchain.packages.parts import PackagedRecord, PackagedTag, hexed
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import EpochTag, OpenedRecord, PackagedRange, ReportPackage
from creditchain.products import Product, ProductKind
from creditchain.verification.days import day_number, day_of
from creditchain.verification.evidence import NodeHistory
from creditchain.verification.policy import Completeness
from creditchain.verification.scope import Asked, Scope, Sought, combined, excused, find_scope, in_scope, last_successor
from creditchain.verification.steps import leaf_of
from creditchain.vocabulary import Life

#: Most batches that an error lists.
_LISTED = 10


class AssemblyError(InputError):
    """A report cannot be assembled from the given folders and tags."""


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """The report that is wanted."""

    product: Product
    catalogue: Mapping[str, Product]  #: by name/version
    subject: Subject
    as_of: date
    data: Mapping[str, Any] = field(repr=False)  #: the issuer's figures; `hash` and `records` are added here
    region: str
    asked: Asked
    time: int  #: when it will be delivered, unix seconds
    salt: bytes = field(repr=False)  #: of the report's commitment, 32 fresh random bytes
    days: tuple[int, int] | None = None  #: first and last day, YYYYMMDD, that the consent covers; None: any
    open_domains: int = 0  #: domains that `days` does not bind, as a bit set


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A leaf that the report may not open."""

    node: int
    leaf: bytes
    why: str
    #: Verifiers see why for themselves: in the log, or by the age of its batch. Otherwise the publisher has to log that
    #: the record is erased, or the verifier has to trust that the consent does not cover it.
    excused: bool


@dataclass(frozen=True, slots=True)
class Assembled:
    """The package, still without consent and delivery, and the leaves that it does not open."""

    package: ReportPackage
    left_out: tuple[LeftOut, ...]


def plan(order: ReportOrder, log: LogIndex, members: Mapping[int, NodeHistory]) -> Scope:
    """The batches that the report has to cover: all up to the end of the log. Raises AssemblyError."""
    if order.product.kind is not ProductKind.REPORT:
        raise AssemblyError("a product of records cannot be assembled", expected="a report", found=order.product.ref)
    missing = [name for name in order.product.combines if name not in order.catalogue]
    if missing:
        raise AssemblyError("a product that the report combines is not known here", found=", ".join(missing))
    demands = Completeness()
    products = in_scope(combined(order.product, order.catalogue), order.asked, demands)
    return find_scope(log, range(log.size), products, order.asked, demands, members=members)


def assemble(
    order: ReportOrder,
    log: LogIndex,
    scope: Scope,
    batches: Mapping[BatchKey, BatchFolder],
    tags: Mapping[int, PackagedTag],
) -> Assembled:
    """The report package. `scope` as `plan` gives it, `tags` by key epoch.

    Raises:
        AssemblyError: a folder or a tag is missing, a folder is not the batch anchored, a live document was purged.
        ProductError: the report does not fit its product.
    """
    _require_folders(scope, batches)
    _require_tags(scope, tags)
    work = _Work(order, log, batches, tags)
    for sought in scope.sought:
        for section in sought.sections:
            work.show(sought, section)
    work.follow_successors()
    records = work.records
    package = ReportPackage(
        report=_report(order, records),
        records=tuple(OpenedRecord(one.record, one.batch) for one, _ in records),
        ranges=tuple(work.ranges),
        tags=tuple(EpochTag(epoch, tags[epoch]) for epoch in sorted(tags)),
    )
    return Assembled(package, tuple(work.left_out))


def _require_folders(scope: Scope, batches: Mapping[BatchKey, BatchFolder]) -> None:
    missing = [one for one in scope.sought if one.anchor.key not in batches]
    if missing:
        shown = [
            f"node {node}, {one.product.ref}, batch {one.anchor.body.number}, {hexed(root)}"
            for one in missing[:_LISTED]
            for node, root in [one.anchor.key]
        ]
        more = f"; and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        raise AssemblyError(
            f"{len(missing)} batch(es) that the report must show are missing here",
            found="; ".join(shown) + more,
            hint="Get their folders from the nodes that published them, and name where they are.",
        )
    for sought in scope.sought:
        body, manifest = sought.anchor.body, batches[sought.anchor.key].manifest
        if (manifest.size, manifest.terms.key_epoch) != (body.size, body.key_epoch):
            raise AssemblyError("a batch folder is not what was anchored", found=hexed(body.root))


def _require_tags(scope: Scope, tags: Mapping[int, PackagedTag]) -> None:
    missing = sorted({one.anchor.body.key_epoch for one in scope.sought} - tags.keys())
    if missing:
        raise AssemblyError(
            "the subject's tag under a key epoch is not known",
            expected="a tag key or a tag statement for key epoch " + ", ".join(map(str, missing)),
        )


@dataclass(slots=True)
class _Work:
    order: ReportOrder
    log: LogIndex
    batches: Mapping[BatchKey, BatchFolder]
    tags: Mapping[int, PackagedTag]
    ranges: list[PackagedRange] = field(default_factory=list)
    records: list[tuple[RecordPackage, Product]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    opened: set[RecordKey] = field(default_factory=set)
    excused: set[RecordKey] = field(default_factory=set)

    def show(self, sought: Sought, section: Section) -> None:
        """Add the range proof of one batch and section, and each of its records that may be opened."""
        body, folder = sought.anchor.body, self.batches[sought.anchor.key]
        tag = self.tags[body.key_epoch]
        proof = prove_range(folder.tree, folder.leaves, tag.subject_tag, section)
        self.ranges.append(PackagedRange(body.node, body.root, section, tag.subject_tag, proof))
        for offset, leaf in enumerate(proof.leaves):
            key = (body.node, leaf.hash())
            excuse = excused(self.log, sought, leaf, self.order.time)
            if excuse is not None:
                self.left_out.append(LeftOut(*key, excuse, excused=True))
                self.excused.add(key)
                continue
            if key in self.opened:
                continue  # its publisher anchored it twice; a report names each record once
            package = package_of(
                folder,
                proof.first + offset,
                self.order.subject,
                (sought.anchor.entry, sought.anchor.block),
                tag.statement,
            )
            why = self._barred(sought.product, section, package)
            if why is None:
                self.records.append((package, sought.product))
                self.opened.add(key)
            else:
                self.left_out.append(LeftOut(*key, why, excused=False))

    def follow_successors(self) -> None:
        """A superseded record is excused only by a successor that is shown, or excused itself (step 9)."""
        self.left_out = [self._followed(one) if one.why == Life.SUPERSEDED.label else one for one in self.left_out]

    def _followed(self, one: LeftOut) -> LeftOut:
        end = last_successor(self.log, (one.node, one.leaf), self.order.time)
        if end in self.opened or (end in self.excused and end != (one.node, one.leaf)):
            return one
        if end is not None and self.log.life_at(end, self.order.time) is not Life.LIVE:
            return one
        return replace(one, why="superseded by a record that is not shown", excused=False)

    def _barred(self, product: Product, section: Section, package: RecordPackage) -> str | None:
        """The reason why this record may not be shown; None if it may."""
        record, order = package.record, self.order
        if record.media_type != JSON_MEDIA_TYPE:
            return None if order.days is None else "the day it is about is not known"
        document = parse_document(record.content)
        try:
            until = product.retention[section].until(document.value)
        except ValueError as error:
            field = product.retention[section].start
            raise AssemblyError("a record's date is none", found=product.ref, place=Place(field=field)) from error
        if until is not None and day_of(order.time) > until:
            return "its retention is over"
        if not order.asked.domains >> document.domain & 1:
            return "of a domain that was not asked for"
        bound = order.days is not None and not order.open_domains >> document.domain & 1
        if bound and order.days and not order.days[0] <= day_number(document.as_of) <= order.days[1]:
            return "about a day that the consent does not cover"
        return None


def _report(order: ReportOrder, records: list[tuple[RecordPackage, Product]]) -> PackagedRecord:
    """The report document: the issuer's figures, and every record behind it by its leaf."""
    named = [
        {"region": order.region, "node": one.batch.node, "product": product.ref, "leaf": hexed(leaf_of(one))}
        for one, product in records
    ]
    reserved = sorted({"hash", "records"} & order.data.keys())
    if reserved:
        raise AssemblyError("this field is filled in by the assembly", place=Place(field=f"data.{reserved[0]}"))
    value = {
        "product": order.product.ref,
        "subject": {"scheme": order.subject.scheme, "number": order.subject.number},
        "section": Section.REPORT.label,
        "domain": Domain.DERIVED.label,
        "as_of": order.as_of.isoformat(),
        "data": {**order.data, "hash": HASH_NAME, "records": named},
    }
    order.product.validate(value)
    content, number = canonical_bytes(value), order.product.number
    return PackagedRecord(JSON_MEDIA_TYPE, content, order.salt, Section.REPORT, number, order.subject)


__all__ = ["Assembled", "AssemblyError", "LeftOut", "ReportOrder", "assemble", "plan"]
