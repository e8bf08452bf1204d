"""Makes a backup: adds what is new, then the new manifest, then removes what the manifest no longer names.

Killed before the manifest has its name, the place still holds the previous backup, complete, and the next run uses what
was added. Killed after that, it holds the new one, and the next run removes what is left of the old.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from creditchain.backup.contents import (
    BackupSource,
    batch_of,
    find_sources,
    is_sealing_key,
    journal_and_keys,
    reading,
    remove_leftovers,
)
from creditchain.backup.errors import BackupRefusedError
from creditchain.backup.manifest import OBJECTS, BackupManifest, Entry, newest, parse_manifest
from creditchain.backup.store import STEP, Location, Store, copy_stream, store_to_write
from creditchain.backup.vault import KEY_FILE, Digesting, Vault
from creditchain.batch.progress import Watch, no_watch
from creditchain.errors import InputError, Place, UsageError
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.files import StorageError, storage
from creditchain.home.keystores import PasswordSource
from creditchain.home.layout import Home
from creditchain.home.locks import file_lock
from creditchain.home.whereabouts import home_id, require_file


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """What to back up, and where. `password` opens an existing backup, `new_password` is for a new one."""

    home: Path
    deployments: Path
    url: str
    password: PasswordSource
    new_password: PasswordSource
    database: DatabaseAddress | None = None  #: the journal's, if it is not in the home
    prune: bool = False  #: drop files that the home no longer has
    watch: Watch = no_watch  #: told the bytes done and the total


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup. Sizes are in bytes, before encryption."""

    number: int
    files: int
    bytes: int
    copied_files: int
    copied_bytes: int
    kept_files: int  #: still in the backup, although the home no longer has them


def make_backup(order: BackupOrder) -> Made:
    """Back up a home.

    Raises:
        InputError: there is no home. UsageError: the place lies inside the home.
        BackupRefusedError: the place holds another home's backup, or something else.
        PasswordError, BackupError: the place's backup cannot be opened. StorageError, UnavailableError.
        JournalElsewhereError, JournalError: the journal is in a database, which was not named or cannot be read.
    """
    if not order.home.is_dir() or not any(order.home.iterdir()):
        raise InputError("there is no home to back up", place=Place(str(order.home)))
    if order.database is None:
        require_file(Home(order.home))
    place = Location(order.url)
    if place.inside(order.home) or place.inside(order.deployments):
        raise UsageError(
            "the backup would lie inside the folder that it backs up", hint="Choose a place on another disk."
        )
    with _locked(order.home), store_to_write(place) as store:
        remove_leftovers(order.home)
        vault, last = _open(store, place, order)
        return _Backup(order, store, vault, last).make(home_id(Home(order.home)))


class _Backup:
    """One run."""

    def __init__(self, order: BackupOrder, store: Store, vault: Vault, last: BackupManifest | None) -> None:
        self._order, self._store, self._vault, self._last = order, store, vault, last
        self._known = {entry.path: entry for entry in last.files} if last is not None else {}
        self._there = store.names()
        self._done = self._total = self._copied_files = self._copied_bytes = 0

    def make(self, home: str) -> Made:
        """Copy, then write the manifest, then clean."""
        if self._last is not None and self._last.home != home:
            raise BackupRefusedError(
                "the place holds a backup of another home",
                hint="Choose another place. If this home is new because the old one was lost, restore it first.",
            )
        from_home = Home(self._order.home, self._order.database)
        sources = find_sources(from_home, self._order.deployments)
        self._total = sum(source.size for source in sources)
        entries: dict[str, Entry] = {}
        with journal_and_keys(sources, from_home) as together:
            for source, clear in together:
                entries[source.name] = self._add(source, clear)
        others = [source for source in sources if source.name not in entries and not is_sealing_key(source.name)]
        for batch, group in groupby(others, key=lambda source: source.batch):
            entries |= (self._files if batch is None else self._batch)(list(group))
        kept = {} if self._order.prune else self._vanished(entries)
        number = self._last.number + 1 if self._last is not None else 1
        files = tuple(sorted((entries | kept).values(), key=lambda entry: entry.path))
        manifest = BackupManifest(home, number, int(time.time()), files)
        self._put_manifest(manifest)
        objects = {self._object(entry.sha256) for entry in files}
        self._store.clean({KEY_FILE, manifest.name} | objects)
        return Made(number, len(files), manifest.clear_bytes, self._copied_files, self._copied_bytes, len(kept))

    def _files(self, sources: list[BackupSource]) -> dict[str, Entry]:
        entries = {}
        for source in sources:
            try:
                entries[source.name] = self._copy(source)
            except FileNotFoundError:
                continue  # removed since it was listed
        return entries

    def _batch(self, sources: list[BackupSource]) -> dict[str, Entry]:
        """A batch's files. Large ones are read only if its manifest or its list of purges has changed."""
        folder = self._order.home / (sources[0].batch or "")
        try:
            entries = {source.name: self._copy(source) for source in sources if not source.sealed}
            same = all(self._known.get(name) == entry for name, entry in entries.items())
            for source in (source for source in sources if source.sealed):
                known = self._known.get(source.name)
                if same and known is not None and known.size == source.size:
                    self._tick(source.size)
                    entries[source.name] = known
                else:
                    entries[source.name] = self._copy(source)
        except FileNotFoundError as error:
            if not folder.exists():
                return {}  # a batch that was never anchored was dropped meanwhile
            raise StorageError("a batch folder is incomplete", place=Place(str(folder))) from error
        return entries

    def _copy(self, source: BackupSource) -> Entry:
        with _reading_errors(source), reading(source, self._order.home) as clear:
            return self._add(source, clear)

    def _add(self, source: BackupSource, clear: BinaryIO) -> Entry:
        """Encrypt a file's content into the place, unless the place has it already."""
        reader = Digesting(clear.read, lambda _: None)
        while reader.read(STEP):
            pass
        entry = Entry(source.name, reader.size, reader.hexdigest, source.mode)
        if (name := self._object(entry.sha256)) in self._there:
            self._tick(source.size)
            return entry
        clear.seek(0)

        def fill(sink: BinaryIO) -> None:
            found = self._vault.seal(clear, sink, self._tick)
            if found != (entry.size, entry.sha256):
                raise StorageError(
                    "a file changed while it was copied", hint="Run it again.", place=Place(str(source.path))
                )

        self._store.put(name, fill)
        self._there.add(name)
        self._copied_files += 1
        self._copied_bytes += entry.size
        return entry

    def _vanished(self, entries: dict[str, Entry]) -> dict[str, Entry]:
        """Files of the last backup that the home no longer has, except files of batches that it has.

        Never a key of a secret: it was destroyed on purpose, with its batch final.
        """
        batches = {batch_of(path) for path in entries} - {None}
        return {
            path: entry
            for path, entry in self._known.items()
            if path not in entries and batch_of(path) not in batches and not is_sealing_key(path)
        }

    def _put_manifest(self, manifest: BackupManifest) -> None:
        content = self._vault.sign(manifest.to_bytes())

        def fill(sink: BinaryIO) -> None:
            self._vault.seal(io.BytesIO(content), sink)

        self._store.put(manifest.name, fill)

    def _object(self, sha256: str) -> str:
        return f"{OBJECTS}/{self._vault.object_name(sha256)}.age"

    def _tick(self, count: int) -> None:
        self._done += count
        self._order.watch("backing up", self._done, max(self._done, self._total))


def read_manifest(store: Store, vault: Vault, name: str) -> BackupManifest:
    """The manifest of this name. Raises BackupError."""
    clear = io.BytesIO()
    with storage("the backup"), store.read(name) as sealed:
        vault.open(name, sealed, clear)
    return parse_manifest(name, vault.signed(name, clear.getvalue()))


def _open(store: Store, place: Location, order: BackupOrder) -> tuple[Vault, BackupManifest | None]:
    """The place's vault and newest manifest; a new vault if the place is empty."""
    names = store.names()
    if KEY_FILE in names:
        with storage("the backup"), store.read(KEY_FILE) as handle:
            vault = Vault.unlock(handle.read(), order.password(place.name))
        name = newest(names)
        return vault, read_manifest(store, vault, name) if name is not None else None
    if names:
        raise BackupRefusedError("the place holds something else", expected="an empty folder, or a backup")
    vault, key_file = Vault.create(order.new_password(place.name))
    store.put(KEY_FILE, lambda sink: copy_stream(io.BytesIO(key_file), sink))
    return vault, None


def _locked(home: Path) -> AbstractContextManager[None]:
    return file_lock(Home(home).locks / "backup", 0, "another process is backing up this home")


@contextmanager
def _reading_errors(source: BackupSource) -> Iterator[None]:
    """Like `storage`, but lets FileNotFoundError through."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        with storage(source.name):
            raise error
