"""Plain values read from a region's contracts. Nothing here does I/O or imports web3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from creditchain.log.entries import Body


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block by number and hash; `time` in unix seconds."""

    number: int
    hash: bytes
    time: int


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A member as `NodeRegistry.node(n)` gives it.

    `operator` is a checksum address, `None` for a virtual node without one of its own; `host` is 0 for a physical
    node; `domains` a bit mask (format.md section 3); times are unix seconds, 0 for never. `until` is set for guests.
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
    """An interval in which a node's operator key is not to be trusted; `until` 0 while it is open. Unix seconds."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class AnchorInfo:
    """An anchored batch as `AnchorRegistry.anchorOf(node, root)` gives it. `entry` is its index in the region log."""

    node: int
    root: bytes
    size: int
    time: int
    entry: int
    key_epoch: int
    audited: bool
    broken: bool


@dataclass(frozen=True, slots=True)
class RecordName:
    """A record by the node that published it and its leaf hash (32 bytes)."""

    node: int
    leaf: bytes

    def __str__(self) -> str:
        return f"{self.node}:0x{self.leaf.hex()}"


@dataclass(frozen=True, slots=True)
class RecordState:
    """Life and last dispute of one record (node, leaf hash), numbers as in format.md section 5; times unix seconds.

    `platform` filed the dispute, `answered_at` is 0 while it is open, `entry` the index of the last log entry about it.
    """

    node: int
    leaf: bytes
    life: int
    dispute: int
    life_at: int
    disputed_at: int
    due_at: int
    answered_at: int
    platform: int
    entry: int


@dataclass(frozen=True, slots=True)
class MemberAt:
    """What a node was at some time, as `NodeRegistry.memberAt(number, time)` gives it; addresses checksummed.

    `acts`: active, its guest time not over, no compromise known at that block, and so its host.
    """

    role: int
    acts: bool
    operator: str | None
    host_operator: str | None


@dataclass(frozen=True, slots=True)
class ConsentState:
    """A consent as `ConsentToken.consentOf(id)` gives it. Masks as in format.md section 3, times unix seconds.

    `valid_from` is the later of grant and `notBefore`, `used` what was metered within `uses`, `revoked_at` 0 while it
    stands, `key` None for a consent on paper, `entry` the index of its log entry.
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
    key: str | None
    platform: int
    entry: int


@dataclass(frozen=True, slots=True)
class Metered:
    """A metered delivery as `QueryLedger.deliveryOf(request)` gives it. `flags` are MeterFlag bits.

    `entry` is the index of its Queries log entry, `receipt` the first 24 bytes of the receipt's struct hash.
    """

    entry: int
    flags: int
    receipt: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the region log, checked against the log's root.

    `body` is what the entry is about, None for a kind that this version does not know; `hash` is the entry's leaf hash
    in the log's tree.
    """

    index: int
    kind: int
    writer: str
    time: int
    body_hash: bytes
    hash: bytes
    body: Body | None
    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Admission:
    """What `NodeRegistry.admit` takes. `operator` None only for a virtual node; `until` 0 unless a guest."""

    operator: str | None
    role: int
    division: int
    host: int
    domains: int
    until: int
    profile_digest: bytes


@dataclass(frozen=True, slots=True)
class Correction:
    """The record that corrects a disputed one, and where it is anchored: what `answerDispute` takes for `corrected`."""

    root: bytes
    index: int
    successor: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ContractCall:
    """A state-changing call, ready to be sent. `to` None creates a contract. `description` is for people and logs.

    `gas`: the least gas to give it, whatever an estimate says. An estimate runs on the state and at the time of some
    block, the transaction on those of a later one; a call that may take a dearer path there says what that path costs.
    """

    to: str | None
    data: bytes
    description: str
    value: int = 0
    gas: int = 0
