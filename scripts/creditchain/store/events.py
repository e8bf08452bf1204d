"""Events of members, what is to be sent of them, and due dates that become events.

An event and what is to be sent of it are written in one transaction, with how far the log was read. Its id follows
from what happened, so reading the log again finds the event that is there and makes no second one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, delete, exists, func, insert, literal, select, tuple_, update
from sqlalchemy.orm import Session

from creditchain.packages.webhook import EventKind
from creditchain.store.turns import Backlog, Room, share_out
from creditchain.store.webhook_tables import EventRow, SendingRow, TimerRow, WebhookRow
from creditchain.store.webhooks import Webhooks

#: For how long an event is tried, and for how long it can be listed and replayed; seconds.
GIVE_UP_SECONDS: Final = 72 * 3600
KEEP_SECONDS: Final = 30 * 86_400
#: Seconds to the second attempt, by how much each pause is longer than the one before, the longest, and the jitter.
_FIRST_PAUSE, _GROWTH, _LONGEST_PAUSE, _JITTER = 5.0, 3.0, 4 * 3600.0, 0.2


class SendingState(StrEnum):
    """How far a sending has come."""

    WAITING = "waiting"
    TAKEN = "taken"
    DEAD = "dead"  #: given up; it is sent again when it is replayed


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something to tell a member. `id` follows from what happened; `body` is the webhook's, JSON."""

    id: str
    member: int
    kind: EventKind
    body: str


@dataclass(frozen=True, slots=True)
class MemberEvent:
    """An event that was written. `number` is its cursor."""

    number: int
    id: str
    kind: str
    body: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Sending:
    """An event on its way to a webhook of a member. Times are unix seconds."""

    member: int
    webhook: str
    address: str = field(repr=False)
    event: MemberEvent
    state: SendingState
    attempts: int
    since: int
    next_at: int
    status: int | None  #: of the last answer
    trouble: str | None

    @property
    def key(self) -> tuple[str, int]:
        """What names it."""
        return self.webhook, self.event.number


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to tell a member at a time (unix seconds), if it still holds then."""

    member: int
    kind: EventKind
    item: bytes
    at: int


def next_attempt(since: int, attempts: int, now: int, chance: Callable[[], float] = random.random) -> int | None:
    """When to try again after so many attempts; None: given up. Pauses grow, and differ by chance. Unix seconds."""
    end = since + GIVE_UP_SECONDS
    if now >= end:
        return None
    pause = min(_FIRST_PAUSE * _GROWTH ** (min(attempts, 20) - 1), _LONGEST_PAUSE)
    return min(int(now + max(1.0, pause * (1 - _JITTER + 2 * _JITTER * chance()))), end)


class Events:
    """The events at one exchange."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks, self._journal = webhooks, webhooks.journal
        self._mine, self._whose = webhooks.mine, webhooks.whose

    def add(self, session: Session, events: Iterable[NewEvent], now: int) -> int:
        """Write events that are not there yet, and what is to be sent of them. Returns how many were new."""
        wanted = {one.id: one for one in events}
        known = set(
            session.scalars(select(EventRow.event_id).where(*self._mine(EventRow), EventRow.event_id.in_(wanted)))
        )
        new = [one for id_, one in wanted.items() if id_ not in known]
        for one in new:
            row = EventRow(
                **self._whose, event_id=one.id, member=one.member, kind=one.kind.value, body=one.body, made_at=now
            )
            session.add(row)
            session.flush()
            for webhook in self._webhooks.wanting(session, one.member, one.kind):
                session.add(SendingRow(webhook=webhook, event=row.id, **_fresh(now)))
        return len(new)

    def after(self, member: int, cursor: int, most: int) -> list[MemberEvent]:
        """A member's events with numbers above a cursor, in order, at most so many."""
        rows = select(EventRow).where(*self._mine(EventRow), EventRow.member == member, EventRow.id > cursor)
        with self._journal.read() as session:
            return [_event(row) for row in session.scalars(rows.order_by(EventRow.id).limit(most))]

    def replay(self, member: int, webhook: str, kinds: Collection[EventKind], cursor: int, now: int) -> int:
        """Send a webhook all events above a cursor again, also those that it took. Returns how many.

        However many there are, it takes three statements: others wait for the journal meanwhile.
        """
        wanted = select(EventRow.id).where(
            *self._mine(EventRow), EventRow.member == member, EventRow.id > cursor, EventRow.kind.in_(kinds)
        )
        known = exists().where(SendingRow.webhook == webhook, SendingRow.event == EventRow.id)
        fresh = _fresh(now)
        rows = wanted.join(WebhookRow, WebhookRow.id == webhook).where(~known)
        rows = rows.add_columns(
            WebhookRow.id, *(literal(value, SendingRow.__table__.c[name].type) for name, value in fresh.items())
        )
        again = update(SendingRow).where(SendingRow.webhook == webhook, SendingRow.event.in_(wanted)).values(**fresh)
        with self._journal.write() as session:
            session.execute(again, execution_options={"synchronize_session": False})
            session.execute(insert(SendingRow).from_select(["event", "webhook", *fresh], rows))
            return int(session.execute(select(func.count()).select_from(wanted.subquery())).scalar_one())

    # Sending.

    def members_waiting(self, now: int) -> set[int]:
        """The members for which something is to be tried now."""
        rows = select(WebhookRow.member).join(SendingRow, SendingRow.webhook == WebhookRow.id).distinct()
        with self._journal.read() as session:
            return set(session.scalars(rows.where(*self._mine(WebhookRow), *_due(now))))

    def due(
        self, now: int, room: Room, under_way: Collection[Sending] = (), among: Collection[int] | None = None
    ) -> list[Sending]:
        """What is to be tried now, as much as there is room for; members take turns, the longest waiting first.

        `among`: members that may be sent something; None: all.
        """
        due = (*_due(now), tuple_(SendingRow.webhook, SendingRow.event).not_in([one.key for one in under_way]))
        found: list[Sending] = []
        with self._journal.read() as session:
            waiting = [one for one in self._waiting(session, due) if among is None or one.member in among]
            for webhook, count in share_out(waiting, [(one.member, one.webhook) for one in under_way], room).items():
                rows = self._sendings().where(SendingRow.webhook == webhook, *due)
                found += map(
                    self._read, session.execute(rows.order_by(SendingRow.next_at, SendingRow.event).limit(count))
                )
        return found

    def settle(self, sending: Sending, now: int, *, taken: bool, status: int | None, trouble: str | None) -> None:
        """Write down what came of an attempt. A sending that was replayed meanwhile stays to be sent."""
        again = None if taken else next_attempt(sending.since, sending.attempts + 1, now)
        state = SendingState.TAKEN if taken else SendingState.DEAD if again is None else SendingState.WAITING
        values = {
            "state": state.value, "attempts": sending.attempts + 1, "status": status, "trouble": trouble,
            "next_at": now if again is None else again,
        }  # fmt: skip
        with self._journal.write() as session:
            session.execute(
                update(SendingRow)
                .where(
                    SendingRow.webhook == sending.webhook,
                    SendingRow.event == sending.event.number,
                    SendingRow.attempts == sending.attempts,
                    SendingRow.since == sending.since,
                )
                .values(**values)
            )

    def of(self, webhook: str, state: SendingState, cursor: int, most: int) -> list[Sending]:
        """What a webhook has in a state, of events above a cursor, in order."""
        rows = self._sendings().where(
            SendingRow.webhook == webhook, SendingRow.state == state.value, SendingRow.event > cursor
        )
        with self._journal.read() as session:
            found = session.execute(rows.order_by(SendingRow.event).limit(most))
            return [self._read(one) for one in found]

    def counts(self, webhook: str | None = None) -> dict[SendingState, int]:
        """How many sendings there are in each state; of one webhook, or of all at this exchange."""
        rows = select(SendingRow.state, func.count()).join(WebhookRow, WebhookRow.id == SendingRow.webhook)
        rows = rows.where(*self._mine(WebhookRow))
        if webhook is not None:
            rows = rows.where(SendingRow.webhook == webhook)
        with self._journal.read() as session:
            found = {str(state): int(count) for state, count in session.execute(rows.group_by(SendingRow.state))}
        return {state: found.get(state.value, 0) for state in SendingState}

    def counts_of_members(self) -> dict[int, dict[SendingState, int]]:
        """The same for each member that has webhooks at this exchange."""
        rows = select(WebhookRow.member, SendingRow.state, func.count(SendingRow.event))
        rows = rows.outerjoin(SendingRow, SendingRow.webhook == WebhookRow.id).where(*self._mine(WebhookRow))
        found: dict[int, dict[SendingState, int]] = {}
        with self._journal.read() as session:
            for member, state, count in session.execute(rows.group_by(WebhookRow.member, SendingRow.state)):
                counts = found.setdefault(member, dict.fromkeys(SendingState, 0))
                if state is not None:  # a webhook for which nothing was ever sent has none
                    counts[SendingState(state)] += count
        return dict(sorted(found.items()))

    # Due dates.

    def set_timers(self, session: Session, timers: Iterable[Timer]) -> None:
        """Note when to look again; one that is noted already stays."""
        for one in timers:
            same = (TimerRow.member == one.member, TimerRow.kind == one.kind.value, TimerRow.item == one.item)
            if session.scalars(select(TimerRow.id).where(*self._mine(TimerRow), *same)).first() is None:
                session.add(TimerRow(**self._whose, member=one.member, kind=one.kind.value, item=one.item, at=one.at))
                session.flush()

    def timers(self, now: int, most: int, among: Collection[int]) -> list[tuple[int, Timer]]:
        """The timers of some members that are due, the oldest first, with their numbers."""
        rows = select(TimerRow).where(*self._mine(TimerRow), TimerRow.at <= now, TimerRow.member.in_(among))
        with self._journal.read() as session:
            found = session.scalars(rows.order_by(TimerRow.at).limit(most))
            return [(row.id, Timer(row.member, EventKind(row.kind), row.item, row.at)) for row in found]

    def drop_timers(self, session: Session, numbers: Sequence[int]) -> None:
        """Forget timers."""
        session.execute(delete(TimerRow).where(TimerRow.id.in_(numbers)))

    # What is old, and what a reorganisation took back.

    def forget_before(self, time: int) -> int:
        """Forget the events of before a time that wait for nothing any more. Returns how many."""
        waits = exists().where(SendingRow.event == EventRow.id, SendingRow.state == SendingState.WAITING.value)
        return self._drop(*self._mine(EventRow), EventRow.made_at < time, ~waits)

    def take_back(self, session: Session) -> None:
        """Forget every event that no webhook has taken: the log is read again, and they come again if they hold."""
        taken = exists().where(SendingRow.event == EventRow.id, SendingRow.state == SendingState.TAKEN.value)
        numbers = session.scalars(select(EventRow.id).where(*self._mine(EventRow), ~taken)).all()
        self._delete(session, numbers)
        session.execute(delete(TimerRow).where(*self._mine(TimerRow)))

    def _drop(self, *which: ColumnElement[bool]) -> int:
        with self._journal.write() as session:
            numbers = session.scalars(select(EventRow.id).where(*which).limit(1000)).all()
            self._delete(session, numbers)
        return len(numbers)

    @staticmethod
    def _delete(session: Session, numbers: Sequence[int]) -> None:
        for first in range(0, len(numbers), 500):
            some = numbers[first : first + 500]
            session.execute(delete(SendingRow).where(SendingRow.event.in_(some)))
            session.execute(delete(EventRow).where(EventRow.id.in_(some)))

    def _waiting(self, session: Session, due: Iterable[ColumnElement[bool]]) -> list[Backlog]:
        """The webhooks for which something is due, the longest waiting first."""
        rows = select(WebhookRow.member, WebhookRow.id, func.count())
        rows = rows.join(SendingRow, SendingRow.webhook == WebhookRow.id).where(*self._mine(WebhookRow), *due)
        rows = rows.group_by(WebhookRow.member, WebhookRow.id).order_by(func.min(SendingRow.next_at), WebhookRow.id)
        return [Backlog(member, webhook, count) for member, webhook, count in session.execute(rows)]

    @staticmethod
    def _sendings() -> Select[SendingRow, EventRow, WebhookRow]:
        return (
            select(SendingRow, EventRow, WebhookRow)
            .join(EventRow, EventRow.id == SendingRow.event)
            .join(WebhookRow, WebhookRow.id == SendingRow.webhook)
        )

    @staticmethod
    def _read(found: Row[SendingRow, EventRow, WebhookRow]) -> Sending:
        row, event, webhook = found
        return Sending(
            webhook.member, webhook.id, webhook.address, _event(event), SendingState(row.state), row.attempts,
            row.since, row.next_at, row.status, row.trouble,
        )  # fmt: skip


def _due(now: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return SendingRow.state == SendingState.WAITING.value, SendingRow.next_at <= now


def _fresh(now: int) -> dict[str, Any]:
    """How a sending begins."""
    return {
        "state": SendingState.WAITING.value, "attempts": 0, "since": now, "next_at": now, "status": None,
        "trouble": None,
    }  # fmt: skip


def _event(row: EventRow) -> MemberEvent:
    return MemberEvent(row.id, row.event_id, row.kind, row.body, row.made_at)
