"""Step 4: in which block an entry is, as far as the facts tell, and whether enough blocks are above it. Pure.

An entry hashes its time, not its block. So a block is known only where endpoints tell or agree on it. Signed and proven
facts show that an entry was in the log at the block of the facts, or before. Nobody can count confirmations from that.
Signers of a checkpoint sign final blocks only, which is what confirmations are to show; endpoints that name a hash
say no such thing.
"""

from __future__ import annotations

from typing import Any

from creditchain.log.facts import Basis
from creditchain.log.views import BlockRef, LogEntry
from creditchain.verification.evidence import Missing
from creditchain.verification.verdict import Source, Step, Text, not_verified, pending


def knows_blocks(source: Source | None) -> bool:
    """Whether the facts tell in which blocks entries are."""
    return source is None or source.basis in (Basis.TOLD, Basis.AGREED)


def block_details(entry: LogEntry, block: BlockRef | Missing, source: Source | None) -> dict[str, Any]:
    """Where the entry is, for machines: its block, or the one at or before which it was appended."""
    if knows_blocks(source):
        return {"block": entry.block}
    return {} if isinstance(block, Missing) else {"at_or_before": block.number}


def where(entry: LogEntry, block: BlockRef | Missing, source: Source | None) -> Text:
    """The same for people, to stand behind what it is about."""
    if knows_blocks(source):
        return Text(f", in block {entry.block}", f"，在区块 {entry.block}")
    if isinstance(block, Missing):
        return Text("", "")
    return Text(f", in block {block.number} or before", f"，不晚于区块 {block.number}")


def check_depth(entry: LogEntry, block: BlockRef, source: Source | None, wanted: int) -> Step | None:
    """The step if a policy wants more confirmations than there are, or than these facts can tell; else None.

    `block`: the final block of the facts. `wanted`: the policy's `confirmations`.
    """
    if not wanted or (source is not None and source.signed_block):
        return None
    if not knows_blocks(source):
        return not_verified(
            4,
            f"{wanted} confirmations cannot be counted, since no proof tells an entry's block; take facts that"
            " endpoints agree on, or that hang on a checkpoint (--checkpoint), whose signers sign final blocks only",
            f"证明不含条目所在区块，无法计算 {wanted} 个确认；请改用多节点一致的事实，或以检查点（--checkpoint）为据",
            **block_details(entry, block, source),
        )
    depth = block.number - entry.block
    if depth >= wanted:
        return None
    return pending(
        4, f"{depth} of {wanted} confirmations", f"确认数 {depth}/{wanted}", time=entry.time, entry=entry.index,
        block=entry.block, read_at=block.number,
    )  # fmt: skip
