"""The journal: the database in which this node writes what it is about to do, before it does it.

An SQLite file in the home folder, opened by any number of processes and threads at once. Rooms declare their tables on
`Base`; `creditchain.home.migrations` creates and changes them, so a change of a table needs a migration. The journal
holds signed transactions, so the file is readable by its owner alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from creditchain.errors import DatabaseError, Place, UnavailableError
from creditchain.home.files import private_file
from creditchain.home.layout import Home
from creditchain.home.locks import file_lock
from creditchain.home.migrations import HEAD, REVISIONS
from creditchain.home.older import adopt_older_folders

#: Seconds a writer waits for another process's write to end.
BUSY_SECONDS = 60.0

_HELD = "another process creates or upgrades the journal"

#: What SQLite's result codes mean to an operator: the beginning of the code's name, the message, what to do.
_REFUSALS = (
    ("SQLITE_BUSY", "another process holds the journal", "Wait for it to end, and run the same command again."),
    ("SQLITE_LOCKED", "another process holds the journal", "Wait for it to end, and run the same command again."),
    ("SQLITE_FULL", "the disk is full: the journal could not be written", "Make room and run the same command again."),
    (
        "SQLITE_READONLY",
        "the journal may not be written",
        "Check the owner and rights of the home folder and its disk.",
    ),
    ("SQLITE_PERM", "the journal may not be opened", "Check the owner and rights of the home folder."),
    ("SQLITE_CANTOPEN", "the journal cannot be opened", "Check the owner and rights of the home folder."),
    ("SQLITE_NOTADB", "the journal is no database", "Restore the home from its backup."),
    ("SQLITE_CORRUPT", "the journal is damaged", "Restore the home from its backup."),
    ("SQLITE_IOERR", "the disk failed under the journal", "Check the disk, and run the same command again."),
)


class Base(DeclarativeBase):
    """Every table of the journal is declared on this one's metadata."""


class JournalError(DatabaseError):
    """The journal cannot be opened, read or written. What was not committed is not in it."""


class Journal:
    """The open journal. Safe for several processes and threads at once. Use `open_journal`."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self.path = path

    @property
    def home(self) -> Home:
        """The home that the journal lies in."""
        return Home(self.path.parent)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing is written. What was read stays usable afterwards. Raises JournalError."""
        with _explained(self.path), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that holds the write lock from its first line, and commits durably at the end or not at all.

        What was read inside cannot have changed before the commit. Keep it short, and ask nothing outside of this
        machine inside: other processes wait. Raises JournalError.
        """
        with _explained(self.path), Session(self._engine, expire_on_commit=False) as session:
            session.connection(execution_options={"creditchain_write": True})
            yield session
            session.commit()

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_journal(path: Path) -> Journal:
    """Open the journal; create it if it is missing, and upgrade it if an older release wrote it.

    Raises:
        JournalError: it cannot be opened, or a newer release wrote it. StorageError: the file cannot be created.
    """
    private_file(path)  # SQLite gives its other files the mode of this one
    # Parameters hold signed transactions: they stay out of errors.
    engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    try:
        with _explained(path), _alone(path):
            _bring_up_to_date(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return Journal(engine, path)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold off other processes that open this journal.

    SQLite does not wait for a lock, but fails at once, where two connections switch a new database to its write-ahead
    log. The lock belongs to the process: it vanishes with it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(path.with_name(path.name + ".lock"), BUSY_SECONDS, _HELD))
        except UnavailableError as error:
            raise JournalError(error.message, found=error.found, hint=error.hint, place=Place(str(path))) from error
        yield


def _bring_up_to_date(engine: Engine, path: Path) -> None:
    with engine.connect() as connection:
        version = _version(connection)
        known = version is None or version in REVISIONS
    if not known:
        raise JournalError(
            "a newer release of creditchain wrote this journal",
            expected=f"schema {HEAD} or older",
            found=f"schema {version}",
            hint="Use that release, or a later one.",
            place=Place(str(path)),
        )
    if version == HEAD:
        return
    _set_write_ahead_log(engine)
    # Alembic is imported only where there is something to do: most commands find the journal up to date.
    from creditchain.home.migrations.upgrading import upgrade

    with engine.connect().execution_options(creditchain_write=True) as connection:
        connection.exec_driver_sql("PRAGMA secure_delete = ON")  # older releases kept secrets in the clear
        upgrade(connection, path.parent)
        if version is None and path == Home(path.parent).journal:
            # Before the commit: were it killed in between, the next run finds no version, and goes on.
            adopt_older_folders(Home(path.parent))
        connection.commit()
    _truncate_log(engine)


def _version(connection: Connection) -> str | None:
    """The schema's revision; None for a new journal, and for one from before revisions were written."""
    tables = text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
    if connection.execute(tables).scalar() is None:
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if version is None else str(version)


def _set_write_ahead_log(engine: Engine) -> None:
    """Lasts in the file: readers and one writer do not wait for each other."""
    _outside_of_transactions(engine, "PRAGMA journal_mode = WAL")


def _truncate_log(engine: Engine) -> None:
    """Move what is committed into the database, so that no older page stays in the write-ahead log."""
    _outside_of_transactions(engine, "PRAGMA wal_checkpoint(TRUNCATE)")


def _outside_of_transactions(engine: Engine, statement: str) -> None:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
    finally:
        connection.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn the database's errors into one that says what to do."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = str(getattr(cause, "sqlite_errorname", ""))
        for code, message, hint in _REFUSALS:
            if name.startswith(code):
                raise JournalError(message, found=str(cause), hint=hint, place=Place(str(path))) from error
        raise JournalError("the journal refuses", found=str(cause), place=Place(str(path))) from error


def _on_connect(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: _on_begin says BEGIN IMMEDIATE where something is written.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Any) -> None:
    writing = connection.get_execution_options().get("creditchain_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
