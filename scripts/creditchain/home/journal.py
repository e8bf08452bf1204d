"""The journal: the database in which this node writes what it is about to do, before it does it.

An SQLite file in the home folder, or a database on a PostgreSQL server; opened by any number of processes and threads
at once. Rooms declare their tables on `Base`; `creditchain.home.migrations` creates and changes them, so a change of a
table needs a migration. The journal holds signed transactions, so the file is readable by its owner alone.
"""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from sqlalchemy import BigInteger, Connection, Integer, String, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from creditchain.home import migrations
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.databases.database import Database
from creditchain.home.databases.errors import AlreadyWrittenError, DatabaseAwayError, JournalError
from creditchain.home.databases.preparing import bring_up_to_date
from creditchain.home.databases.schema import Schema
from creditchain.home.layout import Home
from creditchain.home.older import adopt_older_folders
from creditchain.home.whereabouts import JournalElsewhereError, Whereabouts, home_id, require_file

__all__ = ["AlreadyWrittenError", "Base", "DatabaseAwayError", "Journal", "JournalError", "open_journal"]


class Base(DeclarativeBase):
    """Every table of the journal is declared on this one's metadata."""

    # 64 bits everywhere. SQLite's INTEGER has them, and numbers its rows by itself only under this name.
    type_annotation_map = {int: BigInteger().with_variant(Integer(), "sqlite")}  # noqa: RUF012 - SQLAlchemy's name


class JournalIdentityRow(Base):
    """Whose journal a database on a server holds: one row. In a file there is none; it belongs to its folder."""

    __tablename__ = "journal_identity"

    home: Mapped[str] = mapped_column(String(32), primary_key=True)
    journal: Mapped[str] = mapped_column(String(32))


SCHEMA = Schema(Base.metadata, Path(migrations.__file__).parent, migrations.REVISIONS, past=migrations.PAST)


class Journal:
    """The open journal. Safe for several processes and threads at once. Use `open_journal`.

    Other rooms may keep tables of their own in its `database`, by a schema of their own.
    """

    def __init__(self, database: Database, home: Home, path: Path) -> None:
        self.database, self.home, self.path = database, home, path

    def read(self) -> AbstractContextManager[Session]:
        """A session that sees one state; nothing is written. See `Database.read`. Raises JournalError."""
        return self.database.read()

    def write(self) -> AbstractContextManager[Session]:
        """A session that holds the write lock from its first line. See `Database.write`. Raises JournalError."""
        return self.database.write()

    def transaction(self) -> AbstractContextManager[Session]:
        """A session without the write lock. See `Database.transaction`. Raises JournalError."""
        return self.database.transaction()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_journal(path: Path, address: DatabaseAddress | None = None) -> Journal:
    """Open the journal; create it if it is missing, and upgrade it if an older release wrote it.

    Args:
        path: the journal's file in the home folder.
        address: the database that holds the journal in place of that file.
    Raises:
        JournalError: it cannot be opened, or a newer release wrote it. StorageError: the file cannot be created.
        JournalElsewhereError: the home's journal is somewhere else, or the database holds another home's.
        UsageError, ConfigError: the address is wrong, or the driver is not installed.
    """
    home = Home.made(path.parent, address)
    database = _file(home, path) if address is None else _server(home, path, address)
    try:
        if address is None:
            bring_up_to_date(database, SCHEMA, home.path, lambda _, before: _adopt(home, path, before))
        else:
            _bring_server_up_to_date(database, home)
    except BaseException:
        database.close()
        raise
    return Journal(database, home, path)


def _file(home: Home, path: Path) -> Database:
    # The driver of the other kind of database is not loaded.
    from creditchain.home.databases.sqlite import SqliteDatabase

    require_file(home)
    return SqliteDatabase(path)


def _server(home: Home, path: Path, address: DatabaseAddress) -> Database:
    from creditchain.home.databases.postgres import PostgresDatabase

    database = PostgresDatabase(address)
    if Whereabouts.of(home) is None and path.exists() and path.stat().st_size:
        raise JournalElsewhereError(
            "this home has its journal in a file, and a second one would give out the same nonces again",
            found=str(path),
            hint="Move it there: `creditchain journal move`, with the same --database. Or leave --database out.",
            place=database.place,
        )
    return database


def claim(connection: Connection, home: Home, before: str | None) -> None:
    """Write into a new database on a server whose journal it will hold; the caller commits."""
    if before is None:
        values = {"home": home_id(home), "journal": secrets.token_hex(16)}
        connection.execute(insert(JournalIdentityRow).values(values))


def _adopt(home: Home, path: Path, before: str | None) -> None:
    if before is None and path == home.journal:
        adopt_older_folders(home)


def _bring_server_up_to_date(database: Database, home: Home) -> None:
    """Create or upgrade the tables, and make sure that they are this home's."""
    kept = Whereabouts.of(home)

    def prepare(connection: Connection, before: str | None) -> None:
        if before is None and kept is not None:
            raise _not_there(database, kept)
        _adopt(home, home.journal, before)
        claim(connection, home, before)

    bring_up_to_date(database, SCHEMA, home.path, prepare)
    with database.read() as session:
        identity = session.scalars(select(JournalIdentityRow)).one_or_none()
    if identity is None or identity.home != home_id(home):
        raise JournalElsewhereError(
            "the database holds the journal of another home",
            hint="Each home needs a database of its own. Check --home and --database.",
            place=database.place,
        )
    if kept is not None and kept.journal != identity.journal:
        raise _not_there(database, kept)
    if kept is None or kept.moving:
        Whereabouts(identity.journal, str(database.place), moving=False).note(home)


def _not_there(database: Database, kept: Whereabouts) -> JournalElsewhereError:
    hint = "Run `creditchain journal move` again, with the same --database." if kept.moving else "Check the URL."
    return JournalElsewhereError(
        "the journal of this home is not in this database", expected=kept.database, hint=hint, place=database.place
    )
