"""Copies a journal's rows from one kind of database into the other, all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, func, insert, select, text

from creditchain.home.databases.preparing import bring_up_to_date
from creditchain.home.databases.sqlite import SqliteDatabase
from creditchain.home.journal import SCHEMA, Journal, JournalIdentityRow

#: Rows that are held in memory at once.
_STEP = 500
#: Tables that belong to the place and not to its content.
_OF_THE_PLACE = (SCHEMA.version_table, JournalIdentityRow.__tablename__)


def tables_in(database: Connection) -> MetaData:
    """The tables of a journal that hold its content, whichever rooms declared them; with the types of this database."""
    found = MetaData()
    found.reflect(database)
    for name in _OF_THE_PLACE:
        found.remove(found.tables[name])
    return found


def copy_rows(source: Connection, target: Connection) -> int:
    """Copy all rows into the same tables of `target`, which are empty; the caller commits. Returns how many."""
    count, into = 0, tables_in(target).tables
    for table in tables_in(source).sorted_tables:
        order = list(table.primary_key.columns)
        rows = source.execution_options(yield_per=_STEP).execute(select(table).order_by(*order)).mappings()
        for part in rows.partitions(_STEP):
            target.execute(insert(into[table.name]), [dict(row) for row in part])
            count += len(part)
        if target.dialect.name != "sqlite" and _is_numbered(order):
            _number_on(table.name, target)
    return count


def _is_numbered(key: Sequence[Column[Any]]) -> bool:
    """Whether the database numbers the rows by itself."""
    return [column.name for column in key] == ["id"] and isinstance(key[0].type, Integer)


def _number_on(table: str, target: Connection) -> None:
    """A server counts row numbers on its own: from the highest one on."""
    query = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608 - ours
    target.execute(text(query))


def is_empty(database: Connection) -> bool:
    """Whether a journal has no row."""
    tables = tables_in(database).sorted_tables
    return not any(database.scalar(select(func.count()).select_from(table)) for table in tables)


def copy_to_file(journal: Journal, path: Path, meanwhile: Callable[[], None]) -> None:
    """Copy a journal that is on a server into a new file, as it is when `meanwhile` runs, under the write lock.

    Raises JournalError, StorageError; what `meanwhile` raises.
    """
    file = SqliteDatabase(path)
    try:
        bring_up_to_date(file, SCHEMA, path.parent, lambda _connection, _before: None)
        with journal.database.connected(journal.database.reading) as source:
            with journal.write():
                source.execute(text("SELECT 1"))  # from here on it sees what is committed now
                meanwhile()
            with file.connected(file.writing) as target:
                copy_rows(source, target)
                target.commit()
    finally:
        file.close()
