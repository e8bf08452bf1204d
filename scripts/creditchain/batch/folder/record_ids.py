"""record-ids.bin: which record ids a batch published, so that no record is published twice by mistake.

A record's id (`data.record_id`) is its source's own number for it. The file holds, for each document that has one, a
digest of the id and the row of the document, sorted by the digest: 24 bytes a record. Ids are not kept in the clear,
and the salt of a series keeps digests of different series apart. The salt is no secret: whoever holds the folder and
knows how ids of this source look can try them all; so the file is as private as the folder.

The file is an index, not part of the batch: the manifest does not name it, proofs do not need it, and it is made anew
from the documents where it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from creditchain.batch.errors import storage
from creditchain.batch.folder.files import LEVELS
from creditchain.batch.folder.manifest import Terms, read_manifest
from creditchain.batch.folder.order import open_order
from creditchain.batch.records import RECORD_ID, pieces_of
from creditchain.documents import JSON_MEDIA_TYPE
from creditchain.hashing import HASH_BYTES, keccak256
from creditchain.home.files import write_file
from creditchain.merkle import lanes

FILE = "record-ids.bin"
#: One entry: the first 16 bytes of the id's digest as two numbers, and the row of the document, from 0.
ENTRY = np.dtype([("key", "<u8"), ("rest", "<u8"), ("row", "<i8")])
Entries = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Met:
    """Records that two batches share: rows of documents of the one, and of the other folder's."""

    rows: Rows
    folder: Path
    other_rows: Rows


def series_salt(terms: Terms) -> bytes:
    """What digests of ids begin with: one series is what one node publishes of one product in one region's log."""
    return keccak256(b"creditchain record ids" + terms.log_id + terms.node.to_bytes(4, "big") + terms.product_digest)


def entries_of(ids: pa.Array, first_row: int, salt: bytes, *, threads: int = 0) -> Entries:
    """Unsorted entries of a column of ids, the first of them that of row `first_row`; nulls have none."""
    rows = np.arange(first_row, first_row + len(ids), dtype=np.int64)
    if ids.null_count:
        rows, ids = rows[ids.is_valid().to_numpy(zero_copy_only=False)], ids.drop_null()
    digests = lanes.prefixed_digests(salt, *pieces_of(ids), threads=threads)
    found = np.empty(len(ids), dtype=ENTRY)
    words = digests.view("<u8").reshape(-1, HASH_BYTES // 8)
    found["key"], found["rest"], found["row"] = words[:, 0], words[:, 1], rows
    return found


def in_order(entries: Entries) -> Entries:
    """Entries as the file has them. The key alone decides: digests that share 64 bits by chance do not occur."""
    return entries[np.argsort(entries["key"])]


def repeats(entries: Entries) -> tuple[Rows, Rows]:
    """Rows of sorted entries whose id an earlier row has, and the earliest such row of each."""
    again = np.flatnonzero(entries["key"][1:] == entries["key"][:-1])
    if not len(again):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    alike = entries[np.union1d(again, again + 1)]
    alike = alike[np.lexsort((alike["row"], alike["rest"], alike["key"]))]
    begins = np.ones(len(alike), dtype=bool)
    begins[1:] = (alike["key"][1:] != alike["key"][:-1]) | (alike["rest"][1:] != alike["rest"][:-1])
    earliest = alike["row"][np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return alike["row"][~begins], earliest[~begins]


def met(entries: Entries, folders: Sequence[Path]) -> Iterator[Met]:
    """For each of the folders of earlier batches, the records that `entries` (sorted) publish once more."""
    keys = np.ascontiguousarray(entries["key"])
    for folder in folders:
        others = open_entries(folder)
        if not len(others) or not len(keys):
            continue
        # The shorter list is looked up in the longer one: both are sorted, so neighbours share cache lines.
        if len(others) <= len(keys):
            at = np.minimum(np.searchsorted(keys, others["key"]), len(keys) - 1)
            mine, theirs = entries[at], others
        else:
            at = np.minimum(np.searchsorted(np.ascontiguousarray(others["key"]), keys), len(others) - 1)
            mine, theirs = entries, others[at]
        same = (mine["key"] == theirs["key"]) & (mine["rest"] == theirs["rest"])
        if same.any():
            yield Met(mine["row"][same], folder, theirs["row"][same])


def open_entries(folder: Path) -> Entries:
    """The entries of a batch's folder, mapped; made from its documents first where the file is missing or torn."""
    path = folder / FILE
    with storage(FILE):
        if not path.exists() or path.stat().st_size % ENTRY.itemsize:
            write_entries(path, in_order(_read_documents(folder)))
        if not path.stat().st_size:
            return np.empty(0, ENTRY)
        return np.memmap(path, dtype=ENTRY, mode="r")


def write_entries(path: Path, entries: Entries) -> None:
    """Write sorted entries, durably and all or none."""
    with storage(FILE):
        write_file(path, entries.tobytes(), overwrite=True)


def leaves_of_rows(folder: Path, rows: Rows) -> list[bytes]:
    """The leaf hashes of some documents of a batch, in the order of `rows`. Raises BatchError, StorageError."""
    return tree_leaves_of_rows(folder, read_manifest(folder).size, rows)


def tree_leaves_of_rows(folder: Path, size: int, rows: Rows) -> list[bytes]:
    """As `leaves_of_rows`, of a batch of `size` leaves whose manifest may not be written yet."""
    order = open_order(folder, size)
    leaves = np.flatnonzero(np.isin(order, rows))
    place = {int(order[leaf]): int(leaf) for leaf in leaves}
    with storage(LEVELS):
        hashes = np.memmap(folder / LEVELS, dtype=np.uint8, mode="r", shape=(size, HASH_BYTES))
        return [hashes[place[int(row)]].tobytes() for row in rows]


def _read_documents(folder: Path) -> Entries:
    """Entries of a batch that was made before there was such a file. Purged documents have none."""
    salt = series_salt(read_manifest(folder).terms)
    found, first = [], 0
    for path in sorted((folder / "documents").iterdir()):
        with pa.OSFile(str(path)) as source:
            reader = pa.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                ids = [
                    _record_id(content) if media_type == JSON_MEDIA_TYPE else None
                    for media_type, content in zip(
                        batch.column("media_type").to_pylist(), batch.column("content").to_pylist(), strict=True
                    )
                ]
                found.append(entries_of(pa.array(ids, pa.string()), first, salt))
                first += len(batch)
    return np.concatenate(found) if found else np.empty(0, ENTRY)


def _record_id(content: bytes) -> str | None:
    try:
        value = orjson.loads(content)["data"].get(RECORD_ID)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
    return value if isinstance(value, str) else None
