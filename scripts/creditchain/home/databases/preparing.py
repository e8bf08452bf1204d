"""Creates the tables of a schema, or upgrades those of an older release, when a database is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, text

from creditchain.home.databases.database import Database
from creditchain.home.databases.errors import JournalError
from creditchain.home.databases.schema import Schema

#: Called in the transaction that created or upgraded tables: the connection, and the revision before, None if new.
Prepare = Callable[[Connection, str | None], None]


def bring_up_to_date(database: Database, schema: Schema, home: Path, prepare: Prepare) -> None:
    """Create or upgrade a schema's tables, in one transaction with what `prepare` does; nothing where it is newest.

    Any number of processes may do this at once. `home`: the folder that migrations may keep keys in.
    Raises JournalError: a newer release wrote it, or the database refuses.
    """
    with database.opened_alone():
        with database.connected(database.reading) as connection:
            if _version(database, schema, connection) == schema.head:
                return
        # Alembic is imported only where there is something to do: most commands find the journal up to date.
        from creditchain.home.databases.upgrading import upgrade

        with database.around_upgrade(), database.connected(database.writing) as connection:
            version = _version(database, schema, connection)  # by now another process may have done it
            if version != schema.head:
                database.inside_upgrade(connection)
                upgrade(connection, schema, home, fresh=version is None)
                # Before the commit: were it killed in between, the next run finds no version, and goes on.
                prepare(connection, version)
                connection.commit()


def _version(database: Database, schema: Schema, connection: Connection) -> str | None:
    """The schema's revision; None for a new one, and for one from before revisions were written."""
    if not database.has_table(connection, schema.version_table):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {schema.version_table}")).scalar()  # noqa: S608 - ours
    if found is not None and found not in schema.revisions:
        raise JournalError(
            "a newer release of creditchain wrote this journal",
            expected=f"schema {schema.head} or older",
            found=f"schema {found}",
            hint="Use that release, or a later one.",
            place=database.place,
        )
    return None if found is None else str(found)
