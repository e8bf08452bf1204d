"""A database in an SQLite file, readable by its owner alone and opened by any number of processes at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL

from creditchain.errors import Place, UnavailableError
from creditchain.home.databases import limits
from creditchain.home.databases.database import WRITING, Database
from creditchain.home.databases.errors import AlreadyWrittenError, DatabaseAwayError, JournalError
from creditchain.home.files import private_file
from creditchain.home.locks import file_lock

_HELD = "another process creates or upgrades the journal"

#: What SQLite's result codes mean to an operator: the beginning of the code's name, the message, what to do.
_REFUSALS: tuple[tuple[str, type[JournalError], str, str], ...] = (
    (
        "SQLITE_BUSY",
        DatabaseAwayError,
        "another process holds the journal",
        "Wait for it to end, and run the same command again.",
    ),
    (
        "SQLITE_LOCKED",
        DatabaseAwayError,
        "another process holds the journal",
        "Wait for it to end, and run the same command again.",
    ),
    (
        "SQLITE_FULL",
        DatabaseAwayError,
        "the disk is full: the journal could not be written",
        "Make room and run the same command again.",
    ),
    (
        "SQLITE_READONLY",
        JournalError,
        "the journal may not be written",
        "Check the owner and rights of the home folder and its disk.",
    ),
    ("SQLITE_PERM", JournalError, "the journal may not be opened", "Check the owner and rights of the home folder."),
    ("SQLITE_CANTOPEN", JournalError, "the journal cannot be opened", "Check the owner and rights of the home folder."),
    ("SQLITE_NOTADB", JournalError, "the journal is no database", "Restore the home from its backup."),
    ("SQLITE_CORRUPT", JournalError, "the journal is damaged", "Restore the home from its backup."),
    (
        "SQLITE_IOERR",
        JournalError,
        "the disk failed under the journal",
        "Check the disk, and run the same command again.",
    ),
    (
        "SQLITE_CONSTRAINT_TRIGGER",
        JournalError,
        "the journal was moved to a database",
        "Start this command again, with --database.",
    ),
    ("SQLITE_CONSTRAINT_UNIQUE", AlreadyWrittenError, "another process wrote the same first", "Run it again."),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", AlreadyWrittenError, "another process wrote the same first", "Run it again."),
)


class SqliteDatabase(Database):
    """An SQLite file in write-ahead mode: readers and one writer do not wait for each other."""

    reading: ClassVar[Mapping[str, Any]] = {}
    writing: ClassVar[Mapping[str, Any]] = {WRITING: True}
    changing: ClassVar[Mapping[str, Any]] = writing

    def __init__(self, path: Path) -> None:
        """Open the file, which is created if it is missing. Raises StorageError."""
        private_file(path)  # SQLite gives its other files the mode of this one
        # Parameters hold signed transactions: they stay out of errors.
        engine = create_engine(URL.create("sqlite", database=str(path)), hide_parameters=True)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        super().__init__(engine, Place(str(path)))
        self._path = path

    def explain(self, error: BaseException) -> JournalError:
        """By SQLite's result code."""
        name = str(getattr(error, "sqlite_errorname", ""))
        for code, kind, message, hint in _REFUSALS:
            if name.startswith(code):
                return kind(message, found=str(error), hint=hint, place=self.place)
        return JournalError("the journal refuses", found=str(error), place=self.place)

    def has_table(self, connection: Connection, name: str) -> bool:
        """Is there a table of this name?"""
        query = text("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name")
        return connection.execute(query, {"name": name}).scalar() is not None

    @contextmanager
    def opened_alone(self) -> Iterator[None]:
        """Hold off other processes that open this file.

        SQLite does not wait for a lock, but fails at once, where two connections switch a new database to its
        write-ahead log. The lock belongs to the process: it vanishes with it.
        """
        with ExitStack() as stack:
            lock = self._path.with_name(self._path.name + ".lock")
            try:
                stack.enter_context(file_lock(lock, limits.BUSY_SECONDS, _HELD))
            except UnavailableError as error:
                raise DatabaseAwayError(error.message, found=error.found, hint=error.hint, place=self.place) from error
            yield

    @contextmanager
    def around_upgrade(self) -> Iterator[None]:
        """Switch to the write-ahead log, which lasts in the file; and leave no older page in it at the end."""
        self._outside_of_transactions("PRAGMA journal_mode = WAL")
        yield
        self._outside_of_transactions("PRAGMA wal_checkpoint(TRUNCATE)")

    def inside_upgrade(self, connection: Connection) -> None:
        """Overwrite what is deleted: older releases kept secrets in the clear."""
        connection.exec_driver_sql("PRAGMA secure_delete = ON")

    def _outside_of_transactions(self, statement: str) -> None:
        with self.explained():
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(statement)
                cursor.close()
            finally:
                connection.close()


def _on_connect(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: _on_begin says BEGIN IMMEDIATE where something is written.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(limits.BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _on_begin(connection: Any) -> None:
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
