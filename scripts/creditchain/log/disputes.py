"""The disputes recorded in a region's log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from creditchain.log.entries import AnswerBody, DisputeBody
from creditchain.log.views import ANSWER_SECONDS, LogEntry
from creditchain.vocabulary import DisputeState


@dataclass(frozen=True, slots=True)
class LoggedDispute:
    """One filing about a record, and its answer; times in unix seconds, `answered_at` 0 while it is open."""

    node: int  #: publisher of the record
    leaf: bytes  #: leaf hash of the record, 32 bytes
    number: int  #: of the filing among all about this record, from 1
    platform: int  #: node that filed, or endorsed
    entry: int  #: index of the filing in the log
    filed_at: int
    state: DisputeState = DisputeState.OPEN
    answered_at: int = 0
    successor: bytes | None = None  #: leaf hash of the correcting record, as the answer names it

    @property
    def due_at(self) -> int:
        """When the answer is or was due."""
        return self.filed_at + ANSWER_SECONDS

    def overdue(self, time: int) -> bool:
        """Whether the dispute is open and its answer was due before `time`, unix seconds."""
        return self.state is DisputeState.OPEN and self.due_at < time


def filed_dispute(entry: LogEntry, body: DisputeBody) -> LoggedDispute:
    """The filing of this entry, not answered."""
    return LoggedDispute(body.node, body.leaf, body.number, body.platform, entry.index, entry.time)


def logged_disputes(entries: Iterable[LogEntry]) -> list[LoggedDispute]:
    """Every filing about every record, ordered by due date."""
    found: dict[tuple[int, bytes, int], LoggedDispute] = {}
    for entry in entries:
        match entry.body:
            case DisputeBody() as body:
                found[body.node, body.leaf, body.number] = filed_dispute(entry, body)
            case AnswerBody() as body if (key := (body.node, body.leaf, body.filing)) in found:
                state = DisputeState(body.outcome)
                successor = body.successor if state is DisputeState.CORRECTED else None
                found[key] = replace(found[key], state=state, answered_at=entry.time, successor=successor)
    return sorted(found.values(), key=lambda one: (one.due_at, one.entry))
