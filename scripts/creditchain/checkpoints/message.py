"""The message that a region's signers sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class Checkpoint(TypedMessage):
    """The log and the state of a region as of a final block.

    A statement about the region, valid everywhere: the domain names the log and neither chain nor contract. With
    pinned signers it is checked without network, also years later.
    """

    TYPE: ClassVar[str] = "Checkpoint"
    MEMBERS: ClassVar[MemberTypes] = (
        ("size", "uint64"),
        ("root", "bytes32"),
        ("cells", "uint64"),
        ("stateRoot", "bytes32"),
        ("blockNumber", "uint64"),
        ("blockHash", "bytes32"),
        ("blockTime", "uint64"),
        ("signerEpoch", "uint32"),
    )

    domain: LogDomain
    size: int  #: number of entries
    root: bytes  #: of the log's tree, 32 bytes
    cells: int  #: number of cells
    state_root: bytes  #: of the state tree, 32 bytes
    block_number: int  #: of a final block: log and state as they are after it
    block_hash: bytes  #: 32 bytes
    block_time: int  #: unix seconds
    signer_epoch: int  #: which set of the region's signers signs

    def __post_init__(self) -> None:
        for name in ("root", "state_root", "block_hash"):
            require_hash(getattr(self, name), name)
