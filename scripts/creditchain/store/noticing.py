"""One step of turning what happened into events, written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from creditchain.store.events import Events, NewEvent, Timer
from creditchain.store.watches import SeenBatch, Watches
from creditchain.store.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """The log was read for these members: `size` entries, under which it has this root."""

    members: Collection[int]
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Noticed:
    """What a step found, and what is done with by it."""

    events: Sequence[NewEvent] = ()
    timers: Sequence[Timer] = ()
    batches: Sequence[SeenBatch] = ()  #: to be looked into
    read: ReadUpTo | None = None
    fired: Sequence[int] = ()  #: numbers of timers
    looked_into: Sequence[tuple[SeenBatch, int]] = ()  #: batches, and when to look again (unix seconds)
    looked_at: Sequence[tuple[int, int, bytes]] = ()  #: records that were shown: member, publisher, leaf hash


@dataclass(frozen=True, slots=True)
class Noticing:
    """Writes what was noticed at one exchange."""

    webhooks: Webhooks
    events: Events
    watches: Watches

    def write(self, noticed: Noticed, now: int) -> int:
        """Write a step, in one transaction. Returns how many events are new."""
        with self.webhooks.journal.write() as session:
            new = self.events.add(session, noticed.events, now)
            self.events.set_timers(session, noticed.timers)
            self.watches.add_batches(session, noticed.batches, now)
            self.events.drop_timers(session, noticed.fired)
            for batch, again in noticed.looked_into:
                self.watches.look_again(session, batch, again)
            self.watches.looked(session, noticed.looked_at)
            if noticed.read is not None:
                self.webhooks.has_read(session, noticed.read.members, noticed.read.size, noticed.read.root)
        return new

    def begin_again(self, members: Collection[int]) -> None:
        """The log is not the one that was read: forget what nobody was told, and read from the first entry."""
        with self.webhooks.journal.write() as session:
            self.events.take_back(session)
            self.webhooks.has_read(session, members, 0, b"")
