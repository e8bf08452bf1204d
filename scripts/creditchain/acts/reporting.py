"""Assembling a report package: every record in scope that may be shown, and proof that none was left out.

The cells of the log say which books and batches there are; one that is missing here is an error that names it. The
package still lacks request, receipt and consent, which a delivery adds.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from creditchain.acts.standing import require_nothing_lost
from creditchain.acts.subject_tags import packaged_tags
from creditchain.chain.region import Region
from creditchain.evidence.record import EvidenceFetcher, live_evidence
from creditchain.evidence.report import ReportEvidenceFetcher, with_reads
from creditchain.home.layout import Home
from creditchain.identifiers import Subject
from creditchain.log.facts import EntryPlace
from creditchain.log.views import LogEntry
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.products import Product, Scorecard
from creditchain.reports import Assembled, FolderLibrary, Library, LogView, ReportOrder, assemble, plan
from creditchain.verification.days import day_of
from creditchain.verification.evidence import NodeHistory
from creditchain.verification.lives import Lives, RecordKey, read_lives
from creditchain.verification.scope import Asked, Scope
from creditchain.verification.shelves import Shelves, read_shelves


@dataclass(frozen=True, slots=True)
class Wanted:
    """The report that somebody wants."""

    product: Product
    catalogue: Mapping[str, Product]  #: all products by name/version
    subject: Subject
    asked: Asked  #: sections and domains
    #: The issuer's own words: what no rule of the product gives.
    words: Mapping[str, Any] = field(repr=False, default_factory=dict)
    as_of: date | None = None  #: the report's day; None: that of the newest final block
    days: tuple[int, int] | None = None  #: first and last day, YYYYMMDD, that the consent covers; None: any
    scorecard: Scorecard | None = None  #: makes the report's score


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Who vouches for the subject's tags: keys of epochs (32 bytes each), and platforms' statements."""

    keys: Sequence[bytes] = field(repr=False, default=())
    statements: Sequence[SignedTagStatement] = ()


@dataclass(frozen=True, slots=True)
class Places:
    """Folders in which the folders of batches and of books stand, of this node and of others."""

    batches: Sequence[Path]
    books: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class ReportMaking:
    """All that a report is made from."""

    records: EvidenceFetcher
    order: ReportOrder
    scope: Scope
    library: Library
    tags: Mapping[int, PackagedTag]
    log: LogView
    members: Mapping[int, NodeHistory]
    size: int  #: entries of the log up to which the scope goes

    def assembled(self) -> Assembled:
        """The report from what is here. Raises as `assemble`."""
        return assemble(self.order, self.scope, self.library, self.tags, self.log, self.members)


def assemble_report(
    region: Region,
    wanted: Wanted,
    places: Places,
    vouchers: Vouchers,
    home: Home | None = None,
    new_salt: Callable[[], bytes] = lambda: secrets.token_bytes(32),
) -> Assembled:
    """The report package, and what it does not open.

    Args:
        home: this node's. Its journal knows batches that the chain has lost, which a report would silently leave out.
    Raises:
        AnchorGoneError: the chain has lost a batch of this home.
        AssemblyError: a book, a batch or a tag is missing, or the order cannot be met.
        ProductError: a figure or a word does not fit the product. OwnWordError: a word is a figure.
        NotValidError: a tag statement that no active platform of this region signed.
        ConfigError: a tag key of no epoch.
    """
    if home is not None:
        require_nothing_lost(region, home)
    records = live_evidence(region)
    tags = packaged_tags(region, wanted.subject, vouchers.keys, vouchers.statements)
    with FolderLibrary(region.deployment.log_id, places.batches, places.books) as library:
        return assemble_from(records, wanted, library, tags, new_salt())


def assemble_from(
    records: EvidenceFetcher,
    wanted: Wanted,
    library: Library,
    tags: Mapping[int, PackagedTag],
    salt: bytes,
) -> Assembled:
    """The same, from facts and a library that may serve more than one report. `salt`: 32 fresh random bytes."""
    made = assemble_surveyed(records, survey(records), wanted, library, tags, salt)
    return replace(made, package=with_reads(records, made.package))


@dataclass(frozen=True, slots=True)
class Survey:
    """Who published what in a region, as of the block of some facts: the same for all reports of that block."""

    members: Mapping[int, NodeHistory]
    shelves: Shelves


def survey(records: EvidenceFetcher) -> Survey:
    """The survey of these facts. Raises as `Facts` does."""
    members = ReportEvidenceFetcher(records).members()
    return Survey(members, read_shelves(records.facts, members, None))


def assemble_surveyed(
    records: EvidenceFetcher,
    found: Survey,
    wanted: Wanted,
    library: Library,
    tags: Mapping[int, PackagedTag],
    salt: bytes,
    collect: Callable[[ReportMaking], Assembled] | None = None,
) -> Assembled:
    """The same, without what a verifier is told to read: `with_reads` adds that when the package is whole.

    `collect`: makes it, where parts of other nodes are not here; None: all has to be here.
    """
    order, members, shelves = _order(records, wanted, salt), found.members, found.shelves
    scope, log = plan(order, shelves, members), LogOfFacts(records, order.time)
    making = ReportMaking(records, order, scope, library, tags, log, members, shelves.size)
    return making.assembled() if collect is None else collect(making)


@dataclass(frozen=True, slots=True)
class LogOfFacts:
    """What the assembly asks of the log, answered by facts."""

    records: EvidenceFetcher
    time: int

    def lives(self, records: Iterable[RecordKey]) -> Lives:
        return read_lives(self.records.facts, records, self.time)

    def entries(self, places: Sequence[EntryPlace]) -> Sequence[LogEntry]:
        return self.records.facts.entries(places)


def _order(records: EvidenceFetcher, wanted: Wanted, salt: bytes) -> ReportOrder:
    block, origin = records.block, records.origin
    return ReportOrder(
        product=wanted.product,
        catalogue=wanted.catalogue,
        subject=wanted.subject,
        as_of=wanted.as_of or day_of(block.time),
        words=wanted.words,
        region=origin.region,
        log_id=origin.log_id,
        asked=wanted.asked,
        time=block.time,
        salt=salt,
        days=wanted.days,
        scorecard=wanted.scorecard,
        open_domains=records.reading.open_domains_at(block.time) if origin.consent_token is not None else 0,
    )
