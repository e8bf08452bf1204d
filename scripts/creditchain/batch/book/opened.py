"""A book's folder opened for proofs. All files are memory-mapped; only what a proof needs is read."""

from __future__ import annotations

import mmap
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Self, overload

from creditchain.batch.book.manifest import BookError, BookManifest, read_manifest
from creditchain.batch.book.rows import LEAVES, LEVELS, PartRows, open_part, part_name
from creditchain.batch.folder.tree_file import FileTree, TreeFileError
from creditchain.errors import Place
from creditchain.home.files import storage
from creditchain.merkle import Leaf, RangeProof, Sections, Tree, find_range, prove_range, tree_root
from creditchain.merkle.rows import KEY_BYTES


class BookLeaves(Sequence[Leaf]):
    """The leaves of a book in the order of the tree, read from the mapped files as they are asked for."""

    def __init__(self, folder: Path, sizes: Sequence[int]) -> None:
        self._folder, self._ends = folder, list(accumulate(sizes))
        self._maps: dict[int, mmap.mmap] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Leaf: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Leaf]: ...
    def __getitem__(self, index: int | slice) -> Leaf | Sequence[Leaf]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        part, at = self.place(index if index >= 0 else index + len(self))
        key = self._part(part)[at * KEY_BYTES : (at + 1) * KEY_BYTES]
        return Leaf(key[:32], key[32], int.from_bytes(key[33:37], "big"), key[37:])

    def __iter__(self) -> Iterator[Leaf]:
        return (self[index] for index in range(len(self)))

    def place(self, index: int) -> tuple[int, int]:
        """The part that holds a leaf, and its row there. IndexError outside the book."""
        if not 0 <= index < len(self):
            raise IndexError(f"no leaf {index}")
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)

    def _part(self, number: int) -> mmap.mmap:
        if number not in self._maps:
            name = f"{LEAVES}/{part_name(number)}"
            with storage(name), (self._folder / name).open("rb") as file:
                self._maps[number] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[number]


class BookFolder:
    """One book. Close it (or use it as a context) when done."""

    def __init__(self, path: Path, manifest: BookManifest) -> None:
        self.path, self.manifest = path, manifest
        sizes = [part.rows for part in manifest.parts]
        self.leaves = BookLeaves(path, sizes)
        self.parts: tuple[PartRows, ...] = tuple(open_part(path, number, rows) for number, rows in enumerate(sizes))
        self._levels = open_levels(path, manifest.size)

    @property
    def tree(self) -> Tree:
        """The book's tree."""
        return self._levels

    @property
    def levels(self) -> FileTree:
        """The file of its tree."""
        return self._levels

    def find(self, tag: bytes, sections: Sections = None) -> range:
        """Indices of the leaves of a subject tag (32 bytes), of some sections or of all; empty where there are none."""
        return find_range(self.leaves, tag, sections)

    def prove(self, tag: bytes, sections: Sections = None) -> RangeProof:
        """The range proof of a subject tag, of some sections or of all."""
        return prove_range(self._levels, self.leaves, tag, sections)

    def origin(self, index: int) -> int:
        """The number of the batch that holds this leaf. IndexError outside the book."""
        part, at = self.leaves.place(index)
        return int(self.parts[part].origins[at])

    def close(self) -> None:
        """Close the files; what was read from them stays valid."""
        del self._levels, self.parts, self.leaves

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_levels(path: Path, size: int) -> FileTree:
    """The tree of a book, mapped. Raises BookError for a wrong length, StorageError."""
    try:
        with storage(LEVELS):
            return FileTree(path / LEVELS, size)
    except TreeFileError as error:
        raise BookError(error.message, expected=error.expected, found=error.found, place=Place(LEVELS)) from error


def open_book(path: Path) -> BookFolder:
    """Open a book. Raises StorageError if it is not there, BookError if name, manifest and tree disagree."""
    manifest = read_manifest(path)
    if path.name != manifest.root.hex():
        raise BookError(
            "the name of the folder is not the root of its book", expected=manifest.root.hex(), found=path.name
        )
    book = BookFolder(path, manifest)
    if tree_root(book.tree) != manifest.root:
        expected = "0x" + manifest.root.hex()
        raise BookError("the root of the tree is not the root of the book", expected=expected, place=Place(LEVELS))
    return book
