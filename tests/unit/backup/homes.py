"""Homes for the tests of this room: a journal, a batch, keys, reasons, a chain; and what each of them holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from making import document, lines, made

from creditchain.backup import BackupOrder, Made, Restored, RestoreRequest, make_backup, restore_backup
from creditchain.backup.vault import Vault
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.layout import Home

PASSWORD = "correct horse 电池"  # noqa: S105
SECRET = b"\xa5\x5a" * 16


_create, _unlock = Vault.create, cache(Vault.unlock)


@cache
def _made_with(password: str) -> tuple[Vault, bytes]:
    return _create(password)


@contextmanager
def unstretched() -> Iterator[None]:
    """A password is stretched once in a process, which takes seconds by design: backups of one password share a key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vault, "create", _made_with)
        patch.setattr(Vault, "unlock", _unlock)
        yield


def make_home(folder: Path) -> Path:
    """A home with a bit of everything, and deployments beside it."""
    home = folder / "home"
    home.mkdir(parents=True)
    write_row(home / "journal.sqlite", SECRET)
    (home / "embedded").mkdir()
    write_row(home / "embedded" / "embedded.sqlite", b"a chain")
    for name, content in {
        "keys/operator.json": b'{"crypto": {}}',
        "reasons/01.json": '{"text": "更正"}'.encode(),
        "audits/ab/report.json": b"{}",
        "empty.txt": b"",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    (home / "keys" / "operator.json").chmod(0o600)
    workspace = str((batches_of(home) / ".preparing-3" / "leaves").relative_to(home))
    book = str(batches_of(home).with_name("books").joinpath("ab", "levels.bin").relative_to(home))
    index = str(batches_of(home).with_name("index").joinpath("tree.bin").relative_to(home))
    for name in ("locks/node-1", "embedded/embedded.lock", workspace, book, index, "devnet/running.json"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(b"fleeting")
    add_batch(home, 0)
    (folder / "deployments").mkdir()
    (folder / "deployments" / "embedded.json").write_bytes(b'{"region": "YRD"}')
    return home


def batches_of(home: Path) -> Path:
    """Where the batches of these homes lie."""
    return Home(home).region(bytes(32)).batches


def add_batch(home: Path, first: int) -> Path:
    """A batch of 40 documents; its folder."""
    upload = home.parent / f"upload-{first}.jsonl"
    upload.write_bytes(lines([document(record) for record in range(first, first + 40)]))
    return made(upload, batches_of(home)).path


def write_row(path: Path, value: bytes) -> None:
    """Add a row to a database with a write-ahead log, which is left as it is."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS t (value BLOB)")
        database.execute("INSERT INTO t VALUES (?)", (value,))


def rows(path: Path) -> list[bytes]:
    """The rows of a database."""
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in database.execute("SELECT value FROM t")]


def content(home: Path) -> dict[str, bytes | list[bytes]]:
    """Everything of a home that must not be lost."""
    found: dict[str, bytes | list[bytes]] = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        fleeting = (
            name.startswith(("locks", "devnet", ".backup-"))
            or "/batches/." in name
            or "/books/" in name
            or "/index/" in name
            or name.endswith((".lock", "-wal", "-shm"))
        )
        if path.is_file() and not fleeting:
            found[name] = rows(path) if path.suffix == ".sqlite" else path.read_bytes()
    return found


def order(home: Path, url: object) -> BackupOrder:
    """A backup of a home."""
    return BackupOrder(home, home.parent / "deployments", str(url), lambda _: PASSWORD, lambda _: PASSWORD)


def backup(home: Path, url: object, *, prune: bool = False, database: DatabaseAddress | None = None) -> Made:
    """Back a home up."""
    return make_backup(replace(order(home, url), prune=prune, database=database))


def request(url: object, home: Path, *, password: str = PASSWORD, force: bool = False) -> RestoreRequest:
    """A restore into a home."""
    return RestoreRequest(str(url), home, home.parent / "deployments", lambda _: password, force)


def restore(url: object, home: Path, *, force: bool = False) -> Restored:
    """Restore into a home."""
    return restore_backup(request(url, home, force=force))
