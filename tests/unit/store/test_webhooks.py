"""Webhooks, events and what is to be sent: nothing lost, nothing under a second id; on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hook_stores import LOG, MEMBER, NOW, SECRET, event, order, stores, tell
from sqlalchemy import Engine, update
from sqlalchemy.event import listen, remove

from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.moving import move_journal
from creditchain.home.sealing import SecretLostError
from creditchain.identifiers import parse_uscc
from creditchain.packages.webhook import EventKind
from creditchain.store.events import (
    GIVE_UP_SECONDS,
    KEEP_SECONDS,
    Sending,
    SendingState,
    Timer,
    next_attempt,
)
from creditchain.store.noticing import Noticed, Noticing, ReadUpTo
from creditchain.store.turns import Room
from creditchain.store.watches import OpenedWatches, SeenBatch, SeenRecord, Watch
from creditchain.store.webhook_tables import WatchRow
from creditchain.store.webhooks import MOST_WEBHOOKS, TooManyWebhooksError
from postgres import Postgres

ROOT = b"r" * 32


@pytest.fixture
def at(tmp_path: Path, address: DatabaseAddress | None) -> Iterator[Noticing]:
    with open_journal(tmp_path / "home" / "journal.sqlite", address) as journal:
        yield stores(journal)


def fail(at: Noticing, sending: Sending, now: int) -> None:
    at.events.settle(sending, now, taken=False, status=503, trouble="status")


def take(at: Noticing, sending: Sending, now: int) -> None:
    at.events.settle(sending, now, taken=True, status=204, trouble=None)


class TestWebhooks:
    def test_set_again_it_is_the_same_with_another_secret(self, at: Noticing) -> None:
        first = at.webhooks.set(MEMBER, order(), NOW, 7)
        keys = set(at.webhooks.keys.made_before(2**40))
        second = at.webhooks.set(MEMBER, order("https://bank.example/hook", EventKind.WARNING_NEW), NOW + 1, 9)
        assert (second.id, second.kinds) == (first.id, (EventKind.WARNING_NEW,))
        assert at.webhooks.of(MEMBER) == [second]
        assert at.webhooks.secret(first.id) == SECRET
        (reader,) = at.webhooks.readers()
        assert (reader.since, reader.size) == (7, 0)
        assert len(keys & set(at.webhooks.keys.made_before(2**40))) == 1  # the old secret's is destroyed

    def test_a_secret_is_nowhere_in_the_clear(self, tmp_path: Path) -> None:
        with open_journal(tmp_path / "home" / "journal.sqlite") as journal:
            stores(journal).webhooks.set(MEMBER, order(), NOW, 0)
        stored = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
        assert SECRET not in stored

    def test_as_many_as_a_member_may_have(self, at: Noticing) -> None:
        for number in range(MOST_WEBHOOKS):
            at.webhooks.set(MEMBER, order(f"https://bank.example/{number}"), NOW, 0)
        with pytest.raises(TooManyWebhooksError):
            at.webhooks.set(MEMBER, order("https://bank.example/more"), NOW, 0)
        at.webhooks.set(MEMBER + 1, order("https://bank.example/more"), NOW, 0)

    def test_the_last_one_takes_all_along(self, at: Noticing) -> None:
        first, second = (at.webhooks.set(MEMBER, order(f"https://bank.example/{n}"), NOW, 0) for n in range(2))
        other = at.webhooks.set(MEMBER + 1, order(), NOW, 0)
        tell(at, event(1), event(1, member=MEMBER + 1))
        at.watches.show(MEMBER, [SeenRecord(3, ROOT, NOW + 9)])
        assert not at.webhooks.remove(MEMBER + 1, first.id)
        assert at.webhooks.remove(MEMBER, first.id)
        assert len(at.events.after(MEMBER, 0, 10)) == 1
        assert at.webhooks.remove(MEMBER, second.id)
        assert (at.events.after(MEMBER, 0, 10), at.watches.shown_to(ROOT, 3, NOW)) == ([], [])
        assert [one.member for one in at.webhooks.readers()] == [MEMBER + 1]
        assert len(at.webhooks.keys.made_before(2**40)) == 2
        assert [one.webhook for one in at.events.due(NOW, Room(10, 10, 1))] == [other.id]

    def test_all_of_a_member_are_dropped_at_once(self, at: Noticing) -> None:
        for number in range(3):
            at.webhooks.set(MEMBER, order(f"https://bank.example/{number}"), NOW, 0)
        other = at.webhooks.set(MEMBER + 1, order(), NOW, 0)
        tell(at, event(1), event(1, member=MEMBER + 1))
        at.write(Noticed(timers=[Timer(MEMBER, EventKind.CONSENT_ENDING, b"c", NOW)]), NOW)
        waiting = {SendingState.WAITING: 1, SendingState.TAKEN: 0, SendingState.DEAD: 0}
        at.webhooks.set(MEMBER + 2, order(), NOW, 0)  # nothing was ever sent there
        counts = at.events.counts_of_members()
        assert counts[MEMBER + 1] == waiting
        assert (counts[MEMBER][SendingState.WAITING], counts[MEMBER + 2][SendingState.WAITING]) == (3, 0)
        assert at.webhooks.drop(MEMBER) == 3
        assert at.webhooks.drop(MEMBER) == 0
        assert (at.events.after(MEMBER, 0, 9), at.events.timers(NOW, 9, [MEMBER])) == ([], [])
        assert at.events.counts_of_members().keys() == {MEMBER + 1, MEMBER + 2}
        assert [one.webhook for one in at.events.due(NOW, Room(9, 9, 9))] == [other.id]
        assert at.events.due(NOW, Room(9, 9, 9), (), {MEMBER}) == []
        assert at.events.members_waiting(NOW) == {MEMBER + 1}
        assert len(at.webhooks.keys.made_before(2**40)) == 4

    def test_keys_that_a_killed_process_left(self, at: Noticing) -> None:
        made = at.webhooks.set(MEMBER, order(), NOW, 0)
        at.webhooks.keys.new_key()
        at.webhooks.sweep()
        assert len(at.webhooks.keys.made_before(2**40)) == 2
        assert at.webhooks.secret(made.id) == SECRET

    def test_a_lost_key_is_an_error_and_no_other_secret(self, at: Noticing) -> None:
        made = at.webhooks.set(MEMBER, order(), NOW, 0)
        for name in at.webhooks.keys.made_before(2**40):
            at.webhooks.keys.destroy(name)
        with pytest.raises(SecretLostError):
            at.webhooks.secret(made.id)


class TestEvents:
    def test_what_is_known_makes_no_second_event(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        assert tell(at, event(1), event(2)) == 2
        assert tell(at, event(2), event(3), event(3)) == 1
        found = at.events.after(MEMBER, 0, 10)
        assert [one.id for one in found] == [event(number).id for number in (1, 2, 3)]
        assert at.events.counts() == {SendingState.WAITING: 3, SendingState.TAKEN: 0, SendingState.DEAD: 0}

    def test_each_webhook_gets_the_kinds_that_it_wants(self, at: Noticing) -> None:
        everything = at.webhooks.set(MEMBER, order("https://bank.example/all"), NOW, 0)
        one = at.webhooks.set(MEMBER, order("https://bank.example/one", EventKind.WARNING_NEW), NOW, 0)
        tell(at, event(1), event(2, EventKind.WARNING_NEW), event(3, member=MEMBER + 1))
        found = [(sending.webhook, sending.event.kind) for sending in at.events.due(NOW, Room(10, 10, 9))]
        assert sorted(found) == sorted(
            [(everything.id, "consent.revoked"), (everything.id, "warning.new"), (one.id, "warning.new")]
        )

    def test_a_step_is_written_as_a_whole_or_not_at_all(self, at: Noticing) -> None:
        """Killed before the commit, the entries are read again; after it, they are not."""
        at.webhooks.set(MEMBER, order(), NOW, 0)
        timer, read = Timer(MEMBER, EventKind.CONSENT_ENDING, b"c", 2**80), ReadUpTo([MEMBER], 5, ROOT)
        broken = Noticed([event(1)], [timer], [], read)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the driver says of such a number
            at.write(broken, NOW)
        assert at.events.after(MEMBER, 0, 9) == []
        assert [one.size for one in at.webhooks.readers()] == [0]
        assert at.write(Noticed([event(1)], [], [], read), NOW) == 1
        assert [(one.size, one.root) for one in at.webhooks.readers()] == [(5, ROOT)]

    def test_a_cursor_goes_on_growing_when_the_newest_are_gone(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order("https://bank.example/hook", EventKind.WARNING_NEW), NOW, 0)
        tell(at, event(1), event(2))
        last = at.events.after(MEMBER, 0, 9)[-1].number
        assert at.events.forget_before(NOW + 1) == 2
        tell(at, event(3))
        (found,) = at.events.after(MEMBER, last, 9)
        assert found.id == event(3).id

    def test_what_waits_is_not_forgotten(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, event(1), event(2))
        take(at, at.events.due(NOW, Room(1, 1, 1))[0], NOW)
        assert at.events.forget_before(NOW + KEEP_SECONDS) == 1
        assert [one.id for one in at.events.after(MEMBER, 0, 9)] == [event(2).id]


class TestSending:
    def test_it_is_tried_for_72_hours_and_then_dead(self, at: Noticing) -> None:
        webhook = at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, event(1))
        now, pauses = NOW, []
        while due := at.events.due(now, Room(9, 9, 1)):
            (sending,) = due
            fail(at, sending, now)
            assert at.events.due(now, Room(9, 9, 1)) == []
            dead = at.events.of(webhook.id, SendingState.DEAD, 0, 9)
            if dead:
                break
            (waiting,) = at.events.of(webhook.id, SendingState.WAITING, 0, 9)
            pauses.append(waiting.next_at - now)
            now = waiting.next_at
        assert now == NOW + GIVE_UP_SECONDS
        assert (dead[0].status, dead[0].trouble, dead[0].attempts) == (503, "status", len(pauses) + 1)
        assert pauses[0] < 10
        assert max(pauses) <= 4 * 3600 * 1.2
        # Back after ten minutes, a receiver has everything within 35, however the pauses fall.
        reached = [sum(pauses[:count]) for count in range(len(pauses))]
        assert next(time for time in reached if time >= 600) <= 2100

    def test_pauses_differ_by_chance(self) -> None:
        chances = iter((0.0, 0.5, 1.0))
        found = [next_attempt(NOW, 3, NOW, lambda: next(chances)) for _ in range(3)]
        assert found == [NOW + 36, NOW + 45, NOW + 54]

    def test_one_webhook_does_not_hold_up_another(self, at: Noticing) -> None:
        slow = at.webhooks.set(MEMBER, order("https://bank.example/slow"), NOW, 0)
        quick = at.webhooks.set(MEMBER, order("https://bank.example/quick"), NOW, 0)
        tell(at, *map(event, range(20)))
        first = at.events.due(NOW, Room(8, 8, 2))
        assert sorted(one.webhook for one in first) == sorted([slow.id, slow.id, quick.id, quick.id])
        busy = [one for one in first if one.webhook == slow.id]
        assert {one.webhook for one in at.events.due(NOW, Room(8, 8, 2), busy)} == {quick.id}

    def test_what_was_settled_meanwhile_takes_nobody_s_place(self, at: Noticing) -> None:
        """An attempt may end while it is asked what is due next."""
        at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, *map(event, range(3)))
        first = at.events.due(NOW, Room(2, 2, 2))
        for sending in first:
            take(at, sending, NOW)
        assert [one.event.id for one in at.events.due(NOW, Room(9, 9, 9), first)] == [event(2).id]

    def test_one_member_does_not_hold_up_another(self, at: Noticing) -> None:
        """One has as many webhooks as it may have, all of them waiting for long; another has one event."""
        for number in range(MOST_WEBHOOKS):
            at.webhooks.set(MEMBER, order(f"https://slow.example/{number}"), NOW, 0)
        other = at.webhooks.set(MEMBER + 1, order(), NOW, 0)
        tell(at, *map(event, range(8)))
        room = Room(16, 8, 4)
        first = at.events.due(NOW, room)
        assert [one.member for one in first] == [MEMBER] * 8
        assert len({one.webhook for one in first}) == 8
        tell(at, *(event(number, member=MEMBER + 1) for number in range(9)), now=NOW + 60)
        found = at.events.due(NOW + 60, room, first)
        assert [one.webhook for one in found] == [other.id] * 4
        assert {one.member for one in at.events.due(NOW + 60, Room(2, 8, 4))} == {MEMBER, MEMBER + 1}

    def test_what_is_replayed_while_it_is_under_way_is_sent_again(self, at: Noticing) -> None:
        webhook = at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, event(1))
        (sending,) = at.events.due(NOW, Room(9, 9, 1))
        assert at.events.replay(MEMBER, webhook.id, webhook.kinds, 0, NOW + 5) == 1
        take(at, sending, NOW + 6)
        assert [one.event.id for one in at.events.due(NOW + 6, Room(9, 9, 1))] == [event(1).id]

    def test_many_are_replayed_in_few_statements(self, at: Noticing) -> None:
        """The journal is held meanwhile, and whoever delivers a report waits for it."""
        first = at.webhooks.set(MEMBER, order(), NOW, 0)
        at.webhooks.set(MEMBER + 1, order(), NOW, 0)
        tell(at, *map(event, range(40)), event(1, member=MEMBER + 1))
        for sending in at.events.due(NOW, Room(9, 9, 9)):
            take(at, sending, NOW)
        later = at.webhooks.set(MEMBER, order("https://bank.example/later"), NOW, 0)  # nothing was sent there before
        counts, statements = at.events.counts, list[str]()

        def counted(*executed: Any) -> None:
            statements.append(executed[2])

        listen(Engine, "before_cursor_execute", counted)
        try:
            for webhook in (first, later):
                assert at.events.replay(MEMBER, webhook.id, webhook.kinds, 0, NOW + 5) == 40
        finally:
            remove(Engine, "before_cursor_execute", counted)
        assert len([one for one in statements if one.split()[0] in ("INSERT", "UPDATE", "SELECT")]) < 12
        for webhook in (first, later):
            assert counts(webhook.id) == {SendingState.WAITING: 40, SendingState.TAKEN: 0, SendingState.DEAD: 0}
        assert {one.since for one in at.events.of(first.id, SendingState.WAITING, 0, 99)} == {NOW + 5}
        assert at.events.replay(MEMBER, "0" * 32, first.kinds, 0, NOW) == 40  # removed meanwhile: nothing is written
        assert sum(counts().values()) == 81

    def test_dead_letters_are_replayed_from_a_cursor_on(self, at: Noticing) -> None:
        webhook = at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, *map(event, range(4)))
        end = NOW + GIVE_UP_SECONDS
        for sending in at.events.due(NOW, Room(9, 9, 9)):
            fail(at, sending, end)
        dead = at.events.of(webhook.id, SendingState.DEAD, 0, 9)
        assert len(dead) == 4
        assert at.events.replay(MEMBER, webhook.id, webhook.kinds, dead[1].event.number, end) == 2
        assert [one.event.id for one in at.events.due(end, Room(9, 9, 9))] == [event(2).id, event(3).id]
        assert len(at.events.of(webhook.id, SendingState.DEAD, 0, 9)) == 2

    def test_what_a_reorganisation_took_back_comes_again_under_its_id(self, at: Noticing) -> None:
        webhook = at.webhooks.set(MEMBER, order(), NOW, 0)
        tell(at, event(1), event(2))
        told = at.events.due(NOW, Room(1, 1, 1))[0]
        take(at, told, NOW)
        at.begin_again([MEMBER])
        assert [one.size for one in at.webhooks.readers()] == [0]
        assert [one.id for one in at.events.after(MEMBER, 0, 9)] == [told.event.id]
        assert tell(at, event(1), event(2)) == 1
        assert [one.event.id for one in at.events.due(NOW, Room(9, 9, 1))] == [event(2).id]
        assert at.events.of(webhook.id, SendingState.TAKEN, 0, 9)[0].event.id == told.event.id


class TestDueDates:
    def test_a_date_is_noted_once_and_goes_with_its_event(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        timer = Timer(MEMBER, EventKind.CONSENT_ENDING, b"consent", NOW + 60)
        for _ in range(2):
            at.write(Noticed(timers=[timer]), NOW)
        assert at.events.timers(NOW + 59, 9, [MEMBER]) == []
        ((number, found),) = at.events.timers(NOW + 60, 9, [MEMBER])
        assert found == timer
        at.write(Noticed(events=[event(1, EventKind.CONSENT_ENDING)], fired=[number]), NOW + 60)
        assert at.events.timers(NOW + 60, 9, [MEMBER]) == []


class TestWatches:
    WATCH = Watch(MEMBER, b"c" * 32, parse_uscc("914403001922038216"), 20200101, 20301231, NOW + 100)

    def test_whom_a_consent_is_about_is_sealed(self, tmp_path: Path) -> None:
        with open_journal(tmp_path / "home" / "journal.sqlite") as journal:
            at = stores(journal)
            assert not at.watches.watch(self.WATCH, NOW, NOW)  # nobody would hear of it
            at.webhooks.set(MEMBER, order(), NOW, 0)
            assert at.watches.watch(self.WATCH, NOW, NOW)
            assert at.watches.watched(NOW, OpenedWatches()) == [self.WATCH]
        stored = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
        assert b"914403001922038216" not in stored

    def test_until_it_is_over_or_nobody_wants_it(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        for _ in range(2):
            assert at.watches.watch(self.WATCH, NOW, NOW)
        known = OpenedWatches()
        assert at.watches.watched(NOW + 100, known) == [self.WATCH]
        assert at.watches.watched(NOW + 101, known) == []
        assert not at.watches.unwatch(MEMBER + 1, self.WATCH.consent)
        assert at.watches.watched(NOW, known) == [self.WATCH]
        assert at.watches.unwatch(MEMBER, self.WATCH.consent)
        assert at.watches.watched(NOW, known) == []
        assert known.known == {}  # nothing is remembered of what is not watched any more

    def test_a_lost_key_is_the_trouble_of_its_member_alone(self, at: Noticing) -> None:
        """The others hear of what they watch; watched again, the consent is sealed under a new key."""
        at.webhooks.set(MEMBER, order(), NOW, 0)
        at.webhooks.set(MEMBER + 1, order(), NOW, 0)
        other = replace(self.WATCH, member=MEMBER + 1, consent=b"d" * 32)
        for one in (self.WATCH, other):
            assert at.watches.watch(one, NOW, NOW)
        (lost,) = (one.sealing_key for one in at.webhooks.readers() if one.member == MEMBER)
        at.webhooks.keys.destroy(lost)
        opened = OpenedWatches()
        assert at.watches.watched(NOW, opened) == [other]
        assert opened.lost == 1
        assert at.watches.watch(self.WATCH, NOW, NOW)
        assert {one.member for one in at.watches.watched(NOW, opened)} == {MEMBER, MEMBER + 1}
        assert opened.lost == 0
        at.webhooks.sweep()
        assert {one.member for one in at.watches.watched(NOW, OpenedWatches())} == {MEMBER, MEMBER + 1}

    def test_a_damaged_row_is_left_out_and_mended_when_it_is_watched_again(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        other = replace(self.WATCH, consent=b"d" * 32)
        for one in (self.WATCH, other):
            assert at.watches.watch(one, NOW, NOW)
        with at.webhooks.journal.write() as session:
            session.execute(update(WatchRow).where(WatchRow.consent == other.consent).values(subject=b"damaged"))
        opened = OpenedWatches()
        assert (at.watches.watched(NOW, opened), opened.lost) == ([self.WATCH], 1)
        assert at.watches.watch(other, NOW, NOW)
        assert (len(at.watches.watched(NOW, opened)), opened.lost) == (2, 0)

    def test_batches_seen_lately_are_looked_into_again_for_a_new_watch(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        old, young = SeenBatch(3, 1, b"o" * 32, NOW), SeenBatch(3, 1, b"y" * 32, NOW)
        at.write(Noticed(batches=[old]), NOW - 900)
        at.write(Noticed(batches=[young]), NOW - 60)
        assert {one.root for one in at.watches.batches(NOW, 9)} == {old.root, young.root}
        at.write(Noticed(looked_into=[(old, 2**40), (young, 2**40)]), NOW)
        assert at.watches.batches(NOW, 9) == []
        at.watches.watch(self.WATCH, NOW, NOW - 600)
        assert at.watches.batches(NOW, 9) == [young]

    def test_records_that_were_shown(self, at: Noticing) -> None:
        at.webhooks.set(MEMBER, order(), NOW, 0)
        at.watches.show(MEMBER, [SeenRecord(3, ROOT, NOW + 10)])
        at.watches.show(MEMBER, [SeenRecord(3, ROOT, NOW + 5)])
        assert at.watches.shown_to(ROOT, 3, NOW + 10) == [MEMBER]
        assert at.watches.shown_to(ROOT, 3, NOW + 11) == []
        assert at.watches.shown_to(ROOT, 4, NOW) == []
        assert at.watches.just_shown(9) == [(MEMBER, 3, ROOT)]
        at.write(Noticed(looked_at=[(MEMBER, 3, ROOT)]), NOW)
        assert at.watches.just_shown(9) == []
        at.watches.forget_over(NOW + 11, NOW)
        assert at.watches.shown_to(ROOT, 3, NOW) == []


def test_another_exchange_in_the_same_database_sees_nothing(at: Noticing) -> None:
    from creditchain.store.events import Events
    from creditchain.store.webhooks import Webhooks

    at.webhooks.set(MEMBER, order(), NOW, 0)
    tell(at, event(1))
    other = Webhooks(at.webhooks.journal, LOG, 6, at.webhooks.keys)
    assert (other.of(MEMBER), Events(other).due(NOW, Room(9, 9, 1)), Events(other).after(MEMBER, 0, 9)) == ([], [], [])


def test_a_journal_that_is_moved_to_a_server_goes_on_counting(tmp_path: Path, postgres: Postgres) -> None:
    file, server = tmp_path / "home" / "journal.sqlite", postgres.database()
    with open_journal(file) as journal:
        at = stores(journal)
        at.webhooks.set(MEMBER, order(), NOW, 0)
        at.watches.show(MEMBER, [SeenRecord(3, ROOT, NOW)])
        at.write(Noticed([event(1), event(2)], [Timer(MEMBER, EventKind.CONSENT_ENDING, b"c", NOW)]), NOW)
    move_journal(Home(file.parent), server)
    with open_journal(file, server) as journal:
        at = stores(journal)
        at.write(Noticed([event(3)], [Timer(MEMBER, EventKind.CONSENT_ENDING, b"d", NOW)]), NOW)
        found = at.events.after(MEMBER, 0, 9)
        assert [one.id for one in found] == [event(number).id for number in (1, 2, 3)]
        assert len({one.number for one in found}) == 3
        assert len(at.events.timers(NOW, 9, [MEMBER])) == 2
        assert at.watches.just_shown(9) == [(MEMBER, 3, ROOT)]
