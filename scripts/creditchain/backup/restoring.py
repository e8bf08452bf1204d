"""Restores a backup: everything is decrypted, checked and durable in a folder beside the home before it is renamed.

Killed before the last rename, there is no home (or still the old one) and a folder `.<home>.restoring`, which the next
run removes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from creditchain.backup.contents import DEPLOYMENTS, HOME
from creditchain.backup.errors import BackupError, BackupRefusedError, damaged
from creditchain.backup.making import read_manifest
from creditchain.backup.manifest import OBJECTS, BackupManifest, Entry, newest
from creditchain.backup.store import Location, Store, require_backup, store_to_read
from creditchain.backup.vault import KEY_FILE, Vault
from creditchain.batch.progress import Watch, no_watch
from creditchain.errors import Place
from creditchain.home.files import (
    FILE_MODE,
    FOLDER_MODE,
    fsync,
    fsync_path,
    private_folder,
    rename,
    storage,
    write_file,
)
from creditchain.home.keystores import PasswordSource
from creditchain.home.locks import file_lock


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """What to restore, and where to. `force`: set aside a home that exists."""

    url: str
    home: Path
    deployments: Path
    password: PasswordSource
    force: bool = False
    watch: Watch = no_watch  #: told the bytes done and the total


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored or checked. `made_at` in unix seconds; `aside`: where the previous home is now."""

    number: int
    made_at: int
    files: int
    bytes: int
    aside: Path | None = None


def check_backup(request: RestoreRequest) -> Restored:
    """Read a whole backup and compare every digest; nothing is written.

    Raises the errors of `restore_backup` that concern the backup.
    """
    with _opened(request) as backup:
        for entry in backup.manifest.files:
            with open(os.devnull, "wb") as nowhere:  # noqa: PTH123
                backup.extract(entry, nowhere)
        return backup.told()


def restore_backup(request: RestoreRequest) -> Restored:
    """Restore the newest backup of a place.

    Raises:
        BackupRefusedError: a home or a different deployment file exists, and not `force`. PasswordError.
        BackupError: it is incomplete, was tampered with, or is no backup. StorageError, UnavailableError.
    """
    _require_room(request)
    with _opened(request) as backup, _locked(request.home):
        targets = _Targets(request, backup.manifest)
        try:
            targets.begin()
            for entry in backup.manifest.files:
                with storage("the restored home"), targets.create(entry) as handle:
                    backup.extract(entry, handle)
                    handle.flush()
                    fsync(handle.fileno())
            aside = targets.install()
        except BaseException:
            targets.clear()
            raise
        return backup.told(aside)


class _Backup:
    """An opened backup."""

    def __init__(self, store: Store, vault: Vault, manifest: BackupManifest, watch: Watch) -> None:
        self._store, self._vault, self.manifest, self._watch = store, vault, manifest, watch
        self._done = 0

    def extract(self, entry: Entry, sink: BinaryIO) -> None:
        """Decrypt a file into `sink` and compare it with the manifest. Raises BackupError."""
        name = f"{OBJECTS}/{self._vault.object_name(entry.sha256)}.age"
        with storage("a file of the backup"), self._store.read(name) as sealed:
            found = self._vault.open(name, sealed, sink, self._tick)
        if found != (entry.size, entry.sha256):
            raise damaged(name, "a file of the backup is not the one that the manifest names")

    def told(self, aside: Path | None = None) -> Restored:
        """The result."""
        return Restored(
            self.manifest.number, self.manifest.made_at, len(self.manifest.files), self.manifest.clear_bytes, aside
        )

    def _tick(self, count: int) -> None:
        self._done += count
        self._watch("reading the backup", self._done, max(self._done, self.manifest.clear_bytes))


class _Targets:
    """Where the files go: a folder beside the home, which gets the home's name at the end."""

    def __init__(self, request: RestoreRequest, manifest: BackupManifest) -> None:
        self._request, self._manifest = request, manifest
        self._work = _beside(request.home, "restoring")
        self._deployments = request.deployments
        home, deployments = request.home.absolute(), request.deployments.absolute()
        if deployments.is_relative_to(home):
            self._deployments = self._work / HOME / deployments.relative_to(home)

    def begin(self) -> None:
        """Make empty folders for the owner alone."""
        self.clear()
        with storage("the restored home"):
            for folder in (self._work, self._work / HOME, self._work / DEPLOYMENTS):
                folder.mkdir(mode=FOLDER_MODE)

    def clear(self) -> None:
        """Remove what this or an earlier attempt left."""
        with storage("the restored home"):
            if self._work.exists():
                shutil.rmtree(self._work)

    @contextmanager
    def create(self, entry: Entry) -> Iterator[BinaryIO]:
        """A new file for an entry, readable by its owner alone until it gets its mode."""
        path = self._work / PurePosixPath(entry.path)
        private_folder(path.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as handle:
            yield handle
            os.fchmod(handle.fileno(), entry.mode)

    def install(self) -> Path | None:
        """Put everything in its place, the home last. Returns where the previous home went, if there was one."""
        _require_room(self._request)
        with storage("the restored home"):
            self._require_same_deployments()
            for name in self._names():
                self._install_deployment(name)
            for folder, _, _ in os.walk(self._work):
                fsync_path(Path(folder))
            aside = self._set_aside()
            rename(self._work / HOME, self._request.home)
        self.clear()
        return aside

    def _install_deployment(self, name: str) -> None:
        # Copied, not renamed: the folder may be on another disk.
        source, target = self._work / DEPLOYMENTS / name, self._deployments / name
        write_file(target, source.read_bytes(), overwrite=True, mode=source.stat().st_mode & 0o777)

    def _set_aside(self) -> Path | None:
        """Make way for the new home. After a crash here there is no home: run the restore again."""
        home = self._request.home
        if not _occupied(home):
            return None
        aside = next(path for number in range(1, 10_000) if not (path := _numbered(home, number)).exists())
        rename(home, aside)
        return aside

    def _require_same_deployments(self) -> None:
        for name in self._names():
            there, ours = self._deployments / name, self._work / DEPLOYMENTS / name
            if there.exists() and not self._request.force and there.read_bytes() != ours.read_bytes():
                raise BackupRefusedError(
                    "a different deployment file exists", hint="--force replaces it.", place=Place(str(there))
                )

    def _names(self) -> list[str]:
        """The deployment files of the backup."""
        paths = [PurePosixPath(entry.path) for entry in self._manifest.files]
        return [path.name for path in paths if path.parts[0] == DEPLOYMENTS and len(path.parts) == 2]


@contextmanager
def _opened(request: RestoreRequest) -> Iterator[_Backup]:
    place = Location(request.url)
    with store_to_read(place) as store:
        require_backup(store, place, KEY_FILE)
        with storage("the backup"), store.read(KEY_FILE) as handle:
            key_file = handle.read()
        vault = Vault.unlock(key_file, request.password(place.name))
        name = newest(store.names())
        if name is None:
            raise BackupError("there is no finished backup here", place=Place(place.name))
        yield _Backup(store, vault, read_manifest(store, vault, name), request.watch)


def _require_room(request: RestoreRequest) -> None:
    home = request.home
    if _occupied(home) and not request.force:
        raise BackupRefusedError(
            "a home exists already",
            hint="Choose another with --home, or set it aside with --force.",
            place=Place(str(home)),
        )
    if home.is_symlink() or home.is_mount():
        raise BackupRefusedError(
            "the home is a link or a mount point, which cannot be replaced in one step",
            hint="Restore into a folder inside it: --home FOLDER.",
            place=Place(str(home)),
        )


def _occupied(home: Path) -> bool:
    with storage("the home folder"):
        return home.exists() and not (home.is_dir() and not any(home.iterdir()))


def _beside(home: Path, what: str) -> Path:
    home = home.absolute()
    return home.with_name(f".{home.name}.{what}")


def _numbered(home: Path, number: int) -> Path:
    return home.absolute().with_name(f"{home.name}.before-restore-{number}")


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    path = _beside(home, "restoring.lock")
    with file_lock(path, 0, "another process is restoring this home"):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
