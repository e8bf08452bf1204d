"""The port through which everything learns what a region's log and cells say, and on whose word (docs/format.md, 10).

A verification asks for words of cells and for entries, all as of one block, and computes the rest itself: no rule of a
contract is asked for its opinion. Who answers is told, agreed, proven or signed facts; each says which it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from creditchain.errors import UnavailableError
from creditchain.log.views import BlockRef, LogEntry


class Basis(StrEnum):
    """On whose word facts are believed."""

    SIGNED = "signed"  #: the region's signers signed a checkpoint, under whose roots cells and entries are shown
    PROVEN = "proven"  #: cells follow from a block's hash, by proofs of one endpoint that nobody needs to trust
    AGREED = "agreed"  #: several endpoints gave the same answers
    TOLD = "told"  #: one endpoint said so

    @property
    def zh(self) -> str:
        """The name in Chinese."""
        return {"signed": "已签署", "proven": "已证明", "agreed": "多节点一致", "told": "单节点所述"}[self.value]


class MissingFactError(UnavailableError):
    """These facts do not hold what was asked for, which says nothing of whether it exists. `zh` is the Chinese text."""

    def __init__(self, message: str, zh: str, *, found: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, found=found, hint=hint)
        self.zh = zh


@dataclass(frozen=True, slots=True)
class FactsHead:
    """The log as of the block of all facts: its number of entries, and the root over them (32 bytes)."""

    size: int
    root: bytes
    block: BlockRef


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry by its index, and the block that is said to hold it. The block is a hint and decides nothing."""

    index: int
    block: int | None = None


class Facts(Protocol):
    """What a log and its cells say as of one block.

    Every question may raise UnavailableError: nobody answers, the answers contradict each other, or (MissingFactError)
    these facts do not hold what was asked for.
    """

    @property
    def basis(self) -> Basis:
        """On whose word the words of cells are believed."""

    @property
    def block(self) -> BlockRef:
        """The block as of which all is said; a final one."""

    @property
    def head(self) -> FactsHead:
        """Size and root of the log."""

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Say what will be asked for, or may be, so that it comes along with the next question. Asks nothing."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells (keys of 32 bytes), 32 bytes each, in order; zero for a cell that was never written."""

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, in order. MissingFactError if one of them is not to be had."""
