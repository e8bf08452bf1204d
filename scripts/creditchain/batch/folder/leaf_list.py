"""A regulator's copy of a batch's leaves: checked while it is copied, in bounded memory, and kept with its tree.

What it shows is what an audit shows (size, root, order), and it is enough to make every inclusion and range proof of
the batch again, should its publisher lose the folder. It holds no content and no salt.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.files import LEAF_ROWS, LEVELS, write_arrow
from creditchain.batch.folder.tree_file import TreeWriter
from creditchain.batch.records import LEAVES, hash_rows
from creditchain.batch.sealing import leaf_hashes, sort_keys
from creditchain.errors import Place
from creditchain.home.files import fsync_path, rename

#: What leaves are audited by; a publisher's own files have the domain beside.
AUDITED = pa.schema([LEAVES.field(name) for name in ("tag", "section", "commitment")])
LEAVES_FILE = "leaves.arrow"


@dataclass(frozen=True, slots=True)
class Kept:
    """Leaves that were checked and are kept in `path`."""

    path: Path
    root: bytes
    size: int
    subjects: int


def keep_leaves(source: Path, dest: Path) -> Kept:
    """Copy the leaves of a batch folder, or of a Parquet list, to `dest/<root in hex>`, and build their tree.

    Raises BatchError where the leaves do not strictly ascend, or the source holds no leaves; StorageError.
    """
    work = dest / f".keeping-{source.name}"
    with storage("the copy of the leaves"):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True, mode=0o700)
    try:
        counted = _Counted()
        with storage("the list of leaves"):
            size = sum(len(batch) for batch in _batches(source))
        if size == 0:
            raise BatchError("the list holds no leaves", place=Place(str(source)))
        with storage("the copy of the leaves"), TreeWriter(work / LEVELS, size) as tree:
            write_arrow(work / LEAVES_FILE, AUDITED, _checked(source, counted, tree), LEAF_ROWS)
            fsync_path(work / LEAVES_FILE)
            root = tree.finish()
        target = dest / root.hex()
        if not target.exists():
            with storage("the copy of the leaves"):
                fsync_path(work)
                rename(work, target)
        return Kept(target, root, size, counted.subjects)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(slots=True)
class _Counted:
    rows: int = 0
    subjects: int = 0
    last: pa.RecordBatch | None = None


def _checked(source: Path, counted: _Counted, tree: TreeWriter) -> Iterator[pa.RecordBatch]:
    """The batches of a source; each in order and after the one before, and its leaf hashes in the tree."""
    for batch in _batches(source):
        keys, tags = sort_keys(batch), hash_rows(batch.column("tag"))
        wrong = np.flatnonzero(keys[1:] <= keys[:-1])
        first = counted.last is not None and keys[0] <= sort_keys(counted.last)[0]
        if first or len(wrong):
            at = counted.rows - 1 if first else counted.rows + int(wrong[0])
            raise BatchError(
                f"leaves {at} and {at + 1} do not ascend", hint="Prove it on chain with `creditchain disorder prove`."
            )
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
        raise BatchError("this is no list of leaves", place=Place(str(source))) from error


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    found = batch.select(AUDITED.names)
    if found.schema != AUDITED or any(column.null_count for column in found.columns):
        raise KeyError("columns")
    return found
