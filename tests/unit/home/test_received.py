"""Reports that are kept: sealed, for as long as they may be, and destroyed for good whatever dies when."""

from __future__ import annotations

import json
import os
import time
from datetime import date
from pathlib import Path

import pytest

from creditchain.acts.keeping_reports import kept_reports, open_kept, purge_due, staff_of
from creditchain.cli.app import run
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.home.layout import Home
from creditchain.home.reasons import ReasonError, keep_reason
from creditchain.home.received import Received, ReceivedError, ReceivedReports
from creditchain.home.sealing import SecretLostError
from creditchain.verification.keeping import Keeping

LOG = keccak256(b"log")
CONTENT = b"a report about somebody"


def told(name: str, until: int | None = None, last_day: date | None = None) -> Received:
    return Received(keccak256(name.encode()), 18, 5, 1000, until, last_day)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.made(tmp_path / "home")


@pytest.fixture
def reports(home: Home) -> ReceivedReports:
    return ReceivedReports(home.region(LOG).received)


def stored(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.path.rglob("*") if path.is_file())


def test_what_is_kept_is_opened_again_and_lies_sealed(home: Home, reports: ReceivedReports) -> None:
    one = told("a", 2000, date(2030, 1, 2))
    assert reports.keep(one, CONTENT)
    assert not reports.keep(one, CONTENT)
    assert list(reports.listed().reports) == [one]
    assert reports.open(one.request) == CONTENT
    assert CONTENT not in stored(home)
    for path in home.region(LOG).received.glob("*.sealed"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_home_of_several_regions_and_of_none(home: Home, reports: ReceivedReports) -> None:
    one = told("a")
    with pytest.raises(ReceivedError, match="no report"):
        open_kept(home, one.request)
    home.region(bytes(32)).received.mkdir(parents=True)
    reports.keep(one, CONTENT)
    assert kept_reports(home).reports == (one,)
    assert open_kept(home, one.request) == CONTENT


def test_only_what_is_due_goes(home: Home, reports: ReceivedReports) -> None:
    for one in (told("due", 2000), told("not due", 2001), told("for ever")):
        reports.keep(one, CONTENT)
    assert [one.report.request for one in purge_due(home, 2001).removed] == [told("due").request]
    assert {one.request for one in reports.listed().reports} == {told("not due").request, told("for ever").request}
    assert purge_due(home, 2001).removed == ()
    with pytest.raises(ReceivedError):
        reports.open(told("due").request)


@pytest.mark.parametrize(
    ("until", "last_day", "at", "over"),
    [
        (100, None, 100, False),
        (100, None, 101, True),
        (None, date(1970, 1, 2), 86_400 + 57_599, False),  # the last second of that day in China
        (None, date(1970, 1, 2), 86_400 + 57_600, True),
        (None, None, 2**40, False),
        (2**40, date(1970, 1, 1), 86_400, True),
    ],
)
def test_when_it_is_over(until: int | None, last_day: date | None, at: int, over: bool) -> None:
    assert Keeping(until, last_day).over(at) == over


def test_killed_after_the_key_is_destroyed_it_opens_no_more_and_goes_with_the_next_purge(
    home: Home, reports: ReceivedReports
) -> None:
    one = told("a", 2000)
    reports.keep(one, CONTENT)
    for key in (home.region(LOG).received / "keys").iterdir():
        key.unlink()
    with pytest.raises(SecretLostError):
        reports.open(one.request)
    assert len(purge_due(home, 2001).removed) == 1
    assert list(reports.listed().reports) == []


def test_a_key_whose_report_was_never_written_goes_after_a_while(home: Home, reports: ReceivedReports) -> None:
    one = told("a")
    reports.keep(one, CONTENT)
    (path,) = home.region(LOG).received.glob("*.sealed")
    path.unlink()
    (key,) = (home.region(LOG).received / "keys").iterdir()
    purge_due(home, 2001)
    assert key.exists()  # it may be that its report is being written
    os.utime(key, (time.time() - 7200,) * 2)
    purge_due(home, 2001)
    assert not key.exists()


@pytest.mark.parametrize("content", [b"", b"{}\n", b'{"key": "1"}\n', b"\xff\n", None])
def test_a_damaged_file_is_told_and_keeps_no_other_from_going(
    home: Home, reports: ReceivedReports, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it stands among the others. The last case is a file that cannot be read."""
    names = ("a", "b", "c", "d", "e")
    kept = sorted((told(name, 2000) for name in names), key=lambda one: one.request)
    for one in kept:
        reports.keep(one, CONTENT)
    damaged = home.region(LOG).received / f"{kept[2].request.hex()}.sealed"
    damaged.unlink()
    damaged.mkdir() if content is None else damaged.write_bytes(content)
    another = ReceivedReports(home.region(keccak256(b"another log")).received)
    another.keep(told("of another region", 2000), CONTENT)
    for key in (home.region(LOG).received / "keys").iterdir():
        os.utime(key, (time.time() - 7200,) * 2)

    done = purge_due(home, 2001)
    assert {one.report.request for one in done.removed} == {
        *(one.request for one in kept if one != kept[2]),
        told("of another region").request,
    }
    (fault,) = done.faults
    assert str(damaged) in str(fault.place)
    # Nobody knows which key the damaged file needs: it is there still.
    assert len(list((home.region(LOG).received / "keys").iterdir())) == 1
    assert kept_reports(home).reports == ()
    assert len(kept_reports(home).faults) == 1

    for command in ("purge", "kept"):
        code = run(["--home", str(home.path), "--json", "query", command])
        assert code == fault.exit_code != 0
        written = capsys.readouterr()
        assert json.loads(written.out) == []
        assert fault.message in json.loads(written.err)["error"]["message"]


def test_the_name_of_the_staff_is_opened_by_its_digest(home: Home) -> None:
    kept = keep_reason(home.region(LOG).reasons, "staff of query 1", "李四 信贷部")
    keep_reason(home.region(LOG).reasons, "staff of query 2", "王五")
    assert staff_of(home, kept.digest) == "李四 信贷部"
    with pytest.raises(InputError, match="no name"):
        staff_of(home, keccak256(b"another"))
    # A damaged file hides no other, and is told where it could be the one.
    (home.region(LOG).reasons / "0000.json").write_text("{}")
    (home.region(bytes(32)).reasons).mkdir(parents=True)
    (home.region(bytes(32)).reasons / "0.json").write_text("{}")
    assert staff_of(home, kept.digest) == "李四 信贷部"
    with pytest.raises(ReasonError, match="damaged"):
        staff_of(home, keccak256(b"another"))
