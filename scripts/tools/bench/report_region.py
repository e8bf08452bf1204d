"""A region for the benchmark of reports: batches of samples, books of millions of leaves, a log of ten million entries.

Batches, documents, signatures, cells and entries are real; of books, log and state tree only what reports come by is
(`sparse`). Everything that a chain would write is written, but for what nobody asks for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from eth_account import Account

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.book.manifest import BookBatch, BookTerms
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.making.pipeline import prepare
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import catalogue
from creditchain.documents import domain_mask
from creditchain.hashing import keccak256
from creditchain.identifiers import Subject, epoch_digest, parse_subject, subject_tag
from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import NO_WORD, cell_key, cell_word
from creditchain.log.entries import AnchorBody, AuditBody, BookBody, NodeBody, ProductBody, TagKeyEpochBody
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.members import member_key, node_key, operator_key
from creditchain.log.publishing_cells import (
    CURRENT_EPOCH_KEY,
    auditor_key,
    book_key,
    epoch_keys,
    flags_key,
    listed_key,
    product_key,
    total_key,
)
from creditchain.log.views import BlockRef, LogEntry
from creditchain.merkle import Leaf
from creditchain.messages import LogDomain, TagStatement, compact
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.products import Product, ProductKind
from creditchain.sample import Form, Sample, write_sample
from creditchain.verification.evidence import Origin
from creditchain.vocabulary import ProductState, Space
from tools.bench.sparse import sparse_book

PLATFORM, INSTITUTION = 1, 2
FIRST_PUBLISHER = 3
PUBLISHERS = 19
ENTRIES = 10_000_000
BOOK = 10_000_000  #: leaves of a book of three years
BATCH = 5_000  #: leaves of a day's batch
ENTERPRISES = 2_700
LOG_ID = keccak256(b"log of the benchmark")
ANCHOR_REGISTRY = "0x" + "a1" * 20
AUDITOR = "0x" + "d4" * 20  #: the key of the regulator that audits
ORIGIN = Origin(31337, "YRD", LOG_ID, "0x" + "b2" * 20, "0x" + "c3" * 20)
KEYS = {node: keccak256(b"key of node %d" % node) for node in (PLATFORM, INSTITUTION)}
TODAY = 1_782_950_400  #: 2026-07-02 in China
DAY = 86_400
#: Entries of the region between two that reports come by: others' deliveries, consents, anchors.
APART = 97


def tag_key(epoch: int) -> bytes:
    """The tag key of an epoch."""
    return keccak256(b"tag key of epoch %d" % epoch)


def signed(message: Any, key: bytes) -> bytes:
    """The signature of a key."""
    return compact(bytes(Account.from_key(key).sign_typed_data(full_message=message.typed_data()).signature))


@dataclass(frozen=True)
class Batch:
    """A batch folder of one product, and its publisher."""

    product: Product
    node: int
    root: bytes
    path: Path


@dataclass(frozen=True)
class Batches:
    """One batch of each product of records from before, one of today, and an enterprise that they are about."""

    before: tuple[Batch, ...]
    today: tuple[Batch, ...]
    subject: Subject
    records: int  #: of the subject in all batches


def make_batches(folder: Path, report: Product) -> Batches:
    """Make them. The enterprise is the one of which the report shows a number of records nearest to 60."""
    products = [one for one in catalogue(()) if one.kind is ProductKind.RECORD and "USCC" in one.subjects]
    made: dict[str, list[Batch]] = {"before": [], "today": []}
    counts: Counter[str] = Counter()
    for place, product in enumerate(products):
        lines = _documents(folder, product)
        for when, part in (("before", lines[:BATCH]), ("today", lines[BATCH:])):
            made[when].append(_batch(folder, product, FIRST_PUBLISHER + place % PUBLISHERS, when, part))
            if product.ref in report.combines:
                counts.update(json.loads(line)["subject"]["number"] for line in part)
    number = min(counts, key=lambda one: (abs(counts[one] - 60), one))
    return Batches(tuple(made["before"]), tuple(made["today"]), parse_subject("USCC", number), counts[number])


def _documents(folder: Path, product: Product) -> list[str]:
    """Lines of twice a batch, all about days of the last two years."""
    path = folder / "sample.jsonl"
    write_sample(Sample(product, 2 * BATCH, ENTERPRISES), path, Form.JSONL, overwrite=True)
    lines = path.read_text("utf-8").splitlines()
    lines = lines[::2] + lines[1::2]  # a sample goes from enterprise to enterprise: each has records in both batches
    last, found = date(2026, 6, 30), []
    for place, line in enumerate(lines):
        document = json.loads(line)
        document["as_of"] = (last - timedelta(days=place % 700)).isoformat()
        found.append(json.dumps(document, ensure_ascii=False))
    return found


def _batch(folder: Path, product: Product, node: int, when: str, lines: Sequence[str]) -> Batch:
    upload = folder / f"{product.name}-{product.version}-{when}.jsonl"
    upload.write_text("\n".join(lines) + "\n", "utf-8")
    terms = Terms(
        LOG_ID, ORIGIN.chain_id, ANCHOR_REGISTRY, node, product.ref, product.digest, product.number, 1, bytes(32)
    )
    seals = Seals(tag_key(1), keccak256(upload.name.encode()))
    made = prepare(find_upload(upload), Rules(product), seals, terms, folder / "batches", name=upload.name)
    upload.unlink()
    return Batch(product, node, made.root, made.path)


@dataclass
class BenchFacts:
    """A log of which only some entries are real, and its cells."""

    cells: dict[bytes, bytes] = field(default_factory=dict)
    log: dict[int, LogEntry] = field(default_factory=dict)
    next: int = 1
    time: int = TODAY - 3 * 365 * DAY
    basis: Basis = Basis.AGREED

    @property
    def block(self) -> BlockRef:
        """The final block."""
        return BlockRef(20_000_000, keccak256(b"block"), self.time)

    @property
    def head(self) -> FactsHead:
        """Size and root; nobody asks for the root of told facts."""
        return FactsHead(ENTRIES, bytes(32), self.block)

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """All is here."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells."""
        return [self.cells.get(key, NO_WORD) for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries that are real."""
        try:
            return [self.log[one.index] for one in wanted]
        except KeyError as error:
            raise MissingFactError(f"there is no entry {error}", "无此条目") from error

    def append(self, body: Any, writes: Mapping[bytes, int]) -> int:
        """The index of a further entry that leaves these values in cells."""
        index, packed = self.next, b""
        for key, value in writes.items():
            word = cell_word(value, index)
            packed += key + self.cells.get(key, NO_WORD) + word
            self.cells[key] = word
        entry = AppendedEntry(index, int(body.KIND), bytes(20), self.time, body.encode(), packed)
        self.log[index] = LogEntry.of(entry, entry.hash(LOG_ID), block=index // 7, transaction_hash=bytes(32))
        self.next += APART
        self.time += 1
        return index

    def value(self, key: bytes) -> int:
        """The value of a cell."""
        return int.from_bytes(self.cells.get(key, NO_WORD)[:25])


@dataclass(frozen=True)
class Shape:
    """What a region is like: nodes that publish, key epochs, leaves of a book, and whether batches came after it."""

    publishers: int = PUBLISHERS
    epochs: int = 1
    book: int = BOOK
    today: bool = True


@dataclass(frozen=True)
class BenchRegion:
    """A region with its log, and the folder of its books."""

    facts: BenchFacts
    books: Path
    tags: Mapping[int, PackagedTag]


def make_region(folder: Path, batches: Batches, shape: Shape) -> BenchRegion:
    """Members, products, epochs; of each publisher and epoch an audited book; today's batches."""
    facts, books = BenchFacts(), folder / f"books-{shape.publishers}-{shape.epochs}-{shape.book}-{shape.today:d}"
    nodes = range(FIRST_PUBLISHER, FIRST_PUBLISHER + shape.publishers)
    _members(facts, nodes)
    for epoch in range(1, shape.epochs + 1):
        digest = int.from_bytes(epoch_digest(tag_key(epoch)))
        low, high = epoch_keys(epoch)
        writes = {CURRENT_EPOCH_KEY: epoch, low: digest & 2**200 - 1, high: digest >> 200}
        facts.append(TagKeyEpochBody(epoch, digest.to_bytes(32)), writes)
    for place, one in enumerate(catalogue(())):
        writes = {listed_key(Space.PRODUCT, 0): place + 1, listed_key(Space.PRODUCT, place + 1): one.number}
        writes[product_key(one.number)] = int.from_bytes(one.digest[:24]) << 8 | ProductState.LAUNCHED
        facts.append(ProductBody(one.number, one.digest, ProductState.LAUNCHED), writes)
    # What follows happened in the last days.
    facts.next, facts.time = ENTRIES - 40_000, TODAY - 2 * DAY
    for node in nodes:
        for epoch in range(1, shape.epochs + 1):
            before = batches.before if shape.today else (*batches.before, *batches.today)
            mine = [one for one in before if one.node == node] if epoch == 1 else []
            _book(facts, books, node, epoch, shape.book, mine, batches.subject)
    facts.time = TODAY - DAY
    for batch in batches.today if shape.today else ():
        _anchor(facts, batch)
    facts.time = TODAY
    return BenchRegion(facts, books, dict(_tags(batches.subject, shape.epochs)))


def _members(facts: BenchFacts, publishers: Iterable[int]) -> None:
    listed = list(publishers)
    roles = {PLATFORM: 2, INSTITUTION: 5} | dict.fromkeys(listed, 4)
    for node, role in roles.items():
        operator = str(Account.from_key(KEYS.get(node, keccak256(b"key of node %d" % node))).address)
        domains = 0 if role == 5 else 2**16 - 1
        value = int(operator, 16) | role << 160 | 1 << 163 | domains << 165
        since = facts.time
        writes = {
            node_key(node): value, member_key(node): 320100 << 24 | since << 84 | since << 124,
            operator_key(operator): node | since << 24, cell_key(Space.COUNT, 0): node,
        }  # fmt: skip
        facts.append(NodeBody(node, operator, operator, role, 1, 320100, 0, domains, 0, bytes(32)), writes)
    for place, node in enumerate(listed, 1):
        key = listed_key(Space.PUBLISHER, 0)
        writes = {
            key: place,
            listed_key(Space.PUBLISHER, place): node,
            cell_key(Space.PUBLISHER, 1 << 32 | node): place,
        }
        facts.append(TagKeyEpochBody(0, bytes(32)), writes)


def _book(
    facts: BenchFacts, books: Path, node: int, epoch: int, size: int, batches: Sequence[Batch], subject: Subject
) -> None:
    """An audited book; of the enterprise it holds what these batches hold."""
    tag = subject_tag(tag_key(epoch), subject)
    number = int.from_bytes(tag)
    other = keccak256(b"somebody else, published by node %d" % node)
    beside = [Leaf((number + step).to_bytes(32), 2, 15, other) for step in (-1, 1)]
    rows = [(beside[0], len(batches) + 1), *sorted(_leaves_of(batches, tag)), (beside[1], len(batches) + 1)]
    listed = [BookBatch(at, one.root, BATCH, 1, 1) for at, one in enumerate(batches, 1)]
    listed.append(BookBatch(len(listed) + 1, keccak256(b"all others"), size - BATCH * len(batches), 1, 1))
    terms = BookTerms(LOG_ID, ORIGIN.chain_id, ANCHOR_REGISTRY, node, epoch)
    book = sparse_book(books, terms, size, number * size >> 256, rows, listed)
    key, body = book_key(node, epoch), BookBody(node, epoch, 1000, size, book.root)
    # Three years of batches came before, of which nobody asks.
    facts.cells[key] = cell_word(size << 32 | 1000, facts.next - APART)
    entry = facts.append(body, {key: facts.next << 72 | size << 32 | 1000})
    facts.append(
        AuditBody(PLATFORM, node, epoch, entry, False, bytes(32)),
        {
            flags_key(entry): 1, total_key(node, epoch): entry,
            auditor_key(entry): facts.time << 160 | int(AUDITOR, 16),
        },
    )  # fmt: skip


def _leaves_of(batches: Sequence[Batch], tag: bytes) -> Iterator[tuple[Leaf, int]]:
    for number, batch in enumerate(batches, 1):
        with open_batch(batch.path) as folder:
            yield from ((folder.leaves[index], number) for index in folder.find(tag))


def _anchor(facts: BenchFacts, batch: Batch) -> None:
    key = book_key(batch.node, 1)
    value = facts.value(key)
    number = (value & 2**32 - 1) + 1
    domains = domain_mask(batch.product.domains)
    body = AnchorBody(batch.node, 1, batch.product.number, number, batch.root, BATCH, domains, ENTERPRISES)
    leaves = (value >> 32 & 2**40 - 1) + BATCH
    facts.append(body, {key: value >> 72 << 72 | leaves << 32 | number})


def _tags(subject: Subject, epochs: int) -> Iterator[tuple[int, PackagedTag]]:
    for epoch in range(1, epochs + 1):
        tag = subject_tag(tag_key(epoch), subject)
        statement = TagStatement(
            LogDomain(LOG_ID), PLATFORM, epoch, tag, subject.scheme, subject.number, TODAY - 9 * DAY
        )
        signature = signed(statement, KEYS[PLATFORM])
        yield epoch, PackagedTag(tag, SignedTagStatement(PLATFORM, epoch, tag, subject, TODAY - 9 * DAY, signature))
