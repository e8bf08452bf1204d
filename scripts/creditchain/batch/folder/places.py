"""Folders in which publishers put lists of leaves, batch folders and books for auditors: what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creditchain.home.files import storage

#: How a list of leaves in a place is named; best with its root before that, since it is then read once only.
LIST_SUFFIX: Final = ".leaves"
#: How deep folders are looked into.
_DEPTH: Final = 3
_ROOT_DIGITS: Final = 64


@dataclass(frozen=True, slots=True)
class PlacedList:
    """A list of leaves, or a batch folder, as it was seen. After any change it is another one."""

    path: Path
    size: int  #: bytes
    changed: int  #: time of its last change, nanoseconds; only ever compared

    @property
    def named_root(self) -> str | None:
        """The root that its name says, in hex; None if it says none."""
        name = (self.path.name if self.path.is_dir() else self.path.stem).removeprefix("0x")
        is_root = len(name) == _ROOT_DIGITS and set(name) <= set("0123456789abcdef")
        return name if is_root else None


def lists_in(places: list[Path]) -> list[PlacedList]:
    """The lists of leaves and the batch folders in these places, ordered by path. Raises StorageError."""
    with storage("a place with lists of leaves"):
        found = [one for place in places for path in _walk(place, _DEPTH) if (one := _placed(path)) is not None]
        return sorted(found, key=lambda one: str(one.path))


def book_in(places: list[Path], root: bytes) -> Path | None:
    """The folder of the book with this root (32 bytes); None if no place has it. Raises StorageError."""
    with storage("a place with books"):
        folders = (path for place in places for path in _walk(place, _DEPTH))
        return next((path for path in folders if path.name == root.hex() and _is_book(path)), None)


def _walk(place: Path, depth: int) -> Iterator[Path]:
    for path in place.iterdir():
        if path.name.startswith("."):
            continue
        yield path
        if depth > 1 and path.is_dir() and not (path / "manifest.json").exists():
            yield from _walk(path, depth - 1)


def _placed(path: Path) -> PlacedList | None:
    is_batch = path.is_dir() and (path / "manifest.json").is_file() and not _is_book(path)
    if not is_batch and not (path.suffix == LIST_SUFFIX and path.is_file()):
        return None
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None  # it has gone meanwhile
    return PlacedList(path, stat.st_size, stat.st_mtime_ns)


def _is_book(path: Path) -> bool:
    return (path / "origins").is_dir()
