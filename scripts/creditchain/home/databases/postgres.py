"""A database on a PostgreSQL server, by psycopg 3."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, ClassVar

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.orm import Session

from creditchain.errors import ConfigError, Place
from creditchain.home.databases import limits
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.databases.database import WRITING, Database
from creditchain.home.databases.errors import AlreadyWrittenError, DatabaseAwayError, JournalError

#: The number of the lock that `write` takes, in the database's own space of advisory locks: "credchn" in ASCII.
_WRITE_LOCK = int.from_bytes(b"credchn")

_AGAIN = "Run the same command again once it is there; what was not committed is not in it."
_PRIMARY = "Name the primary server; target_session_attrs=read-write in the URL finds it."
_TEMPORARY, _LASTING = DatabaseAwayError, JournalError

#: What SQLSTATE codes mean to an operator: the beginning of the code, the error, the message, what to do.
_REFUSALS: tuple[tuple[str, type[JournalError], str, str], ...] = (
    ("08", _TEMPORARY, "the database cannot be reached", _AGAIN),
    (
        "28",
        _LASTING,
        "the database refuses the login",
        "Check user, password (~/.pgpass) and the server's pg_hba.conf.",
    ),
    ("3D000", _LASTING, "there is no database of this name on the server", "Create it, as docs/operations.md says."),
    ("53100", _TEMPORARY, "the database's disk is full", "Make room there and run the same command again."),
    ("53300", _TEMPORARY, "the database has too many connections", "End others, or raise max_connections."),
    ("53", _TEMPORARY, "the database's server is out of resources", _AGAIN),
    ("55P03", _TEMPORARY, "another process holds the journal", "Wait for it to end, and run the same command again."),
    ("57P0", _TEMPORARY, "the database is starting, stopping or was restarted", _AGAIN),
    ("57014", _TEMPORARY, "the database ended a query", "Raise statement_timeout for this user, and run it again."),
    ("25P0", _TEMPORARY, "the database ended a transaction that stood still", "Run the same command again."),
    ("40", _TEMPORARY, "another transaction came first", "Run the same command again."),
    ("25006", _LASTING, "the database is read-only: a standby, perhaps", _PRIMARY),
    (
        "0A000",
        _LASTING,
        "the database is read-only: a standby, perhaps",
        _PRIMARY,
    ),  # of "begin a read-write transaction"
    ("42501", _LASTING, "the database's user lacks a right", "Make it the owner of the database and its tables."),
    ("23505", AlreadyWrittenError, "another process wrote the same first", "Run it again."),
    ("42P07", _LASTING, "the database holds tables of something else", "Give each home a database of its own."),
    ("42", _LASTING, "the database's tables are not those of this release", "Restore the journal from its backup."),
    ("58", _LASTING, "the disk failed under the database", "Ask its administrator, and run the same command again."),
    ("XX", _LASTING, "the database is damaged", "Ask its administrator; restore the journal from its backup."),
)

#: What a refused connection says, which has no code; in the words of the server, where it is set to English.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"too many (clients|connections)|connection slots", "53300"),
    (r"is (starting up|shutting down)|recovery mode", "57P03"),
    (r"database \".*\" does not exist", "3D000"),
    (r"authentication failed|no password supplied|pg_hba\.conf|role \".*\" does not exist|not permitted", "28P01"),
)

#: Parts of messages that name things and quote no value: of these kinds alone the server's own words are shown.
_SPEAKING = ("08", "0A", "28", "3D", "42", "53", "57", "58", "XX")

_SETTINGS = """
    SELECT set_config('lock_timeout', %(busy)s, false),
        set_config('idle_in_transaction_session_timeout', %(idle)s, false),
        set_config('tcp_keepalives_idle', %(alive)s, false), set_config('tcp_keepalives_interval', %(alive)s, false),
        set_config('tcp_keepalives_count', %(tries)s, false),
        CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
    """


class PostgresDatabase(Database):
    """A database on a server. One writer at a time (`write`) by an advisory lock, which ends with its transaction."""

    # The lock is taken by the first statement, and each later one sees all that was committed before it.
    reading: ClassVar[Mapping[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    writing: ClassVar[Mapping[str, Any]] = {"isolation_level": "READ COMMITTED", WRITING: True}
    changing: ClassVar[Mapping[str, Any]] = {"isolation_level": "READ COMMITTED"}
    quotes_values: ClassVar[bool] = True

    def __init__(self, address: DatabaseAddress) -> None:
        """Nothing is connected before it is used.

        Raises:
            UsageError: the URL is wrong. ConfigError: psycopg is not installed.
        """
        url = address.url()
        given = {name: value for name, value in _CONNECTION.items() if name not in url.query}
        try:
            # Parameters hold signed transactions: they stay out of errors.
            engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=given)
        except ImportError as error:
            raise ConfigError(
                "PostgreSQL needs psycopg, which is not installed", hint="pip install 'creditchain[postgres]'"
            ) from error
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        super().__init__(engine, Place(str(address)))

    def hold(self, session: Session, name: bytes) -> None:
        """By an advisory lock of the transaction; two names may share a number, and wait for each other then."""
        number = int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({number})")

    def explain(self, error: BaseException) -> JournalError:
        """By the SQLSTATE; by the words of a refused connection, which has none."""
        said = _first_line(error)
        state = getattr(error, "sqlstate", None) or _state_of(said)
        found = said if state.startswith(_SPEAKING) else f"{type(error).__name__} ({state})"
        for code, kind, message, hint in _REFUSALS:
            if state.startswith(code):
                return kind(message, found=self._without_password(found), hint=hint, place=self.place)
        return JournalError("the database refuses", found=self._without_password(found), place=self.place)

    def has_table(self, connection: Connection, name: str) -> bool:
        """Is there a table of this name where this user's tables are?"""
        # Not to_regclass: after waiting for the write lock that still answers as of before, from the session's cache.
        query = text(
            "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class"
            " WHERE relname = :name AND relkind = 'r' AND pg_catalog.pg_table_is_visible(oid))"
        )
        return bool(connection.execute(query, {"name": name}).scalar())

    def inside_upgrade(self, connection: Connection) -> None:
        """Refuse a database that cannot hold every text."""
        encoding = str(connection.execute(text("SHOW server_encoding")).scalar())
        if encoding != "UTF8":
            raise JournalError(
                "the database cannot hold every text",
                expected="encoding UTF8",
                found=encoding,
                hint="Create another one: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.",
                place=self.place,
            )

    def _without_password(self, said: str) -> str:
        password = self.engine.url.password
        return said.replace(str(password), "***") if password else said


#: What the connection is told unless the URL says otherwise.
_CONNECTION: dict[str, Any] = {
    "application_name": "creditchain",
    "client_encoding": "utf8",
    "connect_timeout": limits.CONNECT_SECONDS,
    "keepalives_idle": limits.ALIVE_SECONDS,
    "keepalives_interval": limits.ALIVE_SECONDS,
    "keepalives_count": limits.ALIVE_TRIES,
    "tcp_user_timeout": 1000 * limits.ALIVE_SECONDS * limits.ALIVE_TRIES,
    # Poolers that give each transaction another connection know no prepared statements.
    "prepare_threshold": None,
}


def _state_of(said: str) -> str:
    """The code of what a refused connection says; that of a connection failure where the words are not known."""
    return next((state for words, state in _WORDS if re.search(words, said)), "08001")


def _first_line(error: BaseException) -> str:
    """What was said, without the lines of detail, which quote values."""
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    lines = (primary or str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _on_connect(connection: Any, _record: object) -> None:
    def seconds(value: float) -> str:
        return f"{int(value * 1000)}ms"

    connection.autocommit = True  # or the end of the transaction would take the settings back
    try:
        cursor = connection.cursor()
        settings = {
            "busy": seconds(limits.BUSY_SECONDS),
            "idle": seconds(limits.IDLE_SECONDS),
            "alive": str(limits.ALIVE_SECONDS),
            "tries": str(limits.ALIVE_TRIES),
        }
        cursor.execute(_SETTINGS, settings)
        cursor.close()
    finally:
        connection.autocommit = False


def _on_begin(connection: Any) -> None:
    if connection.get_execution_options().get(WRITING, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
