"""Accept rows of typed columns, a column at a time, and write good rows as canonical bytes.

As in `bulk_lines`, a row is accepted only if `accept_text` would accept it with the same bytes; other rows go the slow
way, which says what is wrong with them. Canonical bytes are joined row by row from the columns and the constant texts
between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.accepting.bulk_lines import FirstPass, Mask
from creditchain.batch.accepting.check_digits import uscc_valid, valid
from creditchain.batch.accepting.proper_texts import improper_rows
from creditchain.batch.accepting.rules import Rules, RulesKey, has_record_id
from creditchain.batch.accepting.table import ENVELOPE
from creditchain.batch.accepting.typed_documents import UntranslatableError, in_order, only, portable
from creditchain.batch.records import RECORD_ID, RECORDS, Bytes, byte_column, int64_column, pieces_of
from creditchain.documents import DOCUMENT_LIMITS, DOMAINS, JSON_MEDIA_TYPE, MAX_INTEGER, SECTIONS
from creditchain.identifiers import USCC
from creditchain.merkle import lanes
from creditchain.merkle.rows import Column as Pieces
from creditchain.products.dates import FIRST_DAY, LAST_DAY, periods
from creditchain.products.schema import DATE, DATE_OR_UNLIMITED, UNLIMITED, resolve

Schema = Mapping[str, Any]
#: Says which values of a column fit. Its answer for nulls does not matter.
Check = Callable[[pa.Array], Mask]

#: A pattern that is one class of characters with a count.
_ONE_CLASS = re.compile(r"(\[[^\]]+\])\{([0-9]+)(?:,([0-9]+))?\}")
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
#: Texts that a JSON string holds without escapes.
_UNESCAPED = r'^[^"\\\x00-\x1f]*\z'


@dataclass(frozen=True, slots=True)
class Column:
    """A column as values and, for each row, the index of its value in `places`; without `places`, row i has value i.

    Each check then looks at every distinct value once, however many rows repeat it.
    """

    values: pa.Array
    places: npt.NDArray[np.int64] | None = None

    def rows(self, found: Mask) -> Mask:
        """Expand per-value results to rows."""
        return found if self.places is None else found[self.places]

    def take(self, rows: npt.NDArray[np.int64]) -> Column:
        """The column with only these rows."""
        if self.places is None:
            return Column(self.values.take(pa.array(rows)))
        return Column(self.values, self.places[rows])

    def whole(self) -> pa.Array:
        """The column with one value for each row."""
        if self.places is None:
            return self.values
        if len(self.values) == 1:  # a constant column: repeating is cheaper than looking up
            return pa.repeat(self.values[0], len(self.places))
        return self.values.take(pa.array(self.places))


#: A text that every row has, or a column of texts.
Part = str | Column


class ColumnAcceptor:
    """Accepts rows of tables that have the columns `names`, as records of one product under one set of rules."""

    def __init__(self, rules: Rules, names: Sequence[str]) -> None:
        """Raises UntranslatableError if the product's schema cannot be checked by columns."""
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
            # `_data` writes the comma beside each optional field, which needs a required field to lean on.
            raise UntranslatableError("no field is required")
        self._periods = [pair for pair in periods(product.schema) if set(pair) <= set(self._fields)]
        self._record_id = RECORD_ID if has_record_id(product) else None
        sections = [section.label for section in product.sections]
        domains = [domain.label for domain in product.domains if rules.domains >> domain & 1]
        self._envelope: dict[str, Check] = {
            "section": _among(sections),
            "domain": _among(domains),
            "as_of": lambda column: _dates(column, rules.last_day),
        }

    def accept(self, table: pa.RecordBatch) -> FirstPass:
        """Accept the rows that are certainly good; the lines of their records count from 1."""
        columns = _plain_columns(table)
        if columns is None:
            # Nothing is known about these columns, so every row goes the slow way.
            return FirstPass(pa.RecordBatch.from_pylist([], schema=RECORDS), list(range(len(table))))
        # The scheme is optional in a table: USCC where it is missing.
        if "subject_scheme" not in columns:
            columns["subject_scheme"] = Column(pa.array([USCC]), np.zeros(len(table), np.int64))
        elif columns["subject_scheme"].values.null_count:
            columns["subject_scheme"] = Column(pc.fill_null(columns["subject_scheme"].values, USCC))
        good = self._good(columns, len(table))
        rows = np.flatnonzero(good)
        if len(rows) < len(table):
            columns = {name: column.take(rows) for name, column in columns.items()}
        contents, fits = self._contents(columns, len(rows))
        records = pa.RecordBatch.from_arrays(
            [
                int64_column(rows + 1),
                columns["subject_scheme"].whole(),
                columns["subject_number"].whole(),
                _numbers_of(columns["section"], {name: int(found) for name, found in SECTIONS.items()}),
                _numbers_of(columns["domain"], {name: int(found) for name, found in DOMAINS.items()}),
                pa.repeat(pa.scalar(JSON_MEDIA_TYPE, pa.string()), len(rows)),
                contents,
                columns[self._record_id].whole() if self._record_id else pa.nulls(len(rows), pa.string()),
            ],
            schema=RECORDS,
        )
        if not fits.all():
            records, good[rows[~fits]] = records.filter(pa.array(fits)), False
        return FirstPass(records, [] if good.all() else np.flatnonzero(~good).tolist())

    def _good(self, columns: Mapping[str, Column], count: int) -> Mask:
        good = np.ones(count, dtype=bool)
        for name, must in ENVELOPE.items():
            if must and columns[name].values.null_count:
                good &= _mask(pc.is_valid(columns[name].values))
        for name, check in self._envelope.items():
            good &= columns[name].rows(check(columns[name].values))
        good &= self._subjects(columns["subject_scheme"], columns["subject_number"])
        for name, check in self._checks.items():
            values = columns[name].values
            fits = check(values)
            if values.null_count:
                known = _mask(pc.is_valid(values))
                fits = known & fits if name in self._required else ~known | fits
            good &= columns[name].rows(fits)
        for first, last in self._periods:
            good &= _in_order(columns[first].whole(), columns[last].whole())
        return good

    def _subjects(self, schemes: Column, numbers: Column) -> Mask:
        if self._schemes == (USCC,) and _all_of_length(numbers.values, 18):
            # The common case: the bytes of all numbers form one matrix with 18 columns. `_good` drops nulls.
            right = schemes.rows(_mask(pc.equal(schemes.values, USCC)))
            return right & numbers.rows(_uscc_column_valid(numbers.values))
        found = np.zeros(len(schemes.whole()), dtype=bool)
        for scheme in self._schemes:
            here = _mask(pc.equal(schemes.whole(), scheme))
            rows = np.flatnonzero(here & _mask(pc.is_valid(numbers.whole())))
            found[rows] = valid(scheme, numbers.whole().take(pa.array(rows)).to_pylist())
        return found

    def _contents(self, columns: Mapping[str, Column], count: int) -> tuple[pa.Array, Mask]:
        """The canonical bytes of each row, and whether they are within the size limit of documents.

        RFC 8785 sorts members by name, so all documents of a product have the same texts between their values.
        """
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

    def _data(self, columns: Mapping[str, Column]) -> list[Part]:
        parts: list[Part] = []
        after_required = False
        for name in self._fields:
            key = orjson.dumps(name).decode() + ":"
            quote = '"' if name in self._text else ""
            column = Column(_written(columns[name].values), columns[name].places)
            if name in self._required:
                parts += [("," if after_required else "") + key + quote, column, quote]
                after_required = True
            else:
                # A missing field must vanish with its comma. So the comma belongs to the field: behind it while no
                # required field has been written, before it afterwards. That leaves neither a double comma nor one at
                # an end.
                before, behind = (",", "") if after_required else ("", ",")
                field = pc.binary_join_element_wise(before + key + quote, column.values, quote + behind, "")
                parts.append(Column(pc.fill_null(field, ""), column.places))
        return parts


def column_acceptor(rules: Rules, names: tuple[str, ...]) -> ColumnAcceptor:
    """The acceptor for these rules and columns, made once a process. Raises UntranslatableError."""
    return _acceptor(RulesKey.of(rules), names)


@lru_cache(maxsize=64)
def _acceptor(key: RulesKey, names: tuple[str, ...]) -> ColumnAcceptor:
    return ColumnAcceptor(key.rules, names)


def _uscc_column_valid(numbers: pa.Array) -> Mask:
    """Which USCCs of a column of 18 bytes each, without nulls, are right."""
    return uscc_valid(_text_bytes(numbers)[0].reshape(-1, 18))


def _plain_columns(table: pa.RecordBatch) -> dict[str, Column] | None:
    """The columns as string, int64 or bool; None if one has another type or holds text that is not UTF-8."""
    found = {}
    try:
        for name, array in zip(table.schema.names, table.columns, strict=True):
            column = _column(array)
            if column is None:
                return None
            found[name] = column
    except pa.ArrowException:
        return None
    return found


def _column(array: pa.Array) -> Column | None:
    """Normalised column; None if its type is unsupported. Raises ArrowException for text that is not UTF-8."""
    array.validate(full=True)  # a file from outside: offsets and UTF-8 are not to be trusted before this
    if not pa.types.is_dictionary(array.type):
        plain = _plain(array)
        return None if plain is None else Column(plain)
    values = _plain(array.dictionary)
    if values is None:
        return None
    if array.null_count or values.null_count:
        # A null index has no value to point at; decoding keeps the nulls.
        return Column(_plain(array.dictionary_decode()))
    return Column(values, array.indices.to_numpy().astype(np.int64))


def _plain(array: pa.Array) -> pa.Array | None:
    if pa.types.is_string(array.type) or pa.types.is_boolean(array.type):
        return array
    if pa.types.is_large_string(array.type):
        return array.cast(pa.string())
    return array.cast(pa.int64()) if pa.types.is_integer(array.type) else None


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
        among = _among(choices)
        return (lambda column: among(column) & _unescaped(column)) if wanted is str else among
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
        if schema["format"] == DATE:
            return _dates
        if schema["format"] == DATE_OR_UNLIMITED:
            return _dates_or_unlimited
        raise UntranslatableError("format")
    only(schema, {"minLength", "maxLength", "pattern"})
    low, high = schema.get("minLength", 0), schema.get("maxLength", DOCUMENT_LIMITS.max_bytes)
    pattern = _pattern_check(portable(schema["pattern"])) if "pattern" in schema else None

    def check(column: pa.Array) -> Mask:
        fits = _kind(column, pa.types.is_string)
        if not fits.all():
            return fits
        if "minLength" in schema or "maxLength" in schema:
            lengths = pc.utf8_length(column)
            fits = _mask(pc.and_(pc.greater_equal(lengths, low), pc.less_equal(lengths, high)))
        if pattern is not None:
            return fits & pattern(column)
        return fits & _unescaped(column) & _proper(column)

    return check


def _pattern_check(inside: str) -> Check:
    """Which texts match a whole pattern. A pattern of one character class is checked by a table of bytes: no regex."""
    whole = f"^(?:{inside})\\z"
    simple = _ONE_CLASS.fullmatch(inside)
    if simple is None:
        return lambda column: _mask(pc.match_substring_regex(column, whole))
    # A table of bytes decides much faster than a regular expression. Bytes from 128 on belong to longer characters,
    # which the class may allow, so a column that holds any goes to the regular expression.
    allowed = np.array(
        [re.fullmatch(simple[1], chr(byte), re.ASCII) is not None for byte in range(128)] + [False] * 128
    )
    low, high = int(simple[2]), int(simple[3] if simple[3] is not None else simple[2])

    def check(column: pa.Array) -> Mask:
        used, lengths = _text_bytes(column)
        if allowed[used].all():
            fits: Mask = (lengths >= low) & (lengths <= high)
            return fits
        return _mask(pc.match_substring_regex(column, whole))

    return check


def _text_bytes(column: pa.Array) -> tuple[Bytes, npt.NDArray[np.int64] | npt.NDArray[np.int32]]:
    """The bytes of all texts of a column, and how many each has."""
    data, bounds = pieces_of(column)
    return data[bounds[0] : bounds[-1]], np.diff(bounds)


def _integers(column: pa.Array, low: int, high: int, step: int) -> Mask:
    if not pa.types.is_integer(column.type):
        return np.zeros(len(column), dtype=bool)
    values = pc.fill_null(column, low).to_numpy(zero_copy_only=False)
    fits: Mask = (values >= low) & (values <= high)
    return fits if step == 1 else fits & (values % step == 0)


def _dates(column: pa.Array, last: str = LAST_DAY) -> Mask:
    """Which texts are days, `YYYY-MM-DD`, that a document may name, up to `last`. Each distinct day is judged once."""
    if not pa.types.is_string(column.type):
        return np.zeros(len(column), dtype=bool)
    coded = pc.dictionary_encode(column)
    shaped = _mask(pc.match_substring_regex(coded.dictionary, _DATE))
    texts = coded.dictionary.to_pylist()
    days = np.array(
        [bool(fits) and FIRST_DAY <= text <= last and _is_day(text) for fits, text in zip(shaped, texts, strict=True)],
        dtype=bool,
    )
    if not len(days):
        return np.zeros(len(column), dtype=bool)
    found: Mask = days[pc.fill_null(coded.indices, 0).to_numpy(zero_copy_only=False)]
    return found


def _dates_or_unlimited(column: pa.Array) -> Mask:
    """Days as in `_dates`, or the word for no end."""
    return _dates(column) | _mask(pc.equal(column, UNLIMITED)) if pa.types.is_string(column.type) else _dates(column)


def _in_order(first: pa.Array, last: pa.Array) -> Mask:
    """Which periods end on or after the day on which they begin, or lack one of the two.

    Texts `YYYY-MM-DD` sort as their days, and "unlimited" sorts after them all.
    """
    if not pa.types.is_string(first.type) or not pa.types.is_string(last.type):
        return np.ones(len(first), dtype=bool)
    found: Mask = pc.fill_null(pc.less_equal(first, last), True).to_numpy(zero_copy_only=False)
    return found


@lru_cache(maxsize=65_536)
def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _among(choices: Sequence[Any]) -> Check:
    wanted = pa.array(choices)

    def check(column: pa.Array) -> Mask:
        return _mask(pc.is_in(column, wanted)) if wanted.type == column.type else np.zeros(len(column), dtype=bool)

    return check


def _unescaped(column: pa.Array) -> Mask:
    """Which texts need no escapes in JSON; true for columns that hold no text."""
    if not pa.types.is_string(column.type):
        return np.ones(len(column), dtype=bool)
    used, _ = _text_bytes(column)
    # One pass over all bytes clears nearly every column.
    if not ((used < 0x20) | (used == 0x22) | (used == 0x5C)).any():
        return np.ones(len(column), dtype=bool)
    return _mask(pc.match_substring_regex(column, _UNESCAPED))


def _proper(column: pa.Array) -> Mask:
    """Which texts hold no improper character."""
    return ~improper_rows(*pieces_of(column)) if len(column) else np.ones(0, dtype=bool)


def _kind(column: pa.Array, is_kind: Callable[[pa.DataType], bool]) -> Mask:
    return np.full(len(column), bool(is_kind(column.type)))


def _all_of_length(column: pa.Array, length: int) -> bool:
    return bool(np.all(_text_bytes(column)[1] == length))


def _mask(column: pa.Array) -> Mask:
    found: Mask = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return found


def _numbers_of(column: Column, numbers: Mapping[str, int]) -> pa.Array:
    """The number of each row's name. A dictionary may hold names that no row uses; they get 0."""
    values, places = column.values, column.places
    if places is None:
        coded = pc.dictionary_encode(values)
        values, places = coded.dictionary, coded.indices.to_numpy()
    known = np.array([numbers.get(name, 0) for name in values.to_pylist()], dtype=np.uint8)
    return byte_column(known[places])


def _written(column: pa.Array) -> pa.Array:
    """A column as JSON texts; strings without their quotes."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _row_by_row(parts: Sequence[Part], count: int) -> pa.Array:
    """Join the parts of each row into one value; a column of bytes."""
    columns: list[Pieces] = []
    for part in parts:
        if isinstance(part, Column):
            columns.append((*pieces_of(part.values), part.places))
        elif columns and isinstance(columns[-1], bytes):
            columns[-1] += part.encode()
        else:
            columns.append(part.encode())
    data, bounds = lanes.join_columns(columns, count)
    return pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), count, [None, pa.py_buffer(np.ascontiguousarray(bounds, np.int64)), pa.py_buffer(data)]
    )
