"""The message by which a publisher signs its part of a report. Verifiers check it; no contract does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class Countersignature(TypedMessage):
    """A publisher gave this part for this request. Signed by its operator, or its host's.

    The institution's one request stands for all parts, so each part names it.
    """

    TYPE: ClassVar[str] = "Countersignature"
    MEMBERS: ClassVar[MemberTypes] = (
        ("node", "uint24"),
        ("request", "bytes32"),
        ("part", "bytes32"),
        ("givenAt", "uint40"),
    )

    domain: LogDomain
    node: int  #: the publisher
    request: bytes  #: struct hash of the institution's request, 32 bytes
    part: bytes  #: digest of the part, 32 bytes
    given_at: int  #: unix seconds

    def __post_init__(self) -> None:
        require_hash(self.request, "request")
        require_hash(self.part, "part")
