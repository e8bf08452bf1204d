"""Assembling a report package: every record in scope that may be shown, and proof that none was left out.

The chain says which batches there are; one that is missing here is an error that names it. The package still lacks
request, receipt and consent, which a delivery adds.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from creditchain.acts.standing import require_nothing_lost
from creditchain.acts.subject_tags import packaged_tags
from creditchain.chain.consents import ConsentReads
from creditchain.chain.region import Region
from creditchain.evidence.record import live_evidence
from creditchain.evidence.report import ReportEvidenceFetcher
from creditchain.home.layout import Home
from creditchain.identifiers import Subject
from creditchain.log.history import index_log
from creditchain.log.views import BlockRef
from creditchain.packages.parts import SignedTagStatement
from creditchain.products import Product
from creditchain.reports import Assembled, ReportOrder, assemble, find_folders, open_folders, plan
from creditchain.verification.days import day_of
from creditchain.verification.scope import Asked


@dataclass(frozen=True, slots=True)
class Wanted:
    """The report that somebody wants."""

    product: Product
    catalogue: Mapping[str, Product]  #: all products by name/version
    subject: Subject
    data: Mapping[str, Any] = field(repr=False)  #: what the issuer derived
    asked: Asked  #: sections and domains
    as_of: date | None = None  #: the report's day; None: that of the newest final block
    days: tuple[int, int] | None = None  #: first and last day, YYYYMMDD, that the consent covers; None: any


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Who vouches for the subject's tags: keys of epochs (32 bytes each), and platforms' statements."""

    keys: Sequence[bytes] = field(repr=False, default=())
    statements: Sequence[SignedTagStatement] = ()


def assemble_report(
    region: Region,
    wanted: Wanted,
    places: Sequence[Path],
    vouchers: Vouchers,
    home: Home | None = None,
    new_salt: Callable[[], bytes] = lambda: secrets.token_bytes(32),
) -> Assembled:
    """The report package, and what it does not open.

    Args:
        places: folders that hold batch folders, of this node and of others.
        home: this node's. Its journal knows batches that the chain has lost, which a report would silently leave out.
    Raises:
        AnchorGoneError: the chain has lost a batch of this home.
        AssemblyError: a batch or a tag is missing, or the order cannot be met.
        ProductError: the data does not fit the product.
        NotValidError: a tag statement that no active platform of this region signed.
        ConfigError: a tag key of no epoch.
    """
    if home is not None:
        require_nothing_lost(region, home)
    fetcher = ReportEvidenceFetcher(region, live_evidence(region))
    order = _order(region, wanted, region.chain.final_block(), new_salt())
    tags = packaged_tags(region, wanted.subject, vouchers.keys, vouchers.statements)
    log = index_log(fetcher.log)
    scope = plan(order, log, fetcher.members())
    with open_folders(scope, find_folders(places, region.deployment.log_id)) as folders:
        return assemble(order, log, scope, folders, tags)


def _order(region: Region, wanted: Wanted, block: BlockRef, salt: bytes) -> ReportOrder:
    has_consents = "ConsentToken" in region.deployment.contracts
    return ReportOrder(
        product=wanted.product,
        catalogue=wanted.catalogue,
        subject=wanted.subject,
        as_of=wanted.as_of or day_of(block.time),
        data=wanted.data,
        region=region.deployment.region,
        asked=wanted.asked,
        time=block.time,
        salt=salt,
        days=wanted.days,
        open_domains=ConsentReads(region).open_domains_at(block.time, block.number) if has_consents else 0,
    )
