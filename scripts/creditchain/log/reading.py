"""What a region's cells and entries say about members, products, batches, records, consents and deliveries. Pure.

Everything is computed here from words and entries, however they come (`log.facts`). What a cell no longer says, earlier
words say: each write names the entry of the word before it, so the past is a walk from entry to entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from creditchain.log.cells import CellWrite, entry_of, write_of
from creditchain.log.consent_cells import (
    LIMITS_KEY,
    Paused,
    consent_of,
    grant_key,
    is_used,
    nonce_key,
    open_domains_in,
    pause_key,
    pauses_in,
)
from creditchain.log.entries import AnchorBody, ConsentBody, QueriesBody
from creditchain.log.facts import EntryPlace, Facts, MissingFactError
from creditchain.log.members import Members, Read
from creditchain.log.publishing_cells import (
    CURRENT_EPOCH_KEY,
    auditor_key,
    auditor_of,
    book_key,
    closed_from_of,
    closed_key,
    current_epoch_of,
    epoch_digest_of,
    epoch_keys,
    flags_key,
    flags_of,
    listed_keys,
    listed_number,
    product_key,
    product_of,
    published_of,
    total_key,
)
from creditchain.log.record_cells import answer_key, answer_of, disputes_key, life_key, record_state
from creditchain.log.views import (
    AnchorInfo,
    ConsentState,
    Flags,
    LaunchedProduct,
    LogEntry,
    Metered,
    Published,
    RecordState,
)
from creditchain.vocabulary import DisputeState, Space

#: Places of a list that are asked for along with its count.
_FIRST_PLACES: Final = 64


@dataclass(frozen=True, slots=True)
class Written:
    """One write of a cell: the entry that made it, and the word before and after it."""

    entry: LogEntry
    write: CellWrite


class StateReading:
    """Reads what the cells of a region say now. Every question raises as `read` does."""

    def __init__(self, read: Read) -> None:
        self._read = read
        #: The members by the cells.
        self.members = Members(read)

    def _word(self, key: bytes) -> bytes:
        return self._read([key])[0]

    def expect(self, keys: Iterable[bytes]) -> None:
        """Say which cells are asked for next, where that saves an exchange."""

    # Products and publishers.

    def product(self, number: int) -> LaunchedProduct:
        """The product with this number; its state is `NONE` if it was never launched."""
        return product_of(number, self._word(product_key(number)))

    def products(self) -> list[LaunchedProduct]:
        """Every product that was ever launched, in that order."""
        numbers = self._listed(Space.PRODUCT)
        words = self._read([product_key(number) for number in numbers])
        return [product_of(number, word) for number, word in zip(numbers, words, strict=True)]

    def publishers(self) -> list[int]:
        """Every node that ever anchored, in the order of their first anchors."""
        return self._listed(Space.PUBLISHER)

    def _listed(self, space: Space) -> list[int]:
        self.expect(listed_keys(space, _FIRST_PLACES + 1)[1:])
        count = listed_number(self._word(listed_keys(space, 1)[0]))
        return [listed_number(word) for word in self._read(listed_keys(space, count + 1)[1:])]

    # Key epochs.

    def current_key_epoch(self) -> int:
        """The current key epoch; 0 before the first was opened."""
        return current_epoch_of(self._word(CURRENT_EPOCH_KEY))

    def key_epoch_digest(self, epoch: int) -> bytes | None:
        """The digest that governors logged for a key epoch, 32 bytes; None if there is no such epoch."""
        low, high = self._read(epoch_keys(epoch))
        return epoch_digest_of(low, high)

    # Batches and books.

    def published(self, node: int, epoch: int) -> Published:
        """What a node published under a key epoch."""
        book, total = self._read([book_key(node, epoch), total_key(node, epoch)])
        return published_of(book, total)

    def flags(self, entry: int) -> Flags:
        """What became of the anchor or book with this entry; of an audited book also who attested the audit."""
        return self.flags_of_each([entry])[entry]

    def flags_of_each(self, entries: Iterable[int]) -> dict[int, Flags]:
        """The same of several, in three readings for all of them together."""
        listed = list(dict.fromkeys(entries))
        found = dict(zip(listed, map(flags_of, self._read([flags_key(one) for one in listed])), strict=True))
        audited = [one for one in listed if found[one].audited]
        if not audited:
            return found
        auditors = [auditor_of(word) for word in self._read([auditor_key(one) for one in audited])]
        self.members.prepare_keys(key for key, _ in auditors if key is not None)
        for one, (key, time) in zip(audited, auditors, strict=True):
            stolen = key is not None and any(interval.covers(time) for interval in self.members.intervals(key))
            found[one] = replace(found[one], auditor=key, audited_at=time, stolen=stolen)
        return found

    def audited_books(self, book: int) -> Iterator[tuple[int, Flags]]:
        """The audited book with this entry and those that were audited before it, the last one first; none for 0.

        Some may be broken or annulled, or audited by a thief. MissingFactError if one names a later one.
        """
        while book:
            self.expect([flags_key(book), auditor_key(book)])
            flags = self.flags(book)
            yield book, flags
            if flags.previous >= book:
                raise MissingFactError(
                    f"the book of entry {book} names a later one as audited before it",
                    f"日志第 {book} 条的总账所称前一经审计总账不在其前",
                )
            book = flags.previous

    def counting_book(self, book: int) -> int:
        """The last of these books whose audit counts; 0 if there is none."""
        return next((entry for entry, flags in self.audited_books(book) if flags.counts), 0)

    def closed_from(self, node: int) -> int:
        """From which log entry on a node does not show what it published; 0 if it shows all."""
        return closed_from_of(self._word(closed_key(node)))

    def anchor(self, entry: LogEntry) -> AnchorInfo | None:
        """The anchor that an entry is, and what became of it; None if it is no anchor."""
        body = entry.body
        if not isinstance(body, AnchorBody):
            return None
        self.expect([flags_key(entry.index)])
        audited_book, flags = self.published(body.node, body.key_epoch).audited_book, self.flags(entry.index)
        audited, doubted = (False, 0) if flags.spoiled else self._audit_after(entry.index, audited_book)
        return AnchorInfo(
            node=body.node,
            root=body.root,
            size=body.size,
            time=entry.time,
            entry=entry.index,
            key_epoch=body.key_epoch,
            audited=audited,
            broken=flags.broken,
            annulled=flags.annulled,
            number=body.number,
            product=body.product,
            block=entry.block,
            doubted_book=doubted,
        )

    def _audit_after(self, entry: int, audited_book: int) -> tuple[bool, int]:
        """Whether an audit of a book after this entry counts; else the last such book that a thief audited, or 0."""
        doubted = 0
        for book, flags in self.audited_books(audited_book):
            if book <= entry:
                break
            if flags.counts:
                return True, 0
            if flags.doubted and not flags.spoiled:
                doubted = doubted or book
        return False, doubted

    # Records.

    def record(self, node: int, leaf: bytes) -> RecordState:
        """Life and disputes of a record. One about which nothing was logged is live and undisputed."""
        return record_state(node, leaf, *self._read([life_key(node, leaf), disputes_key(node, leaf)]))

    def answers(self, node: int, leaf: bytes, filings: int) -> list[tuple[DisputeState, int]]:
        """What became of filings 1 to `filings` about a record, and when they were answered; see `answer_of`."""
        keys = [answer_key(node, leaf, number) for number in range(1, filings + 1)]
        return [answer_of(word) for word in self._read(keys)]

    # Consents and deliveries.

    def consent(self, consent: bytes) -> ConsentState | None:
        """The consent with this id (32 bytes); None if it was never granted."""
        given, pauses = self._read([grant_key(consent), pause_key(consent)])
        found = consent_of(given, pauses)
        return found if found.institution else None

    def is_metered(self, institution: int, provider: int, nonce: int) -> bool:
        """Whether a delivery was metered for a request's nonce."""
        return is_used(self._word(nonce_key(institution, provider, nonce)), nonce)


class RegionReading(StateReading):
    """Reads a region through one port of facts, its past too. Every question raises as `Facts` does."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts.words)
        self.facts = facts

    def expect(self, keys: Iterable[bytes]) -> None:
        """See `Facts.expect`."""
        self.facts.expect(keys)

    # Consents and deliveries.

    def pauses(self, consent: bytes) -> list[Paused]:
        """All pauses of a consent, the oldest first. More than two take the entries of the earlier ones."""
        pauses = pauses_in(self._word(pause_key(consent)))
        if min(pauses, default=1) > 1:
            for written in self.writes_of(pause_key(consent)):
                # A later word knows the end of a pause that an earlier one only saw begin.
                pauses = pauses_in(written.write.old) | pauses
        return [pauses[number] for number in sorted(pauses)]

    def grant(self, consent: bytes, near: EntryPlace | None = None) -> LogEntry | None:
        """The entry that granted a consent; None if it was never granted. `near`: which entry is said to have."""
        if self.consent(consent) is None:
            return None
        if near is not None:
            (said,) = self.facts.entries([near])
            if is_grant(said, consent):
                return said
        for written in self.writes_of(grant_key(consent)):
            entry = written.entry
            if isinstance(entry.body, ConsentBody):
                return entry
        return None

    def open_domains_at(self, time: int) -> int:
        """The domains that could be used without consent at `time` (unix seconds), a bit set."""
        word = self._word(LIMITS_KEY)
        found = open_domains_in(word, time)
        if found is not None:
            return found
        for written in self.writes_of(LIMITS_KEY):
            found = open_domains_in(written.write.old, time)
            if found is not None:
                return found
        return 0

    def metered(self, institution: int, provider: int, nonce: int, near: EntryPlace | None = None) -> Metered | None:
        """The delivery that was metered for a nonce; None if none was. `near`: which entry is said to hold it."""
        if not self.is_metered(institution, provider, nonce):
            return None
        sought = (institution, provider, nonce)
        if near is not None:
            found = _item_in(self.facts.entries([near])[0], sought)
            if found is not None:
                return found
        for written in self.writes_of(nonce_key(*sought)):
            if not is_used(written.write.old, nonce):
                return _item_in(written.entry, sought)
        return None

    # The past of a cell.

    def writes_of(self, key: bytes) -> Iterator[Written]:
        """Every write of a cell, the last one first: its word names an entry, whose old word names the one before.

        MissingFactError if an entry is not to be had, or is not the one that the word names.
        """
        word = self._word(key)
        while (index := entry_of(word)) != 0:
            (entry,) = self.facts.entries([EntryPlace(index)])
            write = write_of(entry.writes, entry.index, key)
            if write is None or write.new != word:
                raise MissingFactError(
                    f"entry {index} of the log did not write the word that names it",
                    f"日志第 {index} 条并未写入所称的状态",
                )
            yield Written(entry, write)
            word = write.old


def is_grant(entry: LogEntry, consent: bytes) -> bool:
    """Whether an entry granted the consent with this id (32 bytes): it wrote the consent's cell."""
    return isinstance(entry.body, ConsentBody) and write_of(entry.writes, entry.index, grant_key(consent)) is not None


def _item_in(entry: LogEntry, sought: tuple[int, int, int]) -> Metered | None:
    if not isinstance(entry.body, QueriesBody):
        return None
    for item in entry.body.items:
        if (item.institution, item.provider, item.nonce) == sought:
            return Metered(entry.index, entry.time, item)
    return None
