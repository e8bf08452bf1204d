"""The base of all EIP-712 messages: frozen dataclasses with a domain and one field for each member."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from creditchain.messages.domains import Eip712Domain, separator_of
from creditchain.messages.encoding import signed_digest, struct_hash

MemberTypes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TypedMessage(ABC):
    """An EIP-712 message.

    A subclass sets `TYPE` and `MEMBERS` (member name, Solidity type, in the order of the type string), and has a field
    for each member under the same name in snake case. Members are of atomic types, `bytes` or `string`.
    """

    TYPE: ClassVar[str]
    MEMBERS: ClassVar[MemberTypes]

    domain: Eip712Domain

    def typed_data(self) -> dict[str, Any]:
        """The whole message as `eth_signTypedData_v4` takes it, with bytes as 0x hex."""
        types = {"EIP712Domain": self.domain.fields, self.TYPE: self.MEMBERS}
        return {
            "types": {name: [{"name": n, "type": t} for n, t in members] for name, members in types.items()},
            "primaryType": self.TYPE,
            "domain": self.domain.values(),
            "message": {name: _as_json(getattr(self, field_name(name))) for name, _ in self.MEMBERS},
        }

    def values(self) -> tuple[Any, ...]:
        """The members' values in order, as a contract takes the struct."""
        return tuple([getattr(self, field_name(name)) for name, _ in self.MEMBERS])

    def digest(self) -> bytes:
        """What is signed, 32 bytes: keccak256(0x1901 || domain separator[32] || struct hash[32])."""
        return signed_digest(separator_of(self.domain), self.struct_hash())

    def struct_hash(self) -> bytes:
        """The hash of the message without its domain, 32 bytes: keccak256(type hash || members)."""
        return struct_hash(self.TYPE, self.MEMBERS, self.values())


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    return value


@cache
def field_name(name: str) -> str:
    """The dataclass field of a member: its name in snake case."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
