"""Prove that a delivery is on the ledger: its item in a log entry, and that entry in the region's log."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.index.opened import IndexedLog
from creditchain.index.queries import Delivered


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An inclusion proof: hashes of 32 bytes, siblings from the leaf upwards."""

    leaf: bytes
    index: int
    size: int
    root: bytes
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class MeteredDelivery:
    """A delivery on the ledger, with its proof up to the root of the region's log.

    The body of its entry is the items; so the entry's parts, hashed, show the item in the log.
    """

    delivered: Delivered
    entry: Inclusion  #: the entry in the log


def prove_delivery(log: IndexedLog, delivered: Delivered) -> MeteredDelivery:
    """Prove a delivery of this log. Raises as the log does."""
    index = delivered.entry.index
    siblings = tuple(log.inclusion(index))
    return MeteredDelivery(delivered, Inclusion(log.entry(index).hash, index, log.size, log.root, siblings))
