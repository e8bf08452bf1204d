"""The scope of completeness (step 9): which books and batches a report must show, and which sections of each. Pure.

Of each node and key epoch in scope: the audited book with which the walk back ended, and every batch after it that is
in the window and of a product in scope. What is broken, annulled, or was anchored with a compromised key, proves
nothing: unless an auditor found that its records are published again, what it held is unknown and completeness cannot
be shown. Nor does a book prove anything whose audit was attested with a stolen key. Batches that a node no longer
shows, as governors said, nobody can show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from creditchain.documents import Section, domain_mask
from creditchain.merkle import Leaf
from creditchain.messages import QueryRequest
from creditchain.products import Product
from creditchain.verification.days import day_of
from creditchain.verification.doubted import doubted_audit, not_audited
from creditchain.verification.evidence import NodeHistory
from creditchain.verification.policy import Completeness
from creditchain.verification.shelves import LoggedAnchor, LoggedBook, Shelf, Shelves
from creditchain.verification.verdict import Text
from creditchain.vocabulary import Life


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report may show, and therefore must show."""

    sections: frozenset[Section]
    domains: int  #: bit set


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the log in which batches are to be shown: entries from `first` to before `size`, if that is given.

    Without it: up to the last entry at or before `end`, unix seconds.
    """

    first: int
    size: int | None
    end: int

    def holds(self, entry: int, time: int) -> bool:
        """Whether an entry with this index and time is in the window."""
        return self.first <= entry and (entry < self.size if self.size is not None else time <= self.end)


@dataclass(frozen=True, slots=True)
class Sought:
    """A book or a batch that must be shown, by range proofs that cover each of these sections."""

    shelf: Shelf
    volume: LoggedAnchor | LoggedBook
    sections: tuple[Section, ...]
    products: Mapping[int, Product]  #: whose leaves count, by number: of a batch its own product alone

    @property
    def name(self) -> str:
        """For people: whose, and which."""
        where = f"node {self.shelf.node}, key epoch {self.shelf.key_epoch}"
        if isinstance(self.volume, LoggedBook):
            return f"{where}, the book of entry {self.volume.entry}"
        (product,) = self.products.values()
        return f"{where}, {product.ref}, batch {self.volume.body.number}"

    def product_of(self, leaf: Leaf) -> Product | None:
        """The product as whose record a leaf counts; None if the report has nothing to do with it.

        A batch is of the product that its anchor names, whatever its leaves say. A leaf of a book can only say itself.
        """
        if isinstance(self.volume, LoggedAnchor):
            return next(iter(self.products.values()))
        product = self.products.get(leaf.product)
        return product if product is not None and leaf.section in product.sections else None


@dataclass(frozen=True, slots=True)
class Spoiled:
    """What cannot show anything any more, and why."""

    node: int
    entry: int
    why: Text


@dataclass(frozen=True, slots=True)
class Scope:
    """What must be shown, and what cannot be."""

    sought: tuple[Sought, ...]
    spoiled: tuple[Spoiled, ...]
    doubted: tuple[Sought, ...]  #: books of `spoiled`: whoever assembles a report shows them all the same
    closed: tuple[LoggedAnchor, ...]  #: batches of nodes that do not show them
    unnamed: tuple[tuple[int, int], ...]  #: node and entry of what came before all that the report names
    nodes: frozenset[int]  #: publishers that have something in scope


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


def sought_of(shelf: Shelf, volume: LoggedAnchor | LoggedBook, products: Mapping[int, Product], asked: Asked) -> Sought:
    """What must be shown of a book, or of a batch of one of these products. KeyError for a batch of another one."""
    if isinstance(volume, LoggedBook):
        sections = sorted({one for product in products.values() for one in sections_of(product, asked)})
        return Sought(shelf, volume, tuple(sections), products)
    product = products[volume.body.product]
    return Sought(shelf, volume, sections_of(product, asked), {product.number: product})


def find_scope(
    shelves: Shelves,
    window: Window,
    products: Mapping[int, Product],
    asked: Asked,
    demands: Completeness,
    *,
    members: Mapping[int, NodeHistory],
) -> Scope:
    """Find everything in scope. `members` holds every node that ever anchored, and their hosts."""
    found = _Found(shelves, window, products, asked, members)
    for shelf in shelves.shelves:
        if products and (not demands.nodes or shelf.node in demands.nodes):
            found.add(shelf)
    return Scope(
        sought=tuple(found.sought),
        spoiled=tuple(found.spoiled),
        doubted=tuple(found.doubted),
        closed=tuple(found.closed),
        unnamed=tuple(found.unnamed),
        nodes=frozenset(found.nodes),
    )


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    shelves: Shelves
    window: Window
    products: Mapping[int, Product]
    asked: Asked
    members: Mapping[int, NodeHistory]
    sought: list[Sought] = field(default_factory=list)
    spoiled: list[Spoiled] = field(default_factory=list)
    doubted: list[Sought] = field(default_factory=list)
    closed: list[LoggedAnchor] = field(default_factory=list)
    unnamed: list[tuple[int, int]] = field(default_factory=list)
    nodes: set[int] = field(default_factory=set)

    def add(self, shelf: Shelf) -> None:
        if shelf.base is not None:
            self._add_book(shelf, shelf.base)
        if shelf.unnamed is not None and shelf.unnamed >= self.window.first:
            self.nodes.add(shelf.node)
            self.unnamed.append((shelf.node, shelf.unnamed))
        for anchor in shelf.anchors:
            self._add_batch(shelf, anchor)

    def _add_book(self, shelf: Shelf, book: LoggedBook) -> None:
        """The book stands for all batches before it, whatever their products; so it is in scope."""
        if book.entry < self.window.first:
            return
        self.nodes.add(shelf.node)
        why = self._fault_of(shelf, book)
        if why is not None:
            self.spoiled.append(Spoiled(shelf.node, book.entry, why))
        sought = sought_of(shelf, book, self.products, self.asked)
        (self.sought if why is None else self.doubted).append(sought)

    def _fault_of(self, shelf: Shelf, book: LoggedBook) -> Text | None:
        member = self.members.get(shelf.node)
        if shelf.is_spoiled(book.entry):
            return Text("it was broken or annulled since it was audited", "审计后失效或被作废")
        if shelf.flags[book.entry].doubted:
            return doubted_audit(book.entry)
        if member is None or member.compromised_at(book.time):
            return Text("a key was compromised when it was entered", "登记时密钥已泄露")
        if shelf.gone_inside:
            return Text("it holds leaves of a batch that was broken or annulled since", "含其后失效或作废批次的叶节点")
        if shelf.doubtful:
            return Text("it holds a batch that was anchored with a compromised key", "含以泄露密钥锚定的批次")
        if shelf.untold is not None:
            return Text(
                f"it may hold a batch that was anchored with a compromised key: entry {shelf.untold} is not named",
                f"可能含以泄露密钥锚定的批次：未列明日志第 {shelf.untold} 条",
            )
        if shelf.gone_before and not shelf.flags[book.entry].restored:
            return Text(
                "no audit found that what was broken or annulled before it is published again",
                "未经审计确认此前失效或作废的内容已重新发布",
            )
        return None

    def _add_batch(self, shelf: Shelf, anchor: LoggedAnchor) -> None:
        product = self.products.get(anchor.body.product)
        if product is None or not self.window.holds(anchor.entry, anchor.time):
            return
        if shelf.is_forgiven(anchor):
            return
        self.nodes.add(shelf.node)
        if shelf.is_spoiled(anchor.entry):
            why = not_audited(
                Text("the batch was broken or annulled", "该批次失效或被作废"), shelf.doubted_after(anchor.entry)
            )
            self.spoiled.append(Spoiled(shelf.node, anchor.entry, why))
        elif made_with_stolen_key(anchor, self.members):
            why = Text("a key was compromised when it was anchored", "锚定时密钥已泄露")
            self.spoiled.append(Spoiled(shelf.node, anchor.entry, why))
        elif self.shelves.is_closed(shelf.node, anchor.entry):
            self.closed.append(anchor)
        else:
            self.sought.append(sought_of(shelf, anchor, self.products, self.asked))


def wrongly_launched(shelves: Shelves, products: Iterable[Product]) -> list[str]:
    """Products whose number the region gave to another product: which batches are theirs, nobody can tell."""
    return [
        one.ref
        for one in products
        if (launched := shelves.products.get(one.number)) is not None and not launched.is_of(one.digest)
    ]


def made_with_stolen_key(anchor: LoggedAnchor, members: Mapping[int, NodeHistory]) -> bool:
    """Whether a key that acted for its node was compromised when the anchor was made; True if that is not known."""
    member = members.get(anchor.body.node)
    return member is None or member.compromised_at(anchor.time)


def excused(life: Life, product: Product, leaf: Leaf, published: int, time: int) -> str | None:
    """Why a leaf need not be opened at `time`; None if it must be.

    Either its publisher logged that it was superseded, revoked or erased; a superseded one also needs its last
    successor to be shown or excused. Or it lapsed: even if the record was about the last day on which it can have been
    published (`published`, unix seconds), the product's retention is over. The record's own day is inside the document,
    but it cannot be later. A record that lapses sooner, because it was old when anchored, must be logged as erased,
    because nobody else can see that it lapsed.
    """
    if life is not Life.LIVE:
        return life.label
    retention = product.retention[Section(leaf.section)]
    latest = retention.until({"as_of": day_of(published).isoformat()})
    return "lapsed" if latest is not None and day_of(time) > latest else None
