"""Check whether the chain still has an anchor. The journal only remembers it; the chain decides.

A deep reorganisation can remove a block that was final under the network's rule. Whatever relies on an anchor asks
here first; `creditchain batch resume`, or anchoring the same upload again, sends the same transaction once more.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from creditchain.acts.anchor_rules import is_anchored
from creditchain.batch.folder.manifest import Manifest
from creditchain.batch.ledger import AnchoringRow, Ledger, State
from creditchain.chain.anchors import find_anchor
from creditchain.chain.region import Region
from creditchain.errors import RefusedError, UnavailableError
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.whereabouts import has_journal
from creditchain.log.views import AnchorInfo


class AnchorGoneError(RefusedError):
    """The journal says that a batch is anchored, and the chain has no such anchor."""


class NotAnchoredError(RefusedError):
    """The chain has no anchor of this batch, and this home knows of none."""


def lost_anchors(region: Region, ledger: Ledger) -> list[AnchoringRow]:
    """Batches of this region that the journal calls mined or final, and that the chain does not have."""
    rows = [row for row in ledger.rows() if row.state in (State.MINED, State.FINAL)]
    return [row for row in rows if not is_anchored(region, row)]


def require_standing(region: Region, manifest: Manifest, known: Sequence[AnchoringRow] = ()) -> AnchorInfo:
    """The anchor of a batch as of a final block; waits for it where its block is not final yet.

    Args:
        known: rows of the journal about this batch, so that an anchor that was lost is told from one that never was.
    Raises:
        AnchorGoneError: the journal has it, and the chain does not.
        NotAnchoredError: neither has it.
        UnavailableError: its block was not final within the network's give_up_seconds.
    """
    give_up = time.monotonic() + region.chain.network.give_up_seconds
    near = next((row.block for row in known if row.block is not None), None)
    while True:
        anchor = _anchor(region, manifest, near, region.chain.final_block().number)
        if anchor is not None:
            return anchor
        if _anchor(region, manifest, near, None) is None:
            raise _missing(known)
        if time.monotonic() > give_up:
            raise UnavailableError(
                "the batch is anchored, but its block is not final yet", hint="Run this again later."
            )
        region.chain.pause()


def _anchor(region: Region, manifest: Manifest, near: int | None, block: int | None) -> AnchorInfo | None:
    terms = manifest.terms
    return find_anchor(region, terms.node, terms.key_epoch, manifest.root, near=near, block=block)


def require_nothing_lost(region: Region, home: Home) -> None:
    """As `require_none_lost`, with the home's own journal, if it has one."""
    if not has_journal(home):
        return
    with open_journal(home.journal, home.database) as journal:
        require_none_lost(region, Ledger(journal, region.deployment.log_id))


def require_none_lost(region: Region, ledger: Ledger) -> None:
    """Raise AnchorGoneError where the journal knows a batch of this region that the chain has lost.

    Of each node and key epoch only the last batch is sought, however many there are: the chain takes numbers without
    gaps, so while that one stands under its number, those before it do.
    """
    newest: dict[tuple[int, int], AnchoringRow] = {}
    for row in ledger.rows():
        last = newest.get((row.node, row.key_epoch))
        if row.state in (State.MINED, State.FINAL) and (last is None or (row.number or 0) > (last.number or 0)):
            newest[row.node, row.key_epoch] = row
    if all(is_anchored(region, row) for row in newest.values()):
        return
    lost = lost_anchors(region, ledger)
    if lost:
        raise AnchorGoneError(
            "the chain no longer has all batches of this home: a reorganisation removed their blocks",
            found=f"{len(lost)} lost, the first with root 0x{(lost[0].root or b'').hex()}",
            hint="Run `creditchain batch resume`: it sends the same transactions again. Then run this again.",
        )


def _missing(known: Sequence[AnchoringRow]) -> RefusedError:
    if any(row.state in (State.MINED, State.FINAL) for row in known):
        return AnchorGoneError(
            "the chain no longer has the anchor of this batch: a reorganisation removed its block",
            hint="Run `creditchain batch resume`: it sends the same transaction again. Then run this again.",
        )
    return NotAnchoredError(
        "the batch is not anchored",
        hint="`creditchain batch resume` finishes what was begun; `batch list` shows it.",
    )
