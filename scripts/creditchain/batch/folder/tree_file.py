"""The tree as a file: all levels, leaf hashes first, as consecutive rows of 32 bytes, and nothing else.

A tree of n leaves takes 64 bytes a leaf, at most 64 rows more. A node is found by its place alone, so a proof reads
one row a level, whatever the size of the tree.
"""

from __future__ import annotations

import mmap
import os
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from creditchain.errors import InputError, Place
from creditchain.merkle import lanes
from creditchain.merkle.hashing import EMPTY_ROOT
from creditchain.merkle.rows import Rows, check_rows
from creditchain.merkle.tree import level_width

ROW = 32  #: bytes a node takes
CHECK_ROWS = 1 << 20  #: nodes compared at a time by `first_wrong_node`


class TreeFileError(InputError):
    """The length of a tree file does not fit the size of its tree."""


def level_widths(size: int) -> list[int]:
    """Number of nodes in each level of a tree of `size` leaves, from the leaves to the root; [] for the empty tree."""
    return [level_width(size, level) for level in range((size - 1).bit_length() + 1)] if size else []


class TreeWriter:
    """Write the file of a tree whose leaf hashes come in order, piece by piece, in memory for one piece only.

    Every level has its place from the start, so each node is written once, as soon as it is known. The disk space is
    taken at the start, where the system can. Leaving the `with` block without `finish` removes the file.
    """

    def __init__(self, path: Path, size: int, *, threads: int = 0, durable: bool = True) -> None:
        """`size`: leaves to come; `threads`: for hashing, 0 for all cores. Raises OSError if there is no room.

        Not `durable`: the caller sees to it that the disk has everything.
        """
        self._path = path
        self._threads = threads
        self._durable = durable
        self._widths = level_widths(size)
        self._places = list(accumulate((width * ROW for width in self._widths), initial=0))
        self._made = [0] * len(self._widths)
        self._lonely: list[Rows] = [np.empty((0, ROW), np.uint8) for _ in self._widths]
        self._finished = False
        self._file = path.open("xb", buffering=0)
        try:
            if size and hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, self._places[-1])
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._finished:
            self._discard()

    def append(self, leaf_hashes: Rows) -> None:
        """Append leaf hashes (n, 32). Raises ValueError if there are more than were announced."""
        check_rows(leaf_hashes, ROW)
        rows = leaf_hashes
        for level in range(len(self._widths)):
            self._write(level, rows)
            waiting = np.concatenate([self._lonely[level], rows]) if len(self._lonely[level]) else rows
            paired = len(waiting) - len(waiting) % 2
            self._lonely[level] = waiting[paired:].copy()
            rows = lanes.node_level(waiting[:paired], threads=self._threads)
            if not len(rows):
                return

    def finish(self) -> bytes:
        """Move last nodes without a sibling up, close the file (durably if asked for), and return the root, 32 bytes.

        ValueError when fewer leaf hashes came than were announced.
        """
        if self._made[:1] != self._widths[:1]:
            raise ValueError(f"{self._made[0]} leaf hashes of {self._widths[0]} announced")
        moving = np.empty((0, ROW), np.uint8)
        for level, lonely in enumerate(self._lonely):
            self._write(level, moving)
            moving = lanes.node_level(np.concatenate([lonely, moving]))
        if self._durable:
            os.fsync(self._file.fileno())
        self._file.close()
        self._finished = True
        return moving.tobytes() or EMPTY_ROOT

    def _write(self, level: int, rows: Rows) -> None:
        if self._made[level] + len(rows) > self._widths[level]:
            raise ValueError("more leaf hashes than announced")
        self._file.seek(self._places[level] + ROW * self._made[level])
        left = memoryview(np.ascontiguousarray(rows).reshape(-1).data)
        while left:
            left = left[self._file.write(left) or 0 :]
        self._made[level] += len(rows)

    def _discard(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


class FileTree:
    """A `Tree` whose nodes are read from a memory-mapped file."""

    def __init__(self, path: Path, size: int) -> None:
        """`size`: number of leaves. Raises OSError if the file cannot be read, TreeFileError for a wrong length."""
        self._size = size
        self._widths = level_widths(size)
        self._places = list(accumulate((width * ROW for width in self._widths), initial=0))
        with path.open("rb") as file:
            length = os.fstat(file.fileno()).st_size
            if length != self._places[-1]:
                raise TreeFileError(
                    "a tree file of the wrong length",
                    expected=f"{self._places[-1]} bytes for {size} leaves",
                    found=f"{length} bytes",
                    hint="Build the batch again, or restore its folder from a copy.",
                    place=Place(file=str(path)),
                )
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._size

    def node(self, level: int, index: int) -> bytes:
        """Node `index` of `level`, 32 bytes. Raises IndexError outside the tree."""
        if not (0 <= level < len(self._widths) and 0 <= index < self._widths[level]):
            raise IndexError(f"no node {index} in level {level}")
        place = self._places[level] + ROW * index
        return self._bytes[place : place + ROW]

    def rows(self, level: int) -> Rows:
        """A whole level (width, 32), read-only; pages are read from the file on use."""
        if not 0 <= level < len(self._widths):
            raise IndexError(f"no level {level}")
        width = self._widths[level]
        return np.frombuffer(self._bytes, np.uint8, width * ROW, self._places[level]).reshape(width, ROW)


def first_wrong_node(tree: FileTree, *, threads: int = 0) -> tuple[int, int] | None:
    """(level, index) of the first inner node that is not the hash of its children; None if all are right."""
    for level in range(1, len(level_widths(tree.size))):
        below, rows = tree.rows(level - 1), tree.rows(level)
        for start in range(0, len(rows), CHECK_ROWS):
            stop = min(start + CHECK_ROWS, len(rows))
            made = lanes.node_level(below[2 * start : 2 * stop], threads=threads)
            wrong = np.flatnonzero((made != rows[start:stop]).any(axis=1))
            if len(wrong):
                return level, start + int(wrong[0])
    return None
