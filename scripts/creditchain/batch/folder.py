"""A batch folder, opened for proofs: everything is mapped, nothing is read that a proof does not need."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import pyarrow as pa

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.manifest import Manifest, read_manifest
from creditchain.batch.parts import DOCUMENT_ROWS, LEAF_ROWS
from creditchain.batch.purging import read_purges
from creditchain.batch.records import DOCUMENTS, LEAVES
from creditchain.batch.work import part_name
from creditchain.errors import Place
from creditchain.merkle import Leaf, Tree, tree_root
from creditchain.merkle.files import FileTree, TreeFileError

LEVELS = "levels.bin"


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document with what its commitment is made of, and its leaf."""

    leaf: Leaf
    domain: int
    media_type: str
    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)


class PartTable:
    """Rows that stand in several mapped Arrow files, one after the other, each of record batches of `rows` rows."""

    def __init__(self, folder: Path, schema: pa.Schema, sizes: Sequence[int], rows: int) -> None:
        self._folder, self._schema, self._rows = folder, schema, rows
        self._ends = list(accumulate(sizes))
        self._readers: dict[int, Any] = {}
        self._batches: dict[tuple[int, int], pa.RecordBatch] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def row(self, index: int) -> tuple[Any, ...]:
        """The values of one row. IndexError outside the table; BatchError for a file that is not what it should be."""
        if not 0 <= index < len(self):
            raise IndexError(f"no row {index}")
        part = bisect_right(self._ends, index)
        within = index - (self._ends[part - 1] if part else 0)
        try:
            batch = self._batch(part, within // self._rows)
            return tuple(column[within % self._rows].as_py() for column in batch.columns)
        except (pa.ArrowException, IndexError) as error:
            raise self._damaged(part) from error

    def _batch(self, part: int, number: int) -> pa.RecordBatch:
        found = self._batches.get((part, number))
        if found is None:
            if len(self._batches) >= 4096:
                self._batches.clear()
            found = self._batches[part, number] = self._reader(part).get_batch(number)
        return found

    def _reader(self, part: int) -> Any:
        if part not in self._readers:
            path = self._folder / part_name(part)
            with storage(f"{self._folder.name}/{path.name}"):
                reader = pa.ipc.open_file(pa.memory_map(str(path)))
            if reader.schema != self._schema:
                raise self._damaged(part)
            self._readers[part] = reader
        return self._readers[part]

    def _damaged(self, part: int) -> BatchError:
        return BatchError(
            "a file of the batch is damaged",
            hint="`creditchain batch check` says more.",
            place=Place(f"{self._folder.name}/{part_name(part)}"),
        )


class Leaves(Sequence[Leaf]):
    """The leaves of a batch in the order of the tree, read from the mapped files as they are asked for."""

    def __init__(self, table: PartTable) -> None:
        self._table = table

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> Leaf: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Leaf]: ...
    def __getitem__(self, index: int | slice) -> Leaf | Sequence[Leaf]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        tag, section, commitment, _ = self._table.row(index if index >= 0 else index + len(self))
        return Leaf(tag, section, commitment)

    def __iter__(self) -> Iterator[Leaf]:
        return (self[index] for index in range(len(self)))

    def domain(self, index: int) -> int:
        """The domain's bit number of one leaf's document."""
        domain: int = self._table.row(index)[3]
        return domain


class BatchFolder:
    """One batch. `leaves` and `tree` are mapped; close it (or use it as a context) when done."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        sizes = [part.rows for part in manifest.parts]
        self.leaves = Leaves(PartTable(path / "leaves", LEAVES, sizes, LEAF_ROWS))
        self._documents = PartTable(path / "documents", DOCUMENTS, sizes, DOCUMENT_ROWS)
        self.purged = read_purges(path).indices
        self._levels = open_tree(path / LEVELS, manifest.size)

    @property
    def tree(self) -> Tree:
        """The batch's tree."""
        return self._levels

    def find(self, tag: bytes, section: int | None = None) -> range:
        """Indices of the leaves of a subject tag (32 bytes), of one section or of all; empty where there are none."""
        low = Leaf(tag, 0 if section is None else section, b"")
        high = Leaf(tag, 256 if section is None else section + 1, b"")
        return range(self._place(low), self._place(high))

    def document(self, index: int) -> StoredDocument:
        """The document at `index`. Raises BatchError where it was purged or the file is damaged."""
        leaf = self.leaves[index]
        if index in self.purged:
            raise BatchError(
                "the document was purged", found=f"index {index}", hint="Its leaf and all other proofs stay."
            )
        media_type, content, salt = self._documents.row(index)
        return StoredDocument(leaf, self.leaves.domain(index), media_type, content, salt)

    def close(self) -> None:
        """Let go of the files; what was read from them stays."""
        del self._levels, self._documents, self.leaves

    def _place(self, leaf: Leaf) -> int:
        low, high = 0, len(self.leaves)
        while low < high:
            middle = (low + high) // 2
            if self.leaves[middle] < leaf:
                low = middle + 1
            else:
                high = middle
        return low

    def __enter__(self) -> BatchFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_tree(path: Path, size: int) -> FileTree:
    """The tree of a folder, mapped. Raises BatchError for a wrong length, StorageError."""
    try:
        with storage(path.name):
            return FileTree(path, size)
    except TreeFileError as error:
        raise BatchError(error.message, expected=error.expected, found=error.found, place=Place(path.name)) from error


def open_batch(path: Path) -> BatchFolder:
    """Open a batch folder. Raises StorageError if it is not there, BatchError if name, manifest and tree disagree."""
    manifest = read_manifest(path)
    if path.name != manifest.root.hex():
        raise BatchError("the folder is not named by its batch's root", expected=manifest.root.hex(), found=path.name)
    folder = BatchFolder(path, manifest)
    if tree_root(folder.tree) != manifest.root:
        raise BatchError("the tree's root is not the batch's", expected="0x" + manifest.root.hex(), place=Place(LEVELS))
    return folder
