"""From good records to sealed ones in the order of the tree: pure functions over Arrow record batches.

Nothing here reads a file or knows how an upload was divided, so any engine may run it over any partitions: sealing and
sorting each partition and merging them gives the same tree as doing it at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.records import (
    PLACED,
    SEALED,
    Bytes,
    byte_values,
    hash_column,
    hash_rows,
    int64_column,
    number_column,
    number_values,
    pieces_of,
)
from creditchain.merkle import lanes
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import as_texts, leaf_keys

Order = npt.NDArray[np.int64]
#: Makes rows (n, 32) of records that share a value; their positions are given, None for all records.
Make = Callable[[pa.RecordBatch, str, Order | None], Bytes]


@dataclass(frozen=True, slots=True)
class Seals:
    """The two secrets of a batch, 32 bytes each; kept out of `repr`."""

    tag_key: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def seal(records: pa.RecordBatch, seals: Seals, product: int, *, threads: int = 0) -> pa.RecordBatch:
    """RECORDS → SEALED in the same order: subject tags, salts and commitments (docs/format.md, sections 2 and 3).

    `product` is the number of the product that all records are of.
    """
    tags = _by_value(
        records.column("scheme"),
        records,
        lambda part, scheme, _: lanes.subject_tags(
            seals.tag_key, scheme.encode("ascii"), *pieces_of(part.column("number")), threads=threads
        ),
    )
    digests = lanes.document_digests(*pieces_of(records.column("content")), threads=threads)
    salts = lanes.salts(seals.secret, tags, digests, threads=threads)
    commitments = _by_value(
        records.column("media_type"),
        records,
        lambda part, media_type, rows: lanes.commitments(
            _rows(salts, rows), media_type.encode("ascii"), *pieces_of(part.column("content")), threads=threads
        ),
    )
    made = {
        "tag": hash_column(tags),
        "product": number_column(np.full(len(records), product, np.uint32)),
        "commitment": hash_column(commitments),
        "salt": hash_column(salts),
    }
    arrays = [made[name] if name in made else records.column(name) for name in SEALED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=SEALED)


def placed_leaves(sealed: pa.RecordBatch, first: int) -> pa.RecordBatch:
    """SEALED → PLACED: the leaves, and where their documents stand, the first of them in row `first`."""
    rows = int64_column(np.arange(first, first + len(sealed), dtype=np.int64))
    arrays = [rows if name == "document" else sealed.column(name) for name in PLACED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=PLACED)


def merge_sorted(
    batches: Sequence[pa.RecordBatch], low: bytes | None = None, high: bytes | None = None, *, threads: int = 0
) -> pa.RecordBatch:
    """Several batches of schema PLACED as one, in the order of the tree: keys from `low` to below `high`, if given.

    Equal leaves keep the order in which they came.
    """
    if not batches:
        return pa.RecordBatch.from_pylist([], schema=PLACED)
    whole = pa.concat_batches(batches)
    keys = keys_of(whole)
    order = leaf_order(keys, threads=threads)

    def key(row: int) -> bytes:
        found: bytes = keys[row].tobytes()
        return found

    start = 0 if low is None else bisect_left(order, low, key=key)
    stop = len(order) if high is None else bisect_left(order, high, key=key)
    return whole.take(int64_column(order[start:stop]))


def repeated_documents(batch: pa.RecordBatch, *, sections_apart: bool) -> list[tuple[int, int]]:
    """Rows of a sorted batch that repeat the document of an earlier row about the same subject: (earlier, later).

    One subject and equal bytes give one salt and so one commitment. `sections_apart`: whether equal bytes may stand in
    two sections; a JSON document says itself in which it is.
    """
    tags, commitments = hash_rows(batch.column("tag")), hash_rows(batch.column("commitment"))
    if len(batch) < 2:
        return []
    again = equal_to_previous(commitments)
    alike = again.any() and (again & equal_to_previous(tags)).any()
    if not alike and not sections_apart:
        return []
    pairs = np.ascontiguousarray(np.concatenate([tags, commitments], axis=1)).view("S64").ravel()
    _, first, group = np.unique(pairs, return_index=True, return_inverse=True)
    earlier = first[group]
    later = np.flatnonzero(earlier != np.arange(len(batch)))
    return list(zip(earlier[later].tolist(), later.tolist(), strict=True))


def equal_to_previous(hashes: Bytes) -> npt.NDArray[np.bool_]:
    """For each of the hashes (n, 32) but the first: whether it equals the one before it."""
    words = hashes.view(np.uint64)
    found: npt.NDArray[np.bool_] = words[1:, 0] == words[:-1, 0]
    at = np.flatnonzero(found)
    found[at] = np.all(words[at + 1] == words[at], axis=1)
    return found


def leaf_hashes(batch: pa.RecordBatch, *, threads: int = 0) -> Bytes:
    """The leaf hashes (n, 32) of any batch with the columns of a leaf."""
    rows: Bytes = lanes.leaf_rows(keys_of(batch), threads=threads)
    return rows


def sort_keys(batch: pa.RecordBatch) -> npt.NDArray[np.bytes_]:
    """The sort keys of a batch's leaves: 69 bytes each, comparable with < and by `np.searchsorted`."""
    return as_texts(keys_of(batch))


def keys_of(batch: pa.RecordBatch) -> Bytes:
    """The keys (n, 69) of any batch with columns tag, section, product and commitment (`leaf_keys`)."""
    return leaf_keys(
        hash_rows(batch.column("tag")),
        byte_values(batch.column("section")),
        number_values(batch.column("product")),
        hash_rows(batch.column("commitment")),
    )


def _by_value(column: pa.Array, records: pa.RecordBatch, make: Make) -> Bytes:
    """Rows of 32 bytes made for all records with one value of `column` at a time, put back in their places."""
    values = pc.unique(column).to_pylist()
    if len(values) == 1:
        return make(records, values[0], None)
    made = np.empty((len(records), 32), dtype=np.uint8)
    for value in values:
        rows = np.flatnonzero(pc.equal(column, value).to_numpy(zero_copy_only=False))
        made[rows] = make(records.take(pa.array(rows)), value, rows)
    return made


def _rows(values: Bytes, rows: Order | None) -> Bytes:
    return values if rows is None else np.ascontiguousarray(values[rows])
