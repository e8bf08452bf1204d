"""Plain values read from a region's contracts. Nothing here does I/O or imports web3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from creditchain.hashing import checksummed, keccak256
from creditchain.vocabulary import DisputeState, ProductState

if TYPE_CHECKING:
    from creditchain.log.appended import AppendedEntry
    from creditchain.log.entries import Body
    from creditchain.log.query_items import QueryItem


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block: number, hash, and `time` in unix seconds."""

    number: int
    hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A member as the cells of the log say.

    `operator` is a checksum address, `None` for a virtual node without an operator of its own. `host` is 0 for a
    physical node. `domains` is a bit mask (format.md section 3). Times are unix seconds, 0 for never. `until` is the
    end of a guest's admission.
    """

    number: int
    operator: str | None
    role: int
    status: int
    division: int
    host: int
    domains: int
    admitted_at: int
    status_at: int
    until: int
    compromised_since: int
    profile_digest: bytes


@dataclass(frozen=True, slots=True)
class Compromise:
    """An interval, in unix seconds, in which a key was in other hands; `until` is 0 while it is open.

    A host's key acts for a node from `acted_from` to before `acted_until` (0: without end).
    """

    key: str  #: address, with its EIP-55 checksum
    since: int
    until: int
    acted_from: int = 0
    acted_until: int = 0

    def covers(self, time: int) -> bool:
        """Whether the key was in other hands at this time. Both ends belong to the interval."""
        return self.overlaps(time, time)

    def overlaps(self, first: int, last: int) -> bool:
        """Whether what is said to be of `first` may be somebody else's, seen on chain by `last`.

        That is so if the key acted at `first`, and was in other hands at any time from then to `last`, both included.
        """
        acted = self.acted_from <= first and (self.acted_until == 0 or first < self.acted_until)
        return acted and self.since <= last and (self.until == 0 or first <= self.until)


@dataclass(frozen=True, slots=True)
class AnchorInfo:
    """An anchored batch: what its log entry says, and what became of it. `entry` is its index in the region log.

    `product` is the number of its product, `number` the batch's among the node's under `key_epoch`. `audited`: a book
    that came after it was audited, and counts (`Flags.counts`). Where none counts, `doubted_book` is the last one of
    which only a thief may have attested an audit; 0 for none. `block` is where its entry was found.
    """

    node: int
    root: bytes
    size: int
    time: int
    entry: int
    key_epoch: int
    audited: bool
    broken: bool
    annulled: bool
    number: int
    product: int
    block: int
    doubted_book: int = 0

    @property
    def spoiled(self) -> bool:
        """Whether it is broken or annulled, so that its leaves count no more."""
        return self.broken or self.annulled


@dataclass(frozen=True, slots=True)
class Published:
    """What a node published under a key epoch, as `AnchorRegistry.published(node, epoch)` gives it.

    `leaves` are those of all its `batches`, `gone` those of broken and annulled ones. `last_entry`, `book` and
    `audited_book` are log entries: of the last batch or book, the last book, the last sound audited one; 0 for none.
    Whether its audit counts, `Flags` say.
    """

    batches: int
    leaves: int
    gone: int
    last_entry: int
    book: int
    audited_book: int


@dataclass(frozen=True, slots=True)
class Flags:
    """What became of an anchor or a book, as `AuditRegistry.flagsOf(entry)` gives it.

    `since` is the entry by which it became broken or annulled, `previous` the audited book before an audited one.
    `auditor` is the checksum address that attested its last audit, at `audited_at` (unix seconds). `stolen`: that key
    was in other hands then. Governors may declare so years later.
    """

    audited: bool
    broken: bool
    annulled: bool
    restored: bool
    since: int
    previous: int
    auditor: str | None = None
    audited_at: int = 0
    stolen: bool = False

    @property
    def spoiled(self) -> bool:
        """Whether it is broken or annulled."""
        return self.broken or self.annulled

    @property
    def doubted(self) -> bool:
        """Whether it is a book of which only a thief may have attested an audit."""
        return self.audited and (self.auditor is None or self.stolen)

    @property
    def counts(self) -> bool:
        """Whether it is a book whose audit counts: it is sound, and no stolen key attested the audit."""
        return self.audited and not self.spoiled and not self.doubted


@dataclass(frozen=True, slots=True)
class LaunchedProduct:
    """A product as `AnchorRegistry.productOf(number)` gives it: state, and the first 24 bytes of its digest."""

    number: int
    state: ProductState
    digest: bytes

    def is_of(self, digest: bytes) -> bool:
        """Whether it is the product with this digest (32 bytes)."""
        return self.state is not ProductState.NONE and digest[: len(self.digest)] == self.digest


@dataclass(frozen=True, slots=True)
class Opening:
    """A log entry as it is shown to a contract: without kind and body, with the proof that the log holds it."""

    index: int
    writer: str
    time: int
    writes_hash: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RecordName:
    """A record, named by its publisher's node number and its leaf hash (32 bytes)."""

    node: int
    leaf: bytes

    def __str__(self) -> str:
        return f"{self.node}:0x{self.leaf.hex()}"


#: Regulation on Credit Reporting, art. 25: seconds within which a dispute has to be answered.
ANSWER_SECONDS = 20 * 86_400


@dataclass(frozen=True, slots=True)
class RecordState:
    """Life and disputes of one record (node, leaf hash), as the log's cells have it. Times unix seconds, 0 for never.

    `life` and `outcome` are numbers as in format.md section 5. `open` and `filings` count the filings that are not
    answered, and all. `last` is the log entry of the last filing, `filed_at` its time. `outcome` is what the answer
    says that was given last, at `answered_at`; 0 before the first. `entry` is the log entry that changed the life.
    """

    node: int
    leaf: bytes
    life: int = 0
    life_at: int = 0
    entry: int = 0
    open: int = 0
    filings: int = 0
    last: int = 0
    filed_at: int = 0
    outcome: int = 0
    answered_at: int = 0

    @property
    def dispute(self) -> DisputeState:
        """Open while any filing is not answered, then what the last answer says."""
        return DisputeState.OPEN if self.open else DisputeState(self.outcome)

    @property
    def due_at(self) -> int:
        """When the answer to the last filing is or was due; 0 if there is none."""
        return self.filed_at + ANSWER_SECONDS if self.filings else 0


@dataclass(frozen=True, slots=True)
class MemberAt:
    """A node at some time; addresses are checksummed.

    `acts` is true if the node was active, its admission as a guest had not ended, the same holds for its host, and one
    of the two keys was not in other hands. A key that was is None, as one that there is not.
    """

    role: int
    acts: bool
    operator: str | None
    host_operator: str | None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """A consent as `ConsentToken.consentOf(id)` gives it. Masks as in format.md section 3, times unix seconds.

    `valid_from` is the later of grant and `notBefore`. `used` counts the metered deliveries that took one of its
    `uses`. `revoked_at` is 0 unless it was revoked. `turns` is the number of pauses and resumptions; while it is odd,
    the consent is paused. `paused_at` and `resumed_at` are those of the last pause.
    """

    institution: int
    sections: int
    domains: int
    purpose: int
    valid_from: int
    not_after: int
    uses: int
    used: int
    revoked_at: int
    paused_at: int
    resumed_at: int
    turns: int

    @property
    def paused(self) -> bool:
        """Whether it is paused now."""
        return self.turns % 2 == 1


@dataclass(frozen=True, slots=True)
class Metered:
    """A metered delivery: the item of its Queries log entry, whose index and time these are."""

    entry: int
    time: int  #: unix seconds
    item: QueryItem


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the region log, checked against the log's root.

    `data` is the body as the log hashed it, `body` what it says: None for a kind that this version does not know.
    `hash` is the leaf hash in the log's tree. `writes` holds 96 bytes for each cell that it wrote: key, old word,
    new word.
    """

    index: int
    kind: int
    writer: str
    time: int
    data: bytes
    hash: bytes
    body: Body | None
    writes: bytes
    block: int
    transaction_hash: bytes

    @classmethod
    def of(cls, entry: AppendedEntry, leaf_hash: bytes, *, block: int, transaction_hash: bytes) -> LogEntry:
        """The entry with its leaf hash, and where its event was found."""
        # Loads eth-abi, which commands that only list what this home has do without.
        from creditchain.log.entries import parse_body

        return cls(
            index=entry.index,
            kind=entry.kind,
            writer=checksummed(entry.writer),
            time=entry.time,
            data=entry.body,
            hash=leaf_hash,
            body=parse_body(entry.kind, entry.body),
            writes=entry.writes,
            block=block,
            transaction_hash=transaction_hash,
        )

    @property
    def body_hash(self) -> bytes:
        """The hash of the body, 32 bytes."""
        return keccak256(self.data)

    @property
    def appended(self) -> AppendedEntry:
        """What the log was told: everything that its hash covers, but the log's id."""
        # Loads eth-abi, which commands that only list what this home has do without.
        from creditchain.log.appended import AppendedEntry

        writer = bytes.fromhex(self.writer.removeprefix("0x"))
        return AppendedEntry(self.index, self.kind, writer, self.time, self.data, self.writes)


@dataclass(frozen=True, slots=True)
class Admission:
    """What `NodeRegistry.admit` takes. Only a virtual node's `operator` may be None; `until` is 0 except for guests."""

    operator: str | None
    role: int
    division: int
    host: int
    domains: int
    until: int
    profile_digest: bytes


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A state-changing call, ready to be sent. `to` None creates a contract. `description` is for people and logs.

    `gas` is the least gas to give it, whatever an estimate says. An estimate runs with the state and time of one block,
    the transaction with those of a later block. A call that may take a more expensive path there states that path's
    cost.
    """

    to: str | None
    data: bytes
    description: str
    value: int = 0
    gas: int = 0
