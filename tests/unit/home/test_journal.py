"""The journal: durable or not at all, for its owner alone, one writer at a time, and every failure one clear error."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from creditchain.chain.outbox_journal import AttemptRow
from creditchain.errors import ExitCode
from creditchain.home.journal import Journal, JournalError, open_journal


def run(journal: Journal, *statements: str) -> None:
    """Write in one transaction."""
    with journal.write() as session:
        for statement in statements:
            session.execute(text(statement))


def test_what_raises_leaves_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j.sqlite") as journal:
        with suppress(RuntimeError), journal.write() as session:
            session.execute(text("CREATE TABLE t (x)"))
            raise RuntimeError
        with pytest.raises(JournalError, match="no such table"), journal.read() as session:
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


def test_a_writer_holds_the_lock_from_its_first_line(tmp_path: Path) -> None:
    """Two processes count to 50 each by reading and writing: none of their steps is lost."""
    path = tmp_path / "j.sqlite"
    with open_journal(path) as journal, journal.write() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    script = (
        "import sys; from pathlib import Path; from sqlalchemy import text\n"
        "from creditchain.home.journal import open_journal\n"
        "journal = open_journal(Path(sys.argv[1]))\n"
        "for _ in range(50):\n"
        "    with journal.write() as session:\n"
        "        n = session.scalar(text('SELECT n FROM counter'))\n"
        "        session.execute(text('UPDATE counter SET n = :n'), {'n': n + 1})\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    with open_journal(path) as journal, journal.read() as session:
        assert session.scalar(text("SELECT n FROM counter")) == 100


def test_six_processes_that_open_a_fresh_journal_at_once_all_succeed(tmp_path: Path) -> None:
    """Each worker opens and writes 20 fresh journals, each round begun by all of them together."""
    script = """
import sys
from pathlib import Path
from sqlalchemy import text
from creditchain.home.journal import open_journal
import creditchain.home.migrations.upgrading
place, me = Path(sys.argv[1]), sys.argv[2]
for number in range(20):
    print("ready", flush=True)
    sys.stdin.readline()
    with open_journal(place / str(number) / "journal.sqlite") as journal, journal.write() as session:
        session.execute(text("CREATE TABLE IF NOT EXISTS seen (who)"))
        session.execute(text("INSERT INTO seen VALUES (:me)"), {"me": me})
"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(6)
    ]
    try:
        for _ in range(20):
            for worker in workers:
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
            for worker in workers:
                assert worker.stdin is not None
                worker.stdin.write("go\n")
                worker.stdin.flush()
        assert [worker.wait() for worker in workers] == [0] * 6
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    for number in range(20):
        with closing(sqlite3.connect(tmp_path / str(number) / "journal.sqlite")) as database:
            assert database.execute("SELECT count(*), count(DISTINCT who) FROM seen").fetchone() == (6, 6)


def test_no_error_shows_what_was_written(tmp_path: Path) -> None:
    with (
        open_journal(tmp_path / "j.sqlite") as journal,
        pytest.raises(JournalError, match="no such table") as caught,
        journal.write() as session,
    ):
        session.execute(text("INSERT INTO nowhere VALUES (:x)"), {"x": "a secret"})
    error: BaseException | None = caught.value
    while error is not None:
        assert "a secret" not in str(error)
        error = error.__cause__


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
    monkeypatch.setattr("creditchain.home.journal.BUSY_SECONDS", 0.01)
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
    words = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=unmeasured)
    assert "journal" in done.stdout
    assert done.stderr == ""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master WHERE name = 't'").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
