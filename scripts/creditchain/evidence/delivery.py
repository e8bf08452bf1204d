"""Prove that a delivery is on the ledger: its item in a log entry, and that entry in the region's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.chain.consents import Delivered
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import read_entries
from creditchain.chain.region import Region
from creditchain.log.views import LogEntry
from creditchain.merkle import inclusion_proof


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


def prove_delivery(region: Region, delivered: Delivered, block: int) -> MeteredDelivery:
    """Prove a delivery that was metered until this block.

    Raises:
        LyingEndpointError: its entry is not in the log.
    """
    entries: Sequence[LogEntry] = read_entries(region, block)
    index = delivered.entry.index
    if index >= len(entries) or entries[index].hash != delivered.entry.hash:
        raise LyingEndpointError("an entry of deliveries is not in the region log", expected=f"entry {index}")
    hashes = [one.hash for one in entries]
    siblings = tuple(inclusion_proof(hashes, index))
    return MeteredDelivery(delivered, Inclusion(hashes[index], index, len(entries), region.log_root(block), siblings))
