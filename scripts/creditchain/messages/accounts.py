"""The message by which a provider signs a month's statement of account. No contract checks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class StatementOfAccount(TypedMessage):
    """What an institution owes a provider for a month. Signed by the provider's operator, or its host's."""

    TYPE: ClassVar[str] = "StatementOfAccount"
    MEMBERS: ClassVar[MemberTypes] = (
        ("provider", "uint24"),
        ("institution", "uint24"),
        ("month", "uint24"),
        ("terms", "bytes32"),
        ("size", "uint64"),
        ("root", "bytes32"),
        ("charged", "uint64"),
        ("apart", "uint64"),
        ("totalFen", "uint128"),
        ("lines", "bytes32"),
    )

    domain: LogDomain
    provider: int  #: node that delivered
    institution: int  #: node that asked
    month: int  #: YYYYMM of the deliveries, in UTC+8
    terms: bytes  #: digest of the price list, 32 bytes
    size: int  #: number of entries of the log as of which it counts
    root: bytes  #: the log's root at this size, 32 bytes
    charged: int  #: deliveries that are charged
    apart: int  #: deliveries that are shown and not charged
    total_fen: int
    lines: bytes  #: digest of the lines, 32 bytes

    def __post_init__(self) -> None:
        for name in ("terms", "root", "lines"):
            require_hash(getattr(self, name), name)
