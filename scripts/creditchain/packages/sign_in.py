"""What a member sends to open a session with an exchange (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object, written

SIGN_IN_FORMAT: Final = "creditchain/sign-in@1"


@dataclass(frozen=True, slots=True)
class SignInBody:
    """An answered challenge. The message's other members, log and exchange, are those of whoever is asked."""

    node: int
    challenge: bytes  #: 32 bytes
    issued_at: int  #: unix seconds
    signature: bytes  #: 64 bytes

    def to_json(self) -> bytes:
        """The bytes that `parse_sign_in` reads."""
        value: dict[str, Any] = {"format": SIGN_IN_FORMAT, "node": self.node, "challenge": hexed(self.challenge)}
        return written(value | {"issued_at": self.issued_at, "signature": hexed(self.signature)})


def parse_sign_in(raw: bytes) -> SignInBody:
    """Parse an answered challenge. Raises PackageError with the field."""
    fields = read_object(raw, SIGN_IN_FORMAT, ("node", "challenge", "issued_at", "signature"))
    return SignInBody(
        fields.number("node", most=2**24 - 1),
        fields.digest("challenge"),
        fields.number("issued_at", most=2**40 - 1),
        fields.hex("signature", length=64),
    )
