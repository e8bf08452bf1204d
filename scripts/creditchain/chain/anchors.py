"""Anchors as they stand on the chain: entries of the log, and what became of them.

An anchor has no cell of its own. Each anchor and each book of a node writes the node's book cell, which counts them; so
whether a batch is missing is one read, and where it is, its block or the way back from the newest block tells.
"""

from __future__ import annotations

from typing import Final

from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.log.entries import AnchorBody
from creditchain.log.views import AnchorInfo, LogEntry
from creditchain.vocabulary import EntryKind

#: Blocks that are looked through first on the way back; each further step is twice as long.
_FIRST_STEP: Final = 1_000


def find_anchor(
    region: Region,
    node: int,
    key_epoch: int,
    root: bytes,
    *,
    number: int | None = None,
    near: int | None = None,
    block: int | None = None,
) -> AnchorInfo | None:
    """The anchor of a batch (root of 32 bytes) as of a block; None if it is not anchored.

    Args:
        number: of the batch among the node's under this key epoch, if it is known: nothing before it is looked at.
        near: the block that is known or said to hold it.
        block: None for the newest.
    """
    at = region.chain.head().number if block is None else block
    published = region.published(node, key_epoch, at)
    if published.batches < (number or 1):
        return None
    wanted = (node, key_epoch, root)
    found = anchor_in(region, near, wanted) if near is not None and near <= at else None
    found = found or _walk_back(region, wanted, number or 1, at)
    return None if found is None else region.state(at).anchor(found)


def anchor_in(region: Region, block: int, wanted: tuple[int, int, bytes]) -> LogEntry | None:
    """The entry in this block that anchors a batch, given as node, key epoch and root."""
    entries = entries_between(region, block, block, EntryKind.ANCHOR)
    return next((entry for entry in entries if _key(entry) == wanted), None)


def _walk_back(region: Region, wanted: tuple[int, int, bytes], number: int, last: int) -> LogEntry | None:
    step = _FIRST_STEP
    while last >= region.deployment.first_block:
        first = max(region.deployment.first_block, last - step + 1)
        for entry in reversed(entries_between(region, first, last, EntryKind.ANCHOR)):
            if _key(entry) == wanted:
                return entry
            body = entry.body
            if isinstance(body, AnchorBody) and (body.node, body.key_epoch) == wanted[:2] and body.number <= number:
                return None
        last, step = first - 1, 2 * step
    return None


def _key(entry: LogEntry) -> tuple[int, int, bytes] | None:
    body = entry.body
    return (body.node, body.key_epoch, body.root) if isinstance(body, AnchorBody) else None
