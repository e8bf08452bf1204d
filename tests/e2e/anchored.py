"""What is on a chain, from the events of its log."""

from __future__ import annotations

from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.index.opening import region_log
from creditchain.log.entries import AnchorBody
from creditchain.log.views import LogEntry
from creditchain.vocabulary import EntryKind


def read_anchors(region: Region) -> list[AnchorBody]:
    """Every batch that was anchored, in order."""
    entries = entries_between(region, region.deployment.first_block, region.chain.head().number, EntryKind.ANCHOR)
    return [entry.body for entry in entries if isinstance(entry.body, AnchorBody)]


def read_entries(region: Region, block: int | None = None) -> list[LogEntry]:
    """Every entry as of a block; None: the newest final one."""
    return [*region_log(region, None if block is None else region.chain.block(block)).entries()]
