"""Moves a home's journal from its file into a database on a server. The file stays, and takes no change any more.

A note in the home comes first (home/whereabouts.py), then the end of the file, then the commit on the server. Killed in
between, commands refuse the file for the note's sake, and the server because it does not hold the journal that the note
names, until the move is run again.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection, select, text, update

from creditchain.errors import InputError, Place
from creditchain.home.copying import copy_rows, is_empty, tables_in
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.databases.database import Database
from creditchain.home.databases.postgres import PostgresDatabase
from creditchain.home.databases.preparing import bring_up_to_date
from creditchain.home.databases.sqlite import SqliteDatabase
from creditchain.home.journal import SCHEMA, JournalIdentityRow, claim, open_journal
from creditchain.home.layout import Home
from creditchain.home.whereabouts import JournalElsewhereError, Whereabouts, home_id


@dataclass(frozen=True, slots=True)
class MovedJournal:
    """A journal that is in a database now; `rows` is None if an earlier run had moved them."""

    database: str
    rows: int | None


def move_journal(home: Home, address: DatabaseAddress) -> MovedJournal:
    """Copy the journal into an empty database and end its file; killed anywhere, run it again.

    Raises:
        InputError: the home has no journal in a file. JournalElsewhereError: it was moved before, or the database holds
        a journal. JournalError, StorageError; UsageError, ConfigError: the address or the driver.
    """
    kept = Whereabouts.of(home)
    if kept is not None and not kept.moving:
        raise JournalElsewhereError("the journal was moved before", found=kept.database, place=Place(str(home.path)))
    if not home.journal.exists():
        raise InputError("there is no journal to move", place=Place(str(home.journal)))
    if kept is None:
        open_journal(home.journal).close()  # of an older release, perhaps
    with closing(SqliteDatabase(home.journal)) as file, closing(PostgresDatabase(address)) as server:
        bring_up_to_date(server, SCHEMA, home.path, lambda connection, before: claim(connection, home, before))
        with file.connected(file.writing) as old, server.connected(server.writing) as new:
            rows = None if _is_there(server, new, home, kept) else _move(home, server, old, new)
            _end(old)
            old.commit()
            # Killed here, the file is at its end and the database without its rows: they are copied again.
            new.commit()
    noted = Whereabouts.of(home)
    assert noted is not None  # noqa: S101 - written above, or by the run that was killed
    Whereabouts(noted.journal, noted.database, moving=False).note(home)
    return MovedJournal(noted.database, rows)


def _is_there(server: Database, new: Connection, home: Home, kept: Whereabouts | None) -> bool:
    """Whether an earlier run committed the rows. Raises JournalElsewhereError: the database is of another home."""
    identity = new.execute(select(JournalIdentityRow.home, JournalIdentityRow.journal)).one()
    if identity.home != home_id(home):
        raise JournalElsewhereError(
            "the database holds the journal of another home",
            hint="Each home needs a database of its own.",
            place=server.place,
        )
    return kept is not None and kept.journal == identity.journal


def _move(home: Home, server: Database, old: Connection, new: Connection) -> int:
    if not is_empty(new):
        raise JournalElsewhereError(
            "the database holds a journal already, and nothing was changed",
            hint="Move into an empty database. If this one is newer than the file, the file is to be set aside.",
            place=server.place,
        )
    rows = copy_rows(old, new)
    noted = Whereabouts(secrets.token_hex(16), str(server.place), moving=True)
    new.execute(update(JournalIdentityRow).values(journal=noted.journal))
    noted.note(home)
    return rows


def _end(old: Connection) -> None:
    """Nothing is changed in the file any more, not even by a process that has it open now."""
    for name in tables_in(old).tables:
        for change in ("INSERT", "UPDATE", "DELETE"):
            words = f"CREATE TRIGGER IF NOT EXISTS moved_{name}_{change} BEFORE {change} ON {name}"
            old.execute(text(f"{words} BEGIN SELECT RAISE(ABORT, 'the journal was moved'); END"))
