"""An index of the region's log for step 9: what was anchored, what became of it, and the lives of records. Pure.

The entries come from `chain.log_entries.read_entries`: all of them as of one final block, checked against the log's
root at that block.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.log.entries import (
    AnchorBody,
    AnnulledBody,
    AuditBody,
    BrokenBody,
    ClosedBody,
    ProductBody,
    StatusBody,
)
from creditchain.log.views import LogEntry
from creditchain.vocabulary import EntryKind, Life, ProductState

#: A batch: node and root.
BatchKey = tuple[int, bytes]
#: A record: node and leaf hash.
RecordKey = tuple[int, bytes]
#: All that a node published under a key epoch: node and epoch.
BookKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LoggedAnchor:
    """One Anchor entry: the batch as declared, its index in the log (`entry`), its time (unix seconds), its block."""

    entry: int
    time: int
    body: AnchorBody
    block: int

    @property
    def key(self) -> BatchKey:
        """The batch as (node, root)."""
        return self.body.node, self.body.root

    @property
    def book(self) -> BookKey:
        """What it is a part of."""
        return self.body.node, self.body.key_epoch


@dataclass(frozen=True, slots=True)
class AuditedBook:
    """A book that a regulator attested: its entry, and whether what was spoiled before it is published again."""

    entry: int
    restored: bool


@dataclass(frozen=True, slots=True)
class LogIndex:
    """What the log says about batches and records."""

    size: int
    anchors: tuple[LoggedAnchor, ...]
    #: The entries of broken and annulled batches and books, and the entry by which each first became so.
    spoiled: dict[int, int]
    #: The audited books of a node and key epoch, spoiled ones included.
    audited: dict[BookKey, list[AuditedBook]]
    #: From which entry on a node does not show what it published.
    closed: dict[int, int]
    #: Digest (32 bytes) of each product that was ever launched, by number.
    products: dict[int, bytes]
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

    def is_audited(self, anchor: LoggedAnchor) -> bool:
        """Whether a book that came after this batch was audited, and is sound."""
        return any(one.entry > anchor.entry for one in self._sound_books(anchor.book))

    def is_forgiven(self, anchor: LoggedAnchor) -> bool:
        """Whether an auditor found that what a spoiled batch held is published again, or never was the node's."""
        since = self.spoiled.get(anchor.entry)
        return since is not None and any(one.restored and one.entry > since for one in self._sound_books(anchor.book))

    def is_closed(self, anchor: LoggedAnchor) -> bool:
        """Whether governors said that the node does not show this batch."""
        return 0 < self.closed.get(anchor.body.node, 0) <= anchor.entry

    def _sound_books(self, key: BookKey) -> list[AuditedBook]:
        return [one for one in self.audited.get(key, ()) if one.entry not in self.spoiled]


_READ = (
    *(EntryKind.ANCHOR, EntryKind.BOOK, EntryKind.BROKEN, EntryKind.ANNULLED, EntryKind.CLOSED, EntryKind.AUDIT),
    *(EntryKind.STATUS, EntryKind.PRODUCT),
)


def index_log(entries: Sequence[LogEntry]) -> LogIndex:
    """The index of a whole log, its entries in order."""
    index = LogIndex(
        size=len(entries),
        anchors=tuple(
            LoggedAnchor(entry.index, entry.time, entry.body, entry.block)
            for entry in entries
            if isinstance(entry.body, AnchorBody)
        ),
        spoiled={},
        audited={},
        closed={},
        products={},
        lives={},
        successors={},
        times=tuple(entry.time for entry in entries),
        unread=tuple(entry.index for entry in entries if entry.kind in _READ and entry.body is None),
    )
    for entry in entries:
        _take(index, entry)
    return index


def _take(index: LogIndex, entry: LogEntry) -> None:
    match entry.body:
        case StatusBody(node=node, leaf=leaf, life=life, successor=successor):
            index.lives.setdefault((node, leaf), []).append((entry.time, Life(life)))
            if life == Life.SUPERSEDED:
                index.successors[node, leaf] = successor
        case BrokenBody(entry=target) | AnnulledBody(entry=target):
            index.spoiled.setdefault(target, entry.index)
        case AuditBody(node=node, key_epoch=epoch, book=book, restored=restored):
            index.audited.setdefault((node, epoch), []).append(AuditedBook(book, restored))
        case ClosedBody(node=node, since=since):
            index.closed[node] = since
        case ProductBody(number=number, digest=digest, state=ProductState.LAUNCHED):
            index.products[number] = digest
