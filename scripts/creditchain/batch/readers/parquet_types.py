"""Columns of Parquet by their logical type, as the texts, whole numbers and truth values that documents hold.

Databases and data frames write days as dates or timestamps, amounts as decimals, and columns without any value as
columns of no type. What a value means is certain in these cases, so it is converted here; what might mean something
else (a time of day, a fraction, a floating-point number) is refused by row or by column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch.errors import Problem, UploadError
from creditchain.documents import MAX_INTEGER
from creditchain.errors import Place

_PLAIN = {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
_DAY_IN = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
#: Days that a date32 counts: past them all are as impossible as the last.
_DAYS = (np.iinfo(np.int32).min, np.iinfo(np.int32).max)
#: Places behind the point up to which a decimal of 38 digits can be compared with MAX_INTEGER.
_PLACES = 38 - len(str(MAX_INTEGER))
_PANDAS_INDEX = re.compile(r"__index_level_[0-9]+__")

Mask = npt.NDArray[np.bool_]


def column_names(schema: pa.Schema) -> list[str]:
    """The columns that hold data: all but the unnamed index that pandas writes beside them."""
    index = _pandas_index(schema)
    return [name for name in schema.names if name not in index]


def require_type(name: str, kind: pa.DataType, wanted: str) -> None:
    """Raise UploadError unless values of a column's type can be JSON values of the type `wanted`."""
    if _fits(kind.value_type if pa.types.is_dictionary(kind) else kind, wanted):
        return
    hint = None
    if pa.types.is_floating(kind):
        hint = "Write whole numbers as integers. pandas makes numbers with gaps floats: use astype('Int64')."
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_decimal(kind):
        hint = "Dates stand in text fields, decimals in fields of numbers or text."
    raise UploadError(
        "the column has a wrong type", expected=wanted, found=str(kind), hint=hint, place=Place(field=name)
    )


def require_texts(schema: pa.Schema, columns: Iterable[str]) -> None:
    """Raise UploadError unless each column has values that a mapping can take as texts."""
    for name in columns:
        kind = schema.field(name).type
        if not _has_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            hint = "A mapping takes texts, numbers, truth values and days."
            raise UploadError("the column has a wrong type", found=str(kind), hint=hint, place=Place(field=name))


def plain_columns(batch: pa.RecordBatch, wanted: Mapping[str, str]) -> tuple[pa.RecordBatch, list[Problem]]:
    """The batch with each column as text, int64 or bool where `wanted` says so, and the rows whose value is neither.

    Such values are null in the batch; the problems' lines are rows, counted from 1.
    """
    arrays, problems = [], []
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        made, problem = _plain(array, wanted[name])
        if problem is not None:
            mask, message, expected = problem
            problems += [Problem(row + 1, name, message, expected) for row in np.flatnonzero(mask).tolist()]
        arrays.append(made)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names), problems


Fault = tuple[Mask, str, str]


def _plain(array: pa.Array, wanted: str) -> tuple[pa.Array, Fault | None]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        if pa.types.is_string(kind.value_type):
            return array, None
        array, kind = array.dictionary_decode(), kind.value_type
    if pa.types.is_null(kind):
        return pa.nulls(len(array), _PLAIN.get(wanted, pa.string())), None
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.string()), None
    if pa.types.is_date32(kind):
        return array.cast(pa.string()), None
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        return _days(array)
    if pa.types.is_decimal(kind):
        return _whole(array) if wanted == "integer" else (array.cast(pa.string()), None)
    return array, None


def _days(array: pa.Array) -> tuple[pa.Array, Fault | None]:
    """Timestamps at midnight as days; of a column with a time zone, midnight there."""
    if pa.types.is_date64(array.type):
        array = array.cast(pa.timestamp("ms"))
    if array.type.tz is not None:
        try:
            array = pc.local_timestamp(array)
        except pa.ArrowException as error:
            raise UploadError("a column's time zone is not known here", found=str(array.type.tz)) from error
    day = _DAY_IN[array.type.unit]
    known = array.is_valid().to_numpy(zero_copy_only=False)
    moments = pc.fill_null(array.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    midnight = moments % day == 0
    # Not merely cast: a day in the year 11,000,000 would come back as one of ours.
    numbers = np.clip(moments // day, *_DAYS).astype(np.int32)
    days = pa.array(numbers, pa.int32(), mask=~(known & midnight)).cast(pa.date32())
    fault = (known & ~midnight, "a time of day where a day is wanted", "a date, or a timestamp at midnight")
    return days.cast(pa.string()), None if midnight.all() else fault


def _whole(array: pa.Array) -> tuple[pa.Array, Fault | None]:
    """Decimals without a fraction as whole numbers."""
    narrow = not pa.types.is_decimal256(array.type) and array.type.scale <= _PLACES
    wide = (pa.decimal128 if narrow else pa.decimal256)(38 if narrow else 76, array.type.scale)
    array = array.cast(wide)
    known = array.is_valid().to_numpy(zero_copy_only=False)
    whole = pc.trunc(array)
    no_fraction = pc.equal(whole, array)
    if not narrow:  # without places, so that there is room for the comparison
        whole = whole.cast(pa.decimal256(76, 0))
    small = pc.less_equal(pc.abs(whole), pa.scalar(Decimal(MAX_INTEGER)))
    fits = pc.fill_null(pc.and_(no_fraction, small), False)
    mask = known & ~fits.to_numpy(zero_copy_only=False)
    numbers = pc.if_else(fits, whole, pa.scalar(None, whole.type)).cast(pa.int64())
    fault = (mask, "a decimal that is no whole number", "a whole number of at most 2^53 - 1; amounts in fen")
    return numbers, fault if mask.any() else None


def _fits(kind: pa.DataType, wanted: str) -> bool:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    if pa.types.is_null(kind):
        return True
    if wanted == "integer":
        return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))
    if wanted == "boolean":
        return bool(pa.types.is_boolean(kind))
    if wanted == "string":
        day = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        return bool(text or day or (pa.types.is_decimal(kind) and kind.scale >= 0))
    return not pa.types.is_floating(kind) and _of_json(kind)


def _has_text(kind: pa.DataType) -> bool:
    """Whether values of a type have one text that everybody would write for them; bytes and spans of time have none."""
    return bool(pa.types.is_floating(kind) or pa.types.is_timestamp(kind) or _of_json(kind))


def _of_json(kind: pa.DataType) -> bool:
    """Whether values of a type are JSON values, or days and decimals, which have a text; items and fields as well."""
    if pa.types.is_struct(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return all(_has_text(kind.field(number).type) for number in range(kind.num_fields))
    plain = pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(plain or text or pa.types.is_date(kind) or pa.types.is_decimal(kind))


def _pandas_index(schema: pa.Schema) -> set[str]:
    """Columns that hold the unnamed index of a pandas data frame: numbers of rows, which say nothing."""
    try:
        columns = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        return {name for name in columns if isinstance(name, str) and _PANDAS_INDEX.fullmatch(name)}
    except (KeyError, ValueError, TypeError, RecursionError):  # whatever else writes there under this name
        return set()
