"""A batch folder opened for proofs. All files are memory-mapped; only what a proof needs is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

import pyarrow as pa

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.files import DOCUMENT_ROWS, LEAF_ROWS, LEVELS, part_name
from creditchain.batch.folder.manifest import Manifest, read_manifest
from creditchain.batch.folder.order import ORDER, open_order
from creditchain.batch.folder.purging import read_purges
from creditchain.batch.folder.tree_file import FileTree, TreeFileError
from creditchain.batch.records import DOCUMENTS, LEAVES
from creditchain.documents import commitment
from creditchain.errors import CreditchainError, Place
from creditchain.hashing import HASH_BYTES
from creditchain.merkle import Leaf, Tree, tree_root

#: Record batches that are cached.
_HELD = 4_096

Held = TypeVar("Held")


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document, its leaf, and what its commitment is computed from."""

    leaf: Leaf
    domain: int
    media_type: str
    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)


class PartTable(Generic[Held]):
    """Rows that stand in several mapped Arrow files, one after the other, each of record batches of `rows` rows.

    `hold` makes of a record batch what is kept of it, to read rows from.
    """

    def __init__(
        self, folder: Path, schema: pa.Schema, sizes: Sequence[int], rows: int, hold: Callable[[pa.RecordBatch], Held]
    ) -> None:
        self._folder, self._schema, self._rows, self._hold = folder, schema, rows, hold
        self._ends = list(accumulate(sizes))
        self._readers: dict[int, Any] = {}
        self._held: dict[tuple[int, int], Held] = {}

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def find(self, index: int) -> tuple[Held, int]:
        """What is kept of the record batch that holds a row, and the row's place in it.

        IndexError outside the table; BatchError for a file that is not what it should be.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"no row {index}")
        part = bisect_right(self._ends, index)
        within = index - (self._ends[part - 1] if part else 0)
        number, place = divmod(within, self._rows)
        held = self._held.get((part, number))
        return (self._load(part, number) if held is None else held), place

    def _load(self, part: int, number: int) -> Held:
        name = f"{self._folder.name}/{part_name(part)}"
        try:
            if part not in self._readers:
                with storage(name):
                    reader = pa.ipc.open_file(pa.memory_map(str(self._folder / part_name(part))))
                if reader.schema != self._schema:
                    raise pa.ArrowInvalid("other columns")
                self._readers[part] = reader
            held = self._hold(self._readers[part].get_batch(number))
        except (pa.ArrowException, IndexError, TypeError) as error:
            raise _damaged(name) from error
        if len(self._held) >= _HELD:
            self._held.clear()
        self._held[part, number] = held
        return held


class _LeafBatch:
    """The columns of a record batch of leaves, as views of the mapped file."""

    __slots__ = ("commitments", "domains", "products", "sections", "tags")

    def __init__(self, batch: pa.RecordBatch) -> None:
        views = [memoryview(column.buffers()[1]) for column in batch.columns]
        self.tags, self.sections, products, self.commitments, self.domains = views
        self.products = products.cast("B").cast("I")


class Leaves(Sequence[Leaf]):
    """The leaves of a batch in the order of the tree, read from the mapped files as they are asked for."""

    def __init__(self, folder: Path, sizes: Sequence[int]) -> None:
        self._table = PartTable(folder, LEAVES, sizes, LEAF_ROWS, _LeafBatch)

    def __len__(self) -> int:
        return len(self._table)

    @overload
    def __getitem__(self, index: int) -> Leaf: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Leaf]: ...
    def __getitem__(self, index: int | slice) -> Leaf | Sequence[Leaf]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        held, at = self._table.find(index if index >= 0 else index + len(self))
        first = at * HASH_BYTES
        behind = first + HASH_BYTES
        return Leaf(
            bytes(held.tags[first:behind]), held.sections[at], held.products[at], bytes(held.commitments[first:behind])
        )

    def __iter__(self) -> Iterator[Leaf]:
        return (self[index] for index in range(len(self)))

    def domain(self, index: int) -> int:
        """The domain (bit number) of the document of one leaf."""
        held, at = self._table.find(index)
        return held.domains[at]


class BatchFolder:
    """One batch. `leaves` and `tree` are mapped; close it (or use it as a context) when done."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.leaves = Leaves(path / "leaves", [part.rows for part in manifest.leaves])
        rows = [part.rows for part in manifest.documents]
        self._documents = PartTable(path / "documents", DOCUMENTS, rows, DOCUMENT_ROWS, lambda batch: batch)
        self._order = open_order(path, manifest.size)
        self.purged = read_purges(path).indices
        self._levels = open_tree(path / LEVELS, manifest.size)

    @property
    def tree(self) -> Tree:
        """The batch's tree."""
        return self._levels

    def find(self, tag: bytes, section: int | None = None) -> range:
        """Indices of the leaves of a subject tag (32 bytes), of one section or of all; empty where there are none."""
        low = Leaf(tag, 0 if section is None else section, 0, b"")
        high = Leaf(tag, 256 if section is None else section + 1, 0, b"")
        return range(self._place(low), self._place(high))

    def document(self, index: int) -> StoredDocument:
        """The document at `index`. Raises BatchError if it was purged or the file is damaged."""
        leaf = self.leaves[index]
        if index in self.purged:
            raise BatchError(
                "the document was purged", found=f"index {index}", hint="Its leaf and all other proofs stay."
            )
        batch, at = self._documents.find(self.row(index))
        media_type, content, salt = (column[at].as_py() for column in batch.columns)
        if not _fits(leaf, salt, media_type, content):
            raise _damaged("documents")
        return StoredDocument(leaf, self.leaves.domain(index), media_type, content, salt)

    def row(self, index: int) -> int:
        """The row of the document of a leaf, counted through all files of documents. Raises BatchError."""
        row = int(self._order[index])
        if not 0 <= row < len(self._documents):
            raise _damaged(ORDER)
        return row

    def close(self) -> None:
        """Close the files; what was read from them stays valid."""
        del self._levels, self._documents, self._order, self.leaves

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


def _fits(leaf: Leaf, salt: bytes, media_type: str, content: bytes) -> bool:
    """Whether a document belongs to the leaf. A damaged order must never hand out somebody else's document."""
    try:
        return commitment(salt, media_type, content) == leaf.commitment
    except CreditchainError:
        return False


def _damaged(name: str) -> BatchError:
    hint = "`creditchain batch check` says more."
    return BatchError("a file of the batch is damaged", hint=hint, place=Place(name))


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
        raise BatchError(
            "the name of the folder is not the root of its batch", expected=manifest.root.hex(), found=path.name
        )
    folder = BatchFolder(path, manifest)
    if tree_root(folder.tree) != manifest.root:
        raise BatchError(
            "the root of the tree is not the root of the batch",
            expected="0x" + manifest.root.hex(),
            place=Place(LEVELS),
        )
    return folder
