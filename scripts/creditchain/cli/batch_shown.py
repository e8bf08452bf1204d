"""Batches and what became of them, for people and machines; no subject, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creditchain.cli.plain import describe

if TYPE_CHECKING:
    from creditchain.acts.daily_books import BookOutcome
    from creditchain.acts.resuming import BatchOutcome
    from creditchain.acts.watching import UploadOutcome
    from creditchain.batch.folder.manifest import Manifest
    from creditchain.batch.ledger import AnchoringRow
    from creditchain.cli.output import Output

#: What happened to an anchor that the journal had as final and the chain did not have.
SENT_AGAIN = "a reorganisation of the chain had removed this anchor; the same transaction was sent again"


def anchored(row: AnchoringRow) -> dict[str, Any]:
    """An anchoring as its row has it."""
    from creditchain.documents import domains_of

    return {
        "row": row.id,
        "root": row.root,
        "state": str(row.state),
        "node": row.node,
        "product": row.product,
        "number": row.number,
        "size": row.size,
        "subjects": row.subjects,
        "domains": [domain.label for domain in domains_of(row.domains or 0)],
        "key_epoch": row.key_epoch,
        "skipped": row.skipped,
        "entry": row.entry,
        "block": row.block,
        "transaction": row.transaction_hash,
    }


def of_manifest(manifest: Manifest) -> dict[str, Any]:
    """A batch as its folder's manifest has it."""
    from creditchain.documents import domains_of

    terms = manifest.terms
    return {
        "root": manifest.root,
        "size": manifest.size,
        "subjects": manifest.subjects,
        "domains": [domain.label for domain in domains_of(manifest.domains)],
        "product": terms.product,
        "node": terms.node,
        "key_epoch": terms.key_epoch,
        "chain_id": terms.chain_id,
        "log_id": terms.log_id,
        "files": {"leaves": len(manifest.leaves), "documents": len(manifest.documents)},
    }


def resumed(outcome: BatchOutcome) -> dict[str, Any]:
    """What became of a batch that was begun before."""
    error = None if outcome.error is None else describe(outcome.error)
    return anchored(outcome.row) | {"sent_again": outcome.was_lost, "error": error}


def tell_resumed(output: Output, outcome: BatchOutcome) -> None:
    """The same for people, on stderr, where there is something to say."""
    if outcome.was_lost:
        output.note(f"row {outcome.row.id}: {SENT_AGAIN}")
    if outcome.error is not None and not output.as_json:
        output.note(f"row {outcome.row.id} ({outcome.row.upload}):")
        output.error(outcome.error)


def arrived(outcome: UploadOutcome) -> dict[str, Any]:
    """What became of an upload in a watched folder."""
    told: dict[str, Any] = {"upload": outcome.upload.name}
    if outcome.row is not None:
        told |= anchored(outcome.row)
    if outcome.moved is not None:
        told["moved_to"] = str(outcome.moved)
    if outcome.error is not None:
        told |= {"error": describe(outcome.error), "tried_again": outcome.again}
    return told


def booked(outcome: BookOutcome) -> dict[str, Any]:
    """What became of a book that was due."""
    if outcome.error is not None:
        return {"book_of": outcome.node, "error": describe(outcome.error), "tried_again": outcome.again}
    return {
        "book_of": outcome.node,
        "key_epoch": outcome.key_epoch,
        "entry": outcome.entry,
        "root": outcome.root,
        "size": outcome.size,
        "batches": outcome.batches,
    }
