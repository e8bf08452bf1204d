"""Give up a batch that was begun and cannot be finished. It is the last resort, so that no row blocks others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.anchor_rules import anchor_intent, is_anchored
from creditchain.acts.locks import locked, upload_lock
from creditchain.batch.ledger import AnchoringRow, Identity, Ledger, row_of
from creditchain.batch.making.pipeline import clear_workspace
from creditchain.chain.outbox import abandon
from creditchain.chain.outbox_journal import was_signed
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.home.files import remove_folder
from creditchain.home.journal import Journal
from creditchain.home.layout import Home


class NotDroppedError(RefusedError):
    """The batch is on the chain, or may still come there. Nothing was dropped."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped: the row as it was, and its folder if there was one."""

    row: AnchoringRow
    folder: Path | None


def needs_chain(journal: Journal, row: AnchoringRow) -> bool:
    """Whether the chain may know this batch: only after a transaction was signed for it."""
    return row.root is not None and was_signed(journal, row.log_id.hex(), anchor_intent(row))


def find_row(journal: Journal, number: int) -> AnchoringRow:
    """The row of this number in the home's journal. Raises InputError where there is none."""
    row = row_of(journal, number)
    if row is None:
        raise InputError(
            "there is no row of this number", hint="`creditchain batch list` shows all.", found=str(number)
        )
    return row


def drop(
    journal: Journal, home: Home, row: AnchoringRow, region: Region | None, *, chain_is_gone: bool = False
) -> Dropped:
    """Forget a batch that was begun: its row, its secret, its folder.

    Args:
        region: the region it is of; may be None where the chain cannot know the batch (`needs_chain`).
        chain_is_gone: the operator's word that the batch's chain exists no more, for a batch that was signed for it.
            Without it such a row could never be dropped. Not believed where `region` shows that the chain is there.
    Raises:
        NotDroppedError: it is anchored, or a transaction is on its way, or another region was given.
        UnavailableError: the chain cannot be asked, or another process is working on it.
    """
    place = home.region(row.log_id)
    identity = Identity(row.log_id, row.node, row.product_digest, row.upload_digest)
    with locked(place.locks, "upload", upload_lock(identity), 0.0):
        row = find_row(journal, row.id)
        if region is not None and region.deployment.log_id != row.log_id:
            region = None
        if region is not None and row.root is not None:
            _require_absent(journal, region, row)
        elif needs_chain(journal, row) and not chain_is_gone:
            raise NotDroppedError(
                "a transaction was signed for this batch, so its chain must be asked",
                hint="Choose the network that it is on, with --network; or say --chain-is-gone if it exists no more.",
            )
        # Nothing can bring it on the chain any more. The row comes last: killed before, dropping again finishes.
        folder = None if row.root is None else place.batches / row.root.hex()
        there = folder is not None and folder.exists()
        clear_workspace(place.batches, str(row.id))
        if folder is not None:
            remove_folder(folder)
        Ledger(journal, row.log_id).forget(row)
    return Dropped(row, folder if there else None)


def _require_absent(journal: Journal, region: Region, row: AnchoringRow) -> None:
    if is_anchored(region, row):
        raise NotDroppedError(
            "the batch is anchored", hint="`creditchain batch resume` writes down that it is final; nothing is lost."
        )
    abandon(region.chain, journal, region.deployment.log_id.hex(), anchor_intent(row))
