"""The proposal file: what governors are asked to decide together, and who approved it (docs/format.md, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from eth_utils.address import to_checksum_address

from creditchain.errors import Place
from creditchain.messages.signatures import SIGNATURE_BYTES
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import read_object, written

PROPOSAL_FORMAT: Final = "creditchain/proposal@1"
#: Calls in one proposal, bytes of one call, characters of its words.
MOST_CALLS, MOST_BYTES, MOST_WORDS = 100, 1 << 16, 1 << 17
_MEMBERS = ("log_id", "chain_id", "safe", "nonce", "calls", "digest", "signatures")


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """One call: its target (checksum address) and data, and what they say in words."""

    target: str
    data: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A transaction of the governors' Safe, and signatures (64 bytes) by the owners' addresses.

    `digest` is what is signed of it. Nothing here was compared with a chain.
    """

    log_id: bytes
    chain_id: int
    safe: str
    nonce: int
    calls: tuple[ProposedCall, ...]
    digest: bytes
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    def signed(self, owner: str, signature: bytes) -> Proposal:
        """The proposal with one more signature."""
        return replace(self, signatures={**self.signatures, owner: signature})

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_proposal` reads them."""
        value: dict[str, Any] = {
            "format": PROPOSAL_FORMAT,
            "log_id": hexed(self.log_id),
            "chain_id": self.chain_id,
            "safe": self.safe.lower(),
            "nonce": self.nonce,
            "calls": [
                {"target": call.target.lower(), "data": hexed(call.data), "words": call.words} for call in self.calls
            ],
            "digest": hexed(self.digest),
            "signatures": [
                {"owner": owner.lower(), "signature": hexed(signature)}
                for owner, signature in sorted(self.signatures.items())
            ],
        }
        return written(value)


def parse_proposal(raw: bytes) -> Proposal:
    """Parse a proposal file. Raises PackageError with the field."""
    fields = read_object(raw, PROPOSAL_FORMAT, _MEMBERS)
    calls = tuple(_call(Fields(value, path, ("target", "data", "words"))) for path, value in _items(fields, "calls"))
    if not calls:
        raise PackageError("a proposal calls something", expected="at least one call", place=Place(field="calls"))
    signatures: dict[str, bytes] = {}
    for path, value in _items(fields, "signatures"):
        one = Fields(value, path, ("owner", "signature"))
        owner = to_checksum_address(one.address("owner"))
        if owner in signatures:
            raise PackageError("an owner signed twice", found=owner, place=Place(field=path))
        signatures[owner] = one.hex("signature", length=SIGNATURE_BYTES)
    return Proposal(
        log_id=fields.digest("log_id"),
        chain_id=fields.number("chain_id"),
        safe=to_checksum_address(fields.address("safe")),
        nonce=fields.number("nonce"),
        calls=calls,
        digest=fields.digest("digest"),
        signatures=signatures,
    )


def _items(fields: Fields, name: str) -> list[tuple[str, object]]:
    return fields.items(name, most=MOST_CALLS)


def _call(fields: Fields) -> ProposedCall:
    data = fields.blob("data", most=MOST_BYTES)
    return ProposedCall(to_checksum_address(fields.address("target")), data, fields.text("words", longest=MOST_WORDS))
