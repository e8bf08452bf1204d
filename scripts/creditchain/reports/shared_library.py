"""A library that serves many reports, from several threads: what was opened once stays open.

A folder is opened anew once it changed on the disk: documents were purged from it, or it was made again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from creditchain.batch.book.manifest import FILE as BOOK_FILE
from creditchain.batch.book.opened import BookFolder
from creditchain.batch.folder.manifest import FILE as BATCH_FILE
from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.purging import FILE as PURGES_FILE
from creditchain.reports.gathering import VolumeKey, batch_in, book_in, require_places

_Volume = TypeVar("_Volume", bound=BookFolder | BatchFolder)
#: What tells a file from another that stands in its place: number, time, size. None where there is none.
_Mark = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class _Held(Generic[_Volume]):
    volume: _Volume
    files: tuple[str, ...]
    marks: tuple[_Mark, ...]  #: of these files, before the volume was opened


class _Shelf(Generic[_Volume]):
    """Open folders of one kind. Nothing is closed by hand: another thread may still read what was replaced."""

    def __init__(
        self, files: Sequence[str], places: Sequence[Path], find: Callable[[VolumeKey], _Volume | None]
    ) -> None:
        self._files, self._places, self._find = files, places, find
        self._held: dict[VolumeKey, _Held[_Volume]] = {}
        self._lock = threading.Lock()

    def get(self, key: VolumeKey) -> _Volume | None:
        held = self._held.get(key)
        if held is not None and _marks(held.files) == held.marks:
            return held.volume
        with self._lock:
            return self._opened(key)

    def _opened(self, key: VolumeKey) -> _Volume | None:
        require_places(self._places)
        before = {place: _marks(self._paths(place / key[1].hex())) for place in self._places}
        volume = self._find(key)
        if volume is None:
            self._held.pop(key, None)
            return None
        self._held[key] = _Held(volume, self._paths(volume.path), before[volume.path.parent])
        return volume

    def _paths(self, folder: Path) -> tuple[str, ...]:
        return tuple(str(folder / name) for name in self._files)


class SharedLibrary:
    """Folders of books and batches in some places, see `Library`. Safe for several threads."""

    def __init__(self, log_id: bytes, batches: Sequence[Path], books: Sequence[Path]) -> None:
        """`batches`, `books`: folders in which their folders stand; looked at when something is sought."""
        files = BATCH_FILE, PURGES_FILE
        self._batches = _Shelf(files, batches, partial(batch_in, batches, log_id))
        self._books = _Shelf((BOOK_FILE,), books, partial(book_in, books, log_id))

    def book(self, key: VolumeKey) -> BookFolder | None:
        """See `Library.book`. BookError if it is damaged, UnavailableError if a place is not there."""
        return self._books.get(key)

    def batch(self, key: VolumeKey) -> BatchFolder | None:
        """See `Library.batch`. BatchError if it is damaged, UnavailableError if a place is not there."""
        return self._batches.get(key)


def _marks(files: Sequence[str]) -> tuple[_Mark, ...]:
    return tuple(_mark(file) for file in files)


def _mark(file: str) -> _Mark:
    try:
        found = os.stat(file)  # noqa: PTH116 - called for each record: a Path would take longer than the call
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
