"""A small honest world for the tests of verification: a real batch, real signatures, a chain's evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from eth_account import Account

from creditchain.catalogue.products import catalogue
from creditchain.documents import (
    JSON_MEDIA_TYPE,
    Domain,
    Section,
    canonical_bytes,
    commitment,
    domain_mask,
    leaf_hash,
    salt,
)
from creditchain.hashing import keccak256
from creditchain.identifiers import Subject, epoch_digest, parse_subject, subject_tag
from creditchain.log.entries import AnchorBody
from creditchain.log.views import (
    AnchorInfo,
    BlockRef,
    Compromise,
    LaunchedProduct,
    LogEntry,
    MemberAt,
    NodeInfo,
    RecordState,
)
from creditchain.merkle import inclusion_proof, root
from creditchain.messages import LogDomain, TagStatement, compact
from creditchain.packages.record_package import (
    PackagedBatch,
    PackagedRecord,
    PackagedTag,
    RecordPackage,
    SignedTagStatement,
)
from creditchain.products import Product
from creditchain.verification.evidence import Evidence, NodeHistory, Origin, StatementSigner
from creditchain.vocabulary import ProductState, Role

TAG_KEY = keccak256(b"tag key of the tests")
SECRET = keccak256(b"batch secret of the tests")
PLATFORM_KEY = keccak256(b"platform key of the tests")
PLATFORM, SOURCE, HOST = 2, 7, 3
ANCHORED_AT, ISSUED_AT, NOW = 1_750_000_000, 1_750_000_500, 1_750_100_000
EPOCH = 1
PRODUCT = "registry-basic/1"
CATALOGUE = {product.ref: product for product in catalogue(())}
PRODUCT_NUMBER = CATALOGUE[PRODUCT].number
NUMBERS = ("914403001922038216", "9144030071526726XG", "91330100799655058B")
ORIGIN = Origin(31337, "YRD", keccak256(b"log of the tests"))
ANCHOR_REGISTRY = "0x" + "a1" * 20


@dataclass(frozen=True)
class World:
    """One package that verifies, and the evidence for it."""

    package: RecordPackage
    evidence: Evidence
    leaves: tuple[bytes, ...]


def document(subject: Subject, year: int, **changes: object) -> bytes:
    """A document in canonical bytes; `changes` replace members of its envelope."""
    envelope = {
        "product": PRODUCT,
        "subject": {"scheme": subject.scheme, "number": subject.number},
        "section": "basic",
        "domain": "registry",
        "as_of": f"{year}-06-30",
        "data": {
            "record_id": f"RECORD{year}",
            "name": "示例企业 ✓",
            "type": "limited",
            "status": "operating",
            "established_on": "2015-02-28",
            "capital_fen": 100_000_000 + year,
            "division": 320100,
            "industry": "C3911",
            "address": "示例路一号",
            "authority": "示例市场监督管理局",
        },
    }
    return canonical_bytes(envelope | changes)


def node(number: int, role: int, *, operator: str | None = None, **changes: int) -> NodeHistory:
    """A member in good standing."""
    info = NodeInfo(
        number=number,
        operator=operator or "0x" + f"{number:02x}" * 20,
        role=role,
        status=1,
        division=320100,
        host=0,
        domains=domain_mask([Domain.REGISTRY, Domain.TAX]),
        admitted_at=1_700_000_000,
        status_at=1_700_000_000,
        until=0,
        compromised_since=0,
        profile_digest=bytes(32),
    )
    return NodeHistory(replace(info, **changes), ())


def with_stolen_key(member: NodeHistory, since: int, until: int = 0) -> NodeHistory:
    """The member, whose operator's key was in other hands."""
    assert member.info.operator is not None
    return NodeHistory(member.info, (Compromise(member.info.operator, since, until),))


def sign_statement(
    tag: bytes,
    subject: Subject,
    *,
    key: bytes = PLATFORM_KEY,
    platform: int = PLATFORM,
    epoch: int = EPOCH,
    log_id: bytes = ORIGIN.log_id,
    issued_at: int = ISSUED_AT,
) -> SignedTagStatement:
    """A tag statement with a true signature of `key`."""
    message = TagStatement(
        LogDomain(log_id),
        platform=platform,
        key_epoch=epoch,
        subject_tag=tag,
        scheme=subject.scheme,
        number=subject.number,
        issued_at=issued_at,
    )
    signed = Account.from_key(key).sign_typed_data(full_message=message.typed_data())
    return SignedTagStatement(platform, epoch, tag, subject, issued_at, compact(bytes(signed.signature)))


def signer(
    member: NodeHistory | None,
    address: str | None = None,
    *,
    then: MemberAt | None = None,
    now: MemberAt | None = None,
) -> StatementSigner:
    """Who signed a statement; if not told otherwise, the platform named acted with this key, then and now."""
    key = address or platform_address()
    good = MemberAt(Role.PLATFORM, True, key, None)
    return StatementSigner(key, member, then or good, now or good)


def platform_address() -> str:
    """The address of the platform's key."""
    return str(Account.from_key(PLATFORM_KEY).address)


def anchored(position: int = 4, **changes: object) -> World:
    """The world if the publisher anchored documents with these members of their envelopes."""
    return _made(JSON_MEDIA_TYPE, position, changes)


@cache
def world(media_type: str = JSON_MEDIA_TYPE, position: int = 4) -> World:
    """Nine documents of three enterprises in one batch; the package is of the leaf at `position`."""
    return _made(media_type, position, {})


def _made(media_type: str, position: int, changes: dict[str, object]) -> World:
    shown = {}
    for number in NUMBERS:
        subject = parse_subject("USCC", number)
        tag = subject_tag(TAG_KEY, subject)
        for year in (2022, 2023, 2024):
            content = (
                document(subject, year, **changes)
                if media_type == JSON_MEDIA_TYPE
                else b"%PDF-1.7 " + bytes([year % 256])
            )
            fresh = salt(SECRET, tag, content)
            shown[tag, Section.BASIC, PRODUCT_NUMBER, commitment(fresh, media_type, content)] = (
                subject,
                content,
                fresh,
            )
    leaves = sorted(shown)
    hashes = [leaf_hash(*leaf) for leaf in leaves]
    top = root(hashes)
    subject, content, fresh = shown[leaves[position]]
    tag = leaves[position][0]
    package = RecordPackage(
        record=PackagedRecord(media_type, content, fresh, Section.BASIC, PRODUCT_NUMBER, subject),
        batch=PackagedBatch(
            log_id=ORIGIN.log_id,
            chain_id=ORIGIN.chain_id,
            node=SOURCE,
            root=top,
            size=len(leaves),
            index=position,
            proof=tuple(inclusion_proof(hashes, position)),
            key_epoch=EPOCH,
            entry=40,
            block=100,
        ),
        tag=PackagedTag(tag, sign_statement(tag, subject)),
    )
    return World(package, _evidence(top, len(leaves), hashes[position]), tuple(hashes))


def _evidence(top: bytes, size: int, leaf: bytes) -> Evidence:
    product = CATALOGUE[PRODUCT]
    body = AnchorBody(SOURCE, EPOCH, product.number, 1, top, size, domain_mask([Domain.REGISTRY]), 3)
    return Evidence(
        origin=ORIGIN,
        block=BlockRef(120, keccak256(b"block"), NOW),
        anchor=anchor_of(anchor_entry(body)),
        entry=anchor_entry(body),
        product=launched(product),
        publisher=node(SOURCE, 4),
        host=None,
        record=record_state(leaf),
        key_epoch_digest=epoch_digest(TAG_KEY),
        signer=signer(node(PLATFORM, 2, operator=platform_address())),
    )


def anchor_of(entry: LogEntry, **changes: bool) -> AnchorInfo:
    """The anchor that an entry is, of which nothing became, or what."""
    body = entry.body
    assert isinstance(body, AnchorBody)
    anchor = AnchorInfo(
        node=body.node,
        root=body.root,
        size=body.size,
        time=entry.time,
        entry=entry.index,
        key_epoch=body.key_epoch,
        audited=False,
        broken=False,
        annulled=False,
        number=body.number,
        product=body.product,
        block=entry.block,
    )
    return replace(anchor, **changes)


def launched(product: Product) -> LaunchedProduct:
    """What the chain says of a product that governors launched."""
    return LaunchedProduct(product.number, ProductState.LAUNCHED, product.digest[:24])


def anchor_entry(body: AnchorBody, **changes: object) -> LogEntry:
    """The log entry of an anchor, as the chain would give it."""
    entry = LogEntry(
        index=40,
        kind=3,
        writer=ANCHOR_REGISTRY,
        time=ANCHORED_AT,
        data=body.encode(),
        hash=keccak256(b"entry"),
        body=body,
        writes=b"",
        block=100,
        transaction_hash=bytes(32),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def record_state(leaf: bytes, **changes: int) -> RecordState:
    """A live record that nobody disputed, or what became of it."""
    return replace(RecordState(SOURCE, leaf), **changes)
