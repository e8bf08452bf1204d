"""Dates of a document that cannot be right: days no record is about, and periods that end before they begin.

The schema says which fields are dates. What it cannot say stands here, the same for every product (docs/products.md):
no day before 1600 or after 2199, and which pairs of fields are the first and last day of a period. Years like 9999
are what systems write for "no end"; a field of format `date-or-unlimited` has a word for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from creditchain.errors import Place
from creditchain.products.errors import ProductError
from creditchain.products.schema import DATE, DATE_OR_UNLIMITED, UNLIMITED, Schema, resolve

#: The days that a document may name, as texts, which compare like the days.
FIRST_DAY, LAST_DAY = "1600-01-01", "2199-12-31"

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

#: Endings of a field's name that make it the first day of a period, and those that make it the last.
_SUFFIXES = (("_from", "_to"), ("_from", "_until"))
#: Names of fields that are the first and the last day of a period, wherever a product has both.
_NAMES = (
    ("began_on", "due_on"),
    ("began_on", "ended_on"),
    ("opened_on", "due_on"),
    ("opened_on", "ended_on"),
    ("filed_on", "ended_on"),
    ("registered_on", "released_on"),
    ("established_on", "term_ends_on"),
    ("applied_on", "expires_on"),
)


def is_date(schema: Schema) -> bool:
    """Whether a schema describes a day."""
    return schema.get("format") in (DATE, DATE_OR_UNLIMITED)


def periods(data: Schema) -> tuple[tuple[str, str], ...]:
    """The pairs of fields of `data` that are the first and last day of a period."""
    fields = data.get("properties", {})
    dates = {name for name, field in fields.items() if is_date(resolve(field, data.get("$defs", {})))}
    pairs = [pair for pair in _NAMES if set(pair) <= dates]
    for name in sorted(dates):
        for first, last in _SUFFIXES:
            other = name.removesuffix(first) + last
            if name.endswith(first) and other in dates:
                pairs.append((name, other))
    return tuple(pairs)


def date_faults(data: Schema, value: Mapping[str, Any]) -> Iterator[ProductError]:
    """What is wrong with the dates in `data`. What does not fit the schema is passed over: the schema tells of it."""
    for path, text, field in _dates(data, value, data.get("$defs", {}), "data"):
        if not (FIRST_DAY <= text <= LAST_DAY) and text != UNLIMITED:
            yield day_out_of_range(path, text, may_be_unlimited=field["format"] == DATE_OR_UNLIMITED)
    for first, last in periods(data):
        begins, ends = value.get(first), value.get(last)
        if _is_shaped(begins) and _is_shaped(ends) and begins > ends:
            yield ProductError(
                "the period ends before it begins",
                expected=f"a day on or after that of {first}",
                place=Place(field=f"data.{last}"),
            )


def _is_shaped(value: Any) -> TypeGuard[str]:
    """Whether a value looks like a day, or says that there is no end: `unlimited` comes after all days."""
    return isinstance(value, str) and (value == UNLIMITED or _SHAPE.fullmatch(value) is not None)


def day_out_of_range(path: str, text: str, *, may_be_unlimited: bool = False) -> ProductError:
    """The fault of a day that no record is about."""
    hint = None
    if text > LAST_DAY:
        hint = (
            f"If there is no end, write {UNLIMITED}."
            if may_be_unlimited
            else "If this stands for no end: leave the field out where it is optional, or use a version of the "
            f"product whose field allows `{UNLIMITED}` (docs/products.md)."
        )
    return ProductError(
        "a day that no record can be about",
        expected=f"a day from {FIRST_DAY} to {LAST_DAY}",
        found="a later day" if text > LAST_DAY else "an earlier day",
        hint=hint,
        place=Place(field=path),
    )


def _dates(schema: Schema, value: Any, definitions: Schema, path: str) -> Iterator[tuple[str, str, Schema]]:
    """Path, text and schema of everything in a value that stands where a date should and looks like one."""
    schema = resolve(schema, definitions)
    for alternative in (*schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from _dates(alternative, value, definitions, path)
    if isinstance(value, str) and is_date(schema) and (_SHAPE.fullmatch(value) or value == UNLIMITED):
        yield path, value, schema
    elif isinstance(value, dict):
        for name, field in schema.get("properties", {}).items():
            if name in value:
                yield from _dates(field, value[name], definitions, f"{path}.{name}")
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _dates(schema["items"], item, definitions, f"{path}[{index}]")
