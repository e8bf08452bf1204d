"""The message that an enterprise signs to dispute a record. The contract Disputes of the domain checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain, require_address
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class DisputeFiling(TypedMessage):
    """An enterprise disputes a record. Signed by its key and by the endorsing platform."""

    TYPE: ClassVar[str] = "DisputeFiling"
    MEMBERS: ClassVar[MemberTypes] = (
        ("platform", "uint24"),
        ("node", "uint24"),
        ("leaf", "bytes32"),
        ("reasonDigest", "bytes32"),
        ("key", "address"),
        ("previous", "uint32"),
        ("deadline", "uint40"),
    )

    domain: LogDomain
    platform: int  #: node that endorses
    node: int  #: node that published the record
    leaf: bytes  #: leaf hash of the record, 32 bytes
    reason_digest: bytes  #: salted digest of the reason, 32 bytes
    key: str  #: the enterprise's key for disputes with this node, an address with its EIP-55 checksum
    previous: int  #: number of filings about the record before this one: it can be used once
    deadline: int  #: unix seconds, inclusive

    def __post_init__(self) -> None:
        require_address(self.key, "key")
        require_hash(self.leaf, "leaf")
        require_hash(self.reason_digest, "reason_digest")
