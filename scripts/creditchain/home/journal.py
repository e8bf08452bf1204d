"""The journal: the database in which this node writes what it is about to do, before it does it.

SQLite now; any SQLAlchemy URL with the same guarantees later. Rooms add tables by declaring classes on `Base`, and
call `Journal.create_tables()` if they were imported after the journal was opened. It holds signed transactions and
batch secrets, so the file is readable by its owner alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import DeclarativeBase, Session

from creditchain.errors import UnavailableError

#: Seconds a writer waits for another process's write to end.
BUSY_SECONDS = 60.0


class Base(DeclarativeBase):
    """Every table of the journal hangs on this one's metadata."""


class JournalError(UnavailableError):
    """The journal can not be opened or written."""


class Journal:
    """A database of tables declared on `Base`. Safe for several processes and threads at once."""

    Base = Base

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.create_tables()

    def create_tables(self) -> None:
        """Create the tables declared so far that do not exist yet."""
        try:
            Base.metadata.create_all(self.engine)
        except DatabaseError as error:
            raise JournalError("the journal can not be opened", found=str(error.orig)) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; nothing is written. What was read stays usable afterwards."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that holds the write lock from its first line, and commits durably at the end or not at all.

        What was read inside can not have changed before the commit. Keep it short: others wait.
        """
        with Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options={"creditchain_write": True})
            yield session
            try:
                session.commit()
            except DatabaseError as error:
                raise JournalError("the journal can not be written", found=str(error.orig)) from error

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_journal(url_or_path: str | Path) -> Journal:
    """Open the journal, and create it if it is not there.

    Args:
        url_or_path: a path of an SQLite file, or an SQLAlchemy URL.
    Raises:
        JournalError: the database can not be opened.
    """
    text = str(url_or_path)
    if "://" not in text:
        path = Path(text)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise JournalError("the journal can not be opened", found=str(error)) from error
        text = f"sqlite:///{path}"
    # Parameters hold secrets: they stay out of errors.
    engine = create_engine(text, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    return Journal(engine)


def _on_sqlite_connect(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: BEGIN IMMEDIATE is said in _on_sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_sqlite_begin(connection: Any) -> None:
    writing = connection.get_execution_options().get("creditchain_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
