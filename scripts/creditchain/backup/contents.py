"""The files that a node must not lose, each readable in a consistent state while the node keeps working.

The journal is copied first, in one state with the keys that open its secrets; then other databases (an embedded
chain's), then files, then batch folders. So what a row of the journal refers to is in the copies too, as it was then or
further on, and resuming copes with the latter.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast
from urllib.parse import quote

from creditchain.backup.errors import BackupError
from creditchain.backup.store import PART, copy_stream
from creditchain.errors import Place
from creditchain.home.copying import copy_to_file
from creditchain.home.databases.limits import BUSY_SECONDS
from creditchain.home.files import FILE_MODE, LEAVING, StorageError, storage
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home

#: The two folders in a backup.
HOME, DEPLOYMENTS = "home", "deployments"
_REGIONS, _BATCHES = "regions", "batches"
#: What a region's other folders, or its chain, hold too: books are made from batches again, the log is read again.
_MADE_AGAIN = ("books", "index", f"{LEAVING}index")

#: Folders and files of a home that mean something only to running processes.
_FLEETING_FOLDERS = ("locks",)
_FLEETING_FILES = (f"{HOME}/devnet/running.json", f"{HOME}/journal-database.json")
_FLEETING_ENDS = (PART, ".lock", "-wal", "-shm", "-journal")
_COPY = ".backup-"
#: Large files of a batch: leaves, documents, levels, order; and record ids, which follow from the documents.
_SEALED_ENDS = (".arrow", ".bin")
_SQLITE = b"SQLite format 3\0"
#: Small files are held in memory while they are copied.
_HELD_BYTES = 8 << 20
_TRIES = 10


@dataclass(frozen=True, slots=True)
class BackupSource:
    """One file to back up. `name` is its path in the backup; `size` in bytes and `mode` as they were when listed."""

    name: str
    path: Path
    size: int
    mode: int

    @property
    def batch(self) -> str | None:
        """The path, below the home, of the batch folder that this is a file of."""
        return batch_of(self.name)

    @property
    def sealed(self) -> bool:
        """Does this file of a batch change only together with the batch's manifest or list of purges?"""
        return self.batch is not None and self.path.suffix in _SEALED_ENDS


def batch_of(name: str) -> str | None:
    """The path, below the home, of the batch folder that a path in the backup is in (see home/layout.py)."""
    parts = PurePosixPath(name).parts
    if parts[:2] == (HOME, _REGIONS) and parts[3:4] == (_BATCHES,) and len(parts) > 5:
        return "/".join(parts[1:5])
    return None


def find_sources(home: Home, deployments: Path) -> list[BackupSource]:
    """All files of a home and its deployments, in the order in which they must be copied. Raises StorageError.

    A journal that is in a database becomes a file of the backup, so that a restored home needs no database.
    """
    with storage("the home folder"):
        found = [*_walk(home.path, HOME)]
        if home.database is not None:
            found = [source for source in found if source.path != home.journal]  # as it was before it was moved
            found.append(BackupSource(f"{HOME}/{home.journal.name}", home.journal, 0, FILE_MODE))
        if not deployments.resolve().is_relative_to(home.path.resolve()):
            found += [source for source in _walk(deployments, DEPLOYMENTS) if _is_deployment(source.name)]
        return sorted(found, key=_order)


def is_sealing_key(name: str) -> bool:
    """Is this path in the backup a key of a batch's secret (see home/layout.py)? It means nothing without its row."""
    parts = PurePosixPath(name).parts
    return parts[:2] == (HOME, "regions") and parts[3:4] == ("secrets",)


@contextmanager
def journal_and_keys(sources: Sequence[BackupSource], home: Home) -> Iterator[list[tuple[BackupSource, BinaryIO]]]:
    """The journal among `sources`, and the keys of its secrets, in one state: each row's key is there.

    The write lock is held while the few keys are read and the journal's state is pinned, which takes milliseconds;
    a key is destroyed only after its row let go of it. Raises StorageError, JournalError.
    """
    journal = next((source for source in sources if source.path == home.journal), None)
    if journal is None:
        yield []
        return
    copy, keys = _from_file(journal.path, home) if home.database is None else _from_server(home)
    with copy:
        copy.seek(0)
        yield [(journal, cast(BinaryIO, copy)), *keys]


def _from_file(path: Path, home: Home) -> tuple[IO[bytes], list[tuple[BackupSource, BinaryIO]]]:
    with _sqlite_errors(path), _opened(path, "ro") as reader:
        with _write_lock(path):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            keys = _keys_held(home.path)
        return _unnamed_copy(reader, home.path), keys


def _from_server(home: Home) -> tuple[IO[bytes], list[tuple[BackupSource, BinaryIO]]]:
    """The rows of the database in a new file without a name."""
    keys: list[tuple[BackupSource, BinaryIO]] = []
    with tempfile.TemporaryDirectory(dir=home.path, prefix=_COPY) as folder:
        path = Path(folder, home.journal.name)
        with open_journal(home.journal, home.database) as journal:
            copy_to_file(journal, path, lambda: keys.extend(_keys_held(home.path)))
        return path.open("rb"), keys


def _keys_held(home: Path) -> list[tuple[BackupSource, BinaryIO]]:
    return [(key, BytesIO(key.path.read_bytes())) for key in _keys(home)]


def _keys(home: Path) -> list[BackupSource]:
    regions = Home(home).regions
    return [source for source in _walk(regions, f"{HOME}/{regions.name}") if is_sealing_key(source.name)]


@contextmanager
def _write_lock(path: Path) -> Iterator[None]:
    with _opened(path, "rw") as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_READONLY"):
                raise
            # Nobody can write to what lies on a disk that is mounted read-only.
        yield
        database.rollback()


def _is_deployment(name: str) -> bool:
    return name.endswith(".json") and name.count("/") == 1


def _order(source: BackupSource) -> tuple[int, int, str]:
    if not source.sealed and _is_sqlite(source.path):
        return (0, source.name.count("/"), source.name)
    return (1 if source.batch is None else 2, 0, source.name)


def _walk(root: Path, label: str) -> Iterator[BackupSource]:
    for folder, inner, names in os.walk(root, followlinks=True):
        here = PurePosixPath(label, *Path(folder).relative_to(root).parts)
        inner[:] = sorted(name for name in inner if not _fleeting_folder(here, name))
        for name in sorted(names):
            path = Path(folder, name)
            if not _fleeting(str(here / name)):
                _require_text(here / name)
                try:
                    status = path.stat()
                except FileNotFoundError:
                    continue  # gone since the folder was listed
                if path.is_file():
                    yield BackupSource(str(here / name), path, status.st_size, status.st_mode & 0o777)


def _require_text(name: PurePosixPath) -> None:
    """Raise BackupError for a name that is not UTF-8: another machine could not write it."""
    try:
        str(name).encode()
    except UnicodeEncodeError:
        hint = "Rename it or take it out of the home."
        raise BackupError("the name of a file is not UTF-8", hint=hint, place=Place(ascii(str(name)))) from None


def _fleeting_folder(here: PurePosixPath, name: str) -> bool:
    at_home, of_a_region = here == PurePosixPath(HOME), here.parent == PurePosixPath(HOME, _REGIONS)
    if (at_home and name in _FLEETING_FOLDERS) or (of_a_region and name in _MADE_AGAIN):
        return True
    return (here.name == _BATCHES and name.startswith(".")) or (at_home and name.startswith(_COPY))


def _fleeting(name: str) -> bool:
    return name in _FLEETING_FILES or name.endswith(_FLEETING_ENDS) or PurePosixPath(name).name.startswith(_COPY)


@contextmanager
def reading(source: BackupSource, home: Path) -> Iterator[BinaryIO]:
    """The file's content in one consistent state, seekable. Raises FileNotFoundError if it is gone, StorageError."""
    if source.sealed:
        with source.path.open("rb") as handle:
            yield handle
        return
    copy = _sqlite_copy(source.path, home) if _is_sqlite(source.path) else _stable_copy(source.path, home)
    with copy:
        copy.seek(0)
        yield cast(BinaryIO, copy)


def remove_leftovers(home: Path) -> None:
    """Remove the empty files of runs that were killed before they could unlink their copy."""
    with storage("the home folder"):
        for path in home.glob(f"{_COPY}*"):
            if path.is_dir():
                shutil.rmtree(path)  # of a journal that was being copied from a database
            else:
                path.unlink(missing_ok=True)


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(len(_SQLITE)) == _SQLITE
    except FileNotFoundError:
        return False


def _sqlite_copy(path: Path, folder: Path) -> IO[bytes]:
    with _sqlite_errors(path), _opened(path, "ro") as database:
        return _unnamed_copy(database, folder)


def _unnamed_copy(database: sqlite3.Connection, folder: Path) -> IO[bytes]:
    """A copy of a database by SQLite's online backup, in a file without a name: it vanishes with the process."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=_COPY)
    copy = os.fdopen(handle, "rb")
    try:
        with closing(sqlite3.connect(name, isolation_level=None)) as target:
            Path(name).unlink()
            target.execute("PRAGMA journal_mode = OFF")
            target.execute("PRAGMA synchronous = OFF")
            database.backup(target)
    except BaseException:
        copy.close()
        raise
    finally:
        Path(name).unlink(missing_ok=True)
    return copy


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    uri = f"file:{quote(str(path))}?mode={mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as database:
        yield database


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError("a database cannot be copied", found=str(error), place=Place(str(path))) from error


def _stable_copy(path: Path, folder: Path) -> Any:
    """A copy of a file during which nobody wrote to it. Raises StorageError if somebody writes all the time."""
    for _ in range(_TRIES):
        copy = tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES, dir=str(folder))  # noqa: SIM115 - the caller closes it
        with path.open("rb") as handle:
            before = os.fstat(handle.fileno())
            copy_stream(handle, cast(BinaryIO, copy))
            after = os.fstat(handle.fileno())
        if before.st_mtime_ns == after.st_mtime_ns and before.st_size == after.st_size == copy.tell():
            return copy
        copy.close()
    raise StorageError("a file keeps changing", hint="Run it again later.", place=Place(str(path)))
