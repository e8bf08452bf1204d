"""An index of the region's log for step 9: what was anchored, broken and audited, and the lives of records. Pure.

The entries come from `chain.log_entries.read_entries`: all of them as of one final block, checked against the log's
root at that block.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.log.entries import AnchorBody, AuditBody, BrokenBody, StatusBody
from creditchain.log.views import LogEntry
from creditchain.vocabulary import EntryKind, Life

#: A batch: node and root.
BatchKey = tuple[int, bytes]
#: A record: node and leaf hash.
RecordKey = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class LoggedAnchor:
    """One Anchor entry: the batch as declared, its index in the log (`entry`), and its time (unix seconds)."""

    entry: int
    time: int
    body: AnchorBody

    @property
    def key(self) -> BatchKey:
        """The batch as (node, root)."""
        return self.body.node, self.body.root


@dataclass(frozen=True, slots=True)
class LogIndex:
    """What the log says about batches and records."""

    size: int
    anchors: tuple[LoggedAnchor, ...]
    broken: frozenset[BatchKey]
    audited: frozenset[BatchKey]
    #: (time, life) of each change of a record's life, in order.
    lives: dict[RecordKey, list[tuple[int, Life]]]
    #: The leaf hash (32 bytes) of the record that superseded a record.
    successors: dict[RecordKey, bytes]
    times: tuple[int, ...]  #: of every entry, ascending
    #: Entries that may concern batches or records, but whose body this version cannot read.
    unread: tuple[int, ...]

    def size_at(self, time: int) -> int:
        """The size of the log at the end of this second (unix seconds)."""
        return bisect_right(self.times, time)

    def life_at(self, record: RecordKey, time: int) -> Life:
        """The life of a record at this time (inclusive). A record without a Status entry is live."""
        said = [life for when, life in self.lives.get(record, ()) if when <= time]
        return max(said, default=Life.LIVE)


_READ = (EntryKind.ANCHOR, EntryKind.BROKEN, EntryKind.AUDIT, EntryKind.STATUS)


def index_log(entries: Sequence[LogEntry]) -> LogIndex:
    """The index of a whole log, its entries in order."""
    anchors: list[LoggedAnchor] = []
    broken: set[BatchKey] = set()
    audited: set[BatchKey] = set()
    lives: dict[RecordKey, list[tuple[int, Life]]] = {}
    successors: dict[RecordKey, bytes] = {}
    for entry in entries:
        match entry.body:
            case AnchorBody() as body:
                anchors.append(LoggedAnchor(entry.index, entry.time, body))
            case StatusBody(node=node, leaf=leaf, life=life, successor=successor):
                lives.setdefault((node, leaf), []).append((entry.time, Life(life)))
                if life == Life.SUPERSEDED:
                    successors[node, leaf] = successor
            case BrokenBody(node=node, root=root):
                broken.add((node, root))
            case AuditBody(node=node, root=root):
                audited.add((node, root))
    return LogIndex(
        size=len(entries),
        anchors=tuple(anchors),
        broken=frozenset(broken),
        audited=frozenset(audited),
        lives=lives,
        successors=successors,
        times=tuple(entry.time for entry in entries),
        unread=tuple(entry.index for entry in entries if entry.kind in _READ and entry.body is None),
    )
