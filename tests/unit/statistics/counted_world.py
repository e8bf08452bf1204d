"""A log of a small region with members, calls, batches, consents, disputes and loans, on an endpoint in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from creditchain.chain.region import Region
from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import NO_WORD, CellWrite, cell_key, cell_word, pack_writes
from creditchain.log.consent_cells import grant_key, pause_key
from creditchain.log.entries import (
    AnchorBody,
    AnnulledBody,
    BrokenBody,
    ConsentBody,
    LoansBody,
    PauseBody,
    QueriesBody,
    QueryItem,
    RevocationBody,
)
from creditchain.log.members import member_key, node_key
from creditchain.vocabulary import EntryKind, NodeStatus, Role, Space
from tools.bench.log_chain import LogChain

LOG_ID = bytes(range(32))
WRITER = b"\xab" * 20
#: 2025-12-15 in China; three months of entries follow.
START = 1_765_728_000
DAY = 86_400
BANK, INSURER, OTHER, PLATFORM, BUREAU, SOURCE = 1, 2, 3, 4, 5, 6
DIVISIONS = {BANK: 320500, INSURER: 110000, OTHER: 650000, PLATFORM: 320100, BUREAU: 310000, SOURCE: 330100}
ROLES = {PLATFORM: Role.PLATFORM, BUREAU: Role.BUREAU, SOURCE: Role.SOURCE}
PRODUCTS = (keccak256(b"one report"), keccak256(b"another"))
TERMS = keccak256(b"a price list")
PROFILES = {
    BANK: {"name": {"zh": "苏州商业银行", "en": "Suzhou commercial bank"}, "kind": "bank"},
    INSURER: {"name": {"zh": "北京保险", "en": "Beijing insurer"}, "kind": "insurer"},
}


class KnownProfiles:
    """What a home knows of members."""

    def find(self, digest: bytes) -> dict[str, Any] | None:
        return next((one for one in PROFILES.values() if keccak256(canonical_bytes(one)) == digest), None)


@dataclass
class World:
    """A log that grows. Mutable."""

    chain: LogChain = field(default_factory=lambda: LogChain(LOG_ID))
    entries: list[AppendedEntry] = field(default_factory=list)
    cells: dict[bytes, bytes] = field(default_factory=dict)
    time: int = START

    def __post_init__(self) -> None:
        self.add(EntryKind.REGION, b"")  # the first entry writes no cells

    def add(self, kind: EntryKind, body: bytes, values: dict[bytes, int] | None = None) -> int:
        """Append an entry that gives cells these values, in a block of its own; its index."""
        index = len(self.entries)
        writes = []
        for key, value in (values or {}).items():
            new = cell_word(value, index)
            writes.append(CellWrite(key, self.cells.get(key, NO_WORD), new))
            self.cells[key] = new
        entry = AppendedEntry(index, kind, WRITER, self.time, body, pack_writes(writes))
        self.entries.append(entry)
        self.chain.append([entry])
        return index

    def region(self) -> Region:
        """The region over this log, without a home."""
        return self.chain.region(log_range_blocks=5000)

    def admit(self, number: int, operator: int = 0) -> None:
        """Write the cells of a member."""
        role = ROLES.get(number, Role.INSTITUTION)
        digest = keccak256(canonical_bytes(PROFILES[number])) if number in PROFILES else bytes(32)
        low, high = int.from_bytes(digest) & (1 << 200) - 1, int.from_bytes(digest) >> 200
        address = operator or number
        values = {
            node_key(number): address | role << 160 | NodeStatus.ACTIVE << 163,
            member_key(number): DIVISIONS[number] << 24,
            cell_key(Space.MEMBER, 1 << 32 | number): low,
            cell_key(Space.MEMBER, 3 << 32 | number): high,
        }
        self.add(EntryKind.NODE, b"", values)

    def meter(self, *items: QueryItem) -> int:
        return self.add(EntryKind.QUERIES, QueriesBody(items).encode())

    def anchor(self, node: int, product: int, size: int, subjects: int) -> int:
        body = AnchorBody(node, 1, product, 1, keccak256(bytes([size % 256])), size, 1, subjects)
        return self.add(EntryKind.ANCHOR, body.encode())

    def spoil(self, entry: int, *, annulled: bool) -> None:
        body: Any = BrokenBody(SOURCE, 1, entry, 1, 0)
        if annulled:
            body = AnnulledBody(SOURCE, 1, entry, "0x" + "11" * 20, bytes(32))
        self.add(body.KIND, body.encode())

    def grant(self, body: ConsentBody) -> bytes:
        """Grant a consent; its id."""
        id_ = body.message(LOG_ID).id
        self.add(EntryKind.CONSENT, body.encode(), {grant_key(id_): 1, cell_key(Space.BALANCE, body.institution): 1})
        return id_

    def revoke(self, consent: bytes, institution: int) -> None:
        self.add(EntryKind.REVOCATION, RevocationBody(consent, institution, 1).encode(), {grant_key(consent): 2})

    def pause(self, consent: bytes, turn: int) -> None:
        values = {pause_key(consent): turn} | ({grant_key(consent): 3} if turn == 1 else {})
        self.add(EntryKind.PAUSE, PauseBody(consent, 1, turn).encode(), values)

    def lend(self, institution: int, month: int, revision: int, count: int, fen: int, digest: bytes) -> None:
        self.add(EntryKind.LOANS, LoansBody(institution, month, revision, count, fen, digest).encode())


def item(nonce: int, **changes: Any) -> QueryItem:
    """A delivery of one report of the platform to the bank."""
    values: dict[str, Any] = {
        "institution": BANK, "provider": PLATFORM, "via": 0, "nonce": nonce, "domains": 1, "delivered_at": START,
        "meter_within": 60, "sections": 1, "purpose": 1, "flags": 0, "request": keccak256(nonce.to_bytes(8)),
        "receipt": keccak256(b"receipt"), "report": keccak256(b"report"), "consent": keccak256(b"consent"),
        "product": PRODUCTS[0], "terms": TERMS,
    }  # fmt: skip
    return QueryItem(**values | changes)


def consent(number: int, **changes: Any) -> ConsentBody:
    values: dict[str, Any] = {
        "institution": BANK, "platform": PLATFORM, "key": "0x" + "11" * 20, "subject": keccak256(number.to_bytes(4)),
        "sections": 1, "domains": 1, "purpose": 1, "data_from": 20200101, "data_to": 20241231, "not_before": START,
        "not_after": START + 400 * DAY, "uses": 3, "keep_days": 30, "notice": bytes(31) + b"\x01", "paper": bytes(32),
        "deadline": START + DAY,
    }  # fmt: skip
    return ConsentBody(**values | changes)


def random_item(random: Random, nonce: int, time: int) -> QueryItem:
    """A delivery of any kind, made at some time of the month before `time`."""
    return item(
        nonce,
        institution=random.choice((BANK, INSURER, OTHER)),
        provider=random.choice((PLATFORM, BUREAU)),
        via=random.choice((0, 0, PLATFORM)),
        purpose=random.randrange(1, 13),
        product=random.choice(PRODUCTS),
        terms=random.choice((TERMS, bytes(32))),
        flags=random.choice((0, 0, 0, 1, 2, 4, 8, 16, 3, 31)),
        delivered_at=time - random.randrange(30 * DAY),
    )
