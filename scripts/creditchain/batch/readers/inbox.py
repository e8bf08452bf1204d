"""A folder in which uploads arrive: which of them are complete, and which were handled already."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from creditchain.batch.errors import UploadError, storage
from creditchain.batch.readers.upload import MANIFEST, SUFFIXES
from creditchain.errors import Place


@dataclass(frozen=True, slots=True)
class Arrival:
    """An upload in the state in which it was seen; a changed upload is another arrival."""

    path: Path
    size: int
    changed: int  #: time of the last change, nanoseconds


class Inbox:
    """Watch a folder. A file counts as complete when it has not changed for `settle` seconds.

    Hidden files, and names that end in `.part` or `.tmp`, are still on their way. Nothing is written and nothing moved.
    What is taken twice because this process was started again does no harm: the journal knows uploads by their digest.
    """

    def __init__(self, folder: Path, settle: float, clock: Callable[[], float] = time.time) -> None:
        """Raises UploadError if there is no such folder."""
        if not folder.is_dir():
            raise UploadError("not a folder to watch", place=Place(str(folder)))
        self._folder, self._settle, self._clock = folder, settle, clock
        self._dealt_with: set[Arrival] = set()

    def ready(self) -> list[Arrival]:
        """Complete uploads that were not handled yet, oldest first. Raises StorageError."""
        with storage("the folder that is watched"):
            found = [_arrival(path) for path in self._folder.iterdir() if _is_upload(path)]
        limit = (self._clock() - self._settle) * 1e9
        waiting = [arrival for arrival in found if arrival not in self._dealt_with and arrival.changed <= limit]
        return sorted(waiting, key=lambda arrival: (arrival.changed, arrival.path.name))

    def unsettled(self) -> bool:
        """Whether some upload was not handled yet and may still be growing."""
        with storage("the folder that is watched"):
            return any(_arrival(path) not in self._dealt_with for path in self._folder.iterdir() if _is_upload(path))

    def deal_with(self, arrival: Arrival) -> None:
        """Do not offer this arrival again."""
        self._dealt_with.add(arrival)


def _is_upload(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    # A text file may be anybody's note: it is an upload only where somebody says so.
    return path.suffix.lower() in SUFFIXES.keys() - {".txt"} if path.is_file() else (path / MANIFEST).is_file()


def _arrival(path: Path) -> Arrival:
    """A folder of files changes when its manifest or any of its entries does."""
    seen = [path.stat()] if path.is_file() else [each.stat() for each in (path, *path.rglob("*"))]
    return Arrival(path, sum(each.st_size for each in seen), max(each.st_mtime_ns for each in seen))
