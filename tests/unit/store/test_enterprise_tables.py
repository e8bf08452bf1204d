"""What an exchange keeps of enterprises, in a file and on a server: sessions and own reports; and its deliveries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from creditchain.chain.consent_calls import Delivery
from creditchain.hashing import keccak256
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import Journal, open_journal
from creditchain.home.sealing import Sealed, SealingKeys
from creditchain.messages import DeliveryReceipt, LogDomain, QueryRequest
from creditchain.store import periods
from creditchain.store.complaints import (
    KEPT_AFTER_ANSWER,
    MOST_OPEN,
    ComplaintAnsweredError,
    Complaints,
    ComplaintUnknownError,
    TooManyComplaintsError,
)
from creditchain.store.daily_counts import DailyAct, DailyCounts, DailyLimitError
from creditchain.store.deliveries import Deliveries
from creditchain.store.enterprise_sessions import EnterpriseSession, EnterpriseSessions
from creditchain.store.own_reports import OwnReport, OwnReports
from creditchain.store.session_store import UsedChallengeRow
from creditchain.store.sessions import MemberSession, Sessions

LOG, OTHER_LOG = keccak256(b"log"), keccak256(b"another log")
KEYS = ("0x" + "11" * 20, "0x" + "22" * 20)
PROVIDER = 5


@pytest.fixture
def journal(tmp_path: Path, address: DatabaseAddress | None) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal.sqlite", address) as opened:
        yield opened


#: Each kind of session: the stores, and a session until 1000.
KINDS = [(EnterpriseSessions, EnterpriseSession(KEYS, 1000)), (Sessions, MemberSession(18, KEYS[0], 1000))]
kinds = pytest.mark.parametrize(("kind", "session"), KINDS, ids=["enterprise", "member"])


@kinds
def test_a_session_is_found_by_its_token_until_it_is_over(kind: Any, session: Any, journal: Journal) -> None:
    sessions, token = kind(journal, LOG, PROVIDER), keccak256(b"token")
    assert sessions.open(token, session, keccak256(b"challenge"), 500, 100)
    assert sessions.find(token, 1000) == session
    assert sessions.find(token, 1001) is None
    assert sessions.find(keccak256(b"another"), 1000) is None
    for other in (kind(journal, OTHER_LOG, PROVIDER), kind(journal, LOG, PROVIDER + 1)):
        assert other.find(token, 1000) is None
        other.close(token)
    assert sessions.find(token, 1000) == session
    sessions.close(token)
    assert sessions.find(token, 1000) is None


@kinds
def test_a_challenge_opens_one_session_and_goes_when_it_is_too_old(kind: Any, session: Any, journal: Journal) -> None:
    sessions, challenge = kind(journal, LOG, PROVIDER), keccak256(b"challenge")
    assert sessions.open(keccak256(b"1"), session, challenge, 500, 100)
    assert not sessions.open(keccak256(b"2"), session, challenge, 500, 500)
    assert sessions.find(keccak256(b"2"), 100) is None
    assert sessions.open(keccak256(b"3"), session, keccak256(b"later"), 900, 501)
    with journal.read() as reading:
        assert [row.until for row in reading.scalars(sqlalchemy.select(UsedChallengeRow))] == [900]


@kinds
def test_a_log_whose_clock_is_ahead_ends_no_session_and_forgets_no_challenge_of_another(
    kind: Any, session: Any, journal: Journal
) -> None:
    sessions, ahead = kind(journal, LOG, PROVIDER), kind(journal, OTHER_LOG, PROVIDER)
    now, token, challenge = int(time.time()), keccak256(b"token"), keccak256(b"challenge")
    mine = replace(session, until=now + 900)
    assert sessions.open(token, mine, challenge, now + 60, now)
    later = now + 40 * 86_400
    theirs = replace(session, until=later + 900)
    assert ahead.open(keccak256(b"theirs"), theirs, keccak256(b"another"), later + 60, later)
    assert sessions.find(token, now) == mine
    assert not sessions.open(keccak256(b"again"), mine, challenge, now + 60, now)


def test_own_reports_by_consent_and_by_time(journal: Journal) -> None:
    reports = OwnReports(journal, LOG, PROVIDER)
    made = [
        OwnReport(keccak256(bytes([number])), keccak256(b"product"), keccak256(b"report"), KEYS[0], 100 + number)
        for number in range(3)
    ]
    for one in made:
        reports.note(one)
    assert reports.of([made[0].consent, made[2].consent]) == [made[2], made[0]]
    assert reports.of([]) == []
    assert [one for _, one in reports.between(100, 102)] == made[:2]
    assert list(OwnReports(journal, OTHER_LOG, PROVIDER).between(0, 200)) == []


@pytest.mark.parametrize("together", [1, 2, 3, 1000])
def test_deliveries_of_a_period_in_the_order_of_time(
    journal: Journal, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periods, "TOGETHER", together)
    deliveries = Deliveries(journal, LOG)
    times = [107, 101, 101, 101, 105, 110, 100]
    made = [delivery(number, time) for number, time in enumerate(times)]
    for one in made:
        deliveries.promise(one, Sealed("0" * 32, b"sealed"), None)
    found = list(deliveries.between(PROVIDER, 101, 110))
    assert [one.delivery for _, one in found] == [made[number] for number in (1, 2, 3, 4, 0)]
    second = (101, found[1][0])
    assert list(deliveries.between(PROVIDER, 101, 110, second)) == found[2:]
    assert list(deliveries.between(PROVIDER + 1, 0, 1000)) == []
    assert [one.delivery for one in deliveries.under(made[0].request.consent)] == made
    assert deliveries.under(keccak256(b"another")) == []


def test_what_may_not_be_kept_is_dropped_and_the_rest_stays(journal: Journal) -> None:
    deliveries, made = Deliveries(journal, LOG), [delivery(0, 100), delivery(1, 100), delivery(2, 100)]
    for one, until in zip(made, (100, 101, None), strict=True):
        deliveries.promise(one, Sealed("0" * 32, b"sealed"), None, until)
    assert Deliveries(journal, keccak256(b"another")).drop_due(2**40) == 0  # each log has a clock of its own
    assert deliveries.drop_due(100) == 0
    assert deliveries.drop_due(101) == 1
    known = [deliveries.find(one.request.id) for one in made]
    assert [None if one is None else one.answer is None for one in known] == [True, False, False]


@pytest.fixture
def complaints(journal: Journal, tmp_path: Path) -> Complaints:
    return Complaints(journal, LOG, PROVIDER, SealingKeys(tmp_path / "keys"))


def test_a_complaint_is_filed_once_and_answered_once(complaints: Complaints) -> None:
    consent = keccak256(b"consent")
    first = complaints.file(consent, "wrong", 1000)
    assert complaints.file(consent, "wrong", 2000) == first
    other = complaints.file(keccak256(b"another"), "wrong", 1500)
    assert complaints.of([consent], 0, 10) == [first]
    assert complaints.all(0, 10, unanswered=True) == [first, other]
    assert (first.overdue(first.due_at), first.overdue(first.due_at + 1)) == (False, True)
    answered = complaints.answer(first.number, "corrected", 3000)
    assert (answered.text, answered.answer) == ("wrong", "corrected")
    assert complaints.answer(first.number, "corrected", 4000) == answered
    with pytest.raises(ComplaintAnsweredError):
        complaints.answer(first.number, "something else", 4000)
    with pytest.raises(ComplaintUnknownError):
        complaints.answer(12345, "what", 4000)
    assert complaints.all(0, 10, unanswered=True) == [other]
    assert not answered.overdue(2**40)
    assert complaints.file(consent, "wrong", 5000) != first  # it happened again


def test_complaints_are_those_of_one_exchange(complaints: Complaints, journal: Journal, tmp_path: Path) -> None:
    complaints.file(keccak256(b"consent"), "wrong", 1000)
    assert Complaints(journal, OTHER_LOG, PROVIDER, SealingKeys(tmp_path / "other")).all(0, 10) == []
    assert Complaints(journal, LOG, PROVIDER + 1, SealingKeys(tmp_path / "keys")).all(0, 10) == []


def test_complaints_page_by_page(complaints: Complaints) -> None:
    consent = keccak256(b"consent")
    made = [complaints.file(consent, f"wrong {number}", 1000 + number) for number in range(5)]
    assert complaints.of([consent], 0, 2) == made[:2]
    assert complaints.all(made[1].number, 2) == made[2:4]
    assert complaints.all(made[3].number, 2) == made[4:]
    late = made[2].due_at
    assert complaints.all(0, 10, overdue_at=late) == made[:2]
    assert [(one.text, one.answer) for one in complaints.all(0, 10, words=False)] == [(None, None)] * 5


def test_so_many_complaints_under_a_consent_wait_for_an_answer(complaints: Complaints) -> None:
    consent = keccak256(b"consent")
    made = [complaints.file(consent, f"wrong {number}", 1000) for number in range(MOST_OPEN)]
    with pytest.raises(TooManyComplaintsError):
        complaints.file(consent, "one more", 1000)
    assert complaints.file(consent, "wrong 0", 2000) == made[0]
    complaints.answer(made[0].number, "corrected", 2000)
    complaints.file(consent, "one more", 2000)


def test_what_is_complained_about_is_sealed_and_destroyed_when_its_time_is_over(
    complaints: Complaints, journal: Journal, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    old, open_ = complaints.file(keccak256(b"1"), "about us", 1000), complaints.file(keccak256(b"2"), "wrong", 1000)
    complaints.answer(old.number, "corrected", 2000)
    with journal.read() as session:
        rows = session.execute(sqlalchemy.text("select * from complaints")).all()
    assert [word for word in (b"about us", b"corrected", b"wrong") if word in repr(rows).encode()] == []
    SealingKeys(keys).seal(b"left by a process that was killed")
    assert complaints.forget_old(2000 + KEPT_AFTER_ANSWER) == 0
    assert (complaints.all(0, 10)[0].answer, len(list(keys.iterdir()))) == ("corrected", 2)
    assert complaints.forget_old(2001 + KEPT_AFTER_ANSWER) == 1
    assert (complaints.all(0, 10), len(list(keys.iterdir()))) == ([open_], 1)
    SealingKeys(keys).destroy_all_but([])
    assert [(one.number, one.text) for one in complaints.all(0, 10)] == [(open_.number, None)]  # its key is lost


def test_what_is_counted_a_day_outlives_the_process_and_ends_with_the_day(
    tmp_path: Path, address: DatabaseAddress | None
) -> None:
    noon, who = 20_000 * 86_400 + 4 * 3600, {"key 1": 2, "key 2": 5}
    with open_journal(tmp_path / "journal.sqlite", address) as journal:
        counts = DailyCounts(journal, LOG, PROVIDER)
        counts.take(DailyAct.RELAY, who, noon)
        counts.take(DailyAct.RELAY, who, noon)
    with open_journal(tmp_path / "journal.sqlite", address) as journal:
        counts = DailyCounts(journal, LOG, PROVIDER)
        for _ in range(4):  # refused, none of the names is counted
            with pytest.raises(DailyLimitError) as caught:
                counts.take(DailyAct.RELAY, who, noon + 3600)
            assert caught.value.retry_after == 11 * 3600
        for _ in range(3):
            counts.take(DailyAct.RELAY, {"key 2": 5}, noon)
        counts.take(DailyAct.COMPLAINT, who, noon)
        DailyCounts(journal, LOG, PROVIDER + 1).take(DailyAct.RELAY, who, noon)
        DailyCounts(journal, OTHER_LOG, PROVIDER).take(DailyAct.RELAY, who, noon)
        counts.take(DailyAct.RELAY, who, noon + 12 * 3600)


def delivery(nonce: int, time: int) -> Delivery:
    digests = {name: keccak256(name.encode()) for name in ("consent", "subject", "product", "staff")}
    request = QueryRequest(
        LogDomain(LOG), 18, **digests, provider=PROVIDER, sections=2, domains=1, purpose=1, issued_at=1,
        deadline=2000, nonce=nonce,
    )  # fmt: skip
    receipt = DeliveryReceipt(request.domain, request.id, keccak256(b"report"), time, time + 100)
    return Delivery(request, receipt, b"r" * 64, b"s" * 64)
