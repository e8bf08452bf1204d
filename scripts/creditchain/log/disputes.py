"""The disputes recorded in a region's log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from creditchain.log.entries import DisputeBody
from creditchain.log.views import LogEntry
from creditchain.vocabulary import DisputeState


@dataclass(frozen=True, slots=True)
class LoggedDispute:
    """The last dispute of a record; times in unix seconds, `answered_at` 0 while it is open."""

    node: int  #: publisher of the record
    leaf: bytes  #: leaf hash of the record, 32 bytes
    platform: int  #: node that filed the dispute
    state: DisputeState
    filed_at: int
    due_at: int
    answered_at: int

    def overdue(self, time: int) -> bool:
        """Whether the dispute is open and its answer was due before `time`, unix seconds."""
        return self.state is DisputeState.OPEN and self.due_at < time


def last_disputes(entries: Iterable[LogEntry]) -> list[LoggedDispute]:
    """The last dispute of every record that was ever disputed, ordered by due date."""
    last: dict[tuple[int, bytes], LoggedDispute] = {}
    for entry in entries:
        body = entry.body
        if not isinstance(body, DisputeBody):
            continue
        key, state = (body.node, body.leaf), DisputeState(body.state)
        if state is DisputeState.OPEN or key not in last:
            last[key] = LoggedDispute(*key, body.platform, state, entry.time, body.due_at, 0)
        if state is not DisputeState.OPEN:
            last[key] = replace(last[key], state=state, due_at=body.due_at, answered_at=entry.time)
    return sorted(last.values(), key=lambda one: one.due_at)
