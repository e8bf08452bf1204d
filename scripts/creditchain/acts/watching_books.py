"""The audit daemon: a regulator audits each book as it is entered, from the lists that publishers put into folders.

Each list is held against the anchor whose root it has and kept in the home; each book whose batches are all there is
compared with them and attested. A list that is wrong, a book that is not its batches, or a publisher that gives nothing
concerns nobody else. What cannot be done for now is tried again, after pauses that grow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from creditchain.acts.auditing import (
    Attested,
    AuditOrder,
    MissingListsError,
    NoRegulatorError,
    attest,
    faults_of,
    require_regulator,
)
from creditchain.acts.changing_members import require_node
from creditchain.acts.locks import only_one
from creditchain.acts.pauses import Pauses
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.proving_faults import Publication
from creditchain.acts.showing import Shower
from creditchain.batch.folder.leaf_list import Kept, keep_leaves
from creditchain.batch.folder.places import PlacedList, book_in, lists_in
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import CreditchainError, ExitCode, NotValidError, Place, RefusedError, UnavailableError
from creditchain.home.layout import Home
from creditchain.log.entries import AnchorBody
from creditchain.vocabulary import EntryKind

#: Seconds between two looks at the places and the chain.
LOOK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AuditWatch:
    """What to audit. `once`: end when all that can be done is done, or could not be done for `patience` seconds."""

    auditor: int
    places: tuple[Path, ...]
    nodes: frozenset[int] = frozenset()  #: only books of these nodes; empty for those of all
    once: bool = False
    patience: float = 600.0
    look_seconds: float = LOOK_SECONDS


@dataclass(frozen=True, slots=True)
class ListOutcome:
    """What became of a list: its root if it was kept. With an error: whether it is tried `again`."""

    path: Path
    root: bytes | None
    size: int = 0
    error: CreditchainError | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class BookAudited:
    """What became of a book: the attestation, or an error, and whether it is tried `again`.

    `faults`: what is wrong with it, in words, where a place has the book itself.
    """

    of: Publication
    entry: int
    root: bytes
    attested: Attested | None
    error: CreditchainError | None = None
    again: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LookFailed:
    """The places, or the chain, could not be looked at."""

    error: CreditchainError
    again: bool


AuditOutcome = ListOutcome | BookAudited | LookFailed
_Outcome = TypeVar("_Outcome", bound=AuditOutcome)


def outcome_code(outcome: AuditOutcome) -> ExitCode:
    """0, or what the error says; what is tried again has no outcome yet."""
    return ExitCode.OK if outcome.error is None or outcome.again else outcome.error.exit_code


class AuditWatchedError(RefusedError):
    """Another process watches the books of this region for the same home."""


def audit_lock(home: Home, region: Region) -> AbstractContextManager[None]:
    """Hold while watching. Raises AuditWatchedError on entering, where another process audits in this home."""
    place, message = Place(str(home.path)), "another process watches the books of this region"
    refused = AuditWatchedError(message, hint="One watch is enough.", place=place)
    return only_one(home.locks, "audit watch", region.deployment.log_id.hex(), refused)


def watch_books(
    region: Region, outbox: Outbox, home: Home, what: AuditWatch, stop: threading.Event | None = None
) -> Iterator[AuditOutcome]:
    """Keep lists and audit books as they come. Ends with `once`, or when `stop` is set; killed anywhere, run it again.

    Raises NoRegulatorError, NotEntitledError: the auditor is no active regulator, or the signer does not act for it;
    also later, when a book is to be attested. InputError: one of the nodes does not exist.
    """
    for node in sorted(what.nodes):
        require_node(region, node)
    require_regulator(region, outbox, what.auditor)
    yield from _BookWatch(region, outbox, home, what, stop or threading.Event()).run()


@dataclass(frozen=True, slots=True)
class _Book:
    """A book to be audited: whose, its entry, its root (32 bytes). An audit that does not count was attested then."""

    of: Publication
    entry: int
    root: bytes
    audited_at: int  #: unix seconds; 0 if nobody audited it


class _BookWatch:
    def __init__(self, region: Region, outbox: Outbox, home: Home, what: AuditWatch, stop: threading.Event) -> None:
        self._region, self._outbox, self._home, self._what, self._stop = region, outbox, home, what, stop
        self._audited = home.region(region.deployment.log_id).audited
        self._pauses = Pauses(what.patience if what.once else None)
        self._anchored: dict[bytes, int] = {}  #: root and size of every batch
        self._seen = 0  #: number of log entries that were looked at for anchors
        self._dealt_with: set[PlacedList] = set()
        #: Books that were attested, or are not their batches. One that a thief may have audited since is another.
        self._judged: set[_Book] = set()
        self._given_up: set[Hashable] = set()  #: with `once`, what could not be done
        self._open = False  #: whether something is to be tried again

    def run(self) -> Iterator[AuditOutcome]:
        while not self._stop.is_set():
            self._open = False
            yield from self._look()
            if self._what.once and not self._open:
                return
            # With `once`, only pauses are waited for.
            self._stop.wait(1.0 if self._what.once else self._what.look_seconds)

    def _look(self) -> Iterator[AuditOutcome]:
        if self._rests("look"):
            return
        try:
            shower = Shower(self._region)
            self._learn(shower)
            placed, books = lists_in(list(self._what.places)), self._books(shower)
        except UnavailableError as failed:
            error = failed
            yield from self._failed("look", error, lambda again: LookFailed(error, again))
            return
        self._pauses.over("look")
        for one in placed:
            if one not in self._dealt_with and not self._stop.is_set():
                yield from self._take(one)
        for book in books:
            if book not in self._judged and not self._stop.is_set():
                yield from self._audit(book)

    def _learn(self, shower: Shower) -> None:
        for entry in shower.log.of_kind(EntryKind.ANCHOR, first=self._seen):
            if isinstance(entry.body, AnchorBody):
                self._anchored[entry.body.root] = entry.body.size
        self._seen = shower.log.size

    def _books(self, shower: Shower) -> list[_Book]:
        """The last book of each node and key epoch, unless its audit counts."""
        found = []
        reading = shower.reading
        for node in reading.publishers():
            if self._what.nodes and node not in self._what.nodes:
                continue
            for epoch in range(1, reading.current_key_epoch() + 1):
                book = reading.published(node, epoch).book
                flags = reading.flags(book)
                if book and not flags.counts and not flags.spoiled:
                    shown = shower.book(node, epoch)
                    found.append(_Book(Publication(node, epoch), book, shown.body.root, flags.audited_at))
        return found

    def _take(self, placed: PlacedList) -> Iterator[ListOutcome]:
        if placed.named_root is not None and (self._audited / placed.named_root).exists():
            self._dealt_with.add(placed)
            return
        if self._rests(placed):
            return
        try:
            kept = keep_leaves(placed.path.resolve(), self._audited, self._require_anchored)
        except _NotAnchoredError as unknown:
            # It may have come before its anchor is final.
            error: CreditchainError = unknown.at(Place(str(placed.path)))
            yield from self._failed(placed, error, lambda again: ListOutcome(placed.path, None, 0, error, again))
            return
        except UnavailableError as failed:
            error = failed.at(Place(str(placed.path)))
            yield from self._failed(placed, error, lambda again: ListOutcome(placed.path, None, 0, error, again))
            return
        except CreditchainError as wrong:
            self._dealt_with.add(placed)
            yield ListOutcome(placed.path, None, 0, wrong.at(Place(str(placed.path))))
            return
        self._dealt_with.add(placed)
        self._pauses.over(placed)
        yield ListOutcome(placed.path, kept.root, kept.size)

    def _require_anchored(self, kept: Kept) -> None:
        if kept.root not in self._anchored:
            raise _NotAnchoredError("no node anchored a batch with the root of this list", found="0x" + kept.root.hex())
        if self._anchored[kept.root] != kept.size:
            expected, found = str(self._anchored[kept.root]), str(kept.size)
            raise NotValidError("the list has another size than the anchor", expected=expected, found=found)

    def _audit(self, book: _Book) -> Iterator[BookAudited]:
        if self._rests(book):
            return
        of, entry, root = book.of, book.entry, book.root
        try:
            attested = attest(self._region, self._outbox, self._home, (), AuditOrder(self._what.auditor, of))
        except (UnavailableError, MissingListsError) as error:
            failed: CreditchainError = error
            yield from self._failed(book, error, lambda again: BookAudited(of, entry, root, None, failed, again))
            return
        except (NoRegulatorError, NotEntitledError):
            raise  # nothing was found wrong with the book
        except CreditchainError as error:
            self._judged.add(book)
            yield BookAudited(of, entry, root, None, error, faults=self._faults(of, root))
            return
        self._judged.add(book)
        self._pauses.over(book)
        yield BookAudited(of, entry, attested.root, attested)

    def _faults(self, of: Publication, root: bytes) -> tuple[str, ...]:
        """What is wrong with a book, if a place has it. Whatever is wrong with its folder is told as well."""
        try:
            folder = book_in(list(self._what.places), root)
            return () if folder is None else tuple(faults_of(self._region, self._home, folder, of, root))
        except CreditchainError as error:
            return (str(error),)

    def _rests(self, what: Hashable) -> bool:
        """Whether it was given up, or is not to be tried again yet."""
        if self._pauses.is_waiting(what):
            self._open = self._open or what not in self._given_up
            return True
        return what in self._given_up

    def _failed(
        self, what: Hashable, error: CreditchainError, outcome: Callable[[bool], _Outcome]
    ) -> Iterator[_Outcome]:
        """Try it again later; told if it is news, or given up."""
        again = self._pauses.put_off(what)
        if again:
            self._open = True
        else:
            self._given_up.add(what)
        if not again or self._pauses.is_news(what, str(error)):
            yield outcome(again)


class _NotAnchoredError(NotValidError):
    """Nobody anchored a batch with this root, as far as final blocks say."""
