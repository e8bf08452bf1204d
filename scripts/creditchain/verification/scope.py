"""The scope of completeness (step 9): which batches a report must show, and which sections of each. Pure.

Every batch of every publisher must be shown that is in the log window and of a product in scope. A batch that is
broken, annulled, or was anchored with a compromised key, proves nothing: unless an auditor found that its records are
published again, what it held is unknown and completeness cannot be shown. Batches that a node no longer shows, as
governors said, nobody can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from creditchain.documents import Section, domain_mask
from creditchain.log.history import LoggedAnchor, LogIndex, RecordKey
from creditchain.merkle import Leaf
from creditchain.messages import QueryRequest
from creditchain.products import Product
from creditchain.verification.days import day_of
from creditchain.verification.evidence import NodeHistory
from creditchain.verification.policy import Completeness
from creditchain.vocabulary import Life


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report may show, and therefore must show."""

    sections: frozenset[Section]
    domains: int  #: bit set


@dataclass(frozen=True, slots=True)
class Sought:
    """A batch that must be shown, with a range proof for each of these sections."""

    anchor: LoggedAnchor
    product: Product
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The batches that must be shown, and those that cannot be."""

    sought: tuple[Sought, ...]
    spoiled: tuple[LoggedAnchor, ...]  #: broken, annulled or anchored with a compromised key, and not published again
    closed: tuple[LoggedAnchor, ...]  #: of nodes that do not show them
    window: range  #: of log entries

    @property
    def nodes(self) -> frozenset[int]:
        """The publishers that have a batch in scope."""
        return frozenset(
            one.body.node for one in (*(sought.anchor for sought in self.sought), *self.spoiled, *self.closed)
        )


def asked_for(request: QueryRequest) -> Asked:
    """What a request asks for."""
    return Asked(frozenset(section for section in Section if request.sections >> section & 1), request.domains)


def everything(report: Product) -> Asked:
    """Everything that a report of this product may show."""
    return Asked(frozenset(report.combined_sections), domain_mask(report.combined_domains))


def combined(report: Product, catalogue: Mapping[str, Product]) -> tuple[Product, ...]:
    """The record products that a report combines. KeyError if one is not in the catalogue."""
    return tuple(catalogue[name] for name in report.combines)


def in_scope(products: Iterable[Product], asked: Asked, demands: Completeness) -> dict[int, Product]:
    """Those of a report's products whose batches must be shown, by number."""
    return {
        product.number: product
        for product in products
        if (not demands.products or product.ref in demands.products)
        and domain_mask(product.domains) & asked.domains
        and sections_of(product, asked)
    }


def sections_of(product: Product, asked: Asked) -> tuple[Section, ...]:
    """The sections of a product that were asked for."""
    return tuple(section for section in product.sections if section in asked.sections)


def find_scope(
    log: LogIndex,
    window: range,
    products: Mapping[int, Product],
    asked: Asked,
    demands: Completeness,
    *,
    members: Mapping[int, NodeHistory],
) -> Scope:
    """Find every batch in scope. `members` holds every node that ever anchored, and their hosts."""
    sought: list[Sought] = []
    spoiled: list[LoggedAnchor] = []
    closed: list[LoggedAnchor] = []
    for anchor in log.anchors:
        product = products.get(anchor.body.product)
        if product is None or anchor.entry not in window or (demands.nodes and anchor.body.node not in demands.nodes):
            continue
        if log.is_forgiven(anchor):
            continue
        if anchor.entry in log.spoiled or made_with_stolen_key(anchor, members):
            spoiled.append(anchor)
        elif log.is_closed(anchor):
            closed.append(anchor)
        else:
            sought.append(Sought(anchor, product, sections_of(product, asked)))
    return Scope(tuple(sought), tuple(spoiled), tuple(closed), window)


def wrongly_launched(log: LogIndex, products: Iterable[Product]) -> list[str]:
    """Products whose number the region gave to another product: which batches are theirs, nobody can tell."""
    return [one.ref for one in products if log.products.get(one.number, one.digest) != one.digest]


def made_with_stolen_key(anchor: LoggedAnchor, members: Mapping[int, NodeHistory]) -> bool:
    """Whether a key that acted for its node was compromised when the anchor was made; True if that is not known."""
    member = members.get(anchor.body.node)
    return member is None or member.compromised_at(anchor.time)


def excused(log: LogIndex, sought: Sought, leaf: Leaf, time: int) -> str | None:
    """Why a leaf need not be opened at `time`; None if it must be.

    Either its publisher logged that it was superseded, revoked or erased; a superseded one also needs `last_successor`
    to be shown or excused. Or it lapsed: even if the record was about
    the day of its batch's anchor, the product's retention is over. The record's own day is inside the document, but it
    cannot be later than the anchor. A record that lapses sooner, because it was old when anchored, must be logged as
    erased, because nobody else can see that it lapsed.
    """
    life = log.life_at((sought.anchor.body.node, leaf.hash()), time)
    if life is not Life.LIVE:
        return life.label
    retention = sought.product.retention[Section(leaf.section)]
    latest = retention.until({"as_of": day_of(sought.anchor.time).isoformat()})
    return "lapsed" if latest is not None and day_of(time) > latest else None


def last_successor(log: LogIndex, record: RecordKey, time: int) -> RecordKey | None:
    """The end of the chain of records that superseded each other by `time`; None if the chain ends nowhere."""
    seen = {record}
    while log.life_at(record, time) is Life.SUPERSEDED:
        record = record[0], log.successors[record]
        if record in seen:
            return None
        seen.add(record)
    return record
