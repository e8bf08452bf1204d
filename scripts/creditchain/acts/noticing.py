"""Turning what happened into events for members that have webhooks: entries of the log, and due dates.

Only final blocks are read. The transaction that writes the events also says how far the log was read, and an event's id
follows from what happened. So a process that is killed anywhere makes no event twice, and a log that is read again,
after a reorganisation, gives the same ids.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from creditchain.acts.hook_members import acting_members
from creditchain.acts.webhooks import MEANWHILE_SECONDS, Hooks
from creditchain.documents import Section
from creditchain.index.opened import IndexedLog
from creditchain.log.consent_cells import consent_of, grant_key, pause_key
from creditchain.log.entries import AnchorBody, AnswerBody, ConsentBody, DisputeBody, PauseBody, RevocationBody
from creditchain.log.record_cells import answer_key, answer_of, disputes_key, record_state
from creditchain.log.views import ANSWER_SECONDS, ConsentState, LogEntry
from creditchain.packages.parts import hexed
from creditchain.packages.webhook import EventKind, event_body, event_id
from creditchain.store.events import KEEP_SECONDS, NewEvent, Timer
from creditchain.store.noticing import Noticed, ReadUpTo
from creditchain.store.watches import SeenBatch
from creditchain.store.webhooks import Reader
from creditchain.vocabulary import DisputeState, EntryKind, Revoker

_log = logging.getLogger(__name__)

_DAY = 86_400
#: Seconds before the end of a consent, and before an answer is due, at which its member is told.
ENDING_SECONDS: Final = 7 * _DAY
DUE_SECONDS: Final = 5 * _DAY
#: Entries whose events are written in one transaction.
_AT_ONCE: Final = 1024
#: Timers, and records that were shown, that are looked at together.
_MOST: Final = 200
_KINDS: Final = (
    *(EntryKind.CONSENT, EntryKind.REVOCATION, EntryKind.PAUSE),
    *(EntryKind.DISPUTE, EntryKind.ANSWER, EntryKind.ANCHOR),
)


def notice_entries(hooks: Hooks, log: IndexedLog, now: int) -> int:
    """Make events of the entries that were not read yet, some of them at a time. Returns how many entries were read.

    A log that is not the one that was read is read again from its first entry. For members that do not act now it is
    not read on.
    """
    readers = hooks.webhooks.readers()
    if any(not _continues(log, one) for one in readers):
        _log.warning("the log is not the one that was read: its events are made again, under the same ids")
        hooks.noticing.begin_again([one.member for one in readers])
        readers = hooks.webhooks.readers()
    acting = acting_members(hooks.region, log, [one.member for one in readers], now)
    behind = [one for one in readers if one.size < log.size and one.member in acting]
    if not behind:
        return 0
    # Members that came later are read for from the beginning; then all go together.
    first = min(one.size for one in behind)
    group = {one.member: one for one in behind if one.size == first}
    stop = min(first + _AT_ONCE, log.size, *(one.size for one in behind if one.size > first))
    noticed = _Step(hooks, log, group, now).read(first, stop)
    hooks.noticing.write(noticed, now)
    return stop - first


def notice_due(hooks: Hooks, log: IndexedLog, now: int) -> int:
    """Make events of the dates that have come, of what still holds. Returns how many dates were looked at.

    The dates of members that do not act now wait.
    """
    acting = acting_members(hooks.region, log, [one.member for one in hooks.webhooks.readers()], now)
    timers = hooks.events.timers(now, _MOST, acting)
    if timers:
        events = [event for _, timer in timers if (event := _due_event(log, timer, now)) is not None]
        hooks.noticing.write(Noticed(events=events, fired=[number for number, _ in timers]), now)
    return len(timers)


def notice_meanwhile(hooks: Hooks, log: IndexedLog, now: int) -> int:
    """Tell of disputes about records that were shown while the dispute was being read. Returns how many were looked at.

    A report shows the chain as it was at its beginning; what was filed since then, and was read before the record was
    noted as shown, would be told to nobody. Of a member that does not act any more the event is written, and waits.
    """
    records = hooks.watches.just_shown(_MOST)
    words = log.words([disputes_key(node, leaf) for _, node, leaf in records])
    events = []
    for (member, node, leaf), word in zip(records, words, strict=True):
        state = record_state(node, leaf, bytes(32), word)
        if state.open and state.filed_at >= now - MEANWHILE_SECONDS:
            entry = log.entry(state.last)
            if isinstance(entry.body, DisputeBody):
                events.append(_filed(log.log_id, member, entry, entry.body))
    if records:
        hooks.noticing.write(Noticed(events=events, looked_at=records), now)
    return len(records)


def has_warnings(hooks: Hooks, product: int) -> bool:
    """Whether batches of a product may hold warning records; yes for one that is not known here."""
    known = next((one for one in hooks.products.values() if one.number == product), None)
    return known is None or Section.WARNING in known.sections


def new_event(log_id: bytes, member: int, kind: EventKind, item: bytes, time: int, data: Mapping[str, Any]) -> NewEvent:
    """An event whose id follows from kind and item. `time`: when it happened, unix seconds."""
    body = event_body(kind, time, {"log_id": hexed(log_id), **data})
    return NewEvent(event_id(log_id, member, kind, item), member, kind, body)


def _continues(log: IndexedLog, reader: Reader) -> bool:
    """Whether the log begins with what was read of it."""
    if reader.size == 0 or reader.size > log.size:  # an endpoint may be behind
        return True
    return (log.root if reader.size == log.size else log.root_at(reader.size)) == reader.root


class _Step:
    """Reads some entries for some members."""

    def __init__(self, hooks: Hooks, log: IndexedLog, readers: Mapping[int, Reader], now: int) -> None:
        self._hooks, self._log, self._readers, self._now = hooks, log, readers, now
        self._events: list[NewEvent] = []
        self._timers: list[Timer] = []
        self._batches: list[SeenBatch] = []

    def read(self, first: int, stop: int) -> Noticed:
        for entry in self._log.of_kind(*_KINDS, first=first, stop=stop):
            self._entry(entry)
        root = self._log.root if stop == self._log.size else self._log.root_at(stop)
        read = ReadUpTo(list(self._readers), stop, root)
        return Noticed(self._events, self._timers, self._batches, read)

    def _entry(self, entry: LogEntry) -> None:
        match entry.body:
            case ConsentBody() as body:
                self._granted(entry, body)
            case RevocationBody() as body:
                data = {"consent": hexed(body.consent), "entry": entry.index, "by": Revoker(body.by).label}
                self._tell(body.institution, EventKind.CONSENT_REVOKED, body.consent, entry, data)
            case PauseBody() as body:
                self._paused(entry, body)
            case DisputeBody() as body:
                self._disputed(entry, body)
            case AnswerBody() as body:
                self._answered(entry, body)
            case AnchorBody() as body:
                self._anchored(entry, body)

    def _granted(self, entry: LogEntry, body: ConsentBody) -> None:
        if body.institution not in self._readers:
            return
        consent = body.message(self._log.log_id).id
        if body.not_after >= self._now:
            at = max(entry.time, body.not_after - ENDING_SECONDS)
            self._timers.append(Timer(body.institution, EventKind.CONSENT_ENDING, consent, at))
        data = {"consent": hexed(consent), "entry": entry.index, "not_after": body.not_after}
        self._tell(body.institution, EventKind.CONSENT_GRANTED, consent, entry, data)

    def _paused(self, entry: LogEntry, body: PauseBody) -> None:
        kind = EventKind.CONSENT_PAUSED if body.turn % 2 else EventKind.CONSENT_RESUMED
        data = {"consent": hexed(body.consent), "entry": entry.index, "by": Revoker(body.by).label}
        institution = _state(self._log, body.consent).institution
        self._tell(institution, kind, body.consent + body.turn.to_bytes(2), entry, data)

    def _disputed(self, entry: LogEntry, body: DisputeBody) -> None:
        if body.node in self._readers:
            item = _filing(body.node, body.leaf, body.number)
            due = entry.time + ANSWER_SECONDS
            self._timers.append(Timer(body.node, EventKind.DISPUTE_DUE, item, due - DUE_SECONDS))
            self._timers.append(Timer(body.node, EventKind.DISPUTE_OVERDUE, item, due + 1))
        for member in self._concerned(body.node, body.leaf):
            if self._is_new(member, entry):
                self._events.append(_filed(self._log.log_id, member, entry, body))

    def _answered(self, entry: LogEntry, body: AnswerBody) -> None:
        data = _record(body.node, body.leaf, body.filing)
        data |= {"entry": entry.index, "outcome": DisputeState(body.outcome).label}
        for member in self._concerned(body.node, body.leaf):
            item = _filing(body.node, body.leaf, body.filing)
            self._tell(member, EventKind.DISPUTE_ANSWERED, item, entry, data)

    def _anchored(self, entry: LogEntry, body: AnchorBody) -> None:
        new = any(self._is_new(member, entry) for member in self._readers)
        if new and has_warnings(self._hooks, body.product):
            self._batches.append(SeenBatch(body.node, body.key_epoch, body.root, entry.time))

    def _concerned(self, node: int, leaf: bytes) -> Iterator[int]:
        """The publisher of a record, and whoever was shown it."""
        shown = self._hooks.watches.shown_to(leaf, node, self._now)
        yield from (member for member in dict.fromkeys((node, *shown)) if member in self._readers)

    def _tell(self, member: int, kind: EventKind, item: bytes, entry: LogEntry, data: Mapping[str, Any]) -> None:
        if member in self._readers and self._is_new(member, entry):
            self._events.append(new_event(self._log.log_id, member, kind, item, entry.time, data))

    def _is_new(self, member: int, entry: LogEntry) -> bool:
        """Whether it happened since the member has webhooks, and not so long ago that its event is forgotten."""
        return entry.index >= self._readers[member].since and entry.time > self._now - KEEP_SECONDS


def _filed(log_id: bytes, member: int, entry: LogEntry, body: DisputeBody) -> NewEvent:
    data = _record(body.node, body.leaf, body.number)
    data |= {"entry": entry.index, "due": entry.time + ANSWER_SECONDS}
    item = _filing(body.node, body.leaf, body.number)
    return new_event(log_id, member, EventKind.DISPUTE_FILED, item, entry.time, data)


def _due_event(log: IndexedLog, timer: Timer, now: int) -> NewEvent | None:
    """What a date that has come leads to; None where it holds no more."""
    if timer.kind is EventKind.CONSENT_ENDING:
        state = _state(log, timer.item)
        if state.revoked_at or state.used >= state.uses or state.not_after < now:
            return None
        data = {"consent": hexed(timer.item), "not_after": state.not_after}
        return new_event(log.log_id, timer.member, timer.kind, timer.item, timer.at, data)
    node, leaf, filing = int.from_bytes(timer.item[:4]), timer.item[4:36], int.from_bytes(timer.item[36:])
    outcome, _ = answer_of(log.word(answer_key(node, leaf, filing)))
    is_over = timer.kind is EventKind.DISPUTE_DUE and now > timer.at + DUE_SECONDS
    if outcome is not DisputeState.OPEN or is_over:
        return None
    due = timer.at - 1 if timer.kind is EventKind.DISPUTE_OVERDUE else timer.at + DUE_SECONDS
    data = _record(node, leaf, filing) | {"due": due}
    return new_event(log.log_id, timer.member, timer.kind, timer.item, timer.at, data)


def _state(log: IndexedLog, consent: bytes) -> ConsentState:
    grant, pauses = log.words([grant_key(consent), pause_key(consent)])
    return consent_of(grant, pauses)


def _record(node: int, leaf: bytes, filing: int) -> dict[str, Any]:
    return {"node": node, "leaf": hexed(leaf), "filing": filing}


def _filing(node: int, leaf: bytes, number: int) -> bytes:
    return node.to_bytes(4) + leaf + number.to_bytes(4)
