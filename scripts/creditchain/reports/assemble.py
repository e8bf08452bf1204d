"""Assemble a report package from books and batches: prove what must be shown, open every record that may be.

The scope comes from the shelves by the verifier's own code (`verification.scope`), so the package has what step 9 asks
for. Nothing here reads the chain: the caller passes shelves, members, and what tells the lives of records.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Protocol

from creditchain.batch.book.opened import BookFolder
from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.packages import record_of
from creditchain.documents import (
    JSON_MEDIA_TYPE,
    Domain,
    Section,
    canonical_bytes,
    leaf_hash,
    parse_document,
)
from creditchain.errors import InputError, Place
from creditchain.figures import FigureRecord, evaluate, joined
from creditchain.hashing import HASH_NAME
from creditchain.identifiers import Subject
from creditchain.log.facts import EntryPlace
from creditchain.log.views import LogEntry
from creditchain.merkle import Leaf, inclusion_path, prove_range
from creditchain.packages.parts import PackagedRecord, PackagedTag, hexed
from creditchain.packages.report_package import EpochTag, LeafOrigin, PackagedRange, RangedRecord, ReportPackage
from creditchain.packages.report_part import PublisherPart, SignedPart
from creditchain.products import Product, ProductKind, Scorecard
from creditchain.reports.gathering import Library, VolumeKey
from creditchain.verification.days import day_number, day_of
from creditchain.verification.doubted import doubted_audit
from creditchain.verification.evidence import NodeHistory
from creditchain.verification.figured import covered, figure_record
from creditchain.verification.lives import Lives, RecordKey, Successions
from creditchain.verification.policy import Completeness
from creditchain.verification.scope import (
    Asked,
    Scope,
    Sought,
    Window,
    combined,
    excused,
    find_scope,
    in_scope,
)
from creditchain.verification.shelves import LoggedBook, Shelves
from creditchain.vocabulary import GapReason, Life

#: Most books or batches that an error lists.
_LISTED = 10
#: Leaves of an enterprise in one batch that are looked at together.
_RUN = 64
_ABOUT_MISSING = "Get their folders from the nodes that published them, and name where they are."


class LogView(Protocol):
    """What the assembly asks of the log."""

    def lives(self, records: Iterable[RecordKey]) -> Lives:
        """The lives of records at the time of the report."""

    def entries(self, places: Sequence[EntryPlace]) -> Sequence[LogEntry]:
        """Entries of the log."""


class AssemblyError(InputError):
    """A report cannot be assembled from the given folders and tags."""


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """The report that is wanted."""

    product: Product
    catalogue: Mapping[str, Product]  #: by name/version
    subject: Subject
    as_of: date
    #: The issuer's own words: what no rule of the product gives. Figures, `hash` and `records` are added here.
    words: Mapping[str, Any] = field(repr=False)
    region: str
    log_id: bytes  #: 32 bytes
    asked: Asked
    time: int  #: when it will be delivered, unix seconds
    salt: bytes = field(repr=False)  #: of the report's commitment, 32 fresh random bytes
    days: tuple[int, int] | None = None  #: first and last day, YYYYMMDD, that the consent covers; None: any
    open_domains: int = 0  #: domains that `days` does not bind, as a bit set
    scorecard: Scorecard | None = None  #: makes the report's score
    gaps: Mapping[int, GapReason] = field(default_factory=dict)  #: why the part of a publisher is missing


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


def plan(order: ReportOrder, shelves: Shelves, members: Mapping[int, NodeHistory]) -> Scope:
    """What the report has to cover: all up to the end of the log. Raises AssemblyError."""
    if order.product.kind is not ProductKind.REPORT:
        raise AssemblyError("a product of records cannot be assembled", expected="a report", found=order.product.ref)
    missing = [name for name in order.product.combines if name not in order.catalogue]
    if missing:
        raise AssemblyError("a product that the report combines is not known here", found=", ".join(missing))
    demands = Completeness()
    products = in_scope(combined(order.product, order.catalogue), order.asked, demands)
    window = Window(0, shelves.size, 0)
    return find_scope(shelves, window, products, order.asked, demands, members=members)


def assemble(
    order: ReportOrder,
    scope: Scope,
    library: Library,
    tags: Mapping[int, PackagedTag],
    log: LogView,
    members: Mapping[int, NodeHistory],
    parts: Sequence[SignedPart] = (),
) -> Assembled:
    """The report package.

    Args:
        scope: as `plan` gives it from the same `members`, without what `parts` show and what the order's gaps lack.
        tags: by key epoch.
        parts: of other publishers, which were checked.
    Raises:
        AssemblyError: a folder or a tag is missing, a folder is not what the log says, a live document was purged.
        OwnWordError: the issuer's own words say what follows from the records.
        ProductError: the report does not fit its product.
    """
    work = _worked(order, scope, library, tags, log)
    for part in parts:
        work.add(part.part)
    package = ReportPackage(
        log_id=order.log_id,
        report=_report(order, work.records, [_as_figures_see(work, one, members) for one in work.records]),
        records=tuple(RangedRecord(one.record, one.range) for one in work.records),
        ranges=tuple(work.ranges),
        origins=tuple(work.origins),
        countersigned=tuple(one.signed for one in parts),
        tags=tuple(EpochTag(epoch, tags[epoch]) for epoch in sorted(tags)),
    )
    return Assembled(package, tuple(work.left_out))


def assemble_part(
    order: ReportOrder,
    node: int,
    sought: Sequence[Sought],
    library: Library,
    tags: Mapping[int, PackagedTag],
    log: LogView,
) -> PublisherPart:
    """What a node contributes to a report: what these books and batches of its own hold. Raises as `assemble`."""
    scope = Scope(tuple(sought), (), (), (), (), frozenset({node}))
    work = _worked(order, scope, library, tags, log)
    records = tuple(RangedRecord(one.record, one.range) for one in work.records)
    return PublisherPart(node, tuple(work.ranges), records, tuple(work.origins))


def missing_here(scope: Scope, library: Library) -> dict[int, list[Sought]]:
    """All that has to be shown of each node of which some book or batch is missing here."""
    shown = list(_shown(scope))
    lacking = {one.shelf.node for one in shown if _folder(one, library) is None}
    return {node: [one for one in shown if one.shelf.node == node] for node in sorted(lacking)}


def without_nodes(scope: Scope, nodes: Collection[int]) -> Scope:
    """The scope without what these nodes published."""
    sought, doubted = ([one for one in of if one.shelf.node not in nodes] for of in (scope.sought, scope.doubted))
    return replace(scope, sought=tuple(sought), doubted=tuple(doubted))


def _worked(order: ReportOrder, scope: Scope, library: Library, tags: Mapping[int, PackagedTag], log: LogView) -> _Work:
    library = _LookedUp(library)
    _require_tags(scope, tags)
    _require_folders(scope, library)
    work = _Work(order, library, tags)
    for sought in _shown(scope):
        for sections in neighbours(sought.sections):
            work.show(sought, sections)
    work.open(log)
    return work


def neighbours(sections: Sequence[Section]) -> Iterator[tuple[Section, Section]]:
    """Runs of sections without a gap, each by its first and last: one range shows each. `sections` ascend.

    A range over a gap would show that the enterprise has records of a section that nobody asked for.
    """
    listed = sorted(sections)
    first = 0
    for at in range(1, len(listed) + 1):
        if at == len(listed) or listed[at] != listed[at - 1] + 1:
            yield listed[first], listed[at - 1]
            first = at


def _shown(scope: Scope) -> Iterator[Sought]:
    """What a report shows: also books that verifiers will doubt, so that they see what it is that they doubt."""
    yield from scope.sought
    yield from scope.doubted


def _key(sought: Sought) -> VolumeKey:
    return sought.shelf.node, sought.volume.body.root


def _folder(sought: Sought, library: Library) -> BookFolder | BatchFolder | None:
    key = _key(sought)
    return library.book(key) if isinstance(sought.volume, LoggedBook) else library.batch(key)


def _require_folders(scope: Scope, library: Library) -> None:
    missing = [one for one in _shown(scope) if _folder(one, library) is None]
    if missing:
        shown = "; ".join(f"{one.name}, {hexed(one.volume.body.root)}" for one in missing[:_LISTED])
        more = f"; and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        raise AssemblyError(
            f"{len(missing)} book(s) or batch(es) that the report must show are missing here",
            found=shown + more,
            hint=_ABOUT_MISSING + _about_doubted(missing),
        )
    for sought in _shown(scope):
        folder, body = _folder(sought, library), sought.volume.body
        if folder is None or (folder.manifest.size, folder.manifest.terms.key_epoch) != (body.size, body.key_epoch):
            raise AssemblyError("a folder is not what the log says", found=f"{sought.name}, {hexed(body.root)}")


def _about_doubted(missing: Sequence[Sought]) -> str:
    """Why more is to be shown than since the last audited book, where that is so."""
    doubted = sorted({book for one in missing for book in one.shelf.doubted_after(one.volume.entry)})
    return f" Newer books do not stand in for them: {doubted_audit(doubted[-1]).en}." if doubted else ""


def _require_tags(scope: Scope, tags: Mapping[int, PackagedTag]) -> None:
    missing = sorted({one.shelf.key_epoch for one in _shown(scope)} - tags.keys())
    if missing:
        raise AssemblyError(
            "the subject's tag under a key epoch is not known",
            expected="a tag key or a tag statement for key epoch " + ", ".join(map(str, missing)),
        )


class _LookedUp:
    """What one report takes from a library: each book and batch is looked up once."""

    def __init__(self, library: Library) -> None:
        self.book, self.batch = cache(library.book), cache(library.batch)


@dataclass(frozen=True, slots=True)
class _Found:
    """A leaf of a range that counts for the report."""

    key: RecordKey
    leaf: Leaf
    sought: Sought
    product: Product
    range: int  #: place of its range
    index: int  #: of the leaf in book or batch


@dataclass(frozen=True, slots=True)
class _Opened:
    """A record that the report shows."""

    record: PackagedRecord
    key: RecordKey
    product: Product
    range: int


@dataclass(frozen=True, slots=True)
class _Barred:
    """A record that the report may not show, and where its document is."""

    of: _Found
    why: str
    folder: BatchFolder
    index: int
    origin: EntryPlace | None  #: of the anchor of its batch, where a book shows the leaf


@dataclass(slots=True)
class _Work:
    order: ReportOrder
    library: Library
    tags: Mapping[int, PackagedTag]
    ranges: list[PackagedRange] = field(default_factory=list)
    leaves: list[_Found] = field(default_factory=list)
    records: list[_Opened] = field(default_factory=list)
    origins: list[LeafOrigin] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    #: By root of a batch: where the enterprise's leaves begin, and the index of each of the first of them.
    runs: dict[bytes, tuple[int, dict[Leaf, int]]] = field(default_factory=dict)

    def show(self, sought: Sought, sections: tuple[Section, Section]) -> None:
        """Add the range proof of some sections of one book or batch."""
        folder, shelf, volume = _folder(sought, self.library), sought.shelf, sought.volume
        if folder is None:
            raise TypeError("unreachable")
        tag = self.tags[shelf.key_epoch].subject_tag
        proof = prove_range(folder.tree, folder.leaves, tag, (int(sections[0]), int(sections[1])))
        place = EntryPlace(volume.entry, volume.block)
        self.ranges.append(PackagedRange(shelf.node, shelf.key_epoch, place, sections, proof))
        for offset, leaf in enumerate(proof.leaves):
            product = sought.product_of(leaf)
            if product is not None:
                key = shelf.node, leaf.hash()
                self.leaves.append(_Found(key, leaf, sought, product, len(self.ranges) - 1, proof.first + offset))

    def open(self, log: LogView) -> None:
        """Open each record that may be opened, and say of the others why not."""
        lives, time = log.lives(one.key for one in self.leaves), self.order.time
        seen: set[RecordKey] = set()
        excuses: dict[RecordKey, str] = {}
        barred: list[_Barred] = []
        for one in self.leaves:
            if one.key in seen:
                continue  # its publisher anchored it twice; a report names each record once
            seen.add(one.key)
            excuse = excused(lives.life(one.key), one.product, one.leaf, one.sought.volume.time, time)
            if excuse is not None:
                excuses[one.key] = excuse
            else:
                barred += self._open(one)
        excuses |= self._lapsed(barred, log)
        opened = {one.key for one in self.records}
        chains = Successions(lives)
        for key, excuse in excuses.items():
            self.left_out.append(_followed(key, excuse, chains, opened, excuses))
        for other in barred:
            if other.of.key not in excuses:
                self.left_out.append(LeftOut(*other.of.key, other.why, excused=False))

    def add(self, part: PublisherPart) -> None:
        """Add what another node contributes. AssemblyError if a record is of a product that is not combined."""
        before, known = len(self.ranges), combined(self.order.product, self.order.catalogue)
        self.ranges += part.ranges
        self.origins += part.origins
        for one in part.records:
            record, shown = one.record, part.ranges[one.range]
            product = next((product for product in known if product.number == record.product), None)
            if product is None:
                raise AssemblyError("a part shows a record of another product", found=f"product {record.product}")
            tag = self.tags[shown.key_epoch].subject_tag
            leaf = leaf_hash(tag, record.section, record.product, record.commitment)
            self.records.append(_Opened(record, (part.node, leaf), product, before + one.range))

    def _open(self, one: _Found) -> list[_Barred]:
        """Open a record, or say why not."""
        folder, index, origin = self._document(one)
        record = record_of(folder, index, self.order.subject)
        why = self._barred(one.product, record)
        if why is not None:
            return [_Barred(one, why, folder, index, origin)]
        self.records.append(_Opened(record, one.key, one.product, one.range))
        return []

    def _lapsed(self, barred: Sequence[_Barred], log: LogView) -> dict[RecordKey, str]:
        """Leaves of books that lapsed since they came with a batch that is old enough, which the package then shows."""
        found: dict[RecordKey, str] = {}
        known = [(one, one.origin) for one in barred if one.origin is not None]
        entries = log.entries([origin for _, origin in known]) if known else ()
        for (one, origin), entry in zip(known, entries, strict=True):
            excuse = excused(Life.LIVE, one.of.product, one.of.leaf, entry.time, self.order.time)
            if excuse is not None:
                proof = tuple(inclusion_path(one.folder.tree, one.index))
                self.origins.append(LeafOrigin(*one.of.key, origin, one.index, proof))
                found[one.of.key] = excuse
        return found

    def _document(self, one: _Found) -> tuple[BatchFolder, int, EntryPlace | None]:
        """The batch folder that holds a leaf's document, its index there, and where the batch was anchored.

        The place is None for a leaf that the report shows in its batch, or if the book does not know it.
        """
        key = _key(one.sought)
        if not isinstance(one.sought.volume, LoggedBook):
            batch = self.library.batch(key)
            if batch is None:
                raise TypeError("unreachable")
            return batch, one.index, None
        book = self.library.book(key)
        if book is None:
            raise TypeError("unreachable")
        number = book.origin(one.index)
        source = next((batch for batch in book.manifest.batches if batch.number == number), None)
        folder = self.library.batch((key[0], source.root)) if source is not None else None
        if source is None or folder is None:
            raise AssemblyError(
                "the batch that holds a record's document is missing here",
                found=f"{one.sought.name}, batch {number}" + (f", {hexed(source.root)}" if source else ""),
                hint="Get its folder from the node that published it, and name where it is.",
            )
        index = self._index(folder, one.leaf)
        if index is None:
            raise AssemblyError("a batch folder is not what its book says", found=hexed(source.root))
        known = source.entry is not None and source.block is not None
        return folder, index, EntryPlace(source.entry or 0, source.block) if known else None

    def _index(self, folder: BatchFolder, leaf: Leaf) -> int | None:
        """The index of a leaf in a batch; None if it is not there."""
        leaves, root = folder.leaves, folder.manifest.root
        if root not in self.runs:
            self.runs[root] = _run(leaves, leaf.tag)
        first, run = self.runs[root]
        if leaf in run:
            return run[leaf]
        index = bisect_left(leaves, leaf, first + len(run))
        return index if index < len(leaves) and leaves[index] == leaf else None

    def _barred(self, product: Product, record: PackagedRecord) -> str | None:
        """The reason why this record may not be shown; None if it may."""
        order = self.order
        if record.media_type != JSON_MEDIA_TYPE:
            return None if order.days is None else "the day it is about is not known"
        document = parse_document(record.content)
        try:
            until = product.retention[record.section].until(document.value)
        except ValueError as error:
            where = product.retention[record.section].start
            raise AssemblyError("a record's date is none", found=product.ref, place=Place(field=where)) from error
        if until is not None and day_of(order.time) > until:
            return "its retention is over"
        if not order.asked.domains >> document.domain & 1:
            return "of a domain that was not asked for"
        bound = order.days is not None and not order.open_domains >> document.domain & 1
        if bound and order.days and not order.days[0] <= day_number(document.as_of) <= order.days[1]:
            return "about a day that the consent does not cover"
        return None


def _run(leaves: Sequence[Leaf], tag: bytes) -> tuple[int, dict[Leaf, int]]:
    """Where the leaves of a tag begin, and the index of each of the first of them: few, and they follow each other."""
    first, found = bisect_left(leaves, Leaf(tag, 0, 0, b"")), dict[Leaf, int]()
    for index in range(first, min(first + _RUN, len(leaves))):
        leaf = leaves[index]
        if leaf.tag != tag:
            break
        found.setdefault(leaf, index)
    return first, found


def _followed(
    key: RecordKey, excuse: str, chains: Successions, opened: set[RecordKey], excuses: Mapping[RecordKey, str]
) -> LeftOut:
    """A superseded record is excused only by a successor that is shown, or excused itself (step 9)."""
    end = chains.end(key)
    followed = end is not None and (end in opened or end in excuses or chains.life(end) is not Life.LIVE)
    if excuse != Life.SUPERSEDED.label or followed:
        return LeftOut(*key, excuse, excused=True)
    return LeftOut(*key, "superseded by a record that is not shown", excused=False)


def _as_figures_see(work: _Work, one: _Opened, members: Mapping[int, NodeHistory]) -> FigureRecord | Product:
    """A record as rules see it; of a file, in which no field can be read, its product."""
    if one.record.media_type != JSON_MEDIA_TYPE:
        return one.product
    node, leaf = one.key
    entry, document = work.ranges[one.range].place.index, parse_document(one.record.content)
    return figure_record(one.product, document, node, members[node].info.role, entry, leaf)


def _data(order: ReportOrder, seen: Sequence[FigureRecord | Product]) -> Mapping[str, Any]:
    """The issuer's own words, and the figures that follow from the records."""
    rules = order.product.figures if order.scorecard is None else order.scorecard.figures
    if rules is None:
        return order.words
    files = {one.ref for one in seen if isinstance(one, Product)}
    records = [one for one in seen if isinstance(one, FigureRecord)]
    known = covered(order.product, order.catalogue, order.asked, files)
    model = {} if order.scorecard is None else {"score": {"model": order.scorecard.model}}
    return joined(rules, evaluate(rules, records, order.as_of, known), order.words, model)


def _report(order: ReportOrder, records: Sequence[_Opened], seen: Sequence[FigureRecord | Product]) -> PackagedRecord:
    """The report document: figures, the issuer's own words, and every record behind it by its leaf."""
    named = [
        {"region": order.region, "node": one.key[0], "product": one.product.ref, "leaf": hexed(one.key[1])}
        for one in records
    ]
    reserved = sorted({"hash", "records", "gaps"} & order.words.keys())
    if reserved:
        raise AssemblyError("this field is filled in by the assembly", place=Place(field=f"data.{reserved[0]}"))
    gaps = [{"node": node, "reason": reason.label} for node, reason in sorted(order.gaps.items())]
    value = {
        "product": order.product.ref,
        "subject": {"scheme": order.subject.scheme, "number": order.subject.number},
        "section": Section.REPORT.label,
        "domain": Domain.DERIVED.label,
        "as_of": order.as_of.isoformat(),
        "data": {**_data(order, seen), "hash": HASH_NAME, "records": named, **({"gaps": gaps} if gaps else {})},
    }
    order.product.validate(value)
    content, number = canonical_bytes(value), order.product.number
    return PackagedRecord(JSON_MEDIA_TYPE, content, order.salt, Section.REPORT, number, order.subject)


__all__ = ["Assembled", "AssemblyError", "LeftOut", "LogView", "ReportOrder", "assemble", "assemble_part", "plan"]
