"""Documents from typed columns, whole columns at a time: what is certainly good is written as canonical bytes.

As in `quick`: a row is accepted only if the plain way would accept it, with the same bytes; rows that are not are for
the plain way, which says what is wrong with them. The canonical bytes are put together from all columns and the texts
between them, row after row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.accept import Rules
from creditchain.batch.columns import ENVELOPE
from creditchain.batch.numbers import uscc_valid, valid
from creditchain.batch.quick import Mask, Quick
from creditchain.batch.records import RECORDS, Bytes, byte_column, pieces_of
from creditchain.batch.typed import UntranslatableError, in_order, only, portable
from creditchain.documents import DOCUMENT_LIMITS, DOMAINS, JSON_MEDIA_TYPE, MAX_INTEGER, SECTIONS
from creditchain.identifiers import USCC
from creditchain.merkle import lanes
from creditchain.products.schema import resolve

Schema = Mapping[str, Any]
#: Says which values of a column fit, nulls aside.
Check = Callable[[pa.Array], Mask]
#: A text that every row has, or a column (an Arrow array) of texts.
Part: TypeAlias = Any

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
#: What a JSON string holds without escapes.
_UNESCAPED = r'^[^"\\\x00-\x1f]*\z'


class ColumnAcceptor:
    """Accepts rows of tables with columns `names`, of one product under one set of rules."""

    def __init__(self, rules: Rules, names: Sequence[str]) -> None:
        """Raises UntranslatableError where the product's schema can not be checked by columns."""
        product = rules.product
        schema = product.document_schema()
        data, definitions = schema["properties"]["data"], schema.get("$defs", {})
        only(data, {"properties", "required", "additionalProperties", "$schema"})
        fields = {name: resolve(field, definitions) for name, field in data["properties"].items()}
        self._product = product.ref
        self._schemes = product.subjects
        self._fields = [name for name in in_order(fields) if name in names]
        self._required = set(data.get("required", []))
        self._checks = {name: _check_of(fields[name]) for name in self._fields}
        self._text = {name for name in self._fields if _is_text(fields[name])}
        if not self._required:
            raise UntranslatableError("no field is required")
        self._sections = [section.label for section in product.sections]
        self._domains = [domain.label for domain in product.domains if rules.domains >> domain & 1]

    def accept(self, table: pa.RecordBatch) -> Quick:
        """Accept what is certainly good of a table's rows; the records' lines count from 1."""
        columns = _plain_columns(table)
        if columns is None:
            return Quick(pa.RecordBatch.from_pylist([], schema=RECORDS), list(range(len(table))))
        if "subject_scheme" not in columns:
            columns["subject_scheme"] = pa.nulls(len(table), pa.string())
        columns["subject_scheme"] = pc.fill_null(columns["subject_scheme"], USCC)
        good = self._good(columns, len(table))
        rows = np.flatnonzero(good)
        if len(rows) < len(table):
            kept = pa.array(rows)
            columns = {name: column.take(kept) for name, column in columns.items()}
        contents, fits = self._contents(columns, len(rows))
        records = pa.RecordBatch.from_arrays(
            [
                pa.array(rows + 1),
                columns["subject_scheme"],
                columns["subject_number"],
                _numbers_of(columns["section"], {name: int(found) for name, found in SECTIONS.items()}),
                _numbers_of(columns["domain"], {name: int(found) for name, found in DOMAINS.items()}),
                pa.repeat(pa.scalar(JSON_MEDIA_TYPE, pa.string()), len(rows)),
                contents,
            ],
            schema=RECORDS,
        )
        if not fits.all():
            records, good[rows[~fits]] = records.filter(pa.array(fits)), False
        return Quick(records, [] if good.all() else np.flatnonzero(~good).tolist())

    def _good(self, columns: Mapping[str, pa.Array], count: int) -> Mask:
        good = np.ones(count, dtype=bool)
        for name, must in ENVELOPE.items():
            if must and columns[name].null_count:
                good &= _mask(pc.is_valid(columns[name]))
        good &= _among(columns["section"], self._sections) & _among(columns["domain"], self._domains)
        good &= _dates(columns["as_of"]) & self._subjects(columns["subject_scheme"], columns["subject_number"])
        for name, check in self._checks.items():
            column = columns[name]
            fits = check(column)
            if column.null_count:
                known = _mask(pc.is_valid(column))
                fits = known & fits if name in self._required else ~known | fits
            good &= fits
        return good

    def _subjects(self, schemes: pa.Array, numbers: pa.Array) -> Mask:
        found = np.zeros(len(numbers), dtype=bool)
        for scheme in self._schemes:
            here = _mask(pc.equal(schemes, scheme))
            if here.all() and scheme == USCC and not numbers.null_count and _all_of_length(numbers, 18):
                return _uscc_column_valid(numbers)
            rows = np.flatnonzero(here & _mask(pc.is_valid(numbers)))
            found[rows] = valid(scheme, numbers.take(pa.array(rows)).to_pylist())
        return found

    def _contents(self, columns: Mapping[str, pa.Array], count: int) -> tuple[pa.Array, Mask]:
        """Canonical bytes of each row, and whether they are short enough for a document."""
        parts: list[Part] = ['{"as_of":"', columns["as_of"], '","data":{', *self._data(columns)]
        parts += ['},"domain":"', columns["domain"], f'","product":"{self._product}","section":"', columns["section"]]
        parts += [
            '","subject":{"number":"',
            columns["subject_number"],
            '","scheme":"',
            columns["subject_scheme"],
            '"}}',
        ]
        contents = _row_by_row(parts, count)
        lengths = np.diff(np.frombuffer(contents.buffers()[1], dtype=np.int64)[: count + 1])
        return contents, lengths <= DOCUMENT_LIMITS.max_bytes

    def _data(self, columns: Mapping[str, pa.Array]) -> list[Part]:
        parts: list[Part] = []
        after_required = False
        for name in self._fields:
            key = orjson.dumps(name).decode() + ":"
            quote = '"' if name in self._text else ""
            column = _written(columns[name])
            if name in self._required:
                parts += [("," if after_required else "") + key + quote, column, quote]
                after_required = True
            else:
                before, behind = (",", "") if after_required else ("", ",")
                field = pc.binary_join_element_wise(before + key + quote, column, quote + behind, "")
                parts.append(pc.fill_null(field, ""))
        return parts


def _uscc_column_valid(numbers: pa.Array) -> Mask:
    """Which USCCs of a column of 18 bytes each, without nulls, are right."""
    _, offsets, data = numbers.buffers()
    start = int(np.frombuffer(offsets, dtype=np.int32)[numbers.offset])
    whole: Bytes = np.frombuffer(data, dtype=np.uint8)
    return uscc_valid(whole[start : start + 18 * len(numbers)].reshape(-1, 18))


def _plain_columns(table: pa.RecordBatch) -> dict[str, pa.Array] | None:
    """The columns as string, int64 or bool; None where one is of another kind, or holds what is not UTF-8."""
    found = {}
    try:
        for name, column in zip(table.schema.names, table.columns, strict=True):
            plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
            if pa.types.is_large_string(plain.type):
                plain = plain.cast(pa.string())
            elif pa.types.is_integer(plain.type):
                plain = plain.cast(pa.int64())
            elif not (pa.types.is_string(plain.type) or pa.types.is_boolean(plain.type)):
                return None
            plain.validate(full=True)
            found[name] = plain
    except pa.ArrowException:
        return None
    return found


def _is_text(schema: Schema) -> bool:
    return schema.get("type") == "string" or any(isinstance(value, str) for value in _choices(schema) or ())


def _choices(schema: Schema) -> list[Any] | None:
    if "enum" in schema and "const" in schema:
        raise UntranslatableError("choice")
    return list(schema["enum"]) if "enum" in schema else [schema["const"]] if "const" in schema else None


def _check_of(schema: Schema) -> Check:
    kind, choices = schema.get("type"), _choices(schema)
    if choices is not None:
        only(schema, {"enum", "const"})
        wanted = {"string": str, "integer": int}.get(str(kind))
        if wanted is None or any(type(value) is not wanted for value in choices):
            raise UntranslatableError("choice")
        among = _texts_among if wanted is str else _among
        return lambda column: among(column, choices)
    if kind == "string":
        return _text_check(schema)
    if kind == "integer":
        only(schema, {"minimum", "maximum", "multipleOf"})
        low, high = (
            max(schema.get("minimum", -MAX_INTEGER), -MAX_INTEGER),
            min(schema.get("maximum", MAX_INTEGER), MAX_INTEGER),
        )
        step = schema.get("multipleOf", 1)
        return lambda column: _integers(column, low, high, step)
    if kind == "boolean":
        only(schema, set())
        return lambda column: _kind(column, pa.types.is_boolean)
    raise UntranslatableError(str(kind))


def _text_check(schema: Schema) -> Check:
    if "format" in schema:
        only(schema, {"format"})
        if schema["format"] != "date":
            raise UntranslatableError("format")
        return _dates
    only(schema, {"minLength", "maxLength", "pattern"})
    low, high = schema.get("minLength", 0), schema.get("maxLength", DOCUMENT_LIMITS.max_bytes)
    pattern = "^(?:" + portable(schema["pattern"]) + r")\z" if "pattern" in schema else None

    def check(column: pa.Array) -> Mask:
        fits = _kind(column, pa.types.is_string)
        if not fits.all():
            return fits
        if "minLength" in schema or "maxLength" in schema:
            lengths = pc.utf8_length(column)
            fits = _mask(pc.and_(pc.greater_equal(lengths, low), pc.less_equal(lengths, high)))
        if pattern is not None:
            return fits & _mask(pc.match_substring_regex(column, pattern))
        return fits & _unescaped(column)

    return check


def _integers(column: pa.Array, low: int, high: int, step: int) -> Mask:
    if not pa.types.is_integer(column.type):
        return np.zeros(len(column), dtype=bool)
    values = pc.fill_null(column, low).to_numpy(zero_copy_only=False)
    fits: Mask = (values >= low) & (values <= high)
    return fits if step == 1 else fits & (values % step == 0)


def _dates(column: pa.Array) -> Mask:
    """Days of the calendar, `YYYY-MM-DD`; each different one is looked at once."""
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), dtype=bool)
    coded = pc.dictionary_encode(column)
    shaped = _mask(pc.match_substring_regex(coded.dictionary, _DATE))
    texts = coded.dictionary.to_pylist()
    days = np.array([bool(fits) and _is_day(text) for fits, text in zip(shaped, texts, strict=True)], dtype=bool)
    if not len(days):
        return np.zeros(len(column), dtype=bool)
    found: Mask = days[pc.fill_null(coded.indices, 0).to_numpy(zero_copy_only=False)]
    return found


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _texts_among(column: pa.Array, choices: Sequence[str]) -> Mask:
    return _among(column, choices) & _unescaped(column) if pa.types.is_string(column.type) else _among(column, choices)


def _among(column: pa.Array, choices: Sequence[Any]) -> Mask:
    wanted = pa.array(choices)
    return _mask(pc.is_in(column, wanted)) if wanted.type == column.type else np.zeros(len(column), dtype=bool)


def _unescaped(column: pa.Array) -> Mask:
    """Which texts are written in JSON as they are. Looked at one by one only if some are not."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return np.ones(len(column), dtype=bool)
    bounds = np.frombuffer(offsets, dtype=np.int32)
    used: Bytes = np.frombuffer(data, dtype=np.uint8)[bounds[column.offset] : bounds[column.offset + len(column)]]
    if not ((used < 0x20) | (used == 0x22) | (used == 0x5C)).any():
        return np.ones(len(column), dtype=bool)
    return _mask(pc.match_substring_regex(column, _UNESCAPED))


def _kind(column: pa.Array, is_kind: Callable[[pa.DataType], bool]) -> Mask:
    return np.full(len(column), bool(is_kind(column.type)))


def _all_of_length(column: pa.Array, length: int) -> bool:
    offsets: npt.NDArray[np.int32] = np.frombuffer(column.buffers()[1], dtype=np.int32)
    return bool(np.all(np.diff(offsets[column.offset : column.offset + len(column) + 1]) == length))


def _mask(column: pa.Array) -> Mask:
    found: Mask = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return found


def _numbers_of(column: pa.Array, numbers: Mapping[str, int]) -> pa.Array:
    coded = pc.dictionary_encode(column)
    values = np.array([numbers[name] for name in coded.dictionary.to_pylist()], dtype=np.uint8)
    return byte_column(values[coded.indices.to_numpy(zero_copy_only=False)] if len(values) else np.empty(0, np.uint8))


def _written(column: pa.Array) -> pa.Array:
    """A column as its JSON texts, strings without their quotes."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _row_by_row(parts: Sequence[Part], count: int) -> pa.Array:
    """The parts of each row joined, row after row, as a column of bytes."""
    columns: list[Any] = []
    for constant, group in groupby(parts, lambda part: isinstance(part, str)):
        alike = list(group)
        columns += ["".join(alike).encode()] if constant else map(pieces_of, alike)
    data, bounds = lanes.join_columns(columns, count)
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), count, [None, pa.py_buffer(np.ascontiguousarray(bounds, np.int64)), pa.py_buffer(data)]
    )
