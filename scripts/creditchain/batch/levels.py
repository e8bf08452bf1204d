"""The tree of a batch as one file: its levels one after the other, leaf hashes first, 32 bytes a node, no header.

The size of the batch (in the manifest) tells where each level begins. The file is mapped, not read: a proof touches as
many pages as the tree has levels.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.parts import fsync
from creditchain.errors import Place
from creditchain.merkle import lanes
from creditchain.merkle.tree import level_width

#: Bytes of a node.
NODE_BYTES = 32
#: Nodes that are read at a time while a level is built; even.
_STEP = 1 << 19


def level_starts(size: int) -> list[int]:
    """Byte offset of each level in the file, and last the file's length."""
    starts = [0]
    level = 0
    while True:
        width = level_width(size, level)
        starts.append(starts[-1] + width * NODE_BYTES)
        if width == 1:
            return starts
        level += 1


def build_levels(path: Path, size: int, *, threads: int = 0) -> bytes:
    """Add the upper levels to a file of `size` leaf hashes (at least one); returns the root. Raises StorageError."""
    starts = level_starts(size)
    with storage(path.name), path.open("r+b") as handle:
        for level in range(len(starts) - 2):
            _build_level(handle, starts[level], starts[level + 1], threads)
        handle.flush()
        fsync(handle.fileno())
        handle.seek(starts[-2])
        return handle.read(NODE_BYTES)


def _build_level(handle: BinaryIO, start: int, end: int, threads: int) -> None:
    """Write the level above the one that stands in bytes `start` to `end`, at `end`."""
    target = end
    for at in range(start, end, _STEP * NODE_BYTES):
        handle.seek(at)
        below = np.frombuffer(handle.read(min(_STEP * NODE_BYTES, end - at)), dtype=np.uint8).reshape(-1, NODE_BYTES)
        above = lanes.node_level(below, threads=threads)
        handle.seek(target)
        handle.write(above.data)
        target += above.nbytes


class LevelFile:
    """The tree in a levels file, mapped. A `merkle.Tree`."""

    def __init__(self, path: Path, size: int) -> None:
        """Map the file. Raises BatchError if its length is not that of a tree of `size` leaves, StorageError."""
        self._size = size
        self._starts = level_starts(size)
        with storage(path.name), path.open("rb") as handle:
            self._map = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._map) != self._starts[-1]:
            found = len(self._map)
            self._map.close()
            raise BatchError(
                "the tree's file has a wrong length",
                expected=f"{self._starts[-1]} bytes",
                found=f"{found} bytes",
                place=Place(path.name),
            )

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    @property
    def levels(self) -> int:
        """Number of levels; the last holds the root alone."""
        return len(self._starts) - 1

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. IndexError outside the tree."""
        if level < 0 or index < 0:
            raise IndexError(f"no node {index} in level {level}")
        at = self._starts[level] + index * NODE_BYTES
        if level >= self.levels or at >= self._starts[level + 1]:
            raise IndexError(f"no node {index} in level {level}")
        return self._map[at : at + NODE_BYTES]

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()

    def __enter__(self) -> LevelFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
