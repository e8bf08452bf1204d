"""A folder in which uploads arrive: which of them are whole, and which were dealt with already."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from creditchain.batch.errors import UploadError, storage
from creditchain.batch.readers.upload import MANIFEST, SUFFIXES
from creditchain.errors import Place


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload as it was seen. After any change it is another arrival."""

    path: Path
    size: int  #: bytes; of a folder, all its files together
    changed: int  #: time of the last change as the file system tells it, nanoseconds; only ever compared
    file: int  #: inode, so that a file that took another's name is another one


class Inbox:
    """Looks at a folder again and again. An upload counts as whole when nobody saw it change for `settle` seconds.

    What was seen counts, on a clock that only runs forward: a file's own date may lie in the past (it was copied with
    its date) or in the future (another machine's clock), and says nothing about whether it is still being written.
    Hidden files, and names that end in `.part` or `.tmp`, are still on their way. Nothing is written here. An upload
    that is taken twice, because this process was started again, does no harm: the journal knows uploads by digest.
    """

    def __init__(self, folder: Path, settle: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises UploadError if there is no such folder."""
        if not folder.is_dir():
            raise UploadError("not a folder to watch", place=Place(str(folder)))
        self.folder, self._settle, self._clock = folder, settle, clock
        self._first_seen: dict[Arrival, float] = {}
        self._dealt_with: set[Arrival] = set()

    def ready(self) -> list[Arrival]:
        """Whole uploads that were not dealt with, the oldest first. Raises StorageError."""
        now, found = self._clock(), self._look()
        self._first_seen = {arrival: self._first_seen.get(arrival, now) for arrival in found}
        self._dealt_with &= set(found)
        waiting = [
            arrival
            for arrival, since in self._first_seen.items()
            if arrival not in self._dealt_with and now - since >= self._settle
        ]
        return sorted(waiting, key=lambda arrival: (arrival.changed, arrival.path.name))

    def unsettled(self) -> bool:
        """Is something there that was not dealt with, and may still be growing? Raises StorageError."""
        return bool(self.undone())

    def undone(self) -> list[Arrival]:
        """What is there and was not dealt with, whole or not. Raises StorageError."""
        return [arrival for arrival in self._look() if arrival not in self._dealt_with]

    def is_unchanged(self, arrival: Arrival) -> bool:
        """Is the upload still there, and still what was seen?"""
        return _arrival(arrival.path) == arrival

    def deal_with(self, arrival: Arrival) -> None:
        """Do not offer this arrival again. If it has changed meanwhile, it is another one, and is offered."""
        self._dealt_with.add(arrival)

    def _look(self) -> list[Arrival]:
        with storage("the folder that is watched"):
            found = [_arrival(path) for path in self.folder.iterdir() if _is_upload(path)]
        return [arrival for arrival in found if arrival is not None]


def _is_upload(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    # A text file may be anybody's note: it is an upload only where somebody says so.
    named = path.suffix.lower() in SUFFIXES.keys() - {".txt"}
    try:
        return named if path.is_file() else (path / MANIFEST).is_file()
    except OSError:
        return named


def _arrival(path: Path) -> Arrival | None:
    """What is there now; None if it has gone. A folder of files changes when any of its entries does.

    What cannot be looked at is there all the same: whoever reads it says what is wrong with it.
    """
    try:
        own = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return Arrival(path, -1, 0, 0)
    seen = [own, *(_inner(path) if path.is_dir() else ())]
    return Arrival(path, sum(each.st_size for each in seen), max(each.st_mtime_ns for each in seen), own.st_ino)


def _inner(folder: Path) -> Iterator[os.stat_result]:
    for path in folder.rglob("*"):
        try:
            yield path.stat()
        except OSError:
            continue  # it has gone, or is a link to nothing
