"""The message by which owners of a Safe sign a transaction of it (Safe contracts 1.3.0 to 1.5.0)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from creditchain.messages.domains import require_address
from creditchain.messages.typed import MemberTypes, TypedMessage

_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class SafeDomain:
    """One Safe on one chain."""

    chain_id: int
    safe: str  #: its address, with its EIP-55 checksum

    def __post_init__(self) -> None:
        require_address(self.safe, "safe")

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Names and Solidity types, in the order of EIP-712."""
        return (("chainId", "uint256"), ("verifyingContract", "address"))

    def values(self) -> dict[str, Any]:
        """The values as `eth_signTypedData_v4` takes them."""
        return {"chainId": self.chain_id, "verifyingContract": self.safe}


@dataclass(frozen=True, slots=True)
class SafeTransaction(TypedMessage):
    """A transaction of a Safe, without value and refund. Of those with one nonce, one takes effect."""

    TYPE: ClassVar[str] = "SafeTx"
    MEMBERS: ClassVar[MemberTypes] = (
        *(("to", "address"), ("value", "uint256"), ("data", "bytes"), ("operation", "uint8"), ("safeTxGas", "uint256")),
        *(("baseGas", "uint256"), ("gasPrice", "uint256"), ("gasToken", "address"), ("refundReceiver", "address")),
        ("nonce", "uint256"),
    )

    domain: SafeDomain
    to: str
    data: bytes
    operation: int  #: 0: call; 1: delegatecall, which this software only makes to MultiSendCallOnly
    nonce: int
    value: int = 0
    safe_tx_gas: int = 0
    base_gas: int = 0
    gas_price: int = 0
    gas_token: str = _NOBODY
    refund_receiver: str = _NOBODY

    def __post_init__(self) -> None:
        require_address(self.to, "to")
