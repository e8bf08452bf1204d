"""Finish every batch that was begun, independently: a fault of one does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from creditchain.acts.anchoring import Anchoring
from creditchain.acts.standing import lost_anchors
from creditchain.acts.superseding import lost_supersessions
from creditchain.batch.ledger import AnchoringRow
from creditchain.errors import CreditchainError, ExitCode


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of one batch: `error` None if it is final now."""

    row: AnchoringRow
    error: CreditchainError | None
    was_lost: bool  #: the journal had it as mined or final, and the chain did not have it, or what it supersedes

    @property
    def exit_code(self) -> ExitCode:
        """0, or what the error says."""
        return ExitCode.OK if self.error is None else self.error.exit_code


def resume_all(machine: Anchoring, tag_key: bytes | None) -> Iterator[BatchOutcome]:
    """Finish, in the order in which they were begun, what is not final and what the chain has lost.

    Args:
        tag_key: 32 bytes; needed only for batches whose folder was not finished.
    Raises:
        UnavailableError: the chain cannot be asked which anchors it has. Everything else is an outcome.
    """
    lost = {row.id for row in lost_anchors(machine.region, machine.ledger)}
    lost |= {row.id for row in lost_supersessions(machine.region, machine.ledger.rows(), machine.batches)}
    unfinished = {row.id for row in machine.ledger.rows(unfinished=True)}
    for row in machine.ledger.rows():
        if row.id in lost | unfinished:
            yield _resumed(machine, row, tag_key, was_lost=row.id in lost)


def _resumed(machine: Anchoring, row: AnchoringRow, tag_key: bytes | None, *, was_lost: bool) -> BatchOutcome:
    try:
        return BatchOutcome(machine.resume(row, tag_key), None, was_lost)
    except CreditchainError as error:
        return BatchOutcome(row, error, was_lost)


def worst(codes: Iterator[ExitCode]) -> ExitCode:
    """The exit code of a command that did several things: the highest of theirs."""
    return max(codes, default=ExitCode.OK)
