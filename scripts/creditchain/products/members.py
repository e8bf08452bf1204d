"""Reading the members of a product file strictly: each error names the field; `line_of` finds its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from creditchain.errors import Place
from creditchain.products.errors import ProductFileError


def line_of(text: str, field: str) -> int | None:
    """The line of a TOML text that sets the dotted `field`, or the innermost table around it that has a line."""
    table: tuple[str, ...] = ()
    wanted = tuple(field.split("."))
    best, best_depth = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]+\s*(#.*)?$", line):
            path = table = _dotted(header.group(1))
        elif assignment := re.match(r"\s*([A-Za-z0-9_\-.\"'$]+)\s*=", line):
            path = (*table, *_dotted(assignment.group(1)))
        else:
            continue
        if path == wanted[: len(path)] and len(path) > best_depth:
            best, best_depth = number, len(path)
    return best


def _dotted(key: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in key.split("."))


def check_plain(value: object, field: str) -> None:
    """Refuse kinds of values that TOML has and our documents have not."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            check_plain(inner, f"{field}.{key}" if field else key)
    elif isinstance(value, list):
        for inner in value:
            check_plain(inner, field)
    elif not isinstance(value, str | int):
        kind = "number with a fraction" if isinstance(value, float) else "date or time (write it as a string)"
        raise wrong(field, f"a {kind} has no place in a product file")


def texts_of(source: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """A list of different names."""
    values = source.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise wrong(key, "not a list of names" if key in source else "a key is missing", expected="a list, not empty")
    if len(set(values)) != len(values):
        raise wrong(key, "a name is listed twice")
    return tuple(values)


def whole_of(source: Mapping[str, Any], key: str, most: int, what: str) -> int:
    """A whole number from 1 to `most`."""
    value = source.get(key)
    if type(value) is not int or not 1 <= value <= most:
        expected = f"a whole number from 1 to {most}"
        raise wrong(key, what if key in source else "a key is missing", expected=expected)
    return value


def text_of(source: Mapping[str, Any], key: str, above: str = "") -> str:
    """A text that is not empty."""
    value = source.get(key)
    if not isinstance(value, str) or not value.strip():
        raise wrong(above + key, "not text" if key in source else "a key is missing", expected="text, not empty")
    return value


def table_of(
    source: Mapping[str, Any], key: str, keys: tuple[str, ...], above: str = "", form: str | None = None
) -> Mapping[str, Any]:
    """A table with exactly these keys."""
    table = source.get(key)
    expected = form or f"a table with {', '.join(keys)}"
    if not isinstance(table, Mapping):
        raise wrong(above + key, "not a table" if key in source else "a key is missing", expected=expected)
    check_keys(table, keys, f"{above}{key}.")
    return table


def check_keys(table: Mapping[str, Any], keys: tuple[str, ...], above: str, optional: tuple[str, ...] = ()) -> None:
    """Refuse a key that is not known, and one that is missing."""
    for key in table:
        if key not in keys and key not in optional:
            raise wrong(above + key, "a key that is not known here", expected=", ".join((*keys, *optional)))
    for key in keys:
        if key not in table:
            raise wrong(above + key, "a key is missing")


def wrong(field: str, message: str, *, expected: str | None = None, found: str | None = None) -> ProductFileError:
    """The error of one field."""
    return ProductFileError(message, expected=expected, found=found, place=Place(field=field))
