"""Entries of the region log: kinds, bodies, hashes (docs/format.md section 5). Pure."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any, ClassVar, TypeAlias

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address

from creditchain.hashing import keccak256, require_hash
from creditchain.log.query_items import ITEM_BYTES, QueryItem
from creditchain.messages.consents import Consent
from creditchain.messages.domains import LogDomain
from creditchain.vocabulary import PUBLISHING, DisputeState, EntryKind, Life, NodeStatus, Role

__all__ = [
    "BODIES",
    "ENTRY_VERSION",
    "PUBLISHING",
    "AccessBody",
    "AnchorBody",
    "AnnulledBody",
    "AnswerBody",
    "AnswererBody",
    "AuditBody",
    "AuthorityBody",
    "Body",
    "BookBody",
    "BrokenBody",
    "ClosedBody",
    "CompromiseBody",
    "ConsentBody",
    "DisputeBody",
    "DisputeState",
    "EntryKind",
    "ExceptionBody",
    "Life",
    "LimitsBody",
    "LoansBody",
    "NodeBody",
    "NodeStatus",
    "OperationBody",
    "PauseBody",
    "ProductBody",
    "QueriesBody",
    "QueryItem",
    "RegionBody",
    "RevocationBody",
    "Role",
    "SealedBody",
    "SignersBody",
    "StatusBody",
    "TagKeyEpochBody",
    "WriterBody",
    "body_hash",
    "entry_hash",
    "log_id",
    "parse_body",
    "region_code",
]

#: The version of the entry format, first value of every entry.
ENTRY_VERSION = 1

_ENTRY = ("uint16", "uint8", "bytes32", "uint64", "address", "uint64", "bytes32", "bytes32")


@dataclass(frozen=True, slots=True)
class _Body:
    """A body: its fields are the ABI values in order. Addresses are 0x text, hashes 32 bytes, times unix seconds."""

    KIND: ClassVar[EntryKind]
    TYPES: ClassVar[tuple[str, ...]]

    def encode(self) -> bytes:
        """abi.encode(fields): 32 bytes for each field."""
        return encode(self.TYPES, astuple(self))

    def body_hash(self) -> bytes:
        """keccak256(abi.encode(fields)), 32 bytes."""
        return keccak256(self.encode())


@dataclass(frozen=True, slots=True)
class NodeBody(_Body):
    """The state of a node after a change."""

    KIND: ClassVar[EntryKind] = EntryKind.NODE
    TYPES: ClassVar[tuple[str, ...]] = (
        *("uint24", "address", "address", "uint8", "uint8", "uint24", "uint24", "uint32", "uint40", "bytes32"),
    )

    node: int
    by: str  #: who changed it
    operator: str
    role: int
    status: int
    division: int
    host: int  #: 0 for a physical node
    domains: int
    until: int  #: end of a guest's admission; 0 for none
    profile_digest: bytes  #: zeros where it did not change


@dataclass(frozen=True, slots=True)
class SignersBody(_Body):
    """Another epoch of signers of checkpoints begins; who they are is in the cells that the entry writes."""

    KIND: ClassVar[EntryKind] = EntryKind.SIGNERS
    TYPES: ClassVar[tuple[str, ...]] = ("uint32", "uint8", "uint256")

    epoch: int
    threshold: int
    count: int


@dataclass(frozen=True, slots=True)
class CompromiseBody(_Body):
    """Governors declare when a key was in other hands, in place of what was declared before."""

    KIND: ClassVar[EntryKind] = EntryKind.COMPROMISE
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "address", "uint256")

    node: int  #: whose key it is or was
    key: str
    intervals: int  #: as the value of the key's `COMPROMISE` cell


@dataclass(frozen=True, slots=True)
class AnswererBody(_Body):
    """Governors name the node that answers for the records of a retired one."""

    KIND: ClassVar[EntryKind] = EntryKind.ANSWERER
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint24")

    node: int
    by: int


@dataclass(frozen=True, slots=True)
class TagKeyEpochBody(_Body):
    """A tag key epoch opens."""

    KIND: ClassVar[EntryKind] = EntryKind.TAG_KEY_EPOCH
    TYPES: ClassVar[tuple[str, ...]] = ("uint32", "bytes32")

    epoch: int
    epoch_digest: bytes


@dataclass(frozen=True, slots=True)
class ProductBody(_Body):
    """A product is launched or withdrawn."""

    KIND: ClassVar[EntryKind] = EntryKind.PRODUCT
    TYPES: ClassVar[tuple[str, ...]] = ("uint32", "bytes32", "uint8")

    number: int
    digest: bytes  #: of its file; zeros when it is withdrawn
    state: int  #: ProductState


@dataclass(frozen=True, slots=True)
class AnchorBody(_Body):
    """A batch is anchored."""

    KIND: ClassVar[EntryKind] = EntryKind.ANCHOR
    TYPES: ClassVar[tuple[str, ...]] = (
        *("uint24", "uint32", "uint32", "uint32", "bytes32", "uint64", "uint32", "uint64"),
    )

    node: int
    key_epoch: int
    product: int  #: number of the product
    number: int  #: of the batch among the node's under this key epoch, from 1
    root: bytes
    size: int
    domains: int
    subjects: int


@dataclass(frozen=True, slots=True)
class BookBody(_Body):
    """A node enters its book of a key epoch: all leaves of its batches, but not of broken and annulled ones."""

    KIND: ClassVar[EntryKind] = EntryKind.BOOK
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint32", "uint32", "uint64", "bytes32")

    node: int
    key_epoch: int
    batches: int  #: number of batches so far
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class StatusBody(_Body):
    """The life of a record changes."""

    KIND: ClassVar[EntryKind] = EntryKind.STATUS
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "bytes32", "uint8", "bytes32", "bytes32")

    node: int
    leaf: bytes
    life: int
    successor: bytes  #: leaf hash of the superseding record; zeros for none
    reason_digest: bytes


@dataclass(frozen=True, slots=True)
class DisputeBody(_Body):
    """A dispute is filed. Its answer is due 20 days after the entry's time."""

    KIND: ClassVar[EntryKind] = EntryKind.DISPUTE
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint24", "bytes32", "uint32", "uint64", "address", "bytes32")

    platform: int
    node: int
    leaf: bytes
    number: int  #: of the filing among all about this record, from 1
    previous: int  #: entry of the filing before it; 0 for the first
    key: str  #: the enterprise's key that signed it; zero if the platform filed on its behalf
    reason_digest: bytes


@dataclass(frozen=True, slots=True)
class AnswerBody(_Body):
    """The publisher answers one filing."""

    KIND: ClassVar[EntryKind] = EntryKind.ANSWER
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "bytes32", "uint32", "uint8", "bytes32", "bytes32")

    node: int
    leaf: bytes
    filing: int  #: number of the filing
    outcome: int  #: DisputeState: corrected, upheld or unresolved
    successor: bytes  #: leaf hash of the correcting record; zeros unless corrected
    reason_digest: bytes


@dataclass(frozen=True, slots=True)
class AuditBody(_Body):
    """A regulator attests that a book is exactly its batches."""

    KIND: ClassVar[EntryKind] = EntryKind.AUDIT
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint24", "uint32", "uint64", "bool", "bytes32")

    auditor: int
    node: int
    key_epoch: int
    book: int  #: index of its entry
    restored: bool  #: what broken and annulled batches before it held was published again, or never was the node's
    report_digest: bytes


@dataclass(frozen=True, slots=True)
class BrokenBody(_Body):
    """Somebody proved that a batch or a book is wrong."""

    KIND: ClassVar[EntryKind] = EntryKind.BROKEN
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint32", "uint64", "uint8", "uint64")

    node: int
    key_epoch: int
    entry: int  #: index of the entry of the batch or book
    fault: int  #: Fault
    other: int  #: the entry of the batch whose leaf is omitted or repeated; 0 for a disorder


@dataclass(frozen=True, slots=True)
class AnnulledBody(_Body):
    """Governors annul a batch or a book that was made with a stolen key."""

    KIND: ClassVar[EntryKind] = EntryKind.ANNULLED
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint32", "uint64", "address", "bytes32")

    node: int
    key_epoch: int
    entry: int  #: index of the entry of the batch or book
    key: str  #: the stolen key, of the node or of its host
    reason_digest: bytes


@dataclass(frozen=True, slots=True)
class ClosedBody(_Body):
    """A node no longer shows what it published from an entry on."""

    KIND: ClassVar[EntryKind] = EntryKind.CLOSED
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint64", "bytes32")

    node: int
    since: int  #: index of the entry; 0 if it shows everything again
    reason_digest: bytes


@dataclass(frozen=True, slots=True)
class ConsentBody:
    """A consent is granted: the members of the message `Consent`, which says what they mean, without its log."""

    KIND: ClassVar[EntryKind] = EntryKind.CONSENT

    institution: int
    platform: int
    key: str
    subject: bytes
    sections: int
    domains: int
    purpose: int
    data_from: int
    data_to: int
    not_before: int
    not_after: int
    uses: int
    keep_days: int
    notice: bytes
    paper: bytes
    deadline: int

    def message(self, log: bytes) -> Consent:
        """What was signed for the log with this id (32 bytes)."""
        return Consent(LogDomain(log), log, *astuple(self))

    def encode(self) -> bytes:
        """The form of the consent."""
        return self.message(bytes(32)).form()

    def body_hash(self) -> bytes:
        """The hash of the form, 32 bytes."""
        return keccak256(self.encode())

    @classmethod
    def of(cls, message: Consent) -> ConsentBody:
        """The body of the entry by which this is granted."""
        return cls(*(getattr(message, member.name) for member in fields(cls)))

    @classmethod
    def parse(cls, data: bytes) -> ConsentBody | None:
        """The body with this encoding; None if it is none."""
        try:
            body = cls.of(Consent.of_form(data, bytes(32)))
        except ValueError:
            return None
        return body if body.encode() == data else None


@dataclass(frozen=True, slots=True)
class RevocationBody(_Body):
    """A consent is revoked, as of the entry's time."""

    KIND: ClassVar[EntryKind] = EntryKind.REVOCATION
    TYPES: ClassVar[tuple[str, ...]] = ("bytes32", "uint24", "uint8")

    consent: bytes
    institution: int
    by: int  #: Revoker


@dataclass(frozen=True, slots=True)
class PauseBody(_Body):
    """A consent is paused (odd turns) or resumed (even ones), as of the entry's time."""

    KIND: ClassVar[EntryKind] = EntryKind.PAUSE
    TYPES: ClassVar[tuple[str, ...]] = ("bytes32", "uint8", "uint16")

    consent: bytes
    by: int  #: Revoker
    turn: int  #: from 1


@dataclass(frozen=True, slots=True)
class QueriesBody:
    """Deliveries are metered: one entry for each metering transaction."""

    KIND: ClassVar[EntryKind] = EntryKind.QUERIES

    items: tuple[QueryItem, ...]

    def encode(self) -> bytes:
        """The items one after the other."""
        return b"".join(item.encode() for item in self.items)

    def body_hash(self) -> bytes:
        """The hash of the items, 32 bytes."""
        return keccak256(self.encode())

    @classmethod
    def parse(cls, data: bytes) -> QueriesBody | None:
        """The body with this encoding; None if it is none."""
        if not data or len(data) % ITEM_BYTES:
            return None
        starts = range(0, len(data), ITEM_BYTES)
        return cls(tuple(QueryItem.parse(data[start : start + ITEM_BYTES]) for start in starts))


@dataclass(frozen=True, slots=True)
class LoansBody(_Body):
    """An institution reports its loans of a month, or corrects the report."""

    KIND: ClassVar[EntryKind] = EntryKind.LOANS
    TYPES: ClassVar[tuple[str, ...]] = ("uint24", "uint24", "uint16", "uint32", "uint128", "bytes32")

    institution: int
    month: int  #: YYYYMM
    revision: int  #: 0 for the first report of the month
    count: int
    amount: int  #: fen
    queries: bytes  #: salted digest of the list of queries


@dataclass(frozen=True, slots=True)
class LimitsBody(_Body):
    """A limit has another value from now on."""

    KIND: ClassVar[EntryKind] = EntryKind.LIMITS
    TYPES: ClassVar[tuple[str, ...]] = ("uint8", "uint200")

    limit: int  #: Limit
    value: int  #: a bit set of domains, or seconds


@dataclass(frozen=True, slots=True)
class SealedBody(_Body):
    """The log is closed for ever."""

    KIND: ClassVar[EntryKind] = EntryKind.SEALED
    TYPES: ClassVar[tuple[str, ...]] = ("address",)

    by: str


@dataclass(frozen=True, slots=True)
class WriterBody(_Body):
    """A contract may append to the log from now on, another not any more, or both. What it may change is in cells."""

    KIND: ClassVar[EntryKind] = EntryKind.WRITER
    TYPES: ClassVar[tuple[str, ...]] = ("uint160", "address", "bytes32", "uint32")

    removed: int  #: id of the former writer; 0 for none
    writer: str  #: the new one; zero for none
    code_hash: bytes  #: of the new writer's code
    kinds: int  #: bit set of the kinds of entries that it may append


@dataclass(frozen=True, slots=True)
class RegionBody(_Body):
    """The log begins. It is always entry 0."""

    KIND: ClassVar[EntryKind] = EntryKind.REGION
    TYPES: ClassVar[tuple[str, ...]] = ("uint256", "bytes32", "bytes32", "address")

    chain_id: int
    region: bytes  #: its code in ASCII, padded on the right with zeros
    parent: bytes  #: hash of the block before the log's
    authority: str  #: the contract that decides who governs


@dataclass(frozen=True, slots=True)
class AuthorityBody(_Body):
    """Another contract decides who governs."""

    KIND: ClassVar[EntryKind] = EntryKind.AUTHORITY
    TYPES: ClassVar[tuple[str, ...]] = ("address", "address")

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AccessBody(_Body):
    """Who may do what changes (docs/format.md section 5 says what each field means for each change)."""

    KIND: ClassVar[EntryKind] = EntryKind.ACCESS
    TYPES: ClassVar[tuple[str, ...]] = ("uint8", "address", "uint64", "address", "bytes4", "uint256", "uint48")

    change: int  #: AccessChange
    by: str
    role: int
    subject: str  #: account, or contract
    selector: bytes  #: of the function, 4 bytes; zeros unless a function's role changes
    value: int
    since: int  #: from when it holds, unix seconds; 0: at once


@dataclass(frozen=True, slots=True)
class OperationBody(_Body):
    """An operation that has to wait is scheduled, done or cancelled."""

    KIND: ClassVar[EntryKind] = EntryKind.OPERATION
    TYPES: ClassVar[tuple[str, ...]] = ("uint8", "address", "bytes32", "uint32", "uint48", "address", "bytes")

    progress: int  #: Progress
    by: str
    operation: bytes  #: its id
    nonce: int  #: which one with this id it is, from 1
    due: int  #: unix seconds; 0 unless it is scheduled, and so the rest
    target: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExceptionBody(_Body):
    """A number of an enterprise is accepted although its check digits are wrong, or no longer."""

    KIND: ClassVar[EntryKind] = EntryKind.EXCEPTION
    TYPES: ClassVar[tuple[str, ...]] = ("bytes32", "bool")

    digest: bytes
    accepted: bool


Body: TypeAlias = (
    NodeBody
    | SignersBody
    | CompromiseBody
    | AnswererBody
    | TagKeyEpochBody
    | ProductBody
    | AnchorBody
    | BookBody
    | StatusBody
    | DisputeBody
    | AuditBody
    | BrokenBody
    | AnnulledBody
    | ClosedBody
    | ConsentBody
    | RevocationBody
    | QueriesBody
    | LoansBody
    | LimitsBody
    | PauseBody
    | SealedBody
    | WriterBody
    | RegionBody
    | AuthorityBody
    | AnswerBody
    | AccessBody
    | OperationBody
    | ExceptionBody
)

#: The body of each kind that this version knows.
BODIES: dict[EntryKind, type[Body]] = {
    EntryKind.NODE: NodeBody,
    EntryKind.SIGNERS: SignersBody,
    EntryKind.COMPROMISE: CompromiseBody,
    EntryKind.ANSWERER: AnswererBody,
    EntryKind.TAG_KEY_EPOCH: TagKeyEpochBody,
    EntryKind.PRODUCT: ProductBody,
    EntryKind.ANCHOR: AnchorBody,
    EntryKind.BOOK: BookBody,
    EntryKind.STATUS: StatusBody,
    EntryKind.DISPUTE: DisputeBody,
    EntryKind.AUDIT: AuditBody,
    EntryKind.BROKEN: BrokenBody,
    EntryKind.ANNULLED: AnnulledBody,
    EntryKind.CLOSED: ClosedBody,
    EntryKind.CONSENT: ConsentBody,
    EntryKind.REVOCATION: RevocationBody,
    EntryKind.QUERIES: QueriesBody,
    EntryKind.LOANS: LoansBody,
    EntryKind.LIMITS: LimitsBody,
    EntryKind.PAUSE: PauseBody,
    EntryKind.SEALED: SealedBody,
    EntryKind.WRITER: WriterBody,
    EntryKind.REGION: RegionBody,
    EntryKind.AUTHORITY: AuthorityBody,
    EntryKind.ANSWER: AnswerBody,
    EntryKind.ACCESS: AccessBody,
    EntryKind.OPERATION: OperationBody,
    EntryKind.EXCEPTION: ExceptionBody,
}


def body_hash(kind: EntryKind, /, **fields: Any) -> bytes:
    """The body hash of an entry of `kind`, 32 bytes. KeyError if `kind` has no body here."""
    return BODIES[kind](**fields).body_hash()


def region_code(region: str) -> bytes:
    """The code of a region in the log id: ASCII, padded on the right with zeros to 32 bytes. ValueError if too long."""
    code = region.encode("ascii")
    if not 1 <= len(code) <= 32:
        raise ValueError("a region's code has 1 to 32 ASCII characters")
    return code.ljust(32, b"\x00")


def log_id(chain_id: int, address: str, region: str, parent: bytes) -> bytes:
    """The id of the log at `address` on a chain, 32 bytes.

    `region` is its code, such as "YRD"; `parent` the hash of the block before the log's, so that a chain that is
    started anew has another log at the same address.
    """
    types = ("uint256", "address", "bytes32", "bytes32")
    return keccak256(encode(types, (chain_id, address, region_code(region), require_hash(parent, "parent"))))


def parse_body(kind: int, data: bytes) -> Body | None:
    """The body of an entry; None if this version does not know the kind, or `data` is no encoding of its body."""
    if kind not in BODIES:
        return None
    made = BODIES[EntryKind(kind)]
    if not issubclass(made, _Body):
        return made.parse(data)
    try:
        body = made(*map(_checksummed, made.TYPES, decode(made.TYPES, data)))
    except (DecodingError, OverflowError):
        return None
    return body if body.encode() == data else None


def _checksummed(kind: str, value: Any) -> Any:
    return to_checksum_address(value) if kind == "address" else value


def entry_hash(
    version: int, kind: int, log_id: bytes, index: int, writer: str, time: int, body_hash: bytes, writes_hash: bytes
) -> bytes:
    """The leaf hash of a log entry, 32 bytes. `index` from 0; `writer` an address; `time` the block's, unix seconds.

    `writes_hash` is the hash of key, old word and new word (32 bytes each) of every cell that it wrote, in order.
    """
    for value, name in ((log_id, "log_id"), (body_hash, "body_hash"), (writes_hash, "writes_hash")):
        require_hash(value, name)
    values = (version, kind, log_id, index, writer, time, body_hash, writes_hash)
    return keccak256(b"\x00" + encode(_ENTRY, values))
