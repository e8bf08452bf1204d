"""Check a batch folder: recompute every digest, commitment, row of the order, leaf hash and level of the tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.files import DOCUMENT_ROWS, LEAF_ROWS, LEVELS, file_digest, part_name
from creditchain.batch.folder.manifest import AGAIN, FILE, Manifest, read_manifest
from creditchain.batch.folder.opened import open_tree
from creditchain.batch.folder.order import ORDER, open_order
from creditchain.batch.folder.purging import FILE as PURGED
from creditchain.batch.folder.purging import Purges, read_purges
from creditchain.batch.folder.tree_file import CHECK_ROWS, first_wrong_node
from creditchain.batch.progress import Watch, no_watch
from creditchain.batch.records import DOCUMENTS, LEAVES, Bytes, hash_rows, number_values, pieces_of
from creditchain.batch.sealing import leaf_hashes, sort_keys
from creditchain.errors import Place
from creditchain.hashing import HASH_BYTES
from creditchain.merkle import lanes, tree_root


@dataclass(frozen=True, slots=True)
class Checked:
    """An intact folder. `purged` counts the documents that were erased on purpose."""

    manifest: Manifest
    purged: int


def check_batch(path: Path, watch: Watch = no_watch) -> Checked:
    """Recompute a batch folder. Raises BatchError at the first difference, StorageError if it cannot be read."""
    manifest = read_manifest(path)
    if path.name != manifest.root.hex():
        raise BatchError(
            "the name of the folder is not the root of its batch", expected=manifest.root.hex(), found=path.name
        )
    _check_files(path, manifest)
    purges = read_purges(path)
    _check_digests(path, manifest, purges)
    with _Commitments(path, manifest, purges) as commitments:
        commitments.compute(watch)
        _check_leaves(path, manifest, commitments)
    _check_levels(path, manifest)
    return Checked(manifest, len(purges.indices))


def _check_files(path: Path, manifest: Manifest) -> None:
    with storage(path.name):
        for folder, parts in (("leaves", manifest.leaves), ("documents", manifest.documents)):
            found = sorted(file.name for file in (path / folder).iterdir())
            if found != [part_name(number) for number in range(len(parts))]:
                raise BatchError(
                    f"{folder} does not hold the files that the manifest lists", expected=f"{len(parts)} files"
                )


def _check_digests(path: Path, manifest: Manifest, purges: Purges) -> None:
    _same(file_digest(path / LEVELS), manifest.levels, LEVELS)
    _same(file_digest(path / ORDER), manifest.order, ORDER)
    for number, part in enumerate(manifest.leaves):
        _same(file_digest(path / "leaves" / part_name(number)), part.sha256, f"leaves/{part_name(number)}")
    for number, part in enumerate(manifest.documents):
        expected = purges.digests.get(number, part.sha256)
        _same(file_digest(path / "documents" / part_name(number)), expected, f"documents/{part_name(number)}")


def _same(found: str, expected: str, name: str) -> None:
    if found != expected:
        raise BatchError(
            "the file has changed since it was written", expected=expected, found=found, hint=AGAIN, place=Place(name)
        )


class _Commitments:
    """Recomputed commitments by row of the document, in a temporary file that is removed on leaving."""

    def __init__(self, path: Path, manifest: Manifest, purges: Purges) -> None:
        self._path, self._manifest = path, manifest
        self.order = open_order(path, manifest.size)
        self._purged = np.zeros(manifest.size, dtype=bool)
        self._check_order()
        if any(not 0 <= index < manifest.size for index in purges.indices):
            raise BatchError("the list of purged documents names one that the batch does not have", place=Place(PURGED))
        self._purged[self.order[sorted(purges.indices)]] = True

    def __enter__(self) -> Self:
        with storage("the computed commitments"):
            self._file: IO[bytes] = tempfile.TemporaryFile()
            if hasattr(os, "posix_fallocate"):  # a mapped file that finds no room later would end the process
                os.posix_fallocate(self._file.fileno(), 0, self._manifest.size * HASH_BYTES)
            self._made = np.memmap(self._file, dtype=np.uint8, mode="r+", shape=(self._manifest.size, HASH_BYTES))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        del self._made
        self._file.close()

    def compute(self, watch: Watch) -> None:
        """Hash all documents; check that purged ones are gone."""
        row = 0
        for number, file in enumerate(self._manifest.documents):
            path, end = self._path / "documents" / part_name(number), row + file.rows
            for stored in _rows(path, DOCUMENTS, DOCUMENT_ROWS):
                if row + len(stored) > end:
                    raise _wrong_number(file.rows, f"documents/{path.name}")
                self._made[row : row + len(stored)] = _commitments(stored)
                self._check_purged(stored, row, f"documents/{path.name}")
                row += len(stored)
                watch("check", row, self._manifest.size)
            if row != end:
                raise _wrong_number(file.rows, f"documents/{path.name}")

    def check(self, leaves: pa.RecordBatch, first: int) -> None:
        """Compare some leaves with their documents; the first leaf stands at index `first`."""
        rows = self.order[first : first + len(leaves)]
        wrong = np.any(self._made[rows] != hash_rows(leaves.column("commitment")), axis=1) & ~self._purged[rows]
        if wrong.any():
            index = first + int(np.flatnonzero(wrong)[0])
            message = "a document or its salt does not match its commitment"
            raise BatchError(message, found=f"index {index}", place=Place("documents"))

    def _check_order(self) -> None:
        """Check that each row belongs to exactly one leaf."""
        found = np.zeros(self._manifest.size, dtype=bool)
        for start in range(0, len(self.order), CHECK_ROWS):
            rows = self.order[start : start + CHECK_ROWS]
            if rows.min() < 0 or rows.max() >= len(found):
                raise BatchError("the order names a row that no document has", place=Place(ORDER))
            found[rows] = True
        if not found.all():
            raise BatchError("a document has no leaf", place=Place(ORDER))

    def _check_purged(self, stored: pa.RecordBatch, first: int, name: str) -> None:
        for at in np.flatnonzero(self._purged[first : first + len(stored)]).tolist():
            if any(stored.column("content")[at].as_py()) or any(stored.column("salt")[at].as_py()):
                raise BatchError("a purged document is still there", found=f"row {first + at}", place=Place(name))


def _commitments(stored: pa.RecordBatch) -> Bytes:
    """Commitments of documents, as rows (n, 32)."""
    made = np.empty((len(stored), HASH_BYTES), dtype=np.uint8)
    for media_type in pc.unique(stored.column("media_type")).to_pylist():
        rows = np.flatnonzero(pc.equal(stored.column("media_type"), media_type).to_numpy(zero_copy_only=False))
        part = stored.take(pa.array(rows))
        salts = np.ascontiguousarray(hash_rows(part.column("salt")))
        made[rows] = lanes.commitments(salts, media_type.encode("ascii"), *pieces_of(part.column("content")))
    return made


def _check_leaves(path: Path, manifest: Manifest, commitments: _Commitments) -> None:
    """Check order, commitments and leaf hashes of all leaves, and the totals of the manifest."""
    row = subjects = domains = 0
    last: pa.RecordBatch | None = None
    for number, file in enumerate(manifest.leaves):
        name, begun = f"leaves/{part_name(number)}", row
        for leaves in _rows(path / name, LEAVES, LEAF_ROWS):
            if row + len(leaves) > begun + file.rows:
                raise _wrong_number(file.rows, name)
            _check_order(leaves, last, name)
            _check_product(leaves, manifest.terms.product_number, name)
            commitments.check(leaves, row)
            _check_leaf_hashes(path, leaves, row)
            subjects += _new_subjects(leaves, last)
            domains = reduce(lambda mask, bit: mask | 1 << bit, pc.unique(leaves.column("domain")).to_pylist(), domains)
            last = leaves.slice(len(leaves) - 1)
            row += len(leaves)
        if row - begun != file.rows:
            raise _wrong_number(file.rows, name)
    if (subjects, domains) != (manifest.subjects, manifest.domains):
        raise BatchError("subjects or domains differ from the manifest", place=Place(FILE))


def _check_order(leaves: pa.RecordBatch, last: pa.RecordBatch | None, name: str) -> None:
    keys = sort_keys(leaves)
    if bool(np.any(keys[1:] <= keys[:-1])) or (last is not None and keys[0] <= sort_keys(last)[0]):
        raise BatchError("the leaves are not in ascending order", place=Place(name))


def _check_product(leaves: pa.RecordBatch, number: int, name: str) -> None:
    others = number_values(leaves.column("product"))
    if bool(np.any(others != number)):
        found = str(int(others[others != number][0]))
        raise BatchError(
            "a leaf has the number of another product", expected=str(number), found=found, place=Place(name)
        )


def _new_subjects(leaves: pa.RecordBatch, last: pa.RecordBatch | None) -> int:
    """Number of subjects that begin in these leaves: one that continues from the leaf before is not counted again."""
    tags = hash_rows(leaves.column("tag"))
    same = last is not None and np.array_equal(hash_rows(last.column("tag"))[0], tags[0])
    return int(np.count_nonzero(np.any(tags[1:] != tags[:-1], axis=1))) + (not same)


def _check_leaf_hashes(path: Path, leaves: pa.RecordBatch, first: int) -> None:
    hashes = leaf_hashes(leaves)
    with storage(LEVELS), (path / LEVELS).open("rb") as handle:
        handle.seek(first * HASH_BYTES)
        written = handle.read(hashes.nbytes)
    if hashes.tobytes() != written:
        raise BatchError("the leaf hashes of the tree differ from those of the leaves", place=Place(LEVELS))


def _wrong_number(expected: int, name: str) -> BatchError:
    return BatchError("the number of rows differs from the manifest", expected=str(expected), place=Place(name))


def _check_levels(path: Path, manifest: Manifest) -> None:
    tree = open_tree(path / LEVELS, manifest.size)
    wrong = first_wrong_node(tree)
    if wrong is not None:
        raise BatchError("an inner node of the tree is wrong", found=f"level {wrong[0]}", place=Place(LEVELS))
    if tree_root(tree) != manifest.root:
        raise BatchError("the root of the tree is not the root of the batch", place=Place(LEVELS))


def _rows(path: Path, schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    """The record batches of a part; each but the last has `rows` rows. Raises BatchError."""
    name = f"{path.parent.name}/{path.name}"
    with storage(name), pa.OSFile(str(path)) as source:
        reader = _reader(source, schema, name)
        for number in range(reader.num_record_batches):
            batch = reader.get_batch(number)
            try:
                batch.validate(full=True)
            except pa.ArrowException as error:
                raise BatchError("a record batch is damaged", place=Place(name)) from error
            if len(batch) != rows and (number != reader.num_record_batches - 1 or not 0 < len(batch) <= rows):
                raise BatchError("a record batch has a wrong number of rows", place=Place(name))
            yield batch


def _reader(source: Any, schema: pa.Schema, name: str) -> Any:
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowException as error:
        raise BatchError("not an Arrow file", place=Place(name)) from error
    if reader.schema != schema:
        raise BatchError("the file has other columns than it should", place=Place(name))
    return reader
