"""Lists of leaves, which hold no document and no salt: written by a publisher, read, checked and kept by an auditor.

A list is a file of keys of 69 bytes, tag[32] || section[1] || product[4] || commitment[32], in the order of the
tree, and nothing else. Root and size, which the anchor has, follow from it, so it needs no head; its sha256 names it
among files.

What a regulator keeps shows what an audit shows (size, root, order), and it is enough to make every inclusion and range
proof of the batch again, should its publisher lose the folder.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditchain.batch.folder.files import LEVELS
from creditchain.batch.folder.opened import BatchFolder
from creditchain.batch.folder.tree_file import TreeWriter
from creditchain.batch.records import LEAVES
from creditchain.batch.sealing import keys_of
from creditchain.errors import InputError, Place
from creditchain.home.files import fsync_path, new_file, private_folder, rename, storage
from creditchain.merkle import lanes
from creditchain.merkle.rows import KEY_BYTES, Rows, as_texts
from creditchain.verification.audit import DisorderError, LeafList

LEAVES_FILE = "leaves.bin"
#: Leaves that are read at a time.
BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Kept:
    """Checked leaves, kept in `path`."""

    path: Path
    root: bytes
    size: int
    subjects: int


def write_leaves(folder: BatchFolder, out: Path, *, overwrite: bool = False) -> str:
    """Write the list of a batch for its auditor; its sha256 in hex. Raises OutputExistsError, StorageError."""
    return write_list(out, key_blocks(folder.path), overwrite=overwrite)


def write_list(out: Path, blocks: Iterable[Rows], *, overwrite: bool = False) -> str:
    """Write keys (n, 69) as a list; its sha256 in hex. Raises OutputExistsError, StorageError."""
    digest = hashlib.sha256()
    with new_file(out, overwrite=overwrite) as file, storage("the list of leaves"):
        for keys in blocks:
            raw = np.ascontiguousarray(keys).tobytes()
            digest.update(raw)
            file.write(raw)
    return digest.hexdigest()


def read_leaves(source: Path) -> LeafList:
    """The leaves of a batch folder, or of a list, in memory: 69 bytes each.

    Raises InputError where the source holds no leaves; StorageError.
    """
    blocks = list(key_blocks(source))
    if not blocks:
        raise _no_leaves(source)
    return LeafList(np.concatenate(blocks))


def key_blocks(source: Path) -> Iterator[Rows]:
    """The keys (n, 69) of the leaves of a batch folder or of a list, as they stand there, some at a time.

    Raises InputError where the source is neither; StorageError.
    """
    yield from _folder_blocks(source) if source.is_dir() else _list_blocks(source)


def keep_leaves(source: Path, dest: Path, accept: Callable[[Kept], None] = lambda _: None) -> Kept:
    """Copy the leaves of a batch folder, or of a list, to `dest/<root in hex>`, and build their tree.

    `accept` is called with what was found before the copy gets its name; when it raises, nothing is kept. Only leaves
    that it accepts are blamed for their order: those of a damaged file are no publisher's.

    Raises DisorderError where the leaves do not strictly ascend; InputError where the source holds none; StorageError.
    """
    work = dest / f".keeping-{source.name}"
    with storage("the copy of the leaves"):
        shutil.rmtree(work, ignore_errors=True)
        private_folder(work)
    try:
        counted = _Counted()
        size = sum(len(keys) for keys in key_blocks(source))
        if size == 0:
            raise _no_leaves(source)
        with storage("the copy of the leaves"), TreeWriter(work / LEVELS, size) as tree:
            write_list(work / LEAVES_FILE, _checked(source, counted, tree))
            root = tree.finish()
        kept = Kept(dest / root.hex(), root, size, counted.subjects)
        accept(kept)
        if counted.disorder is not None:
            raise DisorderError(counted.disorder)
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
    last: Rows | None = None
    disorder: int | None = None  #: the first leaf that is not below the next one


def _checked(source: Path, counted: _Counted, tree: TreeWriter) -> Iterator[Rows]:
    """The keys of a source. Counts them, notes where they do not ascend, and adds their leaf hashes to the tree."""
    for keys in key_blocks(source):
        known = 0 if counted.last is None else 1
        joined = keys if counted.last is None else np.concatenate([counted.last, keys])
        texts = as_texts(joined)
        wrong = np.flatnonzero(texts[1:] <= texts[:-1])
        if len(wrong) and counted.disorder is None:
            counted.disorder = counted.rows - known + int(wrong[0])
        counted.subjects += int(np.count_nonzero(np.any(joined[1:, :32] != joined[:-1, :32], axis=1))) + 1 - known
        counted.rows += len(keys)
        counted.last = keys[-1:].copy()
        tree.append(lanes.leaf_rows(keys))
        yield keys


def _folder_blocks(source: Path) -> Iterator[Rows]:
    paths = sorted((source / "leaves").glob("*.arrow"))
    if not paths:
        raise InputError("this is neither a batch folder nor a list of leaves", place=Place(str(source)))
    for path in paths:
        with storage("the list of leaves"):
            try:
                with pa.OSFile(str(path)) as handle:
                    reader = pa.ipc.open_file(handle)
                    batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
                    yield from (_plain_keys(batch) for batch in batches if len(batch))
            except (pa.ArrowException, KeyError) as error:
                raise InputError("this is not a batch's file of leaves", place=Place(str(path))) from error


def _plain_keys(batch: pa.RecordBatch) -> Rows:
    if batch.schema != LEAVES or any(column.null_count for column in batch.columns):
        raise KeyError("columns")
    return keys_of(batch)


def _list_blocks(source: Path) -> Iterator[Rows]:
    with storage("the list of leaves"):
        length = source.stat().st_size
        if length % KEY_BYTES:
            raise InputError(
                "this is not a list of leaves",
                expected=f"a length divisible by {KEY_BYTES}",
                found=f"{length} bytes",
                place=Place(str(source)),
            )
        with source.open("rb") as file:
            while raw := file.read(BLOCK_ROWS * KEY_BYTES):
                yield np.frombuffer(raw, np.uint8).reshape(-1, KEY_BYTES)


def _no_leaves(source: Path) -> InputError:
    return InputError("the list holds no leaves", place=Place(str(source)))
