"""The journal: durable or not at all, for its owner alone, one writer at a time, and every failure one clear error."""

from __future__ import annotations

import os
import resource
import secrets
import sqlite3
import stat
import subprocess
import sys
import traceback
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from creditchain.chain.outbox_journal import AttemptRow
from creditchain.errors import ExitCode
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import AlreadyWrittenError, Journal, JournalError, open_journal

#: What scripts of other processes begin with: `opened` takes what `words` gives.
OPENING = """
import sys
from pathlib import Path
from sqlalchemy import text
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
def opened(path, address="-"):
    return open_journal(Path(path), None if address == "-" else DatabaseAddress(address))
"""


def words(path: Path, address: DatabaseAddress | None) -> list[str]:
    """A journal's file and its database, for a command line."""
    return [str(path), "-" if address is None else address.given]


def run(journal: Journal, *statements: str) -> None:
    """Write in one transaction."""
    with journal.write() as session:
        for statement in statements:
            session.execute(text(statement))


def test_what_raises_leaves_nothing(tmp_path: Path, address: DatabaseAddress | None) -> None:
    with open_journal(tmp_path / "j.sqlite", address) as journal:
        with suppress(RuntimeError), journal.write() as session:
            session.execute(text("CREATE TABLE t (x INTEGER)"))
            raise RuntimeError
        with pytest.raises(JournalError, match=r"no such table|does not exist"), journal.read() as session:
            session.execute(text("SELECT * FROM t"))


@pytest.mark.parametrize("umask", ["000", "077"])
def test_it_is_its_owner_s_alone_and_holds_every_table(tmp_path: Path, umask: str) -> None:
    path = tmp_path / "home" / "j.sqlite"
    script = f"""
import os, sys
from pathlib import Path
from creditchain.home.journal import open_journal
os.umask(0o{umask})
open_journal(Path(sys.argv[1]))
print(sorted((path.name, oct(path.stat().st_mode & 0o777)) for path in Path(sys.argv[1]).parent.iterdir()))
os._exit(0)  # with the write-ahead log still there
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes["j.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with open_journal(path) as journal, journal.read() as session:
        assert session.scalar(select(func.count()).select_from(AttemptRow)) == 0


def test_a_writer_holds_the_lock_from_its_first_line(tmp_path: Path, address: DatabaseAddress | None) -> None:
    """Two processes count to 50 each by reading and writing: none of their steps is lost."""
    path = tmp_path / "j.sqlite"
    with open_journal(path, address) as journal, journal.write() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    script = (
        "journal = opened(*sys.argv[1:])\n"
        "for _ in range(50):\n"
        "    with journal.write() as session:\n"
        "        n = session.scalar(text('SELECT n FROM counter'))\n"
        "        session.execute(text('UPDATE counter SET n = :n'), {'n': n + 1})\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", OPENING + script, *words(path, address)]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    with open_journal(path, address) as journal, journal.read() as session:
        assert session.scalar(text("SELECT n FROM counter")) == 100


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_six_processes_that_open_a_fresh_journal_at_once_all_succeed(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    """Each worker opens and writes fresh journals, each round begun by all of them together."""
    script = """
import creditchain.home.databases.upgrading
for line in iter(lambda: [print("ready", flush=True), sys.stdin.readline()][1], ""):
    with opened(*line.split()) as journal, journal.write() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS seen (who INTEGER)"))
        session.execute(text("INSERT INTO seen VALUES (:me)"), {"me": int(sys.argv[1])})
"""
    rounds = 20 if kind == "sqlite" else 6
    addresses = [None if kind == "sqlite" else request.getfixturevalue("postgres").database() for _ in range(rounds)]
    places = [(tmp_path / str(number) / "journal.sqlite", address) for number, address in enumerate(addresses)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING + script, str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    try:
        for path, address in places:
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write(" ".join(words(path, address)) + "\n")
                worker.stdin.flush()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.close()
        assert [worker.wait() for worker in workers] == [0] * 6
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    for path, address in places:
        with open_journal(path, address) as journal, journal.read() as session:
            assert session.execute(text("SELECT count(*), count(DISTINCT who) FROM seen")).one() == (6, 6)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO nowhere VALUES (:x, 1)", JournalError),
        ("INSERT INTO t VALUES (:x, 1)", AlreadyWrittenError),
        ("INSERT INTO t VALUES (:x, NULL)", JournalError),
        ("INSERT INTO t VALUES (:x || 'b', 0)", JournalError),
    ],
)
def test_no_error_shows_what_was_written(
    tmp_path: Path, address: DatabaseAddress | None, statement: str, kind: type[JournalError]
) -> None:
    """Neither in the error nor in what it was made of: of a missing table, a repeated, missing or wrong value."""
    with open_journal(tmp_path / "j.sqlite", address) as journal:
        run(journal, "CREATE TABLE t (x VARCHAR(20) PRIMARY KEY, n INTEGER NOT NULL CHECK (n > 0))")
        secret = secrets.token_hex(8)
        with journal.write() as session:
            session.execute(text("INSERT INTO t VALUES (:x, 1)"), {"x": secret})
        with pytest.raises(kind) as caught, journal.write() as session:
            session.execute(text(statement), {"x": secret})
        assert secret not in "".join(traceback.format_exception(caught.value))
        with journal.read() as session:
            assert session.execute(text("SELECT x, n FROM t")).all() == [(secret, 1)]


def test_another_file_is_one_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"this is no database, not at all" * 100)
    with pytest.raises(JournalError, match=r"no database.*Restore") as caught:
        open_journal(path)
    assert caught.value.exit_code == ExitCode.DATABASE_FAILED
    assert path.read_bytes() == b"this is no database, not at all" * 100


def test_a_folder_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        open_journal(tmp_path)


def test_a_damaged_journal_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    open_journal(path).close()
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(JournalError, match=r"damaged.*Restore"), open_journal(path) as journal:
        run(journal, "SELECT * FROM transaction_attempts", "SELECT * FROM anchorings")


def test_another_process_that_holds_it_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j.sqlite"
    monkeypatch.setattr("creditchain.home.databases.limits.BUSY_SECONDS", 0.01)
    with open_journal(path) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"another process.*Wait"), journal.write():
            pass
        other.execute("ROLLBACK")
        with journal.write():
            pass


def test_a_journal_that_may_not_be_written_is_one_error(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with open_journal(path) as journal, pytest.raises(JournalError, match=r"may not be written.*rights"):
        run(journal, "PRAGMA query_only = ON", "CREATE TABLE t (x)")


def test_a_full_disk_is_one_error_and_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    open_journal(path).close()
    with closing(sqlite3.connect(path)) as database:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
    filling = "INSERT INTO t VALUES (zeroblob(100000))"
    with open_journal(path) as journal, pytest.raises(JournalError, match=r"disk is full.*Make room"):
        run(journal, f"PRAGMA max_page_count = {pages}", "CREATE TABLE t (x)", filling)
    with open_journal(path) as journal, journal.read() as session:
        assert session.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 't'")) == 0


def test_a_file_that_may_not_grow_is_one_error(tmp_path: Path) -> None:
    """The operating system refuses the write, as it does on a full disk or over a quota."""
    path = tmp_path / "j.sqlite"
    open_journal(path).close()
    script = """
import resource, signal, sys
from pathlib import Path
from sqlalchemy import text
from creditchain.home.journal import Journal, JournalError, open_journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open_journal(Path(sys.argv[1])) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        with journal.write() as session:
            session.execute(text("CREATE TABLE t (x)"))
            session.execute(text("INSERT INTO t VALUES (zeroblob(1000000))"))
    except JournalError as error:
        print(error)
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    # Without coverage, which could not write its own file either, and would say so on stderr.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    line = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=unmeasured)
    assert "journal" in done.stdout
    assert done.stderr == ""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 't'").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
