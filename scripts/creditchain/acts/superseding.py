"""Records that come again in their series: which batches to look in, and replacing the earlier records on chain.

A record is named by its source's own number, `data.record_id`. One that is published again either is a mistake, and is
refused while the batch is made, or is a later version: then the life of the earlier record becomes *superseded* on
chain, by the leaf of the later one, once that is anchored for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from creditchain.batch.errors import BatchError
from creditchain.batch.folder.record_ids import met, open_entries
from creditchain.batch.folder.supersessions import read_supersessions
from creditchain.batch.ledger import AnchoringRow, State
from creditchain.errors import UnavailableError
from creditchain.home.reasons import keep_reason
from creditchain.vocabulary import Life

if TYPE_CHECKING:
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region

_REASON = "replaced by a later record with the same record id"


def earlier_folders(rows: Iterable[AnchoringRow], row: AnchoringRow, batches: Path) -> tuple[Path, ...]:
    """Folders of the batches in the series of `row`, whose records must not come again by mistake.

    Raises UnavailableError where one is not there.
    """
    folders = [
        batches / other.root.hex()
        for other in rows
        if (other.node, other.product_digest) == (row.node, row.product_digest)
        and other.id != row.id
        and other.state != State.PREPARING
        and other.root is not None
    ]
    for folder in folders:
        if not folder.is_dir():
            raise UnavailableError(
                "the folder of an earlier batch of this series is missing, so nobody can tell which records it has",
                expected=folder.name,
                hint="Restore it from the backup.",
            )
    return tuple(folders)


def comes_again(row: AnchoringRow, folders: tuple[Path, ...], batches: Path) -> bool:
    """Whether a finished batch holds a record of the others that it does not mean to supersede.

    Its own making looked for them. This is for batches of the series that were made meanwhile.
    """
    own = batches / (row.root or b"").hex()
    meant = len(read_supersessions(own))
    return sum(len(found.rows) for found in met(open_entries(own), folders)) > meant


def lost_supersessions(region: Region, rows: Iterable[AnchoringRow], batches: Path) -> list[AnchoringRow]:
    """Final batches whose supersessions the chain no longer has: a reorganisation may remove them and not the anchor.

    Only batches with a list of superseded records cost a question. Raises UnavailableError.
    """
    return [
        row
        for row in rows
        if row.state == State.FINAL and row.root is not None and _pending(region, row, batches / row.root.hex())
    ]


def _pending(region: Region, row: AnchoringRow, folder: Path) -> bool:
    try:
        pairs = read_supersessions(folder)
    except BatchError:
        return False  # `batch check` says what is wrong with it
    # They were sent in this order, one nonce after the other: while the last one stands, all do. A successor that is
    # gone meanwhile takes no record's place any more.
    last = next((pair for pair in reversed(pairs) if _is_live(region, row, pair.later)), None)
    return last is not None and _is_live(region, row, last.earlier)


def _is_live(region: Region, row: AnchoringRow, leaf: bytes, block: int | None = None) -> bool:
    return region.record(row.node, leaf, block).life == Life.LIVE


def supersede_records(region: Region, outbox: Outbox, reasons: Path, row: AnchoringRow, folder: Path) -> int:
    """Log for each earlier record that a final batch replaces that it is superseded; how many were still live.

    One transaction a record. Run again, it goes on: records that are not live any more are left as they are, and so
    are those whose successor was revoked or replaced meanwhile, which the contract would refuse.
    """
    done = 0
    for pair in read_supersessions(folder):
        final = region.chain.final_block().number
        if not (_is_live(region, row, pair.earlier, final) and _is_live(region, row, pair.later, final)):
            continue
        intent = f"life {Life.SUPERSEDED.label} {row.node}:0x{pair.earlier.hex()}"
        reason = keep_reason(reasons, f"{intent} {row.log_id.hex()}", _REASON)
        call = region.calls.set_life(
            row.node, pair.earlier, Life.SUPERSEDED, reason_digest=reason.digest, successor=pair.later
        )
        outbox.submit(intent, call)
        done += 1
    return done
