"""The two kinds of EIP-712 domain: one contract, or one region's log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from eth_utils.address import is_checksum_address

from creditchain.hashing import require_hash

NAME = "creditchain"
VERSION = "1"

_COMMON = (("name", "string"), ("version", "string"))


class Eip712Domain(Protocol):
    """The fields of an EIP-712 domain separator in order, and their values as JSON."""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and Solidity types, in the order of EIP-712."""

    def values(self) -> dict[str, Any]:
        """The values as `eth_signTypedData_v4` takes them."""


@dataclass(frozen=True, slots=True)
class ContractDomain:
    """D(contract): the message is for one contract on one chain."""

    chain_id: int
    contract: str  #: address with its EIP-55 checksum

    def __post_init__(self) -> None:
        require_address(self.contract, "contract")

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and Solidity types, in the order of EIP-712."""
        return (*_COMMON, ("chainId", "uint256"), ("verifyingContract", "address"))

    def values(self) -> dict[str, Any]:
        """The values as `eth_signTypedData_v4` takes them."""
        return {"name": NAME, "version": VERSION, "chainId": self.chain_id, "verifyingContract": self.contract}


@dataclass(frozen=True, slots=True)
class LogDomain:
    """L(log): a statement about one region, valid on every chain. The salt is the region's log id."""

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


def require_address(address: str, name: str) -> str:
    """`address` if it is one with its EIP-55 checksum; ValueError otherwise."""
    if not is_checksum_address(address):
        raise ValueError(f"{name} must be an address with its EIP-55 checksum")
    return address
