"""What happens is told, to whom it concerns, once for each id: whatever dies, is down, or is taken back."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hook_world import SECRET, Telling, publish_warnings, restarted, telling, told
from region_world import GOVERNOR, PLATFORM, SOURCE, TAG_KEY, send
from report_market import BANK, ENTERPRISE, granted
from test_asking import certificate
from worlds import Kept

from creditchain.acts.noticing import DUE_SECONDS, ENDING_SECONDS
from creditchain.acts.webhooks import (
    NotWatchedError,
    UnknownWebhookError,
    drop_webhooks,
    members_told,
    watch_consent,
)
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.signers import dev_signer
from creditchain.client import check_webhook
from creditchain.consents.errors import ConsentUnknownError
from creditchain.errors import CreditchainError, UnavailableError
from creditchain.exchange import measures
from creditchain.exchange import telling as telling_module
from creditchain.exchange.telling import Noticer
from creditchain.hashing import keccak256
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import Journal, open_journal
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.log.entries import AnswerBody
from creditchain.log.views import ANSWER_SECONDS
from creditchain.messages import NO_DIGEST
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.parts import hexed
from creditchain.packages.reading import PrivateText
from creditchain.packages.webhook import EventKind
from creditchain.posting.posting import Letter, WebhookPoster
from creditchain.store.events import GIVE_UP_SECONDS, SendingState
from creditchain.store.watches import OpenedWatches, SeenRecord, Watch
from creditchain.vocabulary import DisputeState
from receivers import Receiver, receiver

LEAF = keccak256(b"a leaf")
DAY = 86_400
#: Sections basic and operating, and warning.
WITH_WARNINGS = 0b10110


@pytest.fixture
def world(
    kept: Kept, tmp_path: Path, address: DatabaseAddress | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Telling]:
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    with telling(kept.fresh(tmp_path / "world"), tmp_path / "exchange", address) as made:
        yield made


@pytest.fixture
def on_sqlite(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telling]:
    """For what does not hang on the database."""
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    with telling(kept.fresh(tmp_path / "world"), tmp_path / "exchange") as made:
        yield made


@pytest.fixture
def bank() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


def consent(world: Telling, **changes: object) -> PackagedConsent:
    return granted(world.market, world.region, **changes)


def revoke(world: Telling, given: PackagedConsent) -> None:
    call = ConsentCalls(world.region.deployment).revoke(given.message)
    send(world.market.place, world.region, PLATFORM, f"revoke {given.message.id.hex()}", call)


def dispute(world: Telling, leaf: bytes = LEAF) -> None:
    call = world.region.calls.file_dispute(PLATFORM, SOURCE, leaf, keccak256(b"reason"))
    send(world.market.place, world.region, PLATFORM, f"dispute {leaf.hex()}", call)


def answer(world: Telling, leaf: bytes = LEAF) -> None:
    body = AnswerBody(SOURCE, leaf, 1, DisputeState.UPHELD, NO_DIGEST, keccak256(b"reason"))
    send(world.market.place, world.region, SOURCE, f"answer {leaf.hex()}", world.region.calls.answer_dispute(body))


def turn(world: Telling, given: PackagedConsent, times: int) -> None:
    calls = ConsentCalls(world.region.deployment)
    call = calls.pause(given.message) if times % 2 else calls.resume(given.message)
    send(world.market.place, world.region, PLATFORM, f"turn {times} {given.message.id.hex()}", call)


def watched(world: Telling, given: PackagedConsent) -> None:
    one, now = given.message, int(world.clock())
    watch = Watch(BANK, one.id, parse_uscc(world.market.number), one.data_from, one.data_to, one.not_after)
    assert world.hooks.watches.watch(watch, now, now)


def kinds(one: Receiver) -> list[str]:
    return [kind for kind, _ in told(one)]


def test_the_life_of_a_consent_signed(world: Telling, bank: Receiver) -> None:
    before = consent(world)
    world.set(BANK, bank.url)
    given, now = consent(world), world.region.chain.head().time
    turn(world, given, 1)
    turn(world, given, 2)
    revoke(world, given)
    revoke(world, before)
    world.tell()
    world.tell()
    id_, first = hexed(given.message.id), hexed(before.message.id)
    assert [(kind, data["consent"]) for kind, data in told(bank)] == [
        ("consent.granted", id_),
        ("consent.paused", id_),
        ("consent.resumed", id_),
        ("consent.revoked", id_),
        ("consent.revoked", first),
    ]
    assert len(bank.taken) == 5
    for one in bank.taken:
        event = check_webhook(SECRET, one.headers, one.body, now)
        assert event.data["log_id"] == hexed(world.region.deployment.log_id)
        assert world.market.number.encode() not in one.body


def test_only_whom_it_concerns(world: Telling, bank: Receiver) -> None:
    world.set(SOURCE, bank.url)
    revoke(world, consent(world))
    world.tell()
    assert bank.taken == []


def test_disputes_are_told_to_the_publisher_and_to_who_was_shown_the_record(world: Telling, bank: Receiver) -> None:
    with receiver() as source:
        world.set(BANK, bank.url)
        world.set(SOURCE, source.url)
        world.hooks.watches.show(BANK, [SeenRecord(SOURCE, LEAF, int(world.clock()) + DAY)])
        dispute(world)
        dispute(world, keccak256(b"a leaf that nobody was shown"))
        answer(world)
        world.tell()
        record = {"log_id": hexed(world.region.deployment.log_id), "node": SOURCE, "leaf": hexed(LEAF), "filing": 1}
        (filed, told_filed), (answered, told_answered) = told(bank)
        assert (filed, answered) == ("dispute.filed", "dispute.answered")
        assert told_filed.items() >= record.items()
        assert told_answered.items() >= (record | {"outcome": "upheld"}).items()
        assert kinds(source) == ["dispute.filed", "dispute.filed", "dispute.answered"]


def test_a_dispute_that_was_filed_while_the_report_was_on_its_way(world: Telling, bank: Receiver) -> None:
    world.set(BANK, bank.url)
    dispute(world)
    world.tell()
    assert bank.taken == []
    world.hooks.watches.show(BANK, [SeenRecord(SOURCE, LEAF, int(world.clock()) + DAY)])
    world.tell()
    world.tell()
    assert kinds(bank) == ["dispute.filed"]
    assert len(bank.taken) == 1


def test_answers_that_are_due_and_overdue(world: Telling, bank: Receiver) -> None:
    other = keccak256(b"another leaf")
    dispute(world)
    dispute(world, other)
    # Also of what was filed before it had a webhook.
    world.set(SOURCE, bank.url, EventKind.DISPUTE_DUE, EventKind.DISPUTE_OVERDUE)
    world.tell()
    assert kinds(bank) == []
    world.later = ANSWER_SECONDS - DUE_SECONDS
    world.tell()
    assert kinds(bank) == ["dispute.due"] * 2
    answer(world)
    world.later = ANSWER_SECONDS + DAY
    world.tell()
    assert kinds(bank) == ["dispute.due", "dispute.due", "dispute.overdue"]
    assert told(bank)[-1][1]["leaf"] == hexed(other)


def test_consents_that_end_soon(world: Telling, bank: Receiver) -> None:
    now = world.region.chain.head().time
    given, gone = consent(world, not_after=now + 30 * DAY), consent(world, not_after=now + 30 * DAY)
    revoke(world, gone)
    world.set(BANK, bank.url)
    world.tell()
    assert bank.taken == []
    world.later = 30 * DAY - ENDING_SECONDS
    world.tell()
    world.tell()
    assert [(kind, data["consent"]) for kind, data in told(bank)] == [("consent.ending", hexed(given.message.id))]


class TestWarnings:
    """The event says that there is something new for a consent, and nothing of content."""

    def test_of_an_enterprise_under_a_live_consent(self, world: Telling, bank: Receiver) -> None:
        world.set(BANK, bank.url, EventKind.WARNING_NEW)
        given = consent(world, sections=WITH_WARNINGS)
        watched(world, given)
        publish_warnings(world.market, 1)
        world.tell()
        world.tell()
        expected = {"log_id": hexed(world.region.deployment.log_id), "consent": hexed(given.message.id)}
        assert told(bank) == [("warning.new", expected)]
        assert len(bank.taken) == 1
        publish_warnings(world.market, 2)
        world.tell()
        assert told(bank) == [("warning.new", expected)] * 2

    def test_not_without_a_consent_that_covers_them_now(self, world: Telling, bank: Receiver) -> None:
        world.set(BANK, bank.url, EventKind.WARNING_NEW)
        revoked, paused, other_days = (consent(world, sections=WITH_WARNINGS) for _ in range(3))
        revoke(world, revoked)
        turn(world, paused, 1)
        early = consent(world, sections=WITH_WARNINGS, data_to=20200101)
        others = (consent(world), consent(world, sections=WITH_WARNINGS, domains=1))
        for one in (revoked, paused, early, *others):
            watched(world, one)
        del other_days  # granted, and not watched
        publish_warnings(world.market, 1)
        world.tell()
        assert bank.taken == []
        publish_warnings(world.market, 2, as_of=date(2020, 1, 1))
        world.tell()
        assert [data["consent"] for _, data in told(bank)] == [hexed(early.message.id)]

    def test_not_of_another_enterprise(self, world: Telling, bank: Receiver) -> None:
        world.set(BANK, bank.url)
        watched(world, consent(world, sections=WITH_WARNINGS))
        publish_warnings(world.market, 1, about="914403001922038216")
        world.tell()
        assert "warning.new" not in kinds(bank)

    def test_a_batch_whose_folder_comes_later(self, world: Telling, bank: Receiver, tmp_path: Path) -> None:
        world.set(BANK, bank.url, EventKind.WARNING_NEW)
        watched(world, consent(world, sections=WITH_WARNINGS))
        (place,) = world.hooks.places.batches
        before = set(place.iterdir())
        publish_warnings(world.market, 1)
        (folder,) = set(place.iterdir()) - before
        folder.rename(tmp_path / "on its way")
        world.tell()
        assert bank.taken == []
        (tmp_path / "on its way").rename(folder)
        world.later = 60
        world.tell()
        assert kinds(bank) == ["warning.new"]


class TestWatchingByFile:
    """PUT /v1/consents/ID/watch must not say whose a tag is to somebody who knows a digest."""

    def file(self, world: Telling, given: PackagedConsent, number: str | None = None) -> ConsentFile:
        subject = parse_uscc(number or world.market.number)
        return ConsentFile(given.message, subject, given.subject_salt, PrivateText(bytes(32), "notice"))

    def test_its_own_as_the_log_has_it(self, on_sqlite: Telling, bank: Receiver) -> None:
        given, now = consent(on_sqlite, sections=WITH_WARNINGS), int(on_sqlite.clock())
        with pytest.raises(NotWatchedError):
            watch_consent(on_sqlite.hooks, BANK, self.file(on_sqlite, given), now)
        on_sqlite.set(BANK, bank.url)
        on_sqlite.hooks.wanted.clear()
        for _ in range(2):
            watch_consent(on_sqlite.hooks, BANK, self.file(on_sqlite, given), now)
        (found,) = on_sqlite.hooks.watches.watched(now, OpenedWatches())
        assert (found.member, found.consent, found.until) == (BANK, given.message.id, given.message.not_after)

    def test_whatever_does_not_fit_has_one_answer(self, on_sqlite: Telling, bank: Receiver) -> None:
        """Also a consent that nobody granted, made up around the digest of a tag that somebody saw."""
        on_sqlite.set(BANK, bank.url)
        given = consent(on_sqlite, sections=WITH_WARNINGS)
        of_source = replace(given, message=replace(given.message, institution=SOURCE))
        cases = {
            "never granted, about the enterprise": self.file(
                on_sqlite, replace(given, message=replace(given.message, uses=given.message.uses + 1))
            ),
            "never granted, about another": self.file(
                on_sqlite, replace(given, message=replace(given.message, subject=keccak256(b"a digest")))
            ),
            "ends later": self.file(on_sqlite, replace(given, message=replace(given.message, not_after=2**40 - 1))),
            "another region": self.file(on_sqlite, replace(given, message=replace(given.message, log=bytes(32)))),
            "another institution": self.file(on_sqlite, of_source),
            "another enterprise": self.file(on_sqlite, given, "914403001922038216"),
            "another salt": self.file(on_sqlite, replace(given, subject_salt=bytes(32))),
        }
        calls = [(BANK, file) for file in cases.values()]
        calls.append((SOURCE, self.file(on_sqlite, given)))  # the bank's, whoever else shows its file
        answers = set()
        for member, file in calls:
            with pytest.raises(CreditchainError) as caught:
                watch_consent(on_sqlite.hooks, member, file, int(on_sqlite.clock()))
            answers.add((type(caught.value), str(caught.value), caught.value.place))
        assert [kind for kind, *_ in answers] == [ConsentUnknownError]
        assert on_sqlite.hooks.watches.watched(0, OpenedWatches()) == []


class TestMembership:
    """A member that does not act is told nothing; what happens waits until it acts again, or is dropped."""

    def change(self, world: Telling, action: str, node: int = BANK) -> None:
        call = getattr(world.region.calls, action)(node)
        intent = f"{action} {node} {world.region.log_size()}"
        send(world.market.place, world.region, GOVERNOR, intent, call)

    def test_what_happens_while_it_is_suspended_waits(self, on_sqlite: Telling, bank: Receiver) -> None:
        world = on_sqlite
        world.set(BANK, bank.url)
        first, warned = consent(world), consent(world, sections=WITH_WARNINGS)
        watched(world, warned)
        world.notice()
        self.change(world, "suspend")
        revoke(world, first)
        publish_warnings(world.market, 1)
        with receiver() as source:  # nobody else waits for it
            world.set(SOURCE, source.url, EventKind.DISPUTE_FILED)
            dispute(world)
            world.tell()
            world.later = DAY
            world.tell()
            assert kinds(source) == ["dispute.filed"]
        assert bank.taken == []
        assert {one.kind for one in world.hooks.events.after(BANK, 0, 99)} == {"consent.granted"}
        self.change(world, "reinstate")
        world.tell()
        expected = ["consent.granted", "consent.granted", "consent.revoked", "warning.new"]
        assert sorted(kinds(bank)) == expected
        assert len(bank.taken) == len(expected)

    def test_a_batch_that_was_seen_before_and_came_while_it_was_suspended(
        self, on_sqlite: Telling, bank: Receiver, tmp_path: Path
    ) -> None:
        world = on_sqlite
        world.set(BANK, bank.url, EventKind.WARNING_NEW)
        watched(world, consent(world, sections=WITH_WARNINGS))
        (place,) = world.hooks.places.batches
        before = set(place.iterdir())
        publish_warnings(world.market, 1)
        (folder,) = set(place.iterdir()) - before
        folder.rename(tmp_path / "on its way")
        world.tell()
        self.change(world, "suspend")
        (tmp_path / "on its way").rename(folder)
        world.later = 60
        world.tell()
        assert bank.taken == []
        self.change(world, "reinstate")
        world.later = 7200
        world.tell()
        assert kinds(bank) == ["warning.new"]

    def test_dates_wait_too(self, on_sqlite: Telling, bank: Receiver) -> None:
        world = on_sqlite
        now = world.region.chain.head().time
        consent(world, not_after=now + 30 * DAY)
        world.set(BANK, bank.url)
        world.tell()
        self.change(world, "suspend")
        world.later = 30 * DAY - ENDING_SECONDS
        world.tell()
        assert bank.taken == []
        self.change(world, "reinstate")
        world.tell()
        assert kinds(bank) == ["consent.ending"]

    def test_who_retired_is_forgotten(self, on_sqlite: Telling, bank: Receiver) -> None:
        world = on_sqlite
        world.set(BANK, bank.url)
        watched(world, consent(world, sections=WITH_WARNINGS))
        world.notice()
        self.change(world, "retire")
        world.tell()
        assert bank.taken == []
        assert world.hooks.webhooks.readers() == []
        assert (world.hooks.webhooks.of(BANK), world.hooks.events.after(BANK, 0, 9)) == ([], [])
        assert world.hooks.webhooks.keys.made_before(2**40) == []

    def test_the_operator_drops_the_webhooks_of_a_member(self, on_sqlite: Telling, bank: Receiver) -> None:
        world = on_sqlite
        world.set(BANK, bank.url)
        consent(world)
        world.notice()
        assert members_told(world.hooks)[BANK][SendingState.WAITING] == 1
        assert drop_webhooks(world.hooks, BANK) == 1
        with pytest.raises(UnknownWebhookError):
            drop_webhooks(world.hooks, BANK)
        world.tell()
        assert (bank.taken, members_told(world.hooks)) == ([], {})


class TestFaults:
    """What one part cannot do stops no other part, and no log has the words of what nobody foresaw."""

    def test_gauges_are_set_although_the_chain_is_away(
        self, on_sqlite: Telling, bank: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on_sqlite.set(BANK, bank.url)
        consent(on_sqlite)
        on_sqlite.notice()
        measures.WEBHOOKS_WAITING.set(0)

        def away(_: object) -> None:
            raise UnavailableError("the chain does not answer")

        monkeypatch.setattr(telling_module, "region_log", away)
        with pytest.raises(UnavailableError):
            on_sqlite.notice()
        assert measures.WEBHOOKS_WAITING.collect()[0].samples[0].value == 1

    def test_what_nobody_foresaw(
        self, on_sqlite: Telling, bank: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The step before fails; due dates are told all the same, and the thread goes on without its words."""
        dispute(on_sqlite)
        on_sqlite.set(SOURCE, bank.url, EventKind.DISPUTE_OVERDUE)
        on_sqlite.notice()
        on_sqlite.later = ANSWER_SECONDS + DAY

        def broken(*_: object) -> int:
            raise ValueError(on_sqlite.market.number)

        steps = (broken, *telling_module._NOTICING[1:])
        monkeypatch.setattr(telling_module, "_NOTICING", steps)
        stop = threading.Event()

        async def look() -> float:
            stop.set()
            return await Noticer(on_sqlite.hooks, on_sqlite.clock).look()

        asyncio.run(telling_module._repeated(look, stop))
        assert [one.kind for one in on_sqlite.hooks.events.after(SOURCE, 0, 9)] == ["dispute.overdue"]
        assert "ValueError at creditchain/exchange/telling.py" in caplog.text
        assert on_sqlite.market.number not in caplog.text

    def test_a_sending_that_fails_in_a_way_that_nobody_foresaw(
        self, on_sqlite: Telling, bank: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        webhook = on_sqlite.set(BANK, bank.url)
        consent(on_sqlite)
        on_sqlite.notice()

        async def broken(*_: object) -> None:
            raise ValueError(on_sqlite.market.number)

        monkeypatch.setattr(WebhookPoster, "post", broken)
        on_sqlite.send()
        (waiting,) = on_sqlite.hooks.events.of(webhook.id, SendingState.WAITING, 0, 9)
        assert waiting.trouble == "ValueError"
        assert "ValueError at " in caplog.text
        assert on_sqlite.market.number not in caplog.text


class TestReceivers:
    def test_down_for_ten_minutes_misses_nothing(self, world: Telling, bank: Receiver) -> None:
        webhook = world.set(BANK, bank.url)
        bank.stop()
        given = []
        for minute in range(0, 10, 4):
            world.later = 60 * minute
            given.append(consent(world))
            world.tell()
        assert bank.taken == []
        ids = [one.id for one in world.hooks.events.after(BANK, 0, 99)]
        bank.start()
        for minute in range(10, 61, 5):
            world.later = 60 * minute
            world.tell()
        assert sorted(bank.events) == sorted(ids)
        assert {data["consent"] for _, data in told(bank)} == {hexed(one.message.id) for one in given}
        assert world.hooks.events.counts(webhook.id)[SendingState.TAKEN] == len(given)

    @pytest.mark.parametrize("status", [300, 307, 410, 500])
    def test_only_2xx_takes_it(self, on_sqlite: Telling, bank: Receiver, status: int) -> None:
        webhook = on_sqlite.set(BANK, bank.url)
        bank.status = status
        with receiver() as elsewhere:
            bank.location = elsewhere.url
            consent(on_sqlite)
            on_sqlite.tell()
            assert elsewhere.taken == []  # a redirect could lead into the own network
        assert len(bank.taken) == 1
        (waiting,) = on_sqlite.hooks.events.of(webhook.id, SendingState.WAITING, 0, 9)
        assert (waiting.status, waiting.trouble) == (bank.status, "status")

    def test_after_72_hours_a_dead_letter_that_can_be_replayed(self, on_sqlite: Telling, bank: Receiver) -> None:
        webhook = on_sqlite.set(BANK, bank.url)
        bank.status = 500
        consent(on_sqlite)
        for hour in range(0, GIVE_UP_SECONDS // 3600 + 2, 4):
            on_sqlite.later = 3600 * hour
            on_sqlite.tell()
        (dead,) = on_sqlite.hooks.events.of(webhook.id, SendingState.DEAD, 0, 9)
        count = len(bank.taken)
        on_sqlite.later += 30 * 3600
        on_sqlite.tell()
        assert len(bank.taken) == count
        bank.status = 204
        assert on_sqlite.hooks.events.replay(BANK, webhook.id, webhook.kinds, 0, int(on_sqlite.clock())) == 1
        on_sqlite.tell()
        assert set(bank.events) == {dead.event.id}
        assert on_sqlite.hooks.events.counts(webhook.id)[SendingState.TAKEN] == 1

    def test_one_that_never_answers_holds_up_no_other(self, on_sqlite: Telling, bank: Receiver) -> None:
        bank.hangs = threading.Event()
        with receiver() as quick:
            on_sqlite.set(BANK, bank.url)
            on_sqlite.set(BANK, quick.url)
            for _ in range(6):
                consent(on_sqlite)
            on_sqlite.notice()
            on_sqlite.send(lambda: len(quick.taken) == 6)
            bank.hangs.set()
            assert len(quick.taken) == 6

    def test_a_webhook_that_was_removed_gets_nothing(self, on_sqlite: Telling, bank: Receiver) -> None:
        webhook = on_sqlite.set(BANK, bank.url)
        consent(on_sqlite)
        on_sqlite.notice()
        assert on_sqlite.hooks.webhooks.remove(BANK, webhook.id)
        on_sqlite.tell()
        assert bank.taken == []

    def test_over_tls_by_a_certificate_that_was_named(self, on_sqlite: Telling, tmp_path: Path) -> None:
        pem, private = certificate(tmp_path)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, private)

        async def posted(url: str, authorities: Path | None) -> tuple[bool, str | None]:
            async with WebhookPoster(on_sqlite.hooks.allowed, authorities) as poster:
                attempt = await poster.post(Letter(BANK, url, "evt_" + "0" * 32, b"{}", b"s" * 32), 1)
                return attempt.taken, attempt.trouble

        with receiver(context) as one:
            assert asyncio.run(posted(one.url, pem)) == (True, None)
            assert asyncio.run(posted(one.url, None)) == (False, "ConnectError")
            # The certificate is for the address, and not for this name of the same machine.
            assert asyncio.run(posted(one.url.replace("127.0.0.1", "localhost"), pem))[0] is False
            assert len(one.taken) == 1


class Killed(BaseException):
    """The process dies."""


def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, committed: bool) -> Callable[[], bool]:
    """Let the process die at its write number `at`: before it begins, or right after it was committed.

    Returns whether it died. From then on it can write nothing.
    """
    write, count = Journal.write, 0

    @contextmanager
    def counted(journal: Journal) -> Iterator[object]:
        nonlocal count
        count += 1
        if count > at or (count == at and not committed):
            raise Killed
        with write(journal) as session:
            yield session
        if count == at:
            raise Killed

    monkeypatch.setattr(Journal, "write", counted)
    return lambda: count >= at


def test_killed_between_any_two_steps_no_event_has_a_second_id(world: Telling, bank: Receiver) -> None:
    """Each write in turn is the last one; a process that begins afterwards finishes what was begun."""
    since = world.size()
    given = consent(world, sections=WITH_WARNINGS)
    dispute(world)
    publish_warnings(world.market, 1)
    revoke(world, consent(world))
    everything: list[str] = []
    for committed in (False, True):
        for at in range(1, 99):
            exchange, bank.taken = 1000 + 100 * committed + at, []
            process = restarted(world, exchange)
            process.set(BANK, bank.url, since=since)
            watched(process, given)
            process.hooks.watches.show(BANK, [SeenRecord(SOURCE, LEAF, int(world.clock()) + DAY)])
            with pytest.MonkeyPatch.context() as patch:
                died = dying(patch, at, committed=committed)
                try:
                    process.notice()
                    process.send(died)
                except Killed:
                    pass
                was_killed = died()
            again = restarted(world, exchange)
            again.tell()
            everything = everything or sorted(set(bank.events))
            assert sorted(set(bank.events)) == everything, (at, committed)
            counts = again.hooks.events.counts()
            assert counts == {SendingState.WAITING: 0, SendingState.TAKEN: len(everything), SendingState.DEAD: 0}
            if not was_killed:
                break
    assert sorted(kinds(bank)) == [
        "consent.granted", "consent.granted", "consent.revoked", "dispute.filed", "warning.new",
    ]  # fmt: skip


def test_what_a_reorganisation_took_back_and_what_came_again(world: Telling, bank: Receiver, tmp_path: Path) -> None:
    """The same things stand elsewhere in the log, at other times: nothing is told under a second id."""
    region = world.region
    world.set(BANK, bank.url)
    snapshot = region.chain.request("evm_snapshot")
    given = consent(world)
    revoke(world, given)
    world.tell()
    bank.status = 500
    vanished = consent(world)
    world.tell()
    bank.status, ids = 204, set(bank.events)
    assert region.chain.request("evm_revert", snapshot)
    region.chain.request("anvil_mine", "0x3")
    other = consent_anew(world, given, tmp_path)
    world.later = 3600
    world.tell()
    said = told(bank)
    assert [kind for kind, data in said if data["consent"] == hexed(given.message.id)] == [
        "consent.granted",
        "consent.revoked",
    ]
    assert len([one for one in bank.taken if one.event not in ids]) == 1  # the other consent
    assert [kind for kind, data in said if data["consent"] == hexed(other.message.id)] == ["consent.granted"]
    assert [one for one in bank.taken if hexed(vanished.message.id).encode() in one.body][1:] == []


def consent_anew(world: Telling, given: PackagedConsent, folder: Path) -> PackagedConsent:
    """Another consent, then the same one is granted and revoked again, by outboxes that know of nothing before."""
    region, calls = world.region, ConsentCalls(world.region.deployment)
    with open_journal(folder / "anew" / "journal.sqlite") as journal:
        platform, key = dev_signer(PLATFORM, region.chain), dev_signer(ENTERPRISE, region.chain)
        outbox = region.outbox(platform, journal)
        salt = keccak256(b"another")
        subject = keccak256(subject_tag(TAG_KEY, parse_uscc(world.market.number)) + salt)
        other = replace(given.message, subject=subject)
        for name, one in (("other", other), ("same", given.message)):
            signatures = key.sign_typed(one.typed_data()), platform.sign_typed(one.typed_data())
            outbox.submit(f"grant {name}", calls.grant(one, *signatures))
        outbox.submit("revoke", calls.revoke(given.message))
    return PackagedConsent(other, salt)
