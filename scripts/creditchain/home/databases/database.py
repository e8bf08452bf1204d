"""An open database, the same to its users whether it is an SQLite file or lies on a PostgreSQL server."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from creditchain.errors import Place
from creditchain.home.databases.errors import DatabaseAwayError, JournalError

#: The execution option of connections that hold the write lock.
WRITING = "creditchain_write"


class Database(ABC):
    """Safe for several processes and threads at once. Every method raises JournalError."""

    #: Execution options of the three kinds of transactions.
    reading: ClassVar[Mapping[str, Any]]
    writing: ClassVar[Mapping[str, Any]]
    changing: ClassVar[Mapping[str, Any]]
    #: Whether the driver's errors quote values of rows, so that nothing of them may be kept.
    quotes_values: ClassVar[bool] = False

    def __init__(self, engine: Engine, place: Place) -> None:
        self.engine, self.place = engine, place

    def read(self) -> AbstractContextManager[Session]:
        """A session that sees one state from its first query to its end; nothing is written.

        What was read stays usable afterwards.
        """
        return self._session(self.reading)

    def write(self) -> AbstractContextManager[Session]:
        """A session that holds the write lock from its first line, and commits durably at the end or not at all.

        What was read inside cannot have been changed by another `write` before the commit. Keep it short, and ask
        nothing outside of this machine inside: other processes wait.
        """
        return self._session(self.writing, commits=True)

    def transaction(self) -> AbstractContextManager[Session]:
        """A session without the write lock, which commits durably at the end or not at all.

        Others write at the same time; unique constraints decide (AlreadyWrittenError), and rows that were read to be
        changed are selected `with_for_update`. SQLite knows one writer at a time, so there it is the same as `write`.
        """
        return self._session(self.changing, commits=True)

    def hold(self, session: Session, name: bytes) -> None:  # noqa: B027 - where one writes at a time, nothing is to do
        """Hold off other transactions that hold this name, until the end of this one, which `transaction` gave."""

    @contextmanager
    def connected(self, options: Mapping[str, Any]) -> Iterator[Connection]:
        """A connection in a transaction with these options, rolled back unless the caller commits."""
        with self.explained(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the database's errors into one that says what to do."""
        try:
            yield
        except PoolTimeoutError as error:
            raise DatabaseAwayError("too many threads use the database at once", place=self.place) from error
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise self.explain(cause or error) from (None if self.quotes_values else error)

    @abstractmethod
    def explain(self, error: BaseException) -> JournalError:
        """The error of the driver, for people."""

    # What the creation and change of tables needs (schema.py).

    @abstractmethod
    def has_table(self, connection: Connection, name: str) -> bool:
        """Is there a table of this name?"""

    def opened_alone(self) -> AbstractContextManager[None]:
        """Hold off other processes that open this database, where it needs that."""
        return nullcontext()

    def around_upgrade(self) -> AbstractContextManager[None]:
        """What must be done before and after tables are created or changed, outside of transactions."""
        return nullcontext()

    @abstractmethod
    def inside_upgrade(self, connection: Connection) -> None:
        """What must be set in the transaction that creates or changes tables."""

    @contextmanager
    def _session(self, options: Mapping[str, Any], *, commits: bool = False) -> Iterator[Session]:
        with self.explained(), Session(self.engine, expire_on_commit=False) as session:
            session.connection(execution_options=dict(options))
            yield session
            if commits:
                session.commit()
