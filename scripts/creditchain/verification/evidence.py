"""Evidence: what the chain said about one package, every value read at one final block. Values only.

`creditchain.evidence` fetches it, but anything that fills these fields will do, even years later. A value that could
not be read is `Missing`, which no step treats as an answer. `None` means that the chain answered: there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from creditchain.log.views import (
    AnchorInfo,
    BlockRef,
    Compromise,
    LaunchedProduct,
    LogEntry,
    MemberAt,
    NodeInfo,
    RecordState,
)
from creditchain.verification.verdict import Source, Text


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that could not be read, and why."""

    why: Text


NOT_ASKED: Final = Missing(Text("the chain was not asked", "未查询链上数据"))


@dataclass(frozen=True, slots=True)
class Origin:
    """The chain and contracts that the verifier trusts: from its own deployment file, never from a package."""

    chain_id: int
    region: str
    log_id: bytes  #: 32 bytes
    consent_token: str | None = None  #: address in lower case; None where the region has none
    query_ledger: str | None = None  #: the same


@dataclass(frozen=True, slots=True)
class NodeHistory:
    """A node, and the intervals in which keys that it has or had were in other hands."""

    info: NodeInfo
    compromises: tuple[Compromise, ...]

    def compromised_at(self, time: int) -> bool:
        """Whether a key was in other hands at this time (unix seconds). Both ends of an interval are included."""
        return self.compromised_between(time, time)

    def compromised_between(self, first: int, last: int, key: str | None = None) -> bool:
        """Whether a key (`key`, if given) was in other hands at any time from `first` to `last`, both included."""
        return any(one.overlaps(first, last) for one in self.compromises if key is None or one.key == key)


@dataclass(frozen=True, slots=True)
class StatementSigner:
    """Who signed the tag statement: the recovered address, its node, and what the platform named was and is."""

    address: str  #: with its EIP-55 checksum
    member: NodeHistory | None  #: the node to which the address belongs or belonged
    #: The platform that the statement names, at the time that the statement gives itself; None if that is after the
    #: block that was read.
    then: MemberAt | None
    now: MemberAt  #: the same as of the block that was read


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """What the chain says about a tag's key epoch and about the signer of its statement."""

    #: The digest that governors logged for the key epoch.
    key_epoch_digest: bytes | Missing | None
    #: None if there is no statement, or its signature is malformed.
    signer: StatementSigner | Missing | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the steps need from a chain, as of `block`."""

    origin: Origin
    block: BlockRef | Missing
    anchor: AnchorInfo | Missing | None = NOT_ASKED
    #: The anchor is in a block that is not final yet; only asked if `anchor` is None.
    waiting_for_final: bool = False
    #: The log entry of the anchor.
    entry: LogEntry | Missing = NOT_ASKED
    #: The product that the entry names, as governors launched it.
    product: LaunchedProduct | Missing = NOT_ASKED
    publisher: NodeHistory | Missing = NOT_ASKED
    #: The physical node that hosts the publisher; None for a physical publisher.
    host: NodeHistory | Missing | None = NOT_ASKED
    record: RecordState | Missing = NOT_ASKED
    #: The digest that governors logged for the anchor's key epoch.
    key_epoch_digest: bytes | Missing | None = NOT_ASKED
    #: None if the package holds no statement, or its signature is malformed.
    signer: StatementSigner | Missing | None = NOT_ASKED
    source: Source | None = None  #: None if nobody was asked

    @property
    def tag(self) -> TagEvidence:
        """The part of the evidence that concerns the tag."""
        return TagEvidence(self.key_epoch_digest, self.signer)

    @classmethod
    def absent(cls, origin: Origin, why: Text) -> Evidence:
        """Evidence if the chain could not be asked at all: every step that needs it is not verified."""
        missing = Missing(why)
        empty = cls(origin, missing)
        return replace(
            empty,
            anchor=missing,
            entry=missing,
            product=missing,
            publisher=missing,
            host=missing,
            record=missing,
            key_epoch_digest=missing,
            signer=missing,
        )
