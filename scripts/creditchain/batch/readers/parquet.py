"""Parquet: the columns of the CSV form with their types, or one string column `document` of JSON texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from creditchain.batch.accept import Rules, accept_text, accept_value
from creditchain.batch.columns import ENVELOPE, Layout, envelope, layout
from creditchain.batch.errors import UploadError, storage
from creditchain.batch.readers.pieces import Collector, GroupPiece, Loaded
from creditchain.batch.upload import Upload, open_at
from creditchain.documents import JsonObject
from creditchain.errors import Place
from creditchain.products import Product

DOCUMENT = "document"
#: Rows of one piece.
_ROWS = 65_536


def pieces(upload: Upload, rules: Rules) -> Iterator[GroupPiece]:
    """Row groups, cut where they are large. Raises UploadError for a file that is damaged or lacks a column."""
    with storage("the upload"), open_at(upload.url) as handle:
        parquet = _open(handle, upload.name)
        try:
            check_schema(parquet.schema_arrow, rules.product)
        except UploadError as error:
            raise error.at(Place(upload.name)) from None
        first = 0
        if parquet.metadata.num_rows == 0:
            raise UploadError("the upload is empty", place=Place(upload.name))
        for group in range(parquet.num_row_groups):
            rows = parquet.metadata.row_group(group).num_rows
            for offset in range(0, rows, _ROWS):
                here = min(_ROWS, rows - offset)
                size = max(1, upload.size * here // parquet.metadata.num_rows)
                yield GroupPiece(upload.url, group, offset, here, first + offset, size)
            first += rows


def load(piece: GroupPiece, rules: Rules) -> Loaded:
    """The records of the rows; a row's number counts from 1 and stands for the line."""
    table = read_group(piece)
    collector = Collector()
    if table.schema.names == [DOCUMENT]:
        for number, text in enumerate(table.column(DOCUMENT).to_pylist(), piece.first + 1):
            collector.take(number, lambda text=text: accept_text(_text(text), rules))  # type: ignore[misc]
    else:
        found = layout(table.schema.names, rules.product)
        for number, row in enumerate(table.to_pylist(), piece.first + 1):
            collector.take(number, lambda row=row: accept_value(_document(row, found, rules.product), rules))  # type: ignore[misc]
    return collector.loaded(piece.rows, numbered=True)


def read_group(piece: GroupPiece) -> pa.Table:
    """The piece's rows as a table. Raises UploadError for damaged pages."""
    with storage("the upload"), open_at(piece.url) as handle:
        try:
            return pq.ParquetFile(handle).read_row_group(piece.group).slice(piece.offset, piece.rows)
        except (pa.ArrowException, OSError) as error:
            raise UploadError("the Parquet file is damaged", found=_reason(error), place=Place(piece.url)) from error


def check_schema(schema: pa.Schema, product: Product) -> None:
    """Raise UploadError unless the columns can hold documents of the product."""
    if schema.names == [DOCUMENT]:
        if not pa.types.is_string(schema.field(0).type) and not pa.types.is_large_string(schema.field(0).type):
            raise UploadError(
                "the column has a wrong type",
                expected="string",
                found=str(schema.field(0).type),
                place=Place(field=DOCUMENT),
            )
        return
    table = layout(schema.names, product)
    for field in schema:
        kind = "string" if field.name in ENVELOPE else table.types[field.name]
        if not _fits(field.type, kind):
            raise UploadError(
                "the column has a wrong type", expected=kind, found=str(field.type), place=Place(field=field.name)
            )


def _fits(kind: pa.DataType, wanted: str) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if wanted == "integer":
        return bool(pa.types.is_integer(kind))
    if wanted == "boolean":
        return bool(pa.types.is_boolean(kind))
    if wanted == "string":
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    return not pa.types.is_floating(kind)


def _open(handle: Any, name: str) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(handle)
    except (pa.ArrowException, OSError) as error:
        raise UploadError(
            "not a whole Parquet file", found=_reason(error), hint="Send the upload again.", place=Place(name)
        ) from error


def _reason(error: BaseException) -> str:
    """The library's own words, first sentence; they speak of offsets and sizes, not of content."""
    return str(error).split("\n", 1)[0].split(". ", 1)[0][:160]


def _text(value: str | None) -> bytes:
    if value is None:
        raise UploadError("the document is missing", place=Place(field=DOCUMENT))
    return value.encode()


def _document(row: dict[str, Any], table: Layout, product: Product) -> JsonObject:
    data = {name: _without_nulls(row[name]) for name in table.names if name not in ENVELOPE and row[name] is not None}
    return envelope(row, data, product)


def _without_nulls(value: Any) -> Any:
    """Structs lose fields that are null: in a table a field that is not there has no other form."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
