"""Where a backup lies: a folder of any fsspec store, or one zip file in it. Files appear whole or not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from creditchain.backup.errors import BackupError, BackupRefusedError, damaged
from creditchain.errors import Place, UsageError
from creditchain.home.files import fsync, fsync_path, storage

PART = ".part"
ARCHIVE = ".zip"
#: Bytes that are read and written at a time where this room does it.
STEP = 1 << 20


class Store(Protocol):
    """Named files. Names are relative paths with `/`."""

    def names(self) -> set[str]:
        """All names; without what an interrupted writer left."""

    def read(self, name: str) -> Any:
        """A context with the file, open for reading in order. Raises BackupError if it is not there."""

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Write a file with what `fill` writes; it is there, durably, when this returns, and not before."""

    def clean(self, keep: set[str]) -> None:
        """Remove every file but these, and what interrupted writers left."""


class Location:
    """A URL, taken apart. `name` is without what a query may carry."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for a URL that no installed library speaks."""
        self.name = url.split("?", 1)[0]
        try:
            self.files, path = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise UsageError("no way to reach such a place", found=str(error)) from error
        self.path = str(path).rstrip("/")
        self.local = isinstance(self.files, LocalFileSystem)
        self.is_archive = self.path.endswith(ARCHIVE)

    def inside(self, folder: Path) -> bool:
        """Does this lie in a folder of this machine, or is it that folder?"""
        return self.local and Path(self.path).resolve().is_relative_to(folder.resolve())


@contextmanager
def store_to_write(place: Location) -> Iterator[Store]:
    """The store at a place; an archive is there when the context ends well. Raises BackupRefusedError, StorageError."""
    if not place.is_archive:
        yield FolderStore(place)
        return
    with storage("the backup"):
        if place.files.exists(place.path):
            raise BackupRefusedError("there is such a file; archives are never overwritten", place=Place(place.name))
        _make_parent(place, place.path)
    part = place.path + PART
    try:
        with storage("the backup"), place.files.open(part, "wb") as handle:
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
                yield ArchiveStore(archive)
            _flush(handle)
        with storage("the backup"):
            _move(place, part, place.path)
    except BaseException:
        _remove(place, part)
        raise


@contextmanager
def store_to_read(place: Location) -> Iterator[Store]:
    """The store at a place. Raises StorageError if it is not there, BackupError for a file that is no archive."""
    if not place.is_archive:
        yield FolderStore(place)
        return
    with storage("the backup"), place.files.open(place.path, "rb") as handle:
        try:
            archive = zipfile.ZipFile(handle)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise damaged(place.name, "the archive is torn, or is none") from error
        with archive:
            yield ArchiveStore(archive)


class FolderStore:
    """Files in a folder of an fsspec store."""

    def __init__(self, place: Location) -> None:
        self._place, self._files = place, place.files

    def names(self) -> set[str]:
        """All names; without what an interrupted writer left."""
        return {name for name in self._all() if not name.endswith(PART)}

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """The file, open for reading. Raises BackupError if it is not there, StorageError."""
        try:
            handle = self._files.open(self._path(name), "rb")
        except FileNotFoundError as error:
            raise damaged(name, "a file of the backup is missing") from error
        with handle:
            yield handle

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Write a file under another name, make it durable, rename it."""
        path = self._path(name)
        with storage("the backup"):
            _make_parent(self._place, path)
            try:
                with self._files.open(path + PART, "wb") as handle:
                    fill(handle)
                    _flush(handle)
                _move(self._place, path + PART, path)
            except BaseException:
                _remove(self._place, path + PART)
                raise

    def clean(self, keep: set[str]) -> None:
        """Remove every file but these, and what interrupted writers left."""
        with storage("the backup"):
            for name in sorted(self._all() - keep):
                self._files.rm_file(self._path(name))

    def _all(self) -> set[str]:
        with storage("the backup"):
            self._files.invalidate_cache()
            if not self._files.exists(self._place.path):
                return set()
            # Stores answer with absolute paths of their own spelling; what follows the folder's is ours.
            root = self._files._strip_protocol(self._place.path).rstrip("/") + "/"
            return {str(path).removeprefix(root) for path in self._files.find(self._place.path)}

    def _path(self, name: str) -> str:
        return f"{self._place.path}/{name}"


class ArchiveStore:
    """Files in one zip file, uncompressed: what is encrypted does not compress."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def names(self) -> set[str]:
        """All names."""
        return set(self._archive.namelist())

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """The file, open for reading. Raises BackupError if it is not there or the archive is torn."""
        try:
            with self._archive.open(name) as handle:
                yield handle  # type: ignore[misc]
        except KeyError as error:
            raise damaged(name, "a file of the backup is missing") from error
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
            raise damaged(name) from error

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Append a file; the whole archive appears at once in the end."""
        # Without a time of day: zip files know none before 1980, and a machine's clock may be wrong.
        entry = zipfile.ZipInfo(name)
        with storage("the backup"), self._archive.open(entry, "w", force_zip64=True) as handle:
            fill(handle)  # type: ignore[arg-type]

    def clean(self, keep: set[str]) -> None:
        """Nothing to do: an archive is written once."""


def require_backup(store: Store, place: Location, key_file: str) -> None:
    """Raises BackupError where there is no backup at all."""
    if key_file not in store.names():
        raise BackupError("there is no backup here", expected=f"a file {key_file}", place=Place(place.name))


def _make_parent(place: Location, path: str) -> None:
    place.files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)


def _remove(place: Location, path: str) -> None:
    with storage("the backup"):
        if place.files.exists(path):
            place.files.rm_file(path)


def _move(place: Location, source: str, target: str) -> None:
    if place.local:
        Path(source).replace(target)
        fsync_path(Path(target).parent)
    else:
        place.files.mv(source, target)


def _flush(handle: Any) -> None:
    """Make a file durable where it is one of this machine; other stores do so when it is closed."""
    handle.flush()
    try:
        number = handle.fileno()
    except (OSError, AttributeError):
        return
    fsync(number)


def copy_stream(source: BinaryIO, sink: BinaryIO) -> None:
    """Everything that is left in `source`."""
    while data := source.read(STEP):
        sink.write(data)
