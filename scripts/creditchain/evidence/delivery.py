"""Prove that a delivery is on the ledger: its item in a log entry, and that entry in the region's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.chain.consents import ConsentReads, Delivered
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import read_entries
from creditchain.chain.region import Region
from creditchain.log.entries import QueriesBody, delivery_item
from creditchain.log.views import LogEntry, Metered
from creditchain.merkle import inclusion_proof, root
from creditchain.messages import DeliveryReceipt


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
    """A delivery on the ledger, with its proof up to the root of the region's log."""

    delivered: Delivered
    metered_at: int  #: unix seconds of the log entry
    receipt: bytes  #: struct hash of the receipt, 32 bytes
    item: Inclusion  #: the delivery among the items of its log entry
    entry: Inclusion  #: the entry in the log


def prove_delivery(region: Region, request: bytes, metered: Metered, block: int) -> MeteredDelivery:
    """Prove the delivery for the request with this id (32 bytes), which the ledger holds at this block.

    Raises:
        LyingEndpointError: events and log contradict each other.
    """
    reads = ConsentReads(region)
    entries: Sequence[LogEntry] = read_entries(region, block)
    entry = entries[metered.entry] if metered.entry < len(entries) else None
    events = reads.delivered(first=entry.block, last=entry.block) if entry is not None else ()
    found = [one for one in events if one.entry == metered.entry]
    receipts = [_receipt(reads, one).struct_hash() for one in found]
    items = [delivery_item(receipt, one.flags) for receipt, one in zip(receipts, found, strict=True)]
    index = next((place for place, one in enumerate(found) if one.request == request), None)
    if entry is None or index is None or entry.body_hash != QueriesBody(root(items), len(items)).body_hash():
        raise LyingEndpointError(
            "the ledger's events contradict its entry in the region log", expected=f"entry {metered.entry}"
        )
    hashes = [one.hash for one in entries]
    return MeteredDelivery(
        delivered=found[index],
        metered_at=entry.time,
        receipt=receipts[index],
        item=Inclusion(items[index], index, len(items), root(items), tuple(inclusion_proof(items, index))),
        entry=Inclusion(
            entry.hash,
            entry.index,
            len(entries),
            region.log_root(block),
            tuple(inclusion_proof(hashes, entry.index)),
        ),
    )


def _receipt(reads: ConsentReads, one: Delivered) -> DeliveryReceipt:
    return DeliveryReceipt(reads.domain("QueryLedger"), one.request, one.report, one.delivered_at, one.meter_by)
