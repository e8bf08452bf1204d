"""A journal in PostgreSQL: whose it is, what it sees, and every failure one clear error without the password."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from creditchain.errors import CreditchainError, ExitCode, UsageError
from creditchain.home.databases import limits
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import AlreadyWrittenError, DatabaseAwayError, Journal, JournalError, open_journal
from creditchain.home.layout import Home
from creditchain.home.whereabouts import JournalElsewhereError, Whereabouts, has_journal
from postgres import PASSWORD, Postgres, name_of, server

OTHER = "another password"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def address(postgres: Postgres) -> DatabaseAddress:
    return postgres.database()


@pytest.fixture
def journal(home: Home, address: DatabaseAddress) -> Iterator[Journal]:
    with open_journal(home.journal, address) as opened:
        yield opened


def run(journal: Journal, *statements: str) -> None:
    """Write in one transaction."""
    with journal.write() as session:
        for statement in statements:
            session.execute(text(statement))


def numbers(journal: Journal) -> list[int]:
    """What the tests write: numbers in a table."""
    with journal.read() as session:
        return list(session.scalars(text("SELECT n FROM t ORDER BY n")))


# Whose journal it is.


def test_it_leaves_no_file_of_a_journal_in_the_home(home: Home, journal: Journal, address: DatabaseAddress) -> None:
    assert not home.journal.exists()
    assert Whereabouts.of(home) == Whereabouts(Whereabouts.of(home).journal, str(address), moving=False)  # type: ignore[union-attr]
    assert home.exists()
    assert PASSWORD not in home.journal_database.read_text()
    assert "%20" not in home.journal_database.read_text()
    assert has_journal(Home(home.path, address))


def test_without_its_database_no_second_journal_begins(home: Home, journal: Journal, address: DatabaseAddress) -> None:
    for attempt in (lambda: open_journal(home.journal), lambda: has_journal(home)):
        with pytest.raises(JournalElsewhereError, match=r"in a database.*CREDITCHAIN_DATABASE") as caught:
            attempt()
        assert str(address) in str(caught.value)
        assert caught.value.exit_code == ExitCode.REFUSED
    assert not home.journal.exists()


def test_a_home_with_a_journal_in_a_file_begins_no_second_one(home: Home, address: DatabaseAddress) -> None:
    open_journal(home.journal).close()
    with pytest.raises(JournalElsewhereError, match=r"journal in a file.*creditchain journal move"):
        open_journal(home.journal, address)
    assert Whereabouts.of(home) is None


def test_the_database_of_another_home_is_refused(journal: Journal, tmp_path: Path, address: DatabaseAddress) -> None:
    with pytest.raises(JournalElsewhereError, match=r"another home.*Check --home and --database"):
        open_journal(tmp_path / "other" / "journal.sqlite", address)
    assert Whereabouts.of(Home(tmp_path / "other")) is None


def test_another_database_than_the_home_s_is_refused_and_stays_empty(
    home: Home, journal: Journal, postgres: Postgres
) -> None:
    other = postgres.database()
    with pytest.raises(JournalElsewhereError, match="not in this database"):
        open_journal(home.journal, other)
    with postgres.superuser(name_of(other)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_killed_before_the_home_noted_its_database_it_goes_on(home: Home, address: DatabaseAddress) -> None:
    open_journal(home.journal, address).close()
    home.journal_database.unlink()
    open_journal(home.journal, address).close()
    assert Whereabouts.of(home) is not None


def test_a_database_with_tables_of_something_else_is_refused(
    home: Home, address: DatabaseAddress, postgres: Postgres
) -> None:
    postgres.execute("CREATE TABLE transactions (x INTEGER)", name_of(address))
    with pytest.raises(JournalError, match="tables of something else"):
        open_journal(home.journal, address)


def test_a_database_that_cannot_hold_chinese_is_refused(home: Home, postgres: Postgres) -> None:
    postgres.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 OWNER creditchain")
    with pytest.raises(JournalError, match=r"expected encoding UTF8; found LATIN1.*TEMPLATE template0"):
        open_journal(home.journal, postgres.address("latin"))
    postgres.execute("DROP DATABASE latin WITH (FORCE)")


# What transactions see.


def test_a_reader_sees_one_state_and_writes_nothing(journal: Journal) -> None:
    run(journal, "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)")
    with journal.read() as session:
        assert session.scalar(text("SELECT count(*) FROM t")) == 1
        run(journal, "INSERT INTO t VALUES (2)")
        assert session.scalar(text("SELECT count(*) FROM t")) == 1
    with pytest.raises(JournalError, match="read-only"), journal.read() as session:
        session.execute(text("INSERT INTO t VALUES (3)"))
    assert numbers(journal) == [1, 2]


def test_a_transaction_waits_for_no_writer_and_unique_constraints_decide(journal: Journal) -> None:
    run(journal, "CREATE TABLE t (n INTEGER UNIQUE)")
    with journal.write() as session:
        session.execute(text("INSERT INTO t VALUES (1)"))
        with journal.database.transaction() as other:
            other.execute(text("INSERT INTO t VALUES (2)"))
    with pytest.raises(AlreadyWrittenError), journal.database.transaction() as other:
        other.execute(text("INSERT INTO t VALUES (2)"))
    with suppress(RuntimeError), journal.database.transaction() as other:
        other.execute(text("INSERT INTO t VALUES (3)"))
        raise RuntimeError
    assert numbers(journal) == [1, 2]


def test_commits_are_durable_whatever_the_role_was_set_to(journal: Journal, postgres: Postgres) -> None:
    name = name_of(journal.home.database or DatabaseAddress(""))
    postgres.execute(f"ALTER DATABASE {name} SET synchronous_commit = 'off'")
    with open_journal(journal.path, journal.home.database) as opened, opened.write() as session:
        assert session.scalar(text("SHOW synchronous_commit")) == "on"


# Faults.


def test_connections_that_died_are_replaced(journal: Journal, postgres: Postgres) -> None:
    run(journal, "CREATE TABLE t (n INTEGER)")
    _end_connections(postgres, journal)
    run(journal, "INSERT INTO t VALUES (1)")
    _end_connections(postgres, journal)
    assert numbers(journal) == [1]


def test_a_connection_that_dies_inside_leaves_nothing(journal: Journal, postgres: Postgres) -> None:
    run(journal, "CREATE TABLE t (n INTEGER)")
    with pytest.raises(DatabaseAwayError, match=r"was restarted|be reached") as caught, journal.write() as session:  # noqa: PT012 - the commit fails
        session.execute(text("INSERT INTO t VALUES (1)"))
        _end_connections(postgres, journal)
    assert caught.value.exit_code == ExitCode.DATABASE_FAILED
    assert numbers(journal) == []


def _end_connections(postgres: Postgres, journal: Journal) -> None:
    name = name_of(journal.home.database or DatabaseAddress(""))
    with postgres.superuser() as connection:
        connection.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [name])


def test_who_waits_too_long_for_another_writer_is_told(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUSY_SECONDS", 0.05)
    with (
        open_journal(journal.path, journal.home.database) as other,
        journal.write(),
        pytest.raises(DatabaseAwayError, match=r"another process holds.*Wait"),
        other.write(),
    ):
        raise AssertionError("there are two writers at once")


def test_a_process_that_stands_still_inside_holds_nobody_up(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    run(journal, "CREATE TABLE t (n INTEGER)")
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.2)
    inside, go_on = threading.Event(), threading.Event()
    found: list[BaseException] = []

    def stand_still() -> None:
        try:
            with open_journal(journal.path, journal.home.database) as other, other.write() as session:
                session.execute(text("INSERT INTO t VALUES (1)"))
                inside.set()
                go_on.wait()
        except JournalError as error:
            found.append(error)

    thread = threading.Thread(target=stand_still)
    thread.start()
    inside.wait()
    run(journal, "INSERT INTO t VALUES (2)")
    go_on.set()
    thread.join()
    assert isinstance(found[0], DatabaseAwayError)
    assert numbers(journal) == [2]


def wrong(postgres: Postgres, name: str) -> dict[str, tuple[DatabaseAddress, str]]:
    """Addresses that cannot work, and what is said of each."""
    at = postgres.port
    return {
        "password": (postgres.address(name, password=OTHER), r"refuses the login.*authentication failed"),
        "no password": (DatabaseAddress(f"postgresql://creditchain@127.0.0.1:{at}/{name}"), r"refuses the login"),
        "user": (postgres.address(name, user="nobody"), r"refuses the login"),
        "name": (postgres.address("no_such"), r"no database of this name.*Create it"),
        "port": (DatabaseAddress("postgresql://u:hidden@127.0.0.1:1/x"), r"cannot be reached"),
        "host": (DatabaseAddress("postgresql://u:hidden@no-such-host.invalid/x"), r"cannot be reached"),
        "socket": (DatabaseAddress("postgresql://u:hidden@/x?host=/no/such/folder"), r"cannot be reached"),
        "tls": (postgres.address(name, more="?sslmode=require"), r"cannot be reached.*SSL"),
        "option": (postgres.address(name, more="?sslmoed=require"), r"sslmoed"),
    }


@pytest.mark.parametrize("what", ["password", "no password", "user", "name", "port", "host", "socket", "tls", "option"])
def test_an_address_that_cannot_work_is_one_error(
    what: str, home: Home, postgres: Postgres, address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(home.path / "none"))
    tried, said = wrong(postgres, name_of(address))[what]
    with pytest.raises(CreditchainError, match=said) as caught:
        open_journal(home.journal, tried)
    whole = "".join(traceback.format_exception(caught.value))
    assert [word for word in (PASSWORD, OTHER, "hidden", "%20") if word in whole] == []
    assert Whereabouts.of(home) is None


@pytest.mark.parametrize(
    "given",
    [
        "mysql://u:hidden@h/x",
        "hidden",
        "postgresql://",
        "postgresql://u:hid@den/more@h/x",
        "postgresql://u:hid/den@h:x/y",
        "postgresql://h:hidden/x",
        "sqlite:///hidden",
    ],
)
def test_an_address_that_is_none_is_a_wrong_command_line(given: str, home: Home) -> None:
    with pytest.raises(UsageError, match="expected postgresql://USER@HOST") as caught:
        open_journal(home.journal, DatabaseAddress(given))
    whole = "".join(traceback.format_exception(caught.value))
    assert "hid" not in whole
    assert "den" not in whole
    assert "hid" not in repr(DatabaseAddress(given))


@pytest.mark.parametrize(
    ("state", "said", "kind"),
    [
        ("53100", "disk is full", DatabaseAwayError),
        ("53300", "too many connections", DatabaseAwayError),
        ("53200", "out of resources", DatabaseAwayError),
        ("57P03", "starting, stopping", DatabaseAwayError),
        ("40P01", "another transaction came first", DatabaseAwayError),
        ("58030", "disk failed", JournalError),
        ("XX001", "damaged", JournalError),
        ("P0001", "refuses", JournalError),
    ],
)
def test_what_the_server_says_is_explained(journal: Journal, state: str, said: str, kind: type[JournalError]) -> None:
    """The server itself raises each, as it does when its disk is full."""
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(kind, match=said) as caught:
        run(journal, raising)
    assert type(caught.value) is kind


def test_a_standby_is_read_and_not_written(home: Home) -> None:
    with server() as own:
        address = own.database()
        with open_journal(home.journal, address) as journal:
            run(journal, "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)")
        own.become_standby()
        with open_journal(home.journal, address) as journal:
            assert numbers(journal) == [1]
            with pytest.raises(JournalError, match=r"read-only: a standby.*primary"):
                run(journal, "INSERT INTO t VALUES (2)")


def test_a_user_without_rights_is_told_what_it_needs(home: Home, address: DatabaseAddress, postgres: Postgres) -> None:
    postgres.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    with pytest.raises(JournalError, match=r"lacks a right.*owner"):
        open_journal(home.journal, postgres.address(name_of(address), "guest", "guest"))
    postgres.execute("DROP ROLE guest")


def test_too_many_connections_is_one_error(home: Home, address: DatabaseAddress, postgres: Postgres) -> None:
    postgres.execute(f"ALTER DATABASE {name_of(address)} CONNECTION LIMIT 0")
    with pytest.raises(DatabaseAwayError, match=r"too many connections.*max_connections"):
        open_journal(home.journal, address)


#: Writes numbers, each in a transaction of its own, and says each once it is committed.
WRITER = """
import sys
from pathlib import Path
from sqlalchemy import text
from creditchain.cli.failures import explained
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
try:
    with open_journal(Path(sys.argv[1]), DatabaseAddress(sys.argv[2])) as journal:
        while True:
            with journal.write() as session:
                last = session.scalar(text("SELECT coalesce(max(n), 0) FROM t"))
                session.execute(text("INSERT INTO t VALUES (:n)"), {"n": last + 1})
            print(last + 1, flush=True)
except Exception as error:
    print(explained(error), file=sys.stderr)
    sys.exit(int(explained(error).exit_code))
"""


def test_a_server_that_crashes_in_the_middle_loses_and_doubles_nothing(home: Home) -> None:
    """Two writers, three crashes: what was said to be committed is there, and they go on where they were."""
    with server({"fsync": "on"}) as own:
        address = own.database()
        with open_journal(home.journal, address) as journal:
            run(journal, "CREATE TABLE t (n INTEGER UNIQUE)")
        committed: set[int] = set()
        for _ in range(3):
            words = [sys.executable, "-c", WRITER, str(home.journal), address.given]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            writers = [subprocess.Popen(words, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
            said = [[writer.stdout.readline() for _ in range(5)] for writer in writers]
            own.stop(signal.SIGQUIT)
            for writer, lines in zip(writers, said, strict=True):
                # Not `communicate`, which would pass over what was read ahead of the lines.
                rest, error = writer.stdout.read(), writer.stderr.read()
                committed |= {int(line) for line in [*lines, *rest.splitlines()]}
                assert writer.wait() == ExitCode.DATABASE_FAILED, error
                assert "the database" in error
                assert "Run the same command again" in error
            with pytest.raises(DatabaseAwayError, match="cannot be reached"):
                open_journal(home.journal, address)
            own.start()
            with open_journal(home.journal, address) as journal:
                found = numbers(journal)
            assert found == list(range(1, len(found) + 1))
            assert committed <= set(found)
            assert len(found) <= len(committed) + 6, "at most one transaction of each writer was not heard of"


def test_a_server_that_is_away_for_a_while_is_found_again_by_the_same_process(home: Home) -> None:
    with server() as own, open_journal(home.journal, own.database()) as journal:
        run(journal, "CREATE TABLE t (n INTEGER)", "INSERT INTO t VALUES (1)")
        own.stop(signal.SIGINT)
        with pytest.raises(DatabaseAwayError):
            numbers(journal)
        own.start()
        assert numbers(journal) == [1]


def test_without_the_driver_it_says_what_to_install(home: Home, address: DatabaseAddress) -> None:
    script = f"""
import sys
sys.modules["psycopg"] = None
from pathlib import Path
{WRITER.split("try:")[0]}
try:
    open_journal(Path(sys.argv[1]), DatabaseAddress(sys.argv[2]))
except Exception as error:
    print(explained(error))
"""
    words = [sys.executable, "-c", script, str(home.journal), address.given]
    assert "pip install 'creditchain[postgres]'" in subprocess.run(words, capture_output=True, text=True).stdout
