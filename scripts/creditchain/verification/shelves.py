"""What each node published under each key epoch, from the cells of the log: never from the log itself. Pure.

Every anchor and every book of a node writes one cell, so all of them are found from its word, back through old words.
An audit says that a book is exactly the batches before it. So the walk back ends at the audited book that a report
shows, and what must be shown is this book and each batch after it, however old the region is. An audit that a stolen
key attested says nothing. A report that shows an audited book before it, and each batch since, is as good as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from creditchain.log.cells import entry_of, write_of
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.facts import EntryPlace, Facts, MissingFactError
from creditchain.log.publishing_cells import (
    book_key,
    closed_from_of,
    closed_key,
    published_of,
    total_key,
)
from creditchain.log.reading import RegionReading
from creditchain.log.views import Flags, LaunchedProduct, LogEntry, Published
from creditchain.verification.evidence import NodeHistory

#: All that a node published under a key epoch: node and epoch.
ShelfKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LoggedAnchor:
    """One Anchor entry: the batch as declared, its index in the log (`entry`), its time (unix seconds), its block."""

    entry: int
    time: int
    body: AnchorBody
    block: int


@dataclass(frozen=True, slots=True)
class LoggedBook:
    """One Book entry. `leaves`: of all batches before it, broken and annulled ones included."""

    entry: int
    time: int
    body: BookBody
    block: int
    leaves: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a node published under a key epoch, as far back as a report has to show it piece by piece."""

    node: int
    key_epoch: int
    published: Published
    #: The audited book with which the walk back ended; it may be spoiled since, or its audit not count. None if the
    #: walk had no such end.
    base: LoggedBook | None
    anchors: tuple[LoggedAnchor, ...]  #: those after `base`, the oldest first
    books: tuple[LoggedBook, ...]  #: the same
    #: Batches in `base` that were anchored when a key of the node may have been in other hands.
    doubtful: tuple[LoggedAnchor, ...] = ()
    #: An entry before `base` that would have to be read to rule out more of these, and that nothing names.
    untold: int | None = None
    #: The newest entry that the walk did not go past, since it is older than all that was named; None if there is none.
    unnamed: int | None = None
    flags: Mapping[int, Flags] = field(default_factory=dict)  #: of all these, by entry

    @property
    def key(self) -> ShelfKey:
        """Node and key epoch."""
        return self.node, self.key_epoch

    def is_spoiled(self, entry: int) -> bool:
        """Whether an anchor or a book is broken or annulled."""
        return self.flags[entry].spoiled

    def is_audited(self, entry: int) -> bool:
        """Whether the audit of a book that came after the batch with this entry counts."""
        return any(one.entry > entry and self.flags[one.entry].counts for one in self._all_books)

    def doubted_after(self, entry: int) -> list[int]:
        """Sound books that came after this entry, and of which only a thief may have attested an audit."""
        after = (one.entry for one in self._all_books if one.entry > entry)
        return [one for one in after if self.flags[one].doubted and not self.is_spoiled(one)]

    @property
    def _all_books(self) -> tuple[LoggedBook, ...]:
        return self.books if self.base is None else (self.base, *self.books)

    def is_forgiven(self, anchor: LoggedAnchor) -> bool:
        """Whether an auditor found that what a spoiled batch held is published again, or never was the node's."""
        if not self.is_spoiled(anchor.entry):
            return False
        since = self.flags[anchor.entry].since
        return any(self._restores(one) and one.entry > since for one in self.books)

    def _restores(self, book: LoggedBook) -> bool:
        flags = self.flags[book.entry]
        return flags.counts and flags.restored

    @property
    def gone_before(self) -> int:
        """Leaves of batches that were broken or annulled before the base was entered, which it therefore lacks."""
        return self.base.leaves - self.base.body.size if self.base is not None else 0

    @property
    def gone_inside(self) -> int:
        """Leaves of batches that were broken or annulled since, and which the base still holds."""
        if self.base is None:
            return 0
        after = sum(one.body.size for one in self.anchors if self.is_spoiled(one.entry))
        return self.published.gone - self.gone_before - after


@dataclass(frozen=True, slots=True)
class Shelves:
    """All that was published in a region, as of one block."""

    size: int  #: entries of the log
    shelves: tuple[Shelf, ...]
    closed: Mapping[int, int]  #: from which entry on a node shows nothing, by node; 0 if it shows all
    products: Mapping[int, LaunchedProduct]  #: those that were ever launched, by number
    unread: tuple[int, ...] = ()  #: entries that wrote such a cell, and whose body this version cannot read

    def shelf(self, node: int, key_epoch: int) -> Shelf | None:
        """What a node published under a key epoch; None if nothing."""
        return next((one for one in self.shelves if one.key == (node, key_epoch)), None)

    def is_closed(self, node: int, entry: int) -> bool:
        """Whether governors said that the node does not show what it published with this entry."""
        return 0 < self.closed.get(node, 0) <= entry


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a report shows or names, which tells how far back to walk."""

    shown: frozenset[int]  #: entries of which it has range proofs
    entries: frozenset[int] | None  #: entries that it names; None: it may name all
    time: int  #: unix seconds; what was published after this need not be named
    #: Nodes of which it shows nothing: what would have to be shown of them is found as by an assembly.
    gaps: frozenset[int] = frozenset()

    @property
    def oldest(self) -> int:
        """The lowest index of an entry that it names."""
        return 0 if self.entries is None else min(self.entries, default=2**56)

    def has(self, entry: int) -> bool:
        """Whether it names this entry."""
        return self.entries is None or entry in self.entries


def shelf_cells(publishers: Iterable[int], epochs: Iterable[int]) -> Iterator[bytes]:
    """The keys of the cells from which the walks start."""
    listed = list(epochs)
    for node in publishers:
        yield closed_key(node)
        for epoch in listed:
            yield book_key(node, epoch)
            yield total_key(node, epoch)


def read_shelves(facts: Facts, members: Mapping[int, NodeHistory], named: Mentioned | None) -> Shelves:
    """Everything that publishers have on their shelves. Without `named`: from the last book on whose audit counts.

    `members` holds every node that ever anchored. Raises as `Facts` does.
    """
    reading = RegionReading(facts)
    facts.expect([closed_key(node) for node in members])
    nodes, epochs = reading.publishers(), range(1, reading.current_key_epoch() + 1)
    facts.expect(shelf_cells(nodes, epochs))
    closed = dict(zip(nodes, map(closed_from_of, facts.words([closed_key(node) for node in nodes])), strict=True))
    found, unread = [], list[int]()
    for node in nodes:
        for epoch in epochs:
            book, total = facts.words([book_key(node, epoch), total_key(node, epoch)])
            if entry_of(book):
                published = published_of(book, total)
                stop = named
                if stop is None or node in stop.gaps:
                    stop = _assembling(reading, published, closed[node])
                walk = _Walk(reading, node, epoch, published, stop)
                found.append(walk.shelf(book, members.get(node)))
                unread += walk.unread
    products = {one.number: one for one in reading.products()}
    return Shelves(facts.head.size, tuple(found), closed, products, tuple(unread))


def _assembling(reading: RegionReading, published: Published, closed: int) -> Mentioned:
    """Whoever assembles a report shows the last book whose audit counts, and will name all that came after it.

    A closed node does not show a book that it entered from then on, so the one before that counts.
    """
    audited = reading.audited_books(published.audited_book)
    book = next((one for one, flags in audited if flags.counts and not one >= closed > 0), 0)
    return Mentioned(frozenset({book}), None, 2**64)


class _Walk:
    """From a cell back to the book that ends the walk."""

    def __init__(self, reading: RegionReading, node: int, epoch: int, published: Published, named: Mentioned) -> None:
        self._reading, self._facts, self._named = reading, reading.facts, named
        self._node, self._epoch, self._published = node, epoch, published
        self._key = book_key(node, epoch)
        self._flags: dict[int, Flags] = {}
        self._seen: list[int] = []  #: batches and books that the walk came by
        self.unread: list[int] = []

    def shelf(self, word: bytes, member: NodeHistory | None) -> Shelf:
        """The shelf, whose cell has this word."""
        anchors: list[LoggedAnchor] = []
        books: list[LoggedBook] = []
        base, unnamed = None, None
        while entry_of(word):
            entry, old = self._step(word)
            if self._is_beyond(entry):
                unnamed = entry.index
                break
            item = self._item(entry, word)
            if isinstance(item, LoggedAnchor):
                anchors.append(item)
            elif isinstance(item, LoggedBook) and self._ends(item, old):
                base, word = item, old
                break
            elif isinstance(item, LoggedBook):
                books.append(item)
            word = old
        doubtful, untold = ((), None) if base is None or member is None else self._doubtful(word, base, member)
        self._read_flags(self._seen)
        return Shelf(
            self._node, self._epoch, self._published, base, tuple(reversed(anchors)), tuple(reversed(books)),
            doubtful, untold, unnamed, self._flags,
        )  # fmt: skip

    def _step(self, word: bytes) -> tuple[LogEntry, bytes]:
        """The entry that wrote a word, and the word before it."""
        index = entry_of(word)
        (entry,) = self._facts.entries([EntryPlace(index)])
        write = write_of(entry.writes, entry.index, self._key)
        if write is None or write.new != word:
            raise MissingFactError(
                f"entry {index} of the log did not write the word that names it",
                f"日志第 {index} 条并未写入所称的状态",
            )
        return entry, write.old

    def _is_beyond(self, entry: LogEntry) -> bool:
        """Whether an entry is one that the report had to name, and older than all that it names.

        Without this, a report that names nothing would have its verifier walk through all history.
        """
        return entry.time <= self._named.time and entry.index < self._named.oldest

    def _item(self, entry: LogEntry, word: bytes) -> LoggedAnchor | LoggedBook | None:
        body = entry.body
        if isinstance(body, AnchorBody | BookBody) and (body.node, body.key_epoch) == (self._node, self._epoch):
            self._seen.append(entry.index)
            if isinstance(body, AnchorBody):
                return LoggedAnchor(entry.index, entry.time, body, entry.block)
            leaves = published_of(word, bytes(32)).leaves
            return LoggedBook(entry.index, entry.time, body, entry.block, leaves)
        self.unread.append(entry.index)
        return None

    def _ends(self, book: LoggedBook, old: bytes) -> bool:
        """Whether the walk ends at this book: an audited one that is shown, or before which nothing is named.

        One that was entered after the report was assembled it can neither show nor name.
        """
        shown = book.entry in self._named.shown
        # Looked at first: asking for the flags of each entry that came after the report would be a round trip each.
        if not shown and (book.time > self._named.time or self._named.has(entry_of(old))):
            return False
        flags = self._flags_of(book.entry)
        return flags.audited and (shown or not flags.spoiled)

    def _flags_of(self, entry: int) -> Flags:
        self._read_flags([entry])
        return self._flags[entry]

    def _read_flags(self, entries: Iterable[int]) -> None:
        missing = [entry for entry in entries if entry not in self._flags]
        if missing:
            self._flags |= self._reading.flags_of_each(missing)

    def _doubtful(
        self, word: bytes, base: LoggedBook, member: NodeHistory
    ) -> tuple[tuple[LoggedAnchor, ...], int | None]:
        """Batches in the base that were anchored with a stolen key and not taken out: walked to before the theft.

        Then the entry at which the walk could not go on, since nothing names it; None if it came to its end.
        """
        since = _first_theft(member, base.time)
        found: list[LoggedAnchor] = []
        while since is not None and entry_of(word):
            if not self._named.has(entry_of(word)):
                return tuple(found), entry_of(word)
            entry, old = self._step(word)
            if entry.time < since:
                break
            item = self._item(entry, word)
            if isinstance(item, LoggedAnchor) and member.compromised_at(item.time):
                flags = self._flags_of(item.entry)
                if not (flags.spoiled and flags.since < base.entry):
                    found.append(item)
            word = old
        return tuple(found), None


def _first_theft(member: NodeHistory, until: int) -> int | None:
    """When a key that acted for the node first was in other hands, if that was by `until`; unix seconds."""
    begins = []
    for one in member.compromises:
        begin = max(one.since, one.acted_from)
        if begin <= until and one.overlaps(begin, begin):
            begins.append(begin)
    return min(begins, default=None)
