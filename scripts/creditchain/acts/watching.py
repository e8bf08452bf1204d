"""Anchoring whatever arrives in a folder: no upload, no earlier batch and no pause of the chain ends the watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.anchoring import Anchoring, AnchorOrder
from creditchain.acts.daily_books import BookOutcome, BookPlan, enter_due_books
from creditchain.acts.locks import only_one
from creditchain.acts.pauses import Pauses
from creditchain.acts.resuming import BatchOutcome, resume_all
from creditchain.batch.ledger import AnchoringRow
from creditchain.batch.readers.inbox import Arrival, Inbox
from creditchain.batch.readers.moving import move_upload
from creditchain.batch.readers.upload import find_upload
from creditchain.errors import CreditchainError, ExitCode, Place, RefusedError, UnavailableError
from creditchain.home.databases.errors import DatabaseAwayError
from creditchain.home.files import DiskFullError, StorageError
from creditchain.home.layout import Home
from creditchain.home.sealing import SecretLostError

#: What cannot be done just now, and may be done later.
_FOR_NOW = (UnavailableError, DatabaseAwayError)

#: Seconds between two looks into the folder.
LOOK_SECONDS = 0.5
#: Seconds between two looks at what was anchored before: unfinished batches, and anchors that the chain has lost.
RESUME_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What to watch and how. `once`: end when all that is there is done, or cannot be done for `patience` seconds."""

    inbox: Inbox
    order: Callable[[str], AnchorOrder]  #: from the path of an upload
    tag_key: bytes
    once: bool = False
    move_to: Path | None = None
    patience: float = 600.0
    books: BookPlan | None = None  #: books to enter while watching


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What became of one upload, or of a look at the folder itself.

    With an error: whether it is tried `again`. `moved` is where the upload lies now.
    """

    upload: Path
    row: AnchoringRow | None
    error: CreditchainError | None = None
    again: bool = False
    moved: Path | None = None

    @property
    def exit_code(self) -> ExitCode:
        """0, or what the error says; what is tried again has no outcome yet."""
        return ExitCode.OK if self.error is None or self.again else self.error.exit_code


class FolderWatchedError(RefusedError):
    """Another process watches this folder for the same home."""


def watch_lock(home: Home, folder: Path) -> AbstractContextManager[None]:
    """Hold while watching. On entering raises FolderWatchedError where another process watches the folder."""
    place = Place(str(folder))
    refused = FolderWatchedError("another process watches this folder", place=place, hint="One watch is enough.")
    return only_one(home.locks, "watched folder", str(folder.resolve()), refused)


WatchOutcome = BatchOutcome | UploadOutcome | BookOutcome


def watch(machine: Anchoring, what: Watching) -> Iterator[WatchOutcome]:
    """Anchor uploads as they arrive, each once, finish what was begun before, and enter the book that is due.

    A bad or refused upload is told and left alone until it changes. What cannot be done for now (the chain does not
    answer, its pool is full, the disk is full) is told once and tried again, after pauses that grow, before what came
    later: a later upload may supersede records of an earlier one. Only what concerns one upload alone, such as a file
    that cannot be read, does not hold up the others. A book waits until nothing else is to be done.

    Ends only with `once`; leave it with KeyboardInterrupt or by closing the iterator.
    """
    yield from _Watch(machine, what).run()


class _Watch:
    def __init__(self, machine: Anchoring, what: Watching) -> None:
        self._machine, self._what = machine, what
        #: Of one upload; None: of all, and of the folder.
        self._pauses = Pauses(what.patience if what.once else None)
        self._gave_up = False  #: on the folder itself
        self._next_book = 0.0  #: when the chain is asked again whether a book is due (monotonic clock, seconds)
        self._books_wait = what.books is not None  #: with `once`, whether books are still to be looked at

    def run(self) -> Iterator[WatchOutcome]:
        next_resume = 0.0
        while True:
            if time.monotonic() >= next_resume:
                yield from self._resume()
                next_resume = time.monotonic() + RESUME_SECONDS
            if not self._pauses.is_waiting(None):
                yield from self._look()
            is_over = self._what.once and self._is_over()
            if self._may_book(is_over):
                yield from self._book()
            if is_over and not self._books_wait:
                return
            time.sleep(LOOK_SECONDS)

    def _resume(self) -> Iterator[BatchOutcome]:
        try:
            for outcome in resume_all(self._machine, self._what.tag_key):
                if outcome.error is None or self._pauses.is_news(outcome.row.id, str(outcome.error)):
                    yield outcome
        except _FOR_NOW:
            return  # the chain: whatever arrives says so, and this is done again

    def _may_book(self, is_over: bool) -> bool:
        """Whether it is time to ask for books that are due: nothing else can be done now."""
        if self._what.books is None or self._pauses.is_waiting("book"):
            return False
        if is_over:
            return self._books_wait
        return not self._what.once and time.monotonic() >= self._next_book and self._is_idle()

    def _is_idle(self) -> bool:
        try:
            left = self._what.inbox.undone()
        except StorageError:
            return False
        return all(self._pauses.is_waiting(one) or self._pauses.is_waiting(None) for one in left)

    def _book(self) -> Iterator[BookOutcome]:
        plan = self._what.books
        if plan is None:
            return
        self._next_book, self._books_wait = time.monotonic() + RESUME_SECONDS, False
        try:
            yield from enter_due_books(self._machine, plan)
        except _FOR_NOW as error:
            self._books_wait = self._pauses.put_off("book")
            if not self._books_wait or self._pauses.is_news("book", str(error)):
                yield BookOutcome(plan.node, 0, error=error, again=self._books_wait)
        except CreditchainError as error:
            if self._pauses.is_news("book", str(error)):
                yield BookOutcome(plan.node, 0, error=error)
        else:
            self._pauses.over("book")

    def _look(self) -> Iterator[UploadOutcome]:
        try:
            arrivals = self._what.inbox.ready()
        except StorageError as error:
            again = self._pauses.put_off(None)
            self._gave_up = not again
            if not again or self._pauses.is_news(None, str(error)):
                yield UploadOutcome(self._what.inbox.folder, None, error, again)
            return
        for arrival in arrivals:
            if self._pauses.is_waiting(arrival):
                continue
            outcome = self._anchored(arrival)
            if not outcome.again:
                self._what.inbox.deal_with(arrival)
                self._pauses.over(arrival)
                self._pauses.over(None)
                self._next_book = 0.0
                yield outcome
                continue
            if self._pauses.is_news(arrival, str(outcome.error)):
                yield outcome
            if self._pauses.is_waiting(None):
                # What stops one stops those behind it, most likely: look again later, in the same order.
                return

    def _anchored(self, arrival: Arrival) -> UploadOutcome:
        path = arrival.path
        try:
            find_upload(str(path))
            row = self._machine.anchor(self._what.order(str(path)))
        except _FOR_NOW as error:
            again = self._pauses.put_off(arrival if _is_its_own(error) else None)
            return UploadOutcome(path, None, error.at(Place(str(path))), again)
        except CreditchainError as error:
            return UploadOutcome(path, None, error.at(Place(str(path))))
        try:
            return UploadOutcome(path, row, moved=self._move(arrival))
        except UnavailableError as error:
            return UploadOutcome(path, row, error)

    def _move(self, arrival: Arrival) -> Path | None:
        """Move an upload that is final, unless it has changed since: then it is a new one, and stays."""
        if self._what.move_to is None or not self._what.inbox.is_unchanged(arrival):
            return None
        return move_upload(arrival.path, self._what.move_to)

    def _is_over(self) -> bool:
        try:
            return not self._what.inbox.unsettled()
        except StorageError:
            return self._gave_up


def _is_its_own(error: CreditchainError) -> bool:
    """Does it concern this upload alone? Then it must not hold up the others."""
    return isinstance(error, StorageError | SecretLostError) and not isinstance(error, DiskFullError)
