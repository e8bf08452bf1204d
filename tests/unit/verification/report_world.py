"""A small honest region for the tests of reports: batches of three sources, a log, a consent, a metered delivery.

Everything is real but the chain: trees, leaves, signatures, products; the log's entries are written as a chain would.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import Any

from eth_account import Account
from memory_facts import MemoryFacts
from verification_world import (
    ANCHOR_REGISTRY,
    ORIGIN,
    PLATFORM_KEY,
    anchor_of,
    node,
    platform_address,
    sign_statement,
    signer,
)

from creditchain.catalogue.products import catalogue
from creditchain.documents import (
    JSON_MEDIA_TYPE,
    Domain,
    canonical_bytes,
    commitment,
    domain_mask,
    parse_document,
    salt,
)
from creditchain.evidence.report import named_by, opened_leaves
from creditchain.figures import evaluate
from creditchain.hashing import keccak256
from creditchain.identifiers import Subject, epoch_digest, parse_subject, subject_tag
from creditchain.log.cells import cell_key, cell_word
from creditchain.log.consent_cells import Paused, grant_key
from creditchain.log.entries import (
    ENTRY_VERSION,
    AnchorBody,
    AnnulledBody,
    AuditBody,
    BookBody,
    BrokenBody,
    ClosedBody,
    CompromiseBody,
    ConsentBody,
    PauseBody,
    ProductBody,
    QueriesBody,
    RegionBody,
    StatusBody,
    TagKeyEpochBody,
    entry_hash,
)
from creditchain.log.facts import EntryPlace, Facts
from creditchain.log.members import compromise_key
from creditchain.log.publishing_cells import (
    CURRENT_EPOCH_KEY,
    auditor_key,
    book_key,
    closed_key,
    epoch_keys,
    flags_key,
    listed_key,
    product_key,
    total_key,
)
from creditchain.log.query_items import QueryItem
from creditchain.log.reading import is_grant
from creditchain.log.record_cells import life_key
from creditchain.log.recorded_facts import RecordedFacts
from creditchain.log.views import AnchorInfo, BlockRef, ConsentState, LogEntry, MemberAt, Metered
from creditchain.merkle import Leaf, MemoryTree
from creditchain.messages import (
    NO_DIGEST,
    Consent,
    DeliveryReceipt,
    LogDomain,
    QueryRequest,
    TypedMessage,
    compact,
    subject_digest,
)
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.packages.parts import PackagedRecord, PackagedTag
from creditchain.packages.report_package import PackagedRange, Reads, ReportPackage
from creditchain.products import Product
from creditchain.reports import Assembled, ReportOrder, assemble, plan
from creditchain.verification.evidence import NodeHistory, TagEvidence
from creditchain.verification.figured import covered, figure_record
from creditchain.verification.lives import Lives, RecordKey, read_lives, read_states
from creditchain.verification.policy import Policy
from creditchain.verification.report import verify_report
from creditchain.verification.report_evidence import DeliveryEvidence, ReportEvidence
from creditchain.verification.scope import Asked, everything
from creditchain.verification.shelves import Shelves, read_shelves
from creditchain.verification.verdict import Outcome, Verdict
from creditchain.vocabulary import EntryKind, Fault, Life, ProductState, Role, Space

PLATFORM, REGISTRY, POWER, TAX, BANK, OTHER_BANK = 2, 7, 8, 9, 11, 12
BANK_KEY = keccak256(b"bank key of the tests")
ENTERPRISE_KEY = keccak256(b"enterprise key of the tests")
TAG_KEYS = {1: keccak256(b"tag key of epoch 1"), 2: keccak256(b"tag key of epoch 2")}
SUBJECT, *OTHERS = (
    parse_subject("USCC", number) for number in ("914403001922038216", "9144030071526726XG", "91330100799655058B")
)
CATALOGUE = {product.ref: product for product in catalogue(())}
BY_NUMBER = {product.number: product for product in CATALOGUE.values()}
REPORT = CATALOGUE["working-capital-report/1"]
TOKEN, LEDGER = "0x" + "b2" * 20, "0x" + "c3" * 20
HERE = replace(ORIGIN, consent_token=TOKEN, query_ledger=LEDGER)
START = 1_740_000_000
DELIVERED = 1_750_000_000  # 2025-06-15 in China
OPEN = domain_mask([Domain.REGISTRY])
SECTIONS = sum(1 << section for section in REPORT.combined_sections)
DOMAINS = domain_mask(REPORT.combined_domains)
NO_LIMIT = (1900_01_01, 2099_12_31)

#: What the issuer says itself: no rule gives it.
WORDS: dict[str, Any] = {"report_id": "REPORT2025", "issued_on": "2025-06-15", "suggested_fen": 5}


#: Keys of two regulators.
AUDITOR, OTHER_AUDITOR = "0x" + "d4" * 20, "0x" + "e5" * 20

#: Changes a document in place.
Bend = Callable[[dict[str, Any]], object]


#: The nonce of the first request.
NONCE = 7


def metered_item(request: QueryRequest, receipt: DeliveryReceipt, flags: int = 0) -> QueryItem:
    """The item of a delivery in its log entry."""
    return QueryItem(
        institution=request.institution,
        provider=request.provider,
        via=request.via,
        nonce=request.nonce,
        domains=request.domains,
        delivered_at=receipt.delivered_at,
        meter_within=max(0, receipt.meter_by - receipt.delivered_at),
        sections=request.sections,
        purpose=request.purpose,
        flags=flags,
        request=request.id,
        receipt=receipt.struct_hash(),
        report=receipt.report,
        consent=request.consent,
        product=request.product,
        terms=request.terms,
    )


@dataclass
class MemoryBatch:
    """A batch folder's interface over lists."""

    manifest: Any
    leaves: Sequence[Leaf]
    tree: MemoryTree
    documents: list[Any]

    def document(self, index: int) -> Any:
        """The stored document at an index."""
        return self.documents[index]


@dataclass
class MemoryBook:
    """A book folder's interface over lists."""

    manifest: Any
    leaves: Sequence[Leaf]
    tree: MemoryTree
    origins: Sequence[int]

    def origin(self, index: int) -> int:
        """The number of the batch that holds a leaf."""
        return self.origins[index]


@dataclass
class MemoryLibrary:
    """Books and batches, by node and root."""

    batches: Mapping[tuple[int, bytes], MemoryBatch]
    books: Mapping[tuple[int, bytes], MemoryBook]

    def batch(self, key: tuple[int, bytes]) -> MemoryBatch | None:
        """A batch, if it is here."""
        return self.batches.get(key)

    def book(self, key: tuple[int, bytes]) -> MemoryBook | None:
        """A book, if it is here."""
        return self.books.get(key)


@dataclass
class MemoryView:
    """What the assembly asks of a log."""

    facts: MemoryFacts
    time: int

    def lives(self, records: Iterable[RecordKey]) -> Lives:
        """The lives of records at the time of the report."""
        return read_lives(self.facts, records, self.time)

    def entries(self, places: Sequence[EntryPlace]) -> list[LogEntry]:
        """Entries of the log."""
        return self.facts.entries(places)


#: Data that fits its product; `record_id` is added.
DATA: dict[str, dict[str, Any]] = {
    "registry-basic/1": {
        "name": "示例企业",
        "type": "limited",
        "status": "operating",
        "established_on": "2015-02-28",
        "capital_fen": 100_000_000,
        "division": 320100,
        "industry": "C3911",
        "address": "示例路一号",
        "authority": "示例市场监督管理局",
    },
    "power-usage/1": {
        "account_no": "3201000000001",
        "month": "2024-01",
        "category": "industrial",
        "capacity_kva": 315,
        "usage_kwh": 1000,
        "peak_kwh": 400,
        "charge_fen": 70_000,
        "paid_fen": 70_000,
        "arrears_days": 0,
    },
    "tax-payment/1": {
        "period_from": "2024-01-01",
        "period_to": "2024-12-31",
        "tax": "vat",
        "taxpayer": "general",
        "rating": "A",
        "sales_fen": 1_000_000,
        "due_fen": 130_000,
        "paid_fen": 130_000,
        "paid_on": "2024-12-31",
    },
    "tax-arrears/1": {
        "announcement_no": "2024QS00000001",
        "tax": "vat",
        "balance_fen": 1,
        "new_fen": 0,
        "late_fee_fen": 0,
        "began_on": "2024-01-01",
        "announced_on": "2024-02-01",
        "status": "owing",
        "authority": "示例税务局",
    },
}


def content_of(product: Product, subject: Subject, day: str, note: str = "", bend: Bend | None = None) -> bytes:
    """A document that fits its product. Another `note` makes it another document; `bend` may make it a wrong one."""
    document = {
        "product": product.ref,
        "subject": {"scheme": subject.scheme, "number": subject.number},
        "section": product.sections[0].label,
        "domain": product.domains[0].label,
        "as_of": day,
        "data": {"record_id": f"RECORD00{note}", **DATA[product.ref]},
    }
    if bend is not None:
        bend(document)
    return canonical_bytes(document)


def signed(message: TypedMessage, key: bytes) -> bytes:
    """The signature of a key."""
    return compact(bytes(Account.from_key(key).sign_typed_data(full_message=message.typed_data()).signature))


def address(key: bytes) -> str:
    """The address of a key."""
    return str(Account.from_key(key).address)


@dataclass
class Region:
    """Batches and log entries, as they come; `now` moves by a minute an entry."""

    now: int = START
    entries: list[LogEntry] = field(default_factory=list)
    batches: dict[tuple[int, bytes], MemoryBatch] = field(default_factory=dict)
    anchors: dict[tuple[int, bytes], AnchorInfo] = field(default_factory=dict)
    lives: dict[tuple[int, bytes], tuple[int, int]] = field(default_factory=dict)
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)  #: of batches, by node and key epoch
    launched: set[int] = field(default_factory=set)  #: numbers of products
    cells: dict[bytes, bytes] = field(default_factory=dict)  #: words by key
    books: dict[tuple[int, bytes], MemoryBook] = field(default_factory=dict)
    members: dict[int, NodeHistory] = field(
        default_factory=lambda: {
            PLATFORM: node(PLATFORM, 2, operator=platform_address()),
            **{source: node(source, 4, domains=DOMAINS) for source in (REGISTRY, POWER, TAX)},
            BANK: node(BANK, 5, operator=address(BANK_KEY)),
            OTHER_BANK: node(OTHER_BANK, 5),
        }
    )
    consent: ConsentState | None = None
    metered: Metered | None = None
    block_time: int = DELIVERED + 4000

    def __post_init__(self) -> None:
        """Every log begins with an entry that writes nothing."""
        self.log(RegionBody(HERE.chain_id, b"YRD".ljust(32, b"\x00"), bytes(32), "0x" + "11" * 20))

    def log(self, body: Any, kind: EntryKind | None = None, writes: Mapping[bytes, int] | None = None) -> int:
        """Append an entry that leaves these values in cells; its index."""
        self.now += 60
        index, which = len(self.entries), int(kind or body.KIND)
        packed = b""
        for key, value in (writes or {}).items():
            word = cell_word(value, index)
            packed += key + self.cells.get(key, bytes(32)) + word
            self.cells[key] = word
        self.entries.append(
            LogEntry(
                index=index,
                kind=which,
                writer=ANCHOR_REGISTRY,
                time=self.now,
                data=body.encode(),
                hash=entry_hash(
                    ENTRY_VERSION, which, HERE.log_id, index, ANCHOR_REGISTRY, self.now, body.body_hash(),
                    keccak256(packed),
                ),
                body=body,
                writes=packed,
                block=100 + index,
                transaction_hash=bytes(32),
            )
        )  # fmt: skip
        return index

    def value(self, key: bytes) -> int:
        """The value of a cell."""
        return int.from_bytes(self.cells.get(key, bytes(32))[:25])

    def open_epochs(self, epoch: int) -> None:
        """Open key epochs up to this one."""
        while (now := self.value(CURRENT_EPOCH_KEY)) < epoch:
            digest = epoch_digest(TAG_KEYS[now + 1])
            number, (low, high) = int.from_bytes(digest), epoch_keys(now + 1)
            writes = {CURRENT_EPOCH_KEY: now + 1, low: number & 2**200 - 1, high: number >> 200}
            self.log(TagKeyEpochBody(now + 1, digest), writes=writes)

    def launch(self, number: int, digest: bytes) -> None:
        """Launch a product."""
        state = ProductState.LAUNCHED
        count = self.value(listed_key(Space.PRODUCT, 0)) + 1
        writes = {
            listed_key(Space.PRODUCT, 0): count,
            listed_key(Space.PRODUCT, count): number,
            product_key(number): int.from_bytes(digest[:24]) << 8 | state,
        }
        self.launched.add(number)
        self.log(ProductBody(number, digest, state), writes=writes)

    def publish(
        self,
        source: int,
        ref: str,
        documents: list[tuple[Subject, str, str]],
        *,
        epoch: int = 1,
        bend: Bend | None = None,
        media_type: str = JSON_MEDIA_TYPE,
        number: int | None = None,
    ) -> bytes:
        """Anchor a batch of (subject, day, note); its root. Two other enterprises are always in it.

        `bend` changes each document before it is anchored. With another media type the documents are files.
        `number` is what leaves say instead of the product's own number.
        """
        product, batch = CATALOGUE[ref], self.numbers.get((source, epoch), 0) + 1
        self.numbers[source, epoch] = batch
        self.open_epochs(epoch)
        if product.number not in self.launched:
            self.launch(product.number, product.digest)
        secret = keccak256(f"{source} {ref} {epoch} {batch}".encode())
        rows: dict[Leaf, tuple[bytes, bytes]] = {}
        for subject, day, note in [*documents, *((other, "2024-01-31", "") for other in OTHERS)]:
            tag, content = subject_tag(TAG_KEYS[epoch], subject), content_of(product, subject, day, note, bend)
            fresh = salt(secret, tag, content)
            leaf = Leaf(tag, product.sections[0], number or product.number, commitment(fresh, media_type, content))
            rows[leaf] = content, fresh
        leaves = sorted(rows)
        tree = MemoryTree([leaf.hash() for leaf in leaves])
        root = tree.node(max(1, (len(leaves) - 1).bit_length()), 0)
        body = AnchorBody(source, epoch, product.number, batch, root, len(leaves), _mask(product), 3)
        self.anchors[source, root] = anchor_of(self.entries[self.log(body, writes=self._anchored(body))])
        terms = SimpleNamespace(
            log_id=HERE.log_id,
            chain_id=HERE.chain_id,
            node=source,
            key_epoch=epoch,
        )
        stored = [
            SimpleNamespace(leaf=leaf, media_type=media_type, content=rows[leaf][0], salt=rows[leaf][1])
            for leaf in leaves
        ]
        manifest = SimpleNamespace(terms=terms, root=root, size=len(leaves))
        self.batches[source, root] = MemoryBatch(manifest, leaves, tree, stored)
        return root

    def leaf(self, source: int, root: bytes, day: str, subject: Subject = SUBJECT) -> bytes:
        """The leaf hash of the document of a day."""
        batch = self.batches[source, root]
        wanted = f'"as_of":"{day}"'.encode()
        found = [
            one.leaf.hash()
            for one in batch.documents
            if wanted in one.content and subject.number.encode() in one.content
        ]
        assert len(found) == 1
        return bytes(found[0])

    def _anchored(self, body: AnchorBody) -> dict[bytes, int]:
        """The cells that an anchor writes."""
        key = book_key(body.node, body.key_epoch)
        value = self.value(key)
        leaves = (value >> 32 & 2**40 - 1) + body.size
        writes = {key: value >> 72 << 72 | leaves << 32 | body.number}
        place = cell_key(Space.PUBLISHER, 1 << 32 | body.node)
        if self.value(place) == 0:
            count = self.value(listed_key(Space.PUBLISHER, 0)) + 1
            writes |= {
                listed_key(Space.PUBLISHER, 0): count, listed_key(Space.PUBLISHER, count): body.node, place: count
            }  # fmt: skip
        return writes

    def end(self, source: int, leaf: bytes, life: Life, successor: bytes = bytes(32)) -> None:
        """Log that a record is no longer live."""
        writes = {life_key(source, leaf): (self.now + 60) << 2 | life}
        self.log(StatusBody(source, leaf, int(life), successor, bytes(32)), writes=writes)
        self.lives[source, leaf] = int(life), self.now

    def audit(self, source: int, root: bytes) -> None:
        """Enter a book of all batches of the node and key epoch so far, with an audit."""
        self.audit_book(source, self.anchors[source, root].key_epoch)

    def audit_book(self, source: int, epoch: int, *, restored: bool = False, by: str = AUDITOR) -> int:
        """The same; `restored`: the auditor found that what was spoiled is published again. The book's entry."""
        book = self.enter_book(source, epoch)
        self.attest(book, restored=restored, by=by)
        return book

    def enter_book(self, source: int, epoch: int, *, bend: Callable[[list[Leaf]], object] | None = None) -> int:
        """Enter the book of all sound batches of the node and key epoch; its entry. `bend` changes its leaves."""
        mine = {
            self.entry_body(one.entry).number: key
            for key, one in self.anchors.items()
            if key[0] == source and one.key_epoch == epoch
        }
        rows: dict[Leaf, int] = {}
        for number, key in mine.items():
            if not self.anchors[key].spoiled:
                rows |= dict.fromkeys(self.batches[key].leaves, number)
        leaves = sorted(rows)
        if bend is not None:
            bend(leaves)
        tree = MemoryTree([leaf.hash() for leaf in leaves])
        root = tree.node(max(0, (len(leaves) - 1).bit_length()), 0)
        cell = book_key(source, epoch)
        writes = {cell: self.value(cell) & 2**72 - 1 | len(self.entries) << 72}
        entry = self.log(BookBody(source, epoch, len(mine), len(leaves), root), writes=writes)
        terms = SimpleNamespace(log_id=HERE.log_id, node=source, key_epoch=epoch)
        batches = [
            SimpleNamespace(number=number, root=key[1], entry=self.anchors[key].entry, block=self.anchors[key].block)
            for number, key in mine.items()
        ]
        manifest = SimpleNamespace(terms=terms, root=root, size=len(leaves), batches=batches)
        self.books[source, root] = MemoryBook(manifest, leaves, tree, [rows.get(leaf, 0) for leaf in leaves])
        return entry

    def attest(self, book: int, *, restored: bool = False, by: str = AUDITOR) -> None:
        """A regulator, whose key is `by`, audits a book that was entered."""
        body = self.entries[book].body
        assert isinstance(body, BookBody)
        key, total = flags_key(book), total_key(body.node, body.key_epoch)
        value = self.value(total)
        before = self.value(key)
        flags = before & ~8 if before & 1 else before | (value & 2**40 - 1) << 44 | 1
        writes = {
            key: flags | restored << 3, total: value >> 40 << 40 | book,
            auditor_key(book): (self.now + 60) << 160 | int(by, 16),
        }  # fmt: skip
        self.log(AuditBody(1, body.node, body.key_epoch, book, restored, bytes(32)), writes=writes)
        for place, anchor in self.anchors.items():
            mine = place[0] == body.node and anchor.key_epoch == body.key_epoch and anchor.entry < book
            if mine and not anchor.spoiled:
                self.anchors[place] = replace(anchor, audited=True)

    def steal(self, key: str, since: int, until: int = 0) -> None:
        """Governors declare that an auditor's key was in other hands; without `until`, that it still is."""
        interval = since if until == 0 else since << 40 | until << 80
        self.log(CompromiseBody(1, key, interval), writes={compromise_key(key): interval})

    def entry_body(self, entry: int) -> Any:
        """The body of an entry."""
        return self.entries[entry].body

    def _spoil(self, entry: int, node: int, epoch: int, flag: int) -> dict[bytes, int]:
        """The cells that are written when a batch or a book becomes broken (2) or annulled (4)."""
        key, total = flags_key(entry), total_key(node, epoch)
        flags, value, body = self.value(key), self.value(total), self.entry_body(entry)
        if not flags & 6:
            flags |= len(self.entries) << 4
            if isinstance(body, AnchorBody):
                value += body.size << 40
        if value & 2**40 - 1 == entry:
            book = flags >> 44
            while book and self.value(flags_key(book)) & 6:
                book = self.value(flags_key(book)) >> 44
            value = value >> 40 << 40 | book
        return {key: flags | flag, total: value}

    def spoil(self, source: int, root: bytes) -> None:
        """Log a proof of disorder."""
        anchor = self.anchors[source, root]
        writes = self._spoil(anchor.entry, source, anchor.key_epoch, 2)
        self.log(BrokenBody(source, anchor.key_epoch, anchor.entry, Fault.DISORDER, 0), writes=writes)
        self.anchors[source, root] = replace(anchor, broken=True, audited=False)

    def break_book(self, book: int, fault: Fault = Fault.OMISSION) -> None:
        """Log a proof that a book is wrong."""
        body = self.entry_body(book)
        writes = self._spoil(book, body.node, body.key_epoch, 2)
        self.log(BrokenBody(body.node, body.key_epoch, book, fault, 0), writes=writes)

    def annul(self, source: int, root: bytes) -> None:
        """Log that governors annulled a batch."""
        anchor = self.anchors[source, root]
        key = str(self.members[source].info.operator)
        writes = self._spoil(anchor.entry, source, anchor.key_epoch, 4)
        self.log(AnnulledBody(source, anchor.key_epoch, anchor.entry, key, bytes(32)), writes=writes)
        self.anchors[source, root] = replace(anchor, annulled=True, audited=False)

    def close(self, source: int, since: int) -> None:
        """Log that a node shows nothing from an entry on."""
        self.log(ClosedBody(source, since, bytes(32)), writes={closed_key(source): since})

    @property
    def block(self) -> BlockRef:
        """The final block that is read."""
        return BlockRef(1000, keccak256(b"block"), self.block_time)

    def facts(self) -> MemoryFacts:
        """The log and its cells."""
        return MemoryFacts(tuple(self.entries), self.block)

    def shelves(self) -> Shelves:
        """What was published, as an assembly reads it."""
        return read_shelves(self.facts(), self.members, None)

    # What the provider does.

    def order(self, **changes: Any) -> ReportOrder:
        """The report that the bank wants."""
        wanted = ReportOrder(
            product=REPORT,
            catalogue=CATALOGUE,
            subject=SUBJECT,
            as_of=date(2025, 6, 15),
            words=WORDS,
            region=HERE.region,
            log_id=HERE.log_id,
            asked=everything(REPORT),
            time=DELIVERED,
            salt=keccak256(b"salt of the report"),
        )
        return replace(wanted, **changes)

    def assemble(self, batches: dict[tuple[int, bytes], MemoryBatch] | None = None, **changes: Any) -> Assembled:
        """The report from these batches, by default from all; with what a verifier will ask for."""
        order = self.order(**changes)
        scope = plan(order, self.shelves(), self.members)
        library = MemoryLibrary(self.batches if batches is None else batches, self.books)
        made = assemble(order, scope, library, tags(), MemoryView(self.facts(), order.time), self.members)  # type: ignore[arg-type]
        noted = RecordedFacts(self.facts())
        self._evidence(made.package, noted, named=False)
        named = {place.index for place in made.package.named_entries}
        reads = Reads(entries=tuple(one for one in noted.asked if one.index not in named))
        return replace(made, package=replace(made.package, reads=reads))

    def consents(self, **changes: Any) -> PackagedConsent:
        """A consent for the bank, granted; the chain's word about it is kept in `consent`."""
        fresh = keccak256(b"salt of the consent")
        message = Consent(
            domain=LogDomain(HERE.log_id),
            log=HERE.log_id,
            institution=BANK,
            platform=PLATFORM,
            key=address(ENTERPRISE_KEY),
            subject=subject_digest(subject_tag(TAG_KEYS[1], SUBJECT), fresh),
            sections=SECTIONS,
            domains=DOMAINS,
            purpose=1,
            data_from=NO_LIMIT[0],
            data_to=NO_LIMIT[1],
            not_before=START,
            not_after=DELIVERED + 86_400,
            uses=3,
            keep_days=90,
            notice=keccak256(b"notice"),
            paper=NO_DIGEST,
            deadline=DELIVERED + 86_400,
        )
        message = replace(message, **changes)
        self.consent = ConsentState(
            institution=message.institution,
            sections=message.sections,
            domains=message.domains,
            purpose=message.purpose,
            valid_from=message.not_before,
            not_after=message.not_after,
            uses=message.uses,
            used=0,
            revoked_at=0,
            paused_at=0,
            resumed_at=0,
            turns=0,
        )
        self.log(ConsentBody.of(message), writes={grant_key(message.id): message.institution})
        return PackagedConsent(message, fresh)

    def deliver(
        self,
        package: ReportPackage,
        consent: PackagedConsent | None,
        *,
        at: int = DELIVERED,
        meter: bool = True,
        flags: int = 0,
        **changes: Any,
    ) -> ReportPackage:
        """The package with a request, a receipt and the consent; metered by default."""
        fresh, domain = keccak256(b"salt of the request"), LogDomain(HERE.log_id)
        request = QueryRequest(
            domain=domain,
            institution=BANK,
            provider=PLATFORM,
            consent=consent.message.id if consent is not None else NO_DIGEST,
            subject=subject_digest(subject_tag(TAG_KEYS[2], SUBJECT), fresh),
            product=REPORT.digest,
            sections=SECTIONS,
            domains=DOMAINS,
            purpose=1,
            staff=keccak256(b"staff"),
            issued_at=at - 30,
            deadline=at + 300,
            nonce=NONCE + sum(isinstance(one.body, QueriesBody) for one in self.entries),
        )
        request = replace(request, **changes)
        receipt = DeliveryReceipt(domain, request.id, package.report.commitment, at, at + 3600)
        delivery = PackagedDelivery(request, fresh, signed(request, BANK_KEY), receipt, signed(receipt, PLATFORM_KEY))
        if meter:
            self.now = max(self.now, at)
            self.meter(request, receipt, flags)
            if self.consent is not None:
                self.consent = replace(self.consent, used=self.consent.used + 1)
        return replace(package, consent=consent, delivery=delivery)

    def meter(self, request: QueryRequest, receipt: DeliveryReceipt, flags: int = 0) -> None:
        """Write a delivery to the log."""
        item = metered_item(request, receipt, flags)
        self.metered = Metered(self.log(QueriesBody((item,))), self.now, item)

    def honest(self, **changes: Any) -> ReportPackage:
        """A report that was assembled, consented to, delivered and metered as it should be."""
        return self.deliver(self.assemble().package, self.consents(), **changes)

    # What the verifier sees.

    def evidence(self, package: ReportPackage) -> ReportEvidence:
        """What the chain says about a package now."""
        return self._evidence(package, self.facts())

    def _evidence(self, package: ReportPackage, facts: Facts, *, named: bool = True) -> ReportEvidence:
        signers = {
            one.key_epoch: signer(self.members[PLATFORM]) for one in package.tags if one.tag.statement is not None
        }
        time = self.block_time if package.delivery is None else package.delivery.receipt.delivered_at
        leaves = opened_leaves(package)
        places = [*(one.place for one in package.ranges), *(one.place for one in package.origins)]
        return ReportEvidence(
            origin=HERE,
            block=self.block,
            tags={
                one.key_epoch: TagEvidence(epoch_digest(TAG_KEYS[one.key_epoch]), signers.get(one.key_epoch))
                for one in package.tags
            },
            entries={one.index: facts.entries([one])[0] if one.index < facts.head.size else None for one in places},
            shelves=read_shelves(facts, self.members, named_by(package, time, named=named)),
            states=read_states(facts, leaves),
            lives=read_lives(facts, leaves, time),
            members=self.members,
            delivery=DeliveryEvidence(
                consent=self.consent,
                grant=None if package.consent is None else self._grant(package.consent.message.id),
                pauses=tuple(self._pauses(package)),
                metered=self.metered,
                institution=MemberAt(5, True, address(BANK_KEY), None),
                provider=MemberAt(2, True, platform_address(), None),
                open_domains=OPEN,
                countersigners={one.node: self._member_now(one.node) for one in package.countersigned},
            ),
        )

    def _member_now(self, number: int) -> MemberAt:
        member = self.members.get(number)
        if member is None:
            return MemberAt(0, False, None, None)
        return MemberAt(member.info.role, True, member.info.operator, None)

    def batch_of(self, one: PackagedRange) -> MemoryBatch:
        """The batch of a range."""
        body = self.entry_body(one.place.index)
        return self.batches[body.node, body.root]

    def _grant(self, consent: bytes) -> LogEntry | None:
        return next((one for one in self.entries if is_grant(one, consent)), None)

    def _pauses(self, package: ReportPackage) -> Iterable[Paused]:
        wanted = None if package.consent is None else package.consent.message.id
        since = None
        for entry in self.entries:
            if isinstance(entry.body, PauseBody) and entry.body.consent == wanted:
                if since is not None:
                    yield Paused(since, entry.time)
                since = entry.time if entry.body.turn % 2 else None
        if since is not None:
            yield Paused(since, None)

    def verify(self, package: ReportPackage, policy: Policy | None = None, **changes: Any) -> Verdict:
        """The verdict under the default policy, or another one."""
        evidence = replace(self.evidence(package), **changes)
        return verify_report(package, evidence, policy or Policy(), catalogue=CATALOGUE)


def tags(epochs: Sequence[int] = (1, 2)) -> dict[int, PackagedTag]:
    """The subject's tags with a platform's statements."""
    found = {}
    for epoch in epochs:
        tag = subject_tag(TAG_KEYS[epoch], SUBJECT)
        found[epoch] = PackagedTag(tag, sign_statement(tag, SUBJECT, epoch=epoch, issued_at=START))
    return found


def region() -> Region:
    """Six batches of three sources; the subject has nothing in the first of the tax office."""
    made = Region()
    made.publish(REGISTRY, "registry-basic/1", [(SUBJECT, "2023-06-30", ""), (SUBJECT, "2024-06-30", "")])
    made.publish(POWER, "power-usage/1", [(SUBJECT, f"2024-0{month}-28", "") for month in (1, 2, 3)])
    made.publish(TAX, "tax-payment/1", [])
    restated = [(SUBJECT, f"2024-0{month}-28", "") for month in (1, 2, 3, 4)]
    made.publish(POWER, "power-usage/1", restated, epoch=2)
    made.publish(TAX, "tax-payment/1", [(SUBJECT, "2024-12-31", "")], epoch=2)
    # Another product of the same source, which the report does not combine.
    made.publish(TAX, "tax-arrears/1", [(SUBJECT, "2024-12-31", "")], epoch=2)
    return made


def asked(sections: Sequence[Any], domains: Sequence[Domain]) -> Asked:
    """What is asked for."""
    return Asked(frozenset(sections), domain_mask(domains))


def checksum(text: str) -> str:
    """An address with its EIP-55 checksum."""
    from eth_utils.address import to_checksum_address

    return to_checksum_address(text)


def _mask(product: Product) -> int:
    return domain_mask(product.domains)


@dataclass(frozen=True)
class Shown:
    """A record of a package, and whose range opens it."""

    record: PackagedRecord
    node: int
    key_epoch: int
    entry: int  #: of the book or batch


def shown(package: ReportPackage) -> list[Shown]:
    """The records of a package."""
    places = [package.ranges[one.range] for one in package.records]
    return [
        Shown(one.record, place.node, place.key_epoch, place.place.index)
        for one, place in zip(package.records, places, strict=True)
    ]


def without(package: ReportPackage, gone: Callable[[Shown], bool]) -> ReportPackage:
    """A forgery by a provider: these records are neither shown nor named, and the figures are what follows then.

    The package is delivered afterwards.
    """
    kept = [not gone(one) for one in shown(package)]
    value = json.loads(package.report.content)
    named = value["data"]["records"]
    value["data"]["records"] = [one for one, keep in zip(named, kept, strict=True) if keep]
    value["data"] = refigured(package, value)
    report = replace(package.report, content=canonical_bytes(value))
    records = tuple(one for one, keep in zip(package.records, kept, strict=True) if keep)
    return replace(package, report=report, records=records)


def refigured(package: ReportPackage, report: dict[str, Any]) -> dict[str, Any]:
    """The report's data with the figures that follow from the records it names."""
    product, data = CATALOGUE[report["product"]], report["data"]
    rules = product.figures
    assert rules is not None
    named = {one["leaf"] for one in data["records"]}
    leaves = [one["leaf"] for one in json.loads(package.report.content)["data"]["records"]]
    records = [
        figure_record(CATALOGUE[document.product], document, one.node, Role.SOURCE, one.entry, bytes.fromhex(leaf[2:]))
        for leaf, one in zip(leaves, shown(package), strict=True)
        if leaf in named
        for document in [parse_document(one.record.content)]
    ]
    known = covered(product, CATALOGUE, everything(product), ())
    figures = evaluate(rules, records, date.fromisoformat(report["as_of"]), known)
    words = {name: value for name, value in data.items() if name not in {one.split(".")[0] for one in rules.shown}}
    return {**words, **figures.document()}


def without_ranges(package: ReportPackage, gone: Callable[[PackagedRange], bool]) -> ReportPackage:
    """A forgery by a provider: these ranges are left out, and the records that they open too."""
    hidden = {place for place, one in enumerate(package.ranges) if gone(one)}
    entries = {package.ranges[place].place.index for place in hidden}
    sections = {(package.ranges[place].place.index, package.ranges[place].sections) for place in hidden}
    less = without(
        package,
        lambda one: (
            one.entry in entries
            and any(entry == one.entry and low <= one.record.section <= high for entry, (low, high) in sections)
        ),
    )
    kept = [place for place in range(len(package.ranges)) if place not in hidden]
    records = tuple(replace(one, range=kept.index(one.range)) for one in less.records)
    return replace(less, records=records, ranges=tuple(package.ranges[place] for place in kept))


def with_ranges(package: ReportPackage, bend: Callable[[PackagedRange], PackagedRange]) -> ReportPackage:
    """The package with each range as `bend` makes it."""
    return replace(package, ranges=tuple(map(bend, package.ranges)))


def sections_of(one: PackagedRange) -> tuple[int, int]:
    """The sections of a range as a proof takes them."""
    return int(one.sections[0]), int(one.sections[1])


def unsettled(verdict: Verdict) -> dict[int, str]:
    """The outcome of each step that is not passed; of step 11 only if it is not what follows from step 9."""
    found = {step.number: step.outcome.value for step in verdict.steps if step.outcome is not Outcome.PASSED}
    follows = {"failed": "not verified"}.get(found.get(9, ""), found.get(9))
    return {number: outcome for number, outcome in found.items() if number != 11 or outcome != follows}
