"""Messages of operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.messages.domains import ContractDomain, require_address
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class OperatorAcceptance(TypedMessage):
    """A new key accepts to act for a node. Signed by that key; checked by NodeRegistry, the contract of the domain."""

    TYPE: ClassVar[str] = "OperatorAcceptance"
    MEMBERS: ClassVar[MemberTypes] = (("node", "uint24"), ("operator", "address"), ("deadline", "uint64"))

    domain: ContractDomain
    node: int
    operator: str  #: the new key's address, with its EIP-55 checksum
    deadline: int  #: unix seconds; later the contract refuses

    def __post_init__(self) -> None:
        require_address(self.operator, "operator")
