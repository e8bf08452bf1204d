"""From good records to sealed ones in the order of the tree: pure functions over Arrow record batches.

Nothing here reads a file or knows how an upload was divided, so any engine may run it over any partitions: sealing and
sorting each partition and merging them gives the same tree as doing it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.records import SEALED, Bytes, byte_values, hash_column, hash_rows, pieces_of
from creditchain.merkle import lanes

Order = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Seals:
    """The two secrets of a batch, 32 bytes each; kept out of `repr`."""

    tag_key: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def seal(records: pa.RecordBatch, seals: Seals, *, threads: int = 0) -> pa.RecordBatch:
    """RECORDS → SEALED in the same order: subject tags, salts and commitments (docs/format.md, sections 2 and 3)."""
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
    made = {"tag": hash_column(tags), "commitment": hash_column(commitments), "salt": hash_column(salts)}
    arrays = [made[name] if name in made else records.column(name) for name in SEALED.names]
    return pa.RecordBatch.from_arrays(arrays, schema=SEALED)


def order(tags: Bytes, sections: Bytes, commitments: Bytes) -> Order:
    """The positions of leaves in ascending (tag, section, commitment), compared as 65 bytes.

    Sorts by section and the first eight bytes of tag and commitment, which settles all but collisions of 64 bits;
    what is left is settled by whole keys.
    """
    if len(tags) == 0:
        return np.empty(0, np.int64)
    found: Order = np.lexsort((_head(commitments), sections, _head(tags))).astype(np.int64)
    if _ascending(tags[found], sections[found], commitments[found]):
        return found
    keys = np.concatenate([tags, sections[:, None], commitments], axis=1)
    whole: Order = np.argsort(np.ascontiguousarray(keys).view("S65").ravel(), kind="stable").astype(np.int64)
    return whole


def sort_sealed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The sealed records in the order of the tree. Equal leaves keep the order in which they came."""
    found = order(
        hash_rows(batch.column("tag")), byte_values(batch.column("section")), hash_rows(batch.column("commitment"))
    )
    if np.array_equal(found, np.arange(len(found))):
        return batch
    return batch.take(pa.array(found))


def merge(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Several sealed batches as one, in the order of the tree."""
    if not batches:
        return pa.RecordBatch.from_pylist([], schema=SEALED)
    return sort_sealed(pa.concat_batches(list(batches)))


def first_double(batch: pa.RecordBatch) -> int | None:
    """The position of the first leaf of a sorted batch that equals the one before it: equal document, equal subject."""
    if len(batch) < 2:
        return None
    same = np.ones(len(batch) - 1, dtype=bool)
    for name in ("commitment", "tag"):
        rows = hash_rows(batch.column(name))
        same &= np.all(rows[1:] == rows[:-1], axis=1)
    found = np.flatnonzero(same)
    return int(found[0]) + 1 if len(found) else None


def leaf_hashes(batch: pa.RecordBatch, *, threads: int = 0) -> Bytes:
    """The leaf hashes (n, 32) of any batch with columns tag, section and commitment."""
    rows: Bytes = lanes.leaf_rows(
        hash_rows(batch.column("tag")),
        byte_values(batch.column("section")),
        hash_rows(batch.column("commitment")),
        threads=threads,
    )
    return rows


def keys(batch: pa.RecordBatch) -> npt.NDArray[np.bytes_]:
    """The sort keys of a batch's leaves: 65 bytes each, comparable with < and by `np.searchsorted`."""
    parts = (
        hash_rows(batch.column("tag")),
        byte_values(batch.column("section"))[:, None],
        hash_rows(batch.column("commitment")),
    )
    return np.ascontiguousarray(np.concatenate(parts, axis=1)).view("S65").ravel()


def _by_value(column: pa.Array, records: pa.RecordBatch, make: object) -> Bytes:
    """Rows of 32 bytes made for all records with one value of `column` at a time, put back in their places."""
    values = pc.unique(column).to_pylist()
    if len(values) == 1:
        return make(records, values[0], None)  # type: ignore[operator,no-any-return]
    made = np.empty((len(records), 32), dtype=np.uint8)
    for value in values:
        rows = np.flatnonzero(pc.equal(column, value).to_numpy(zero_copy_only=False))
        made[rows] = make(records.take(pa.array(rows)), value, rows)  # type: ignore[operator]
    return made


def _rows(values: Bytes, rows: Order | None) -> Bytes:
    return values if rows is None else np.ascontiguousarray(values[rows])


def _head(rows: Bytes) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(rows[:, :8]).view(">u8").ravel().astype(np.uint64)


def _ascending(tags: Bytes, sections: Bytes, commitments: Bytes) -> bool:
    """Whether whole keys do not descend, looking closely only where the heads do not decide."""
    if len(tags) < 2:
        return True
    tag_heads, made_heads = _head(tags), _head(commitments)
    same_head = tag_heads[1:] == tag_heads[:-1]
    clash = np.flatnonzero(same_head & ((sections[1:] == sections[:-1]) & (made_heads[1:] == made_heads[:-1])))
    other = same_head & np.any(tags[1:] != tags[:-1], axis=1)
    close = np.union1d(clash, np.flatnonzero(other))
    return all(
        (tags[at].tobytes(), sections[at], commitments[at].tobytes())
        <= (tags[at + 1].tobytes(), sections[at + 1], commitments[at + 1].tobytes())
        for at in close.tolist()
    )
