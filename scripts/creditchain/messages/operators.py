"""The message with which an operator accepts a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.messages.domains import LogDomain, require_address
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class OperatorAcceptance(TypedMessage):
    """A new key agrees to act for a node. Signed by that key; NodeRegistry checks it."""

    TYPE: ClassVar[str] = "OperatorAcceptance"
    MEMBERS: ClassVar[MemberTypes] = (("node", "uint24"), ("operator", "address"), ("deadline", "uint64"))

    domain: LogDomain
    node: int
    operator: str  #: the new key's address, with its EIP-55 checksum
    deadline: int  #: unix seconds; the contract refuses it afterwards

    def __post_init__(self) -> None:
        require_address(self.operator, "operator")
