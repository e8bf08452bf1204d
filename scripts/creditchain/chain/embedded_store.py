"""Storage of an embedded chain: one SQLite file, in which each block appears whole or not at all."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from eth.abc import AtomicWriteBatchAPI
from eth.db.atomic import AtomicDBWriteBatch
from eth.db.backends.base import BaseAtomicDB

#: How many values of the state are kept in memory. A region of 26 members with its log touches a few thousand.
CACHED_VALUES = 65_536

_TABLES = """
CREATE TABLE IF NOT EXISTS state (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS receipts (
  hash BLOB PRIMARY KEY, block INTEGER NOT NULL, receipt TEXT NOT NULL, sent TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs (
  block INTEGER NOT NULL, position INTEGER NOT NULL, address BLOB NOT NULL,
  topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, log TEXT NOT NULL, PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS logs_by_address ON logs (address, topic0, block);
"""


class SqliteStore(BaseAtomicDB):
    """py-evm's key-value database over SQLite.

    Writes collect in memory until `block()` ends, and then reach the file in one transaction. If the process is killed
    before that, the file still holds the previous block; afterwards it holds the new one.
    """

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # With WAL and NORMAL a power cut may lose the last blocks, which a development chain can afford, but it
            # never corrupts the file.
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_TABLES)
        self._fresh: dict[bytes, bytes | None] = {}
        self._rows: list[tuple[str, Sequence[Any]]] = []
        self._cache: OrderedDict[bytes, bytes] = OrderedDict()

    # The interface that py-evm uses: keys and values of the state.

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._fresh:
            value = self._fresh[key]
            if value is None:
                raise KeyError(key)
            return value
        cached = self._cache.get(key)
        if cached is not None:
            return cached
        row = self._connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return self._remember(key, row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._fresh[key] = value

    def __delitem__(self, key: bytes) -> None:
        self._fresh[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def atomic_batch(self) -> Iterator[AtomicWriteBatchAPI]:
        with AtomicDBWriteBatch._commit_unless_raises(self) as batch:
            yield batch

    def _remember(self, key: bytes, value: bytes) -> bytes:
        self._cache[key] = value
        if len(self._cache) > CACHED_VALUES:
            self._cache.popitem(last=False)
        return value

    # The interface that the node uses: blocks, receipts and logs as rows.

    @contextmanager
    def block(self) -> Iterator[None]:
        """Write everything written inside in one transaction at the end; drop it if the body raises."""
        try:
            yield
            self._commit()
        finally:
            self._fresh.clear()
            self._rows.clear()

    def write(self, statement: str, values: Sequence[Any]) -> None:
        """Add a row, written together with the block."""
        self._rows.append((statement, values))

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """The rows of a query."""
        return self._connection.execute(query, values).fetchall()

    def meta(self, name: str) -> str | None:
        """A named value of this chain; None if it is not set."""
        found = self.rows("SELECT value FROM meta WHERE name = ?", (name,))
        return None if not found else str(found[0][0])

    def set_meta(self, name: str, value: str) -> None:
        """Set a named value, written together with the block."""
        self.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self._connection.close()

    def _commit(self) -> None:
        stored = [(key, value) for key, value in self._fresh.items() if value is not None]
        gone = [(key,) for key, value in self._fresh.items() if value is None]
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", stored)
            connection.executemany("DELETE FROM state WHERE key = ?", gone)
            for statement, values in self._rows:
                connection.execute(statement, values)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
        for key, value in stored:
            self._remember(key, value)
        for (key,) in gone:
            self._cache.pop(key, None)
