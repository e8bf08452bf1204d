"""Lists of leaves, which hold no content and no salt: written by a publisher, read, checked and kept by an auditor.

What a regulator keeps shows what an audit shows (size, root, order), and it is enough to make every inclusion and range
proof of the batch again, should its publisher lose the folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditchain.batch.folder.files import LEAF_ROWS, LEVELS, write_arrow
from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.tree_file import TreeWriter
from creditchain.batch.records import LEAVES, hash_rows, number_values
from creditchain.batch.sealing import leaf_hashes, sort_keys
from creditchain.errors import InputError, Place
from creditchain.home.files import fsync_path, new_file, private_folder, rename, storage
from creditchain.verification.audit import DisorderError, LeafList

#: The columns that an audit needs. A publisher's own files have the domain as well.
AUDITED = pa.schema([LEAVES.field(name) for name in ("tag", "section", "product", "commitment")])
LEAVES_FILE = "leaves.arrow"


@dataclass(frozen=True, slots=True)
class Kept:
    """Checked leaves, kept in `path`."""

    path: Path
    root: bytes
    size: int
    subjects: int


def write_leaves(folder: BatchFolder, out: Path, *, overwrite: bool = False) -> None:
    """Write the list of a batch for its auditor, as Parquet: the content of each leaf, in order.

    Raises OutputExistsError, StorageError.
    """
    with (
        new_file(out, overwrite=overwrite) as file,
        storage("the list of leaves"),
        pq.ParquetWriter(file, AUDITED, compression="none") as writer,
    ):
        for start in range(0, len(folder.leaves), LEAF_ROWS):
            leaves = folder.leaves[start : start + LEAF_ROWS]
            columns = [
                pa.array(column, kind.type) for column, kind in zip(zip(*leaves, strict=True), AUDITED, strict=True)
            ]
            writer.write_table(pa.table(columns, schema=AUDITED))


def read_leaves(source: Path) -> LeafList:
    """The leaves of a batch folder, or of a Parquet list, in memory: 69 bytes each.

    Raises InputError where the source holds no leaves; StorageError.
    """
    with storage("the list of leaves"):
        batches = list(_batches(source))
    if not sum(map(len, batches)):
        raise InputError("the list holds no leaves", place=Place(str(source)))
    return LeafList(
        np.concatenate([hash_rows(batch.column("tag")) for batch in batches]),
        np.concatenate([batch.column("section").to_numpy() for batch in batches]),
        np.concatenate([number_values(batch.column("product")) for batch in batches]),
        np.concatenate([hash_rows(batch.column("commitment")) for batch in batches]),
    )


def keep_leaves(source: Path, dest: Path, accept: Callable[[Kept], None] = lambda _: None) -> Kept:
    """Copy the leaves of a batch folder, or of a Parquet list, to `dest/<root in hex>`, and build their tree.

    `accept` is called with what was found before the copy gets its name; when it raises, nothing is kept.

    Raises DisorderError where the leaves do not strictly ascend; InputError where the source holds none; StorageError.
    """
    work = dest / f".keeping-{source.name}"
    with storage("the copy of the leaves"):
        shutil.rmtree(work, ignore_errors=True)
        private_folder(work)
    try:
        counted = _Counted()
        with storage("the list of leaves"):
            size = sum(len(batch) for batch in _batches(source))
        if size == 0:
            raise InputError("the list holds no leaves", place=Place(str(source)))
        with storage("the copy of the leaves"), TreeWriter(work / LEVELS, size) as tree:
            write_arrow(work / LEAVES_FILE, AUDITED, _checked(source, counted, tree), LEAF_ROWS)
            fsync_path(work / LEAVES_FILE)
            root = tree.finish()
        kept = Kept(dest / root.hex(), root, size, counted.subjects)
        accept(kept)
        if not kept.path.exists():
            with storage("the copy of the leaves"):
                fsync_path(work)
                rename(work, kept.path)
        return kept
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(slots=True)
class _Counted:
    rows: int = 0
    subjects: int = 0
    last: pa.RecordBatch | None = None


def _checked(source: Path, counted: _Counted, tree: TreeWriter) -> Iterator[pa.RecordBatch]:
    """The record batches of a source. Checks that they ascend, and adds their leaf hashes to the tree."""
    for batch in _batches(source):
        keys, tags = sort_keys(batch), hash_rows(batch.column("tag"))
        wrong = np.flatnonzero(keys[1:] <= keys[:-1])
        first = counted.last is not None and keys[0] <= sort_keys(counted.last)[0]
        if first or len(wrong):
            at = counted.rows - 1 if first else counted.rows + int(wrong[0])
            raise DisorderError(at)
        before = hash_rows(counted.last.column("tag"))[0] if counted.last is not None else None
        counted.subjects += int(np.count_nonzero(np.any(tags[1:] != tags[:-1], axis=1)))
        counted.subjects += before is None or not np.array_equal(before, tags[0])
        counted.rows += len(batch)
        counted.last = batch.slice(len(batch) - 1)
        tree.append(leaf_hashes(batch))
        yield batch


def _batches(source: Path) -> Iterator[pa.RecordBatch]:
    """The leaves of a folder or list, some at a time."""
    try:
        if source.is_dir():
            for path in sorted((source / "leaves").glob("*.arrow")):
                with pa.OSFile(str(path)) as handle:
                    reader = pa.ipc.open_file(handle)
                    for number in range(reader.num_record_batches):
                        yield _plain(reader.get_batch(number))
            return
        for batch in pq.ParquetFile(source).iter_batches(LEAF_ROWS):
            yield _plain(batch)
    except (pa.ArrowException, KeyError) as error:
        raise InputError("this is not a list of leaves", place=Place(str(source))) from error


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    found = batch.select(AUDITED.names)
    if found.schema != AUDITED or any(column.null_count for column in found.columns):
        raise KeyError("columns")
    return found
