"""Is a batch folder what its name says? Recomputes it all: digests, commitments, order, leaf hashes, every level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch import seal
from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder import LEVELS, open_tree
from creditchain.batch.manifest import FILE, Manifest, read_manifest
from creditchain.batch.parts import DOCUMENT_ROWS, LEAF_ROWS, file_digest
from creditchain.batch.pipeline import Watch, no_watch
from creditchain.batch.purging import Purges, read_purges
from creditchain.batch.records import DOCUMENTS, LEAVES, hash_rows, pieces_of
from creditchain.batch.work import part_name
from creditchain.errors import Place
from creditchain.hashing import HASH_BYTES
from creditchain.merkle import lanes, tree_root
from creditchain.merkle.files import first_wrong_node


@dataclass(frozen=True, slots=True)
class Checked:
    """A folder that is intact. `purged` counts the documents that were erased on purpose."""

    manifest: Manifest
    purged: int


def check_batch(path: Path, watch: Watch = no_watch) -> Checked:
    """Recompute a batch folder. Raises BatchError at the first thing that differs, StorageError if it can't be read."""
    manifest = read_manifest(path)
    if path.name != manifest.root.hex():
        raise BatchError("the folder is not named by its batch's root", expected=manifest.root.hex(), found=path.name)
    _check_files(path, manifest)
    purges = read_purges(path)
    _check_digests(path, manifest, purges)
    checker = _Parts(path, manifest, purges)
    for number in range(len(manifest.parts)):
        checker.check(number)
        watch("check", checker.row, manifest.size)
    checker.end()
    _check_levels(path, manifest)
    return Checked(manifest, len(purges.indices))


def _check_files(path: Path, manifest: Manifest) -> None:
    parts = [part_name(number) for number in range(len(manifest.parts))]
    with storage(path.name):
        for folder in ("leaves", "documents"):
            found = sorted(file.name for file in (path / folder).iterdir())
            if found != parts:
                raise BatchError(f"other files in {folder} than the manifest says", expected=f"{len(parts)} parts")


def _check_digests(path: Path, manifest: Manifest, purges: Purges) -> None:
    _same(file_digest(path / LEVELS), manifest.levels, LEVELS)
    for number, part in enumerate(manifest.parts):
        name = part_name(number)
        _same(file_digest(path / "leaves" / name), part.leaves, f"leaves/{name}")
        documents = purges.digests.get(number, part.documents)
        _same(file_digest(path / "documents" / name), documents, f"documents/{name}")


def _same(found: str, expected: str, name: str) -> None:
    if found != expected:
        raise BatchError("the file is not the one that was written", expected=expected, found=found, place=Place(name))


class _Parts:
    """Checks parts one after the other, in bounded memory."""

    def __init__(self, path: Path, manifest: Manifest, purges: Purges) -> None:
        self._path, self._manifest, self._purges = path, manifest, purges
        self.row = 0
        self._subjects, self._domains = 0, 0
        self._last: pa.RecordBatch | None = None

    def check(self, number: int) -> None:
        """Check one part: commitments, order, leaf hashes."""
        name, expected = part_name(number), self._manifest.parts[number].rows
        documents = _rows(self._path / "documents" / name, DOCUMENTS, DOCUMENT_ROWS)
        begun = self.row
        for leaves in _rows(self._path / "leaves" / name, LEAVES, LEAF_ROWS):
            self._check_order(leaves, f"leaves/{name}")
            at = 0
            while at < len(leaves):
                stored = next(documents, None)
                if stored is None:
                    raise BatchError("fewer documents than leaves", place=Place(f"documents/{name}"))
                part = leaves.slice(at, len(stored))
                if len(part) != len(stored):
                    raise BatchError("other documents than leaves", place=Place(f"documents/{name}"))
                self._check_commitments(part, stored, self.row + at, f"documents/{name}")
                at += len(stored)
            self._check_leaf_hashes(leaves)
            self.row += len(leaves)
        if self.row - begun != expected or next(documents, None) is not None:
            raise BatchError("another number of rows than the manifest says", expected=str(expected), place=Place(name))

    def end(self) -> None:
        """Compare what the manifest sums up."""
        found = (self._subjects, self._domains)
        if found != (self._manifest.subjects, self._manifest.domains):
            raise BatchError("subjects or domains are not as the manifest says", place=Place(FILE))

    def _check_order(self, leaves: pa.RecordBatch, name: str) -> None:
        keys = seal.keys(leaves)
        before = seal.keys(self._last)[0] if self._last is not None else None
        if bool(np.any(keys[1:] <= keys[:-1])) or (before is not None and keys[0] <= before):
            raise BatchError("the leaves do not ascend", place=Place(name))
        tags = hash_rows(leaves.column("tag"))
        self._subjects += int(np.count_nonzero(np.any(tags[1:] != tags[:-1], axis=1)))
        last_tag = hash_rows(self._last.column("tag"))[0] if self._last is not None else None
        self._subjects += last_tag is None or not np.array_equal(last_tag, tags[0])
        self._domains = reduce(
            lambda mask, bit: mask | 1 << bit, pc.unique(leaves.column("domain")).to_pylist(), self._domains
        )
        self._last = leaves.slice(len(leaves) - 1)

    def _check_commitments(self, leaves: pa.RecordBatch, stored: pa.RecordBatch, first: int, name: str) -> None:
        made = np.empty((len(stored), 32), dtype=np.uint8)
        for media_type in pc.unique(stored.column("media_type")).to_pylist():
            rows = np.flatnonzero(pc.equal(stored.column("media_type"), media_type).to_numpy(zero_copy_only=False))
            part = stored.take(pa.array(rows))
            salts = np.ascontiguousarray(hash_rows(part.column("salt")))
            made[rows] = lanes.commitments(salts, media_type.encode("ascii"), *pieces_of(part.column("content")))
        wrong = np.flatnonzero(np.any(made != hash_rows(leaves.column("commitment")), axis=1)) + first
        for index in wrong.tolist():
            if index not in self._purges.indices:
                raise BatchError(
                    "a document or its salt is not what was committed to", found=f"index {index}", place=Place(name)
                )
        self._check_purged(stored, first, name)

    def _check_purged(self, stored: pa.RecordBatch, first: int, name: str) -> None:
        for index in self._purges.within(first, len(stored)):
            content, salt = (
                stored.column("content")[index - first].as_py(),
                stored.column("salt")[index - first].as_py(),
            )
            if any(content) or any(salt):
                raise BatchError("a purged document is still there", found=f"index {index}", place=Place(name))

    def _check_leaf_hashes(self, leaves: pa.RecordBatch) -> None:
        hashes = seal.leaf_hashes(leaves)
        with storage(LEVELS), (self._path / LEVELS).open("rb") as handle:
            handle.seek(self.row * HASH_BYTES)
            written = handle.read(hashes.nbytes)
        if hashes.tobytes() != written:
            raise BatchError("leaf hashes of the tree are not those of the leaves", place=Place(LEVELS))


def _check_levels(path: Path, manifest: Manifest) -> None:
    tree = open_tree(path / LEVELS, manifest.size)
    wrong = first_wrong_node(tree)
    if wrong is not None:
        raise BatchError("an inner node of the tree is wrong", found=f"level {wrong[0]}", place=Place(LEVELS))
    if tree_root(tree) != manifest.root:
        raise BatchError("the tree's root is not the batch's", place=Place(LEVELS))


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
        raise BatchError("a file with other columns", place=Place(name))
    return reader
