"""The messages by which members and enterprises open a session with an exchange. Only the exchange checks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain, require_address
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


@dataclass(frozen=True, slots=True)
class EnterpriseSignIn(TypedMessage):
    """An enterprise signs in by a key that a platform endorsed: the key of a consent that was granted."""

    TYPE: ClassVar[str] = "EnterpriseSignIn"
    MEMBERS: ClassVar[MemberTypes] = (
        ("key", "address"),
        ("exchange", "uint24"),
        ("challenge", "bytes32"),
        ("issuedAt", "uint40"),
    )

    domain: LogDomain
    key: str  #: the enterprise's key, an address with its EIP-55 checksum
    exchange: int  #: the node that serves the exchange
    challenge: bytes  #: from the exchange, used once, 32 bytes
    issued_at: int  #: unix seconds

    def __post_init__(self) -> None:
        require_address(self.key, "key")
        require_hash(self.challenge, "challenge")
