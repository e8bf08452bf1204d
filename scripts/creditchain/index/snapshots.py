"""State trees on disk: all cells as of a size of the log, and the nodes of their tree, mapped when they are used.

    state/SIZE/cells.bin       keys (32 bytes each), ascending, then their words
    state/SIZE/levels.bin      the tree, level by level from the leaf hashes to the root
    state/SIZE/manifest.json   number of cells, root, and the sha256 of both files

They save computing the state from the first entry on. Each is written beside its place and renamed when it is durable.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from creditchain.batch.folder.tree_file import FileTree, TreeFileError, level_widths
from creditchain.home.files import (
    LEAVING,
    StorageError,
    new_file,
    private_folder,
    remove_folder,
    rename,
    storage,
    write_file,
)
from creditchain.index.errors import IndexDamagedError
from creditchain.log.cell_columns import CellColumns
from creditchain.log.state_tree import StateTree
from creditchain.merkle.rows import Rows

FORMAT: Final = "creditchain/state-snapshot@1"
#: How many are kept: the newest.
KEPT: Final = 3
_CELL = 64
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class SnapshotManifest:
    """What a snapshot is: state as of `size` entries, number and root (hex) of its cells, sha256 (hex) of its files."""

    size: int
    count: int
    root: str
    cells: str
    levels: str

    def to_bytes(self) -> bytes:
        """The file's content."""
        whole = {"format": FORMAT, **asdict(self)}
        digest = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
        return (json.dumps(whole | {"manifest": digest}, indent=1) + "\n").encode()


class Snapshots:
    """The snapshots of one index."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "state"

    def sizes(self) -> list[int]:
        """The sizes of the log as of which there are snapshots, ascending."""
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(int(path.name) for path in found if path.name.isdecimal())

    def nearest(self, size: int, *, whole: bool) -> tuple[int, StateTree] | None:
        """The newest state as of `size` or before, and its size; None if there is none.

        With `whole`, all of it is read and compared with its digests. Otherwise only the root is looked at: proofs that
        are made from it have to be checked. Raises IndexDamagedError, StorageError.
        """
        for one in reversed(self.sizes()):
            if one <= size and (tree := self._unless_removed(one, whole=whole)) is not None:
                return one, tree
        return None

    def _unless_removed(self, size: int, *, whole: bool) -> StateTree | None:
        """As `_read`; None if another process removed it meanwhile, for a newer one."""
        while (seen := _identity(self._folder / str(size))) is not None:
            try:
                return self._read(size, whole=whole)
            except (IndexDamagedError, StorageError):
                # Removed and made anew meanwhile, it is read again: what is wrong was not in the one that is there.
                if _identity(self._folder / str(size)) == seen:
                    raise
        return None

    def _read(self, size: int, *, whole: bool) -> StateTree:
        folder = self._folder / str(size)
        manifest = _manifest(folder)
        for name, digest in (("cells.bin", manifest.cells), ("levels.bin", manifest.levels)) if whole else ():
            if _sha256(folder / name) != digest:
                raise IndexDamagedError("a file of a state has changed", file=str(folder / name))
        cells = _cells(folder / "cells.bin", manifest.count)
        try:
            with storage("the state of the index"):
                tree = FileTree(_there(folder / "levels.bin"), manifest.count)
        except TreeFileError as error:
            raise IndexDamagedError(error.message, expected=error.expected, found=error.found) from None
        levels = [tree.rows(level) for level in range(len(level_widths(manifest.count)))]
        made = StateTree.of_levels(cells, levels)
        if manifest.size != size or "0x" + made.root.hex() != manifest.root:
            raise IndexDamagedError("a state has another root than it says", expected=manifest.root, file=str(folder))
        return made

    def write(self, size: int, tree: StateTree) -> None:
        """Keep the state as of this size. The caller holds the lock of the index. Raises StorageError."""
        work, place = self._folder / f".making-{size}", self._folder / str(size)
        if not tree.size or place.exists():
            return
        with storage("the state of the index"):
            for left in (*self._folder.glob(".making-*"), *self._folder.glob(f"{LEAVING}*")):
                shutil.rmtree(left)
            private_folder(work)
            cells = _written(work / "cells.bin", (tree.cells.keys, tree.cells.words))
            levels = _written(work / "levels.bin", tree.levels)
            manifest = SnapshotManifest(size, tree.size, "0x" + tree.root.hex(), cells, levels)
            write_file(work / "manifest.json", manifest.to_bytes())
            rename(work, place)
            for old in self.sizes()[:-KEPT]:
                if old != size:
                    remove_folder(self._folder / str(old))


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of the same name; None if there is none. Raises StorageError."""
    with storage("the state of the index"):
        try:
            found = folder.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns


def _manifest(folder: Path) -> SnapshotManifest:
    path = folder / "manifest.json"
    with storage("the state of the index"):
        raw = path.read_bytes() if path.exists() else b""
    try:
        whole: dict[str, Any] = json.loads(raw)
        manifest = SnapshotManifest(**{name: whole[name] for name in SnapshotManifest.__slots__})
    except (ValueError, TypeError, KeyError, RecursionError):
        raise IndexDamagedError("a state's manifest cannot be read", expected=FORMAT, file=str(path)) from None
    if manifest.to_bytes() != raw:
        raise IndexDamagedError("a state's manifest has changed since it was written", file=str(path))
    return manifest


def _cells(path: Path, count: int) -> CellColumns:
    with storage("the state of the index"), _there(path).open("rb") as file:
        found = path.stat().st_size
        if found != count * _CELL:
            raise IndexDamagedError(
                "a file of a state has a wrong length", expected=str(count * _CELL), found=str(found), file=str(path)
            )
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    rows = np.frombuffer(mapped, np.uint8).reshape(2 * count, 32)
    return CellColumns(rows[:count], rows[count:])


def _there(path: Path) -> Path:
    if not path.exists():
        raise IndexDamagedError("a file of a state is missing", file=str(path))
    return path


def _sha256(path: Path) -> str:
    with storage("the state of the index"), _there(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _written(path: Path, parts: Iterable[Rows]) -> str:
    """Write rows; the sha256 of the file, in hex."""
    digest = hashlib.sha256()
    with new_file(path) as file:
        for rows in parts:
            for start in range(0, len(rows), _CHUNK):
                raw = np.ascontiguousarray(rows[start : start + _CHUNK]).data
                digest.update(raw)
                file.write(raw)
    return digest.hexdigest()
