"""Parquet: the columns of the CSV form with their types, or one string column `document` of JSON texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditchain.batch.accepting.bulk_columns import column_acceptor
from creditchain.batch.accepting.bulk_lines import FirstPass, Lines
from creditchain.batch.accepting.lines import accept_lines, accept_values
from creditchain.batch.accepting.loaded import Collector, Loaded
from creditchain.batch.accepting.rules import Rules, accept_text
from creditchain.batch.accepting.table import ENVELOPE, Layout, envelope, layout
from creditchain.batch.accepting.typed_documents import UntranslatableError
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers.parquet_sizes import (
    MOST_BYTES,
    ROW_BYTES,
    coded_columns,
    require_sane,
    rows_at_once,
    rows_of,
)
from creditchain.batch.readers.parquet_types import column_names as data_columns
from creditchain.batch.readers.parquet_types import plain_columns, require_texts, require_type
from creditchain.batch.readers.pieces import GroupsPiece, TablePiece
from creditchain.batch.readers.upload import Upload, open_at, public_name
from creditchain.batch.records import RECORDS, joined, shift
from creditchain.documents import JsonObject
from creditchain.errors import InputError, Place
from creditchain.products import Product

DOCUMENT = "document"
#: How many times as large as a piece a row group may be; a larger one is read here, and its rows sent to the workers.
_LARGE = 4


def pieces(upload: Upload, rules: Rules, piece_bytes: Callable[[int], int]) -> Iterator[GroupsPiece | TablePiece]:
    """Small row groups some together, large ones in slices. Raises UploadError: a damaged file, a missing column."""
    with storage("the upload"), open_at(upload.url) as handle:
        parquet = _open(handle, upload.name)
        try:
            if (mapping := upload.reading.mapping) is not None:
                mapping.require_columns(parquet.schema_arrow.names)
                require_texts(parquet.schema_arrow, mapping.columns)
            else:
                check_schema(parquet.schema_arrow, rules.product)
        except UploadError as error:
            raise error.at(Place(upload.name)) from None
        require_sane(parquet.metadata, upload.name)
        rows = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
        if sum(rows) == 0:
            raise UploadError("the upload is empty", place=Place(upload.name))
        pages = sum(parquet.metadata.row_group(group).total_byte_size for group in range(len(rows)))
        each = max(ROW_BYTES, pages // sum(rows))
        limit = max(1, piece_bytes(each * sum(rows)) // each)
        yield from _cut(upload, parquet, rows, limit)


def load(piece: GroupsPiece | TablePiece, rules: Rules) -> Iterator[Loaded]:
    """The records of the rows, block by block; a row's number counts from 1 and stands for the line."""
    first = piece.first
    for batch in batches(piece):
        if batch.schema.names == [DOCUMENT]:
            loaded = _of_texts(_bytes_of(batch.column(0)), rules)
        else:
            loaded = _of_columns(batch, rules)
        yield _placed(loaded, first)
        first += len(batch)


def batches(piece: GroupsPiece | TablePiece) -> Iterator[pa.RecordBatch]:
    """The piece's rows, some at a time. Raises UploadError for damaged pages."""
    return chain.from_iterable(map(_bounded, _blocks(piece)))


def _blocks(piece: GroupsPiece | TablePiece) -> Iterator[pa.RecordBatch]:
    """The piece's rows, some at a time. Raises UploadError for damaged pages."""
    if isinstance(piece, TablePiece):
        rows = rows_at_once(piece.batch.nbytes, len(piece.batch))
        yield from (piece.batch.slice(start, rows) for start in range(0, len(piece.batch), rows))
        return
    with storage("the upload"), open_at(piece.url) as handle:
        try:
            whole = pq.ParquetFile(handle)
            names, metadata = data_columns(whole.schema_arrow), whole.metadata
            rows = rows_of([metadata.row_group(group) for group in piece.groups])
            coded = coded_columns(handle, metadata, piece.groups, rows)
            parquet = pq.ParquetFile(handle, metadata=metadata, read_dictionary=coded)
            yield from parquet.iter_batches(
                batch_size=rows, row_groups=list(piece.groups), columns=names, use_threads=False
            )
        except (pa.ArrowException, OSError) as error:
            raise _damaged(piece.url, error) from error


def column_names(upload: Upload) -> tuple[str, ...]:
    """The names of the columns. Raises UploadError."""
    with storage("the upload"), open_at(upload.url) as handle:
        return tuple(data_columns(_open(handle, upload.name).schema_arrow))


def check_schema(schema: pa.Schema, product: Product) -> None:
    """Raise UploadError unless the columns can hold documents of the product."""
    names = data_columns(schema)
    if names == [DOCUMENT]:
        require_type(DOCUMENT, schema.field(DOCUMENT).type, "string")
        return
    for name, wanted in _kinds(names, product).items():
        require_type(name, schema.field(name).type, wanted)


def _kinds(names: Sequence[str], product: Product) -> dict[str, str]:
    """The JSON type that each column is to hold. Raises UploadError for columns that the product does not have."""
    table = layout(names, product)
    return {name: "string" if name in ENVELOPE else table.types[name] for name in names}


def _bounded(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in slices that stay bounded as documents: one long value may stand for a whole column."""
    widest = sum(map(_width, batch.columns))
    rows = max(1, MOST_BYTES // max(1, widest))
    yield from (batch.slice(start, rows) for start in range(0, len(batch), rows))


def _width(column: pa.Array) -> int:
    """Bytes of a value: of a dictionary's the longest, else the average."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else None
    if kind is None or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return -(-int(column.nbytes) // max(1, len(column)))
    return int(pc.max(pc.binary_length(column.dictionary)).as_py() or 0)


def _cut(
    upload: Upload, parquet: pq.ParquetFile, rows: Sequence[int], limit: int
) -> Iterator[GroupsPiece | TablePiece]:
    whole, first, groups = sum(rows), 0, list[int]()
    for group, count in enumerate(rows):
        together = sum(rows[each] for each in groups)
        if groups and (together + count > limit or count > _LARGE * limit):
            yield GroupsPiece(upload.url, tuple(groups), first - together, _share(upload, together, whole))
            groups, together = [], 0
        if count <= _LARGE * limit:
            groups.append(group)
        else:
            yield from _slices(upload, parquet, group, first, limit, whole)
        first += count
    if groups:
        together = sum(rows[each] for each in groups)
        yield GroupsPiece(upload.url, tuple(groups), first - together, _share(upload, together, whole))


def _slices(
    upload: Upload, parquet: pq.ParquetFile, group: int, first: int, limit: int, whole: int
) -> Iterator[TablePiece]:
    try:
        rows = min(limit, rows_of([parquet.metadata.row_group(group)]))
        with open_at(upload.url) as handle:
            coded = coded_columns(handle, parquet.metadata, [group], rows)
            reader = pq.ParquetFile(handle, metadata=parquet.metadata, read_dictionary=coded)
            names = data_columns(parquet.schema_arrow)
            for batch in reader.iter_batches(batch_size=rows, row_groups=[group], columns=names):
                yield TablePiece(batch, first, _share(upload, len(batch), whole))
                first += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(upload.url, error) from error


def _share(upload: Upload, rows: int, whole: int) -> int:
    return max(1, upload.size * rows // whole)


def _of_columns(batch: pa.RecordBatch, rules: Rules) -> Loaded:
    """The records of typed columns; lines count from 1 in the batch."""
    batch, unfit = plain_columns(batch, _kinds(batch.schema.names, rules.product))
    first = _first_pass(batch, rules)
    if not first.rest and not unfit:
        return Loaded(first.records, (), len(batch), numbered=True)
    unfit_rows = {problem.line or 0 for problem in unfit}
    table = layout(batch.schema.names, rules.product)
    values: list[JsonObject] = []
    numbers: list[int] = []
    problems: list[Problem] = list(unfit)
    for place in first.rest:
        if place + 1 in unfit_rows:
            continue
        try:
            values.append(_document(_row(batch, place), table, rules.product))
            numbers.append(place + 1)
        except InputError as error:
            problems.append(Problem.of(error, place + 1))
    loaded = accept_values(values, numbers, rules)
    problems = sorted([*problems, *loaded.problems], key=lambda problem: problem.line or 0)
    records = joined(first.records, loaded.records) if len(first.records) else loaded.records
    if unfit_rows:  # a value that was no value is null by now, which is right only where the field may be missing
        records = records.filter(pc.invert(pc.is_in(records.column("line"), pa.array(sorted(unfit_rows), pa.int64()))))
    return Loaded(records, tuple(problems), len(batch), numbered=True)


def _first_pass(batch: pa.RecordBatch, rules: Rules) -> FirstPass:
    try:
        return column_acceptor(rules, tuple(batch.schema.names)).accept(batch)
    except UntranslatableError:
        return FirstPass(pa.RecordBatch.from_pylist([], schema=RECORDS), list(range(len(batch))))


def _bytes_of(column: pa.Array) -> list[bytes | None]:
    """The texts of a column as they stand in the file, whether they are UTF-8 or not."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return [None if text is None else bytes(text) for text in column.cast(pa.large_binary()).to_pylist()]


def _of_texts(raw: Sequence[bytes | None], rules: Rules) -> Loaded:
    """The records of JSON texts; lines count from 1."""
    if all(text is not None and b"\n" not in text for text in raw):
        return accept_lines(Lines(b"".join([text + b"\n" for text in raw if text is not None])), rules)
    collector = Collector()
    for number, text in enumerate(raw, 1):
        collector.take(number, lambda text=text: accept_text(_there(text), rules))  # type: ignore[misc]
    return collector.loaded(len(raw), numbered=True)


def _placed(loaded: Loaded, before: int) -> Loaded:
    """The same with lines counted in the upload."""
    problems = tuple(problem.shifted(before) for problem in loaded.problems)
    return replace(loaded, records=shift(loaded.records, "line", before), problems=problems, numbered=True)


def _open(handle: Any, name: str) -> pq.ParquetFile:
    try:
        parquet = pq.ParquetFile(handle)
        _ = parquet.schema_arrow.names, str(parquet.schema_arrow)  # names that are not UTF-8 show themselves here
        return parquet
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        hint = "Send the upload again."
        raise UploadError("not a whole Parquet file", found=_reason(error), hint=hint, place=Place(name)) from error


def _damaged(url: str, error: BaseException) -> UploadError:
    return UploadError("the Parquet file is damaged", found=_reason(error), place=Place(public_name(url)))


def _reason(error: BaseException) -> str:
    """The library's own words, first sentence; they speak of offsets and sizes, not of content."""
    if isinstance(error, UnicodeDecodeError):
        return "a name that is not UTF-8"
    return str(error).split("\n", 1)[0].split(". ", 1)[0][:160]


def _there(value: bytes | None) -> bytes:
    if value is None:
        raise UploadError("the document is missing", place=Place(field=DOCUMENT))
    return value


def _row(batch: pa.RecordBatch, place: int) -> dict[str, Any]:
    try:
        return {name: column[place].as_py() for name, column in zip(batch.schema.names, batch.columns, strict=True)}
    except UnicodeDecodeError as error:
        raise UploadError("a text of the row is not UTF-8") from error
    except (ValueError, OverflowError) as error:  # a day in a year past 9999, a moment in nanoseconds
        raise UploadError("a value of the row is outside the range of documents") from error


def _document(row: dict[str, Any], table: Layout, product: Product) -> JsonObject:
    for name, must in ENVELOPE.items():
        if must and row[name] is None:
            raise UploadError("missing", place=Place(field=name))
    data = {name: _without_nulls(row[name]) for name in table.names if name not in ENVELOPE and row[name] is not None}
    return envelope(row, data, product)


def _without_nulls(value: Any) -> Any:
    """Structs lose fields that are null: in a table a field that is not there has no other form."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
