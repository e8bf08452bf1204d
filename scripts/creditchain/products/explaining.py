"""What is wrong with a document, in words: what the product wants, what kind of value stands there, what to do.

The value itself is somebody's data and is never quoted; its kind and size are enough to find a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from creditchain.errors import Place
from creditchain.products.errors import ProductError
from creditchain.products.schema import DATE, DATE_OR_UNLIMITED, UNLIMITED

#: Names of JSON types as people say them.
_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_FORMATS = {
    DATE: "a date such as 2023-05-05",
    DATE_OR_UNLIMITED: f"a date such as 2023-05-05, or {UNLIMITED} where there is no end",
}
#: Forms in which dates arrive that are not the one a document wants.
_DATE_FORMS = re.compile(
    r"\d{4}[/.]\d{1,2}[/.]\d{1,2}|\d{8}|\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}/\d{1,2}/\d{4}"
)
#: Keywords whose limit is a count or a bound, and how it is said.
_LIMITS: Mapping[str, Callable[[Any], str]] = {
    "minLength": lambda limit: f"at least {limit} characters",
    "maxLength": lambda limit: f"at most {limit} characters",
    "minItems": lambda limit: f"at least {limit} entries",
    "maxItems": lambda limit: f"at most {limit} entries",
    "minimum": lambda limit: f"{limit} or more",
    "maximum": lambda limit: f"{limit} or less",
    "multipleOf": lambda limit: f"a multiple of {limit}",
}


def explain(error: jsonschema_rs.ValidationError) -> ProductError:
    """A schema error as ours, with the dotted field."""
    kind = error.kind.as_dict()
    path = [str(part) for part in error.instance_path]
    if error.kind.name == "required":
        path.append(str(kind["property"]))
        return ProductError("a field is missing", place=Place(field=".".join(path)))
    if error.kind.name == "additionalProperties":
        path.append(shown_name(str(next(iter(kind["unexpected"]), ""))))
        return ProductError("a field that the product does not have", place=Place(field=".".join(path)))
    return ProductError(
        "the value does not fit the product",
        expected=_wanted(error.kind.name, kind, error.schema_path),
        found=shape_of(error.instance),
        hint=_hint(error.kind.name, error.instance),
        place=Place(field=".".join(path) or None),
    )


def shape_of(value: object) -> str:
    """What kind of value this is, and how large; nothing of the value itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        digits = len(str(abs(value)))
        return f"a {'negative ' if value < 0 else ''}whole number of {digits} digit{'s' * (digits != 1)}"
    if isinstance(value, float):
        return "a number with a fraction"
    if isinstance(value, str):
        return f"a text of {len(value)} character{'s' * (len(value) != 1)}" if value else "an empty text"
    if isinstance(value, list):
        return f"a list of {len(value)} entries"
    return "an object"


def shown_name(name: str) -> str:
    """A field's name where it looks like one; `?` for what might be data."""
    return name if name.isidentifier() and name.isascii() and len(name) <= 40 else "?"


def _wanted(keyword: str, kind: Mapping[str, Any], schema_path: list[str | int]) -> str:
    if keyword == "format":
        return _FORMATS.get(str(kind.get("format"))) or f"a {kind.get('format')}"
    if keyword == "type":
        return " or ".join(_TYPE_WORDS.get(name, name) for name in kind["types"])
    if keyword == "enum":
        return "one of " + ", ".join(map(str, kind["options"]))
    if keyword == "const":
        return str(kind.get("expected_value", "one fixed value"))
    if keyword == "pattern":
        return f"text of the form {kind['pattern']}"
    if keyword == "uniqueItems":
        return "no entry twice"
    if keyword in _LIMITS and "limit" in kind:
        return _LIMITS[keyword](kind["limit"])
    if keyword == "multipleOf":
        return _LIMITS[keyword](kind.get("multiple_of"))
    if keyword in ("oneOf", "anyOf"):
        return _alternatives(kind) or "one of the product's alternatives"
    return str(schema_path[-1]) if schema_path else keyword


def _alternatives(kind: Mapping[str, Any]) -> str:
    """What each alternative wants, where the library says it."""
    found: list[str] = []
    for errors in kind.get("context", []):
        for error in errors:
            found.append(_wanted(error.kind.name, error.kind.as_dict(), error.schema_path))
    return ", or ".join(dict.fromkeys(found))


def _hint(keyword: str, value: object) -> str | None:
    if keyword == "format" and isinstance(value, str) and _DATE_FORMS.fullmatch(value.strip()):
        return "Write the date as year-month-day with hyphens, such as 2023-05-05."
    if keyword == "type" and isinstance(value, float):
        return "Amounts are whole fen: 12.34 yuan is 1234."
    if isinstance(value, str) and value != value.strip():
        return "Take out the blanks before or after the text."
    return None
