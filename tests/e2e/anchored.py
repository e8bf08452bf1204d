"""What is anchored on a chain, from the events of its log."""

from __future__ import annotations

from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.log.entries import AnchorBody
from creditchain.vocabulary import EntryKind


def read_anchors(region: Region) -> list[AnchorBody]:
    """Every batch that was anchored, in order."""
    entries = entries_between(region, region.deployment.first_block, region.chain.head().number, EntryKind.ANCHOR)
    return [entry.body for entry in entries if isinstance(entry.body, AnchorBody)]
