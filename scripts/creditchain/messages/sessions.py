"""The message by which a member opens a session with an exchange. Only the exchange checks it; no contract does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class SignIn(TypedMessage):
    """A member signs in. Signed by its operator, or its host's.

    It names the exchange, so that one exchange cannot sign in at another with what it was given.
    """

    TYPE: ClassVar[str] = "SignIn"
    MEMBERS: ClassVar[MemberTypes] = (
        ("node", "uint24"),
        ("exchange", "uint24"),
        ("challenge", "bytes32"),
        ("issuedAt", "uint40"),
    )

    domain: LogDomain
    node: int  #: who signs in
    exchange: int  #: the node that serves the exchange
    challenge: bytes  #: from the exchange, used once, 32 bytes
    issued_at: int  #: unix seconds

    def __post_init__(self) -> None:
        require_hash(self.challenge, "challenge")
