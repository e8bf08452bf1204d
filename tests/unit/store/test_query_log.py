"""The queries that an exchange answered, page by page: each once, in one order, however many have the same time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from creditchain.acts.query_log import QueryLog, QueryPosition
from creditchain.chain.consent_calls import Delivery
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import Journal, open_journal
from creditchain.home.sealing import Sealed
from creditchain.messages import DeliveryReceipt, LogDomain, QueryRequest
from creditchain.store import periods
from creditchain.store.deliveries import Deliveries
from creditchain.store.own_reports import OwnReport, OwnReports
from creditchain.store.query_files import QueryRow

LOG, PROVIDER = keccak256(b"log"), 5
#: (time, whether an enterprise asked about itself), in the order in which they are written down: not that of time, and
#: with many of both kinds within the same seconds.
WRITTEN = [(100 + number * 7 % 5 // 2, number % 3 == 0) for number in range(40)] + [
    (90, True),
    (90, False),
    (200, True),
]


@pytest.fixture
def journal(tmp_path: Path, address: DatabaseAddress | None) -> Iterator[Journal]:
    with open_journal(tmp_path / "journal.sqlite", address) as opened:
        yield opened


@pytest.fixture
def log(journal: Journal) -> QueryLog:
    made = QueryLog(PROVIDER, {}, Deliveries(journal, LOG), OwnReports(journal, LOG, PROVIDER))
    for number, (time, own) in enumerate(WRITTEN):
        written(made, number, time, own=own)
    return made


def written(log: QueryLog, number: int, time: int, *, own: bool) -> None:
    """Write a query down whose report is told by its number."""
    report, digest = report_of(number), keccak256(b"something")
    if own:
        log.own_reports.note(OwnReport(digest, digest, report, "0x" + "11" * 20, time))
        return
    request = QueryRequest(
        LogDomain(LOG), 18, consent=digest, subject=digest, product=digest, staff=digest, provider=PROVIDER,
        sections=2, domains=1, purpose=1, issued_at=1, deadline=2000, nonce=number,
    )  # fmt: skip
    receipt = DeliveryReceipt(request.domain, request.id, report, time, time + 100)
    log.deliveries.promise(Delivery(request, receipt, b"r" * 64, b"s" * 64), Sealed("0" * 32, b"sealed"), None)


def report_of(number: int) -> bytes:
    return keccak256(b"report %d" % number)


def in_order(since: int, until: int) -> list[str]:
    """The reports of a period as they have to come: by time, deliveries first, then as they were written down."""
    found = sorted((time, own, number) for number, (time, own) in enumerate(WRITTEN) if since <= time < until)
    return ["0x" + report_of(number).hex() for _, _, number in found]


def paged(log: QueryLog, since: int, until: int, most: int) -> Iterator[list[QueryRow]]:
    after: QueryPosition | None = None
    while True:
        rows, after = log.page(since, until, after, most)
        yield rows
        if after is None:
            return
        after = QueryPosition.parse(str(after))


@pytest.mark.parametrize("together", [1, 3, 1000])
@pytest.mark.parametrize("most", [1, 2, 3, 7, 42, 43, 44])
def test_pages_hold_each_query_once(log: QueryLog, most: int, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "TOGETHER", together)
    pages = list(paged(log, 0, 1000, most))
    assert [row.report for page in pages for row in page] == in_order(0, 1000)
    assert [len(page) for page in pages[:-1]] == [most] * (len(pages) - 1)
    assert pages[-1]
    for since, until in ((90, 100), (91, 102), (101, 102), (101, 201)):
        assert [row.report for page in paged(log, since, until, most) for row in page] == in_order(since, until)


def test_a_period_without_queries(log: QueryLog) -> None:
    assert log.page(300, 400, None, 10) == ([], None)


def test_what_is_written_down_between_two_pages_doubles_nothing_and_comes_if_it_is_later(log: QueryLog) -> None:
    first, after = log.page(0, 1000, None, 20)
    written(log, 1000, 150, own=False)
    written(log, 1001, 150, own=True)
    rest, end = log.page(0, 1000, after, 1000)
    assert end is None
    new = ["0x" + report_of(number).hex() for number in (1000, 1001)]
    expected = in_order(0, 1000)
    assert [row.report for row in (*first, *rest)] == [*expected[:-1], *new, expected[-1]]


@pytest.mark.parametrize("text", ["", "1", "1-2-3", "1-0", "1-0-", "-1-0-1", "1-0-1 ", "1-0-" + "9" * 19, "１-0-1"])
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(InputError, match="cursor"):
        QueryPosition.parse(text)
