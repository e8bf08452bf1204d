"""Stores a backup in a folder of any fsspec store, or in one zip file there. Files appear complete or not at all."""

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
#: Bytes that are read and written at a time.
STEP = 1 << 20


class Store(Protocol):
    """Named files. Names are relative paths with `/`."""

    def names(self) -> set[str]:
        """All names, except files that an interrupted writer left."""

    def read(self, name: str) -> Any:
        """A context with the file, open for sequential reading. Raises BackupError if it is missing."""

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Write a file, whose content `fill` writes. It appears, durably, when this returns, and not before."""

    def clean(self, keep: set[str]) -> None:
        """Remove every file except these, including what interrupted writers left."""


class Location:
    """A parsed URL. `name` is the URL without its query, which may hold a credential."""

    def __init__(self, url: str) -> None:
        """Raises UsageError if no installed library knows the URL's scheme."""
        self.name = url.split("?", 1)[0]
        try:
            self.files, path = url_to_fs(url)
        except (ValueError, ImportError) as error:
            hint = 'Install it; for s3:// it comes with `pip install "creditchain[s3]"`.'
            raise UsageError("no installed library can reach this place", found=str(error), hint=hint) from error
        self.path = str(path).rstrip("/")
        self.local = isinstance(self.files, LocalFileSystem)
        self.is_archive = self.path.endswith(ARCHIVE)

    def inside(self, folder: Path) -> bool:
        """Is this a folder of this machine, or anything inside it?"""
        return self.local and Path(self.path).resolve().is_relative_to(folder.resolve())


@contextmanager
def store_to_write(place: Location) -> Iterator[Store]:
    """The store at a place. An archive appears when the context ends well. Raises BackupRefusedError, StorageError."""
    if not place.is_archive:
        yield FolderStore(place)
        return
    with storage("the backup"):
        if place.files.exists(place.path):
            raise BackupRefusedError(
                "the file exists already; archives are never overwritten",
                hint="Choose another name, or a folder, into which goes only what is new.",
                place=Place(place.name),
            )
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
    """The store at a place. Raises StorageError if it is missing, BackupError for a file that is no archive."""
    if not place.is_archive:
        yield FolderStore(place)
        return
    with storage("the backup"), place.files.open(place.path, "rb") as handle:
        try:
            archive = zipfile.ZipFile(handle)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise damaged(place.name, "the archive is incomplete, or this is no archive") from error
        with archive:
            yield ArchiveStore(archive)


class FolderStore:
    """Files in a folder of an fsspec store."""

    def __init__(self, place: Location) -> None:
        self._place, self._files = place, place.files

    def names(self) -> set[str]:
        """All names, except files that an interrupted writer left."""
        return {name for name in self._all() if not name.endswith(PART)}

    @contextmanager
    def read(self, name: str) -> Iterator[BinaryIO]:
        """The file, open for reading. Raises BackupError if it is missing, StorageError."""
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
        """Remove every file except these, including what interrupted writers left."""
        with storage("the backup"):
            for name in sorted(self._all() - keep):
                self._files.rm_file(self._path(name))

    def _all(self) -> set[str]:
        with storage("the backup"):
            self._files.invalidate_cache()
            if not self._files.exists(self._place.path):
                return set()
            # Stores spell absolute paths in their own ways; only what follows the folder's path is ours.
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
        """The file, open for reading. Raises BackupError if it is missing or the archive is damaged."""
        try:
            with self._archive.open(name) as handle:
                yield handle  # type: ignore[misc]
        except KeyError as error:
            raise damaged(name, "a file of the backup is missing") from error
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError) as error:
            raise damaged(name) from error

    def put(self, name: str, fill: Callable[[BinaryIO], None]) -> None:
        """Append a file; the archive as a whole appears at the end."""
        # Without a time of day: zip files know none before 1980, and a machine's clock may be wrong.
        entry = zipfile.ZipInfo(name)
        with storage("the backup"), self._archive.open(entry, "w", force_zip64=True) as handle:
            fill(handle)  # type: ignore[arg-type]

    def clean(self, keep: set[str]) -> None:
        """Does nothing: an archive is written once."""


def require_backup(store: Store, place: Location, key_file: str) -> None:
    """Raises BackupError if there is no backup at all."""
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
    """Make a local file durable; other stores do so when the file is closed."""
    handle.flush()
    try:
        number = handle.fileno()
    except (OSError, AttributeError):
        return
    fsync(number)


def copy_stream(source: BinaryIO, sink: BinaryIO) -> None:
    """Copy the rest of `source` to `sink`."""
    while data := source.read(STEP):
        sink.write(data)
