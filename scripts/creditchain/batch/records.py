"""Records as Arrow record batches: the columns that workers read, seal and write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.documents import Domain, Section

Bytes = npt.NDArray[np.uint8]

_HASH = pa.binary(32)

#: The field of `data` that holds the number under which a record's source keeps it (docs/products.md).
RECORD_ID = "record_id"

#: Good records as they were read; `line` counts from 1 within their piece.
#: `record_id` is null where the product has none, or the document is a file.
RECORDS = pa.schema(
    [
        ("line", pa.int64()),
        ("scheme", pa.string()),
        ("number", pa.string()),
        ("section", pa.uint8()),
        ("domain", pa.uint8()),
        ("media_type", pa.string()),
        ("content", pa.large_binary()),
        (RECORD_ID, pa.string()),
    ]
)

#: Leaves without content: what a regulator gets to audit a batch.
LEAVES = pa.schema(
    [
        ("tag", _HASH),
        ("section", pa.uint8()),
        ("product", pa.uint32()),
        ("commitment", _HASH),
        ("domain", pa.uint8()),
    ]
)

#: The part of a record that is sorted: leaf, row of its document among all documents, line of the upload.
PLACED = pa.schema([*LEAVES, ("document", pa.int64()), ("line", pa.int64())])

#: Documents with their salts, which only the publisher keeps.
DOCUMENTS = pa.schema([("media_type", pa.string()), ("content", pa.large_binary()), ("salt", _HASH)])

#: Sealed records: leaf and document, without the number of the subject.
SEALED = pa.schema([*LEAVES, *DOCUMENTS, ("line", pa.int64())])


@dataclass(frozen=True, slots=True)
class Record:
    """One good record, before it is sealed. `content` is the document's bytes."""

    scheme: str
    number: str
    section: Section
    domain: Domain
    media_type: str
    content: bytes
    record_id: str | None = None


@dataclass(slots=True)
class RecordColumns:
    """Records as they are collected, one list a column."""

    lines: list[int] = field(default_factory=list)
    schemes: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    sections: list[int] = field(default_factory=list)
    domains: list[int] = field(default_factory=list)
    media_types: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    record_ids: list[str | None] = field(default_factory=list)

    def add(self, line: int, record: Record) -> None:
        """Append one record that stands at `line`."""
        self.lines.append(line)
        self.schemes.append(record.scheme)
        self.numbers.append(record.number)
        self.sections.append(record.section)
        self.domains.append(record.domain)
        self.media_types.append(record.media_type)
        self.contents.append(record.content)
        self.record_ids.append(record.record_id)

    def batch(self) -> pa.RecordBatch:
        """The records as one record batch of schema RECORDS."""
        columns = (
            self.lines,
            self.schemes,
            self.numbers,
            self.sections,
            self.domains,
            self.media_types,
            self.contents,
            self.record_ids,
        )
        arrays = [pa.array(column, kind.type) for column, kind in zip(columns, RECORDS, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=RECORDS)


def shift(batch: pa.RecordBatch, name: str, before: int) -> pa.RecordBatch:
    """The batch with `before` added to its column `name` (int64)."""
    if not before:
        return batch
    at = batch.schema.get_field_index(name)
    moved = pc.add(batch.column(name), pa.scalar(before, pa.int64()))
    return batch.set_column(at, batch.schema.field(at), moved)


def joined(one: pa.RecordBatch, other: pa.RecordBatch) -> pa.RecordBatch:
    """Two batches as one. Nothing is copied if the other is empty."""
    return pa.concat_batches([one, other]) if len(other) else one


def hash_rows(column: pa.Array) -> Bytes:
    """A column of 32-byte values as uint8 rows (n, 32), without a copy."""
    whole = np.frombuffer(column.buffers()[1], dtype=np.uint8) if len(column) else np.empty(0, np.uint8)
    start = column.offset * 32
    return whole[start : start + len(column) * 32].reshape(-1, 32)


def byte_values(column: pa.Array) -> Bytes:
    """A uint8 column as a numpy array, without a copy."""
    values: Bytes = column.to_numpy(zero_copy_only=True) if len(column) else np.empty(0, np.uint8)
    return values


def hash_column(rows: Bytes) -> pa.Array:
    """uint8 rows (n, 32) as a column of 32-byte values."""
    packed = np.ascontiguousarray(rows)
    return pa.FixedSizeBinaryArray.from_buffers(_HASH, len(packed), [None, pa.py_buffer(packed)])


def byte_column(values: Bytes) -> pa.Array:
    """A uint8 array as a column."""
    return _column(pa.uint8(), np.ascontiguousarray(values, np.uint8))


def number_values(column: pa.Array) -> npt.NDArray[np.uint32]:
    """A uint32 column as a numpy array, without a copy."""
    values: npt.NDArray[np.uint32] = column.to_numpy(zero_copy_only=True) if len(column) else np.empty(0, np.uint32)
    return values


def number_column(values: npt.NDArray[np.uint32]) -> pa.Array:
    """A uint32 array as a column."""
    return _column(pa.uint32(), np.ascontiguousarray(values, np.uint32))


def int64_column(values: npt.NDArray[np.int64]) -> pa.Array:
    """An int64 array as a column."""
    return _column(pa.int64(), np.ascontiguousarray(values, np.int64))


def _column(kind: pa.DataType, values: npt.NDArray[Any]) -> pa.Array:
    # `pa.array` tries to import pandas on every call; where it is missing, that takes longer than thousands of values.
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def pieces_of(column: pa.Array) -> tuple[Bytes, npt.NDArray[np.int32] | npt.NDArray[np.int64]]:
    """A binary or string column as its bytes and n + 1 offsets into them, without a copy."""
    wide = pa.types.is_large_binary(column.type) or pa.types.is_large_string(column.type)
    _, offsets, data = column.buffers()
    if offsets is None or not len(column):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    bounds: npt.NDArray[Any] = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)[
        column.offset : column.offset + len(column) + 1
    ]
    return (np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, np.uint8)), bounds
