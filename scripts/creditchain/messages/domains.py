"""The EIP-712 domain of everything that is signed: one region's log."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from eth_utils.address import is_checksum_address

from creditchain.hashing import require_hash
from creditchain.messages.encoding import struct_hash

NAME = "creditchain"
VERSION = "1"

_COMMON = (("name", "string"), ("version", "string"))


class Eip712Domain(Protocol):
    """The fields of an EIP-712 domain separator in order, and their values as JSON."""

    def __hash__(self) -> int:
        """Domains are values."""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and Solidity types, in the order of EIP-712."""

    def values(self) -> dict[str, Any]:
        """The values as `eth_signTypedData_v4` takes them."""


@dataclass(frozen=True, slots=True)
class LogDomain:
    """L(log): the message is for one region, whatever contracts serve it. The salt is the region's log id."""

    log_id: bytes  #: 32 bytes

    def __post_init__(self) -> None:
        require_hash(self.log_id, "log_id")

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and Solidity types, in the order of EIP-712."""
        return (*_COMMON, ("salt", "bytes32"))

    def values(self) -> dict[str, Any]:
        """The values as `eth_signTypedData_v4` takes them."""
        return {"name": NAME, "version": VERSION, "salt": "0x" + self.log_id.hex()}


@lru_cache(maxsize=256)
def separator_of(domain: Eip712Domain) -> bytes:
    """The domain separator, 32 bytes."""
    values = domain.values()
    return struct_hash("EIP712Domain", domain.fields, [values[name] for name, _ in domain.fields])


@lru_cache(maxsize=1 << 10)
def require_address(address: str, name: str) -> str:
    """`address` if it is one with its EIP-55 checksum; ValueError otherwise."""
    if not is_checksum_address(address):
        raise ValueError(f"{name} must be an address with its EIP-55 checksum")
    return address
