"""A node's book of the day: made and entered once a day at most, when batches were anchored that no book holds yet.

Whether a book is due, the chain says: how many batches the node anchored, how many its last book covers, and when that
was entered. So nothing needs to be remembered: killed anywhere, whoever runs next goes on, and no day gets two books.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from creditchain.acts.anchoring import Anchoring
from creditchain.acts.booking import BookOrder, make
from creditchain.acts.dropping_books import drop_books
from creditchain.acts.entering_books import book_intents, enter_book
from creditchain.acts.showing import Shower
from creditchain.chain.clock import now
from creditchain.errors import CreditchainError, ExitCode, InputError, RefusedError
from creditchain.log.entries import AnchorBody, BookBody

#: Days begin at midnight in China, as everywhere in this system.
_CHINA_SECONDS: Final = 8 * 3600
HOUR: Final = 3600
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class BookPlan:
    """Whose books are entered, and how often: once in each `every` seconds, counted from midnight in China."""

    node: int
    every: int = DAY

    def period(self, time: int) -> int:
        """The number of the period that holds this time (unix seconds)."""
        return (time + _CHINA_SECONDS) // self.every


@dataclass(frozen=True, slots=True)
class BookOutcome:
    """A book that was entered, or why one that was due was not. With an error: whether it is tried `again`."""

    node: int
    key_epoch: int
    entry: int = 0
    root: bytes = b""
    size: int = 0
    batches: int = 0
    error: CreditchainError | None = None
    again: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """0, or what the error says; what is tried again has no outcome yet."""
        return ExitCode.OK if self.error is None or self.again else self.error.exit_code


@dataclass(frozen=True, slots=True)
class _Due:
    key_epoch: int
    gone: frozenset[int]  #: numbers of the batches that are broken or annulled


def enter_due_books(machine: Anchoring, plan: BookPlan) -> Iterator[BookOutcome]:
    """Enter the book of each key epoch for which one is due, and drop older books here.

    What was begun before, and may still take effect, is finished first.

    Raises:
        BookError: a batch is not in this home, or not what it says. UnavailableError; TransactionError.
    """
    for intent in book_intents(machine.journal, machine.region, plan.node):
        try:
            machine.outbox.go_on(intent)
        except RefusedError:
            continue  # a batch was anchored after it was made, so that it never takes effect
    for due in _due(machine, plan):
        order = BookOrder(plan.node, due.key_epoch, {}, due.gone)
        made = make(machine.home, machine.journal, machine.region.deployment, order, machine.options.watch).manifest
        entry = enter_book(machine.region, machine.outbox, made)
        drop_books(machine.region, machine.home)
        yield BookOutcome(plan.node, due.key_epoch, entry, made.root, made.size, made.covered)


def _due(machine: Anchoring, plan: BookPlan) -> list[_Due]:
    region, shower, found = machine.region, Shower(machine.region), list[_Due]()
    today = plan.period(now(region.chain))
    for epoch in range(1, shower.reading.current_key_epoch() + 1):
        published = shower.reading.published(plan.node, epoch)
        covered, entered = 0, None
        if published.book:
            last = shower.log.entry(published.book)
            if not isinstance(last.body, BookBody):
                message, wanted = "what a node's cell calls its last book is none", "a Book entry"
                raise InputError(message, expected=wanted, found=f"kind {last.kind}")
            covered, entered = last.body.batches, last.time
        is_early = entered is not None and plan.period(entered) >= today
        if published.batches == covered or is_early or published.leaves == published.gone:
            continue
        found.append(_Due(epoch, _gone(shower, plan.node, epoch)))
    return found


def _gone(shower: Shower, node: int, epoch: int) -> frozenset[int]:
    anchors = ((one, one.body) for one in shower.published(node, epoch))
    return frozenset(
        body.number for one, body in anchors if isinstance(body, AnchorBody) and shower.reading.flags(one.index).spoiled
    )
