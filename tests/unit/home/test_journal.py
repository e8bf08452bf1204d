"""The journal: durable or not at all, for its owner alone, one writer at a time."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from creditchain.chain.outbox_journal import AttemptRow
from creditchain.home.journal import Base, JournalError, open_journal


def test_what_raises_leaves_nothing(tmp_path: Path) -> None:
    with open_journal(tmp_path / "j.sqlite") as journal:
        with suppress(RuntimeError), journal.write() as session:
            session.execute(text("CREATE TABLE t (x)"))
            raise RuntimeError
        with journal.read() as session, pytest.raises(Exception, match="no such table"):
            session.execute(text("SELECT * FROM t"))


def test_it_is_its_owner_s_alone_and_holds_every_declared_table(tmp_path: Path) -> None:
    path = tmp_path / "home" / "j.sqlite"
    with open_journal(path) as journal, journal.read() as session:
        assert session.scalar(select(func.count()).select_from(AttemptRow)) == 0
        assert "transactions" in Base.metadata.tables
    assert (path.stat().st_mode & 0o077) == 0


def test_a_writer_holds_the_lock_from_its_first_line(tmp_path: Path) -> None:
    """Two processes count to 50 each by reading and writing: none of their steps is lost."""
    path = tmp_path / "j.sqlite"
    with open_journal(path) as journal, journal.write() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    script = (
        "import sys; from sqlalchemy import text; from creditchain.home.journal import open_journal\n"
        "journal = open_journal(sys.argv[1])\n"
        "for _ in range(50):\n"
        "    with journal.write() as session:\n"
        "        n = session.scalar(text('SELECT n FROM counter'))\n"
        "        session.execute(text('UPDATE counter SET n = :n'), {'n': n + 1})\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", script, str(path)]) for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    with open_journal(path) as journal, journal.read() as session:
        assert session.scalar(text("SELECT n FROM counter")) == 100


def test_no_error_shows_what_was_written(tmp_path: Path) -> None:
    with (
        open_journal(tmp_path / "j.sqlite") as journal,
        pytest.raises(Exception, match="no such table") as caught,
        journal.write() as session,
    ):
        session.execute(text("INSERT INTO nowhere VALUES (:x)"), {"x": "a secret"})
    assert "a secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"this is no database, not at all" * 100])
def test_another_file_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(content)
    with pytest.raises(JournalError):
        open_journal(path)


def test_a_folder_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        open_journal(tmp_path)
