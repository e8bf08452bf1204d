"""Documents of one product as a type: a decoder that accepts only good ones, an encoder that writes canonical bytes.

A product's JSON Schema becomes msgspec types, so that decoding is validating. The translation is one-sided: what the
type accepts, the schema accepts (tests compare the two). Where that is impossible there is no type, and documents of
that product are checked one by one. Fields are declared in the order of RFC 8785, so that encoding a value gives its
canonical bytes. Patterns and days of the outer fields of `data` are left to the caller, who checks many at once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.records import RECORD_ID
from creditchain.documents import DOCUMENT_LIMITS, MAX_INTEGER
from creditchain.products import Product
from creditchain.products.dates import is_date, periods
from creditchain.products.schema import DATE, DATE_OR_UNLIMITED, UNLIMITED, resolve

Schema = Mapping[str, Any]

#: Lengths of numbers by scheme; characters and check digits are looked at afterwards, all at once.
_LENGTHS = {"USCC": (18, 18), "TWUBN": (8, 8)}
#: Patterns that mean the same to Rust's regex and to Python's: ASCII literals, classes, groups, choices and counts.
_PORTABLE = re.compile(
    r"\^(?:[A-Za-z0-9 _/:,;@#%=<>!'~-]|\\[.d/-]|\[(?:[A-Za-z0-9_./-]|\\d)+\]"
    r"|\(\?:|[()|?*+]|\{[0-9]+(?:,[0-9]*)?\})*\$"
)
#: Days of the calendar from FIRST_DAY to LAST_DAY.
_CALENDAR = (
    r"(?:1[6-9]|2[01])[0-9][0-9]-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"|(?:(?:1[6-9]|2[01])(?:0[48]|[2468][048]|[13579][26])|1600|2000)-02-29"
)
#: Stands in for the format of a field whose bounds the caller checks, many values at once.
_DAY = "day"
_COMMON = {"type", "title", "description", "examples"}


class UntranslatableError(Exception):
    """The schema says something that the type could not say as strictly."""


@dataclass(frozen=True, slots=True)
class DataType:
    """A type for `data`, and what the caller still has to check of its own fields, named by their attributes.

    `patterns` are to be matched wholly where a field is not UNSET; none matches a text with a line feed. `dates` are
    days of the calendar whose bounds are unchecked. `periods` are pairs of fields, the first and the last day.
    """

    kind: type[msgspec.Struct]
    patterns: Mapping[str, str]
    dates: tuple[str, ...]
    periods: tuple[tuple[str, str], ...]
    optional: frozenset[str]  #: attributes that may be UNSET
    record_id: str | None  #: the attribute that holds the record's own number


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type for whole documents, and what is to be known about its `data`."""

    kind: type[msgspec.Struct]
    data: DataType


def document_type(rules: Rules) -> DocumentType | None:
    """The type of documents that may stand in a batch under these rules; None if the schema cannot be translated."""
    product = rules.product
    domains = [domain.label for domain in product.domains if rules.domains >> domain & 1]
    if not domains or any(scheme not in _LENGTHS for scheme in product.subjects):
        return None
    schema = product.document_schema()
    definitions = schema.get("$defs", {})
    try:
        data = _data(schema["properties"]["data"], definitions)
    except UntranslatableError:
        return None
    kind = _struct(
        {
            "as_of": (datetime.date, True),
            "data": (data.kind, True),
            "domain": (Literal[tuple(domains)], True),
            "product": (Literal[product.ref], True),
            "section": (Literal[tuple(section.label for section in product.sections)], True),
            "subject": (_subject(product), True),
        }
    )
    return DocumentType(kind, data)


def _data(schema: Schema, definitions: Schema) -> DataType:
    properties = {name: resolve(field, definitions) for name, field in schema["properties"].items()}
    attributes = {name: f"f{place}" for place, name in enumerate(in_order(properties))}
    required = set(schema.get("required", []))
    left = {name: field for name, field in properties.items() if "pattern" in field or is_date(field)}
    plain = {
        name: {**field, "format": _DAY} if field.get("format") == DATE else _without(field, "pattern", "format")
        for name, field in left.items()
    }
    patterns = {attributes[name]: portable(field["pattern"]) for name, field in left.items() if "pattern" in field}
    for name, field in left.items():
        if field.get("format") == DATE_OR_UNLIMITED:
            patterns[attributes[name]] = f"(?:{_CALENDAR}|{UNLIMITED})"
    pairs = periods({**schema, "$defs": definitions})
    return DataType(
        kind=_type({**schema, "properties": {**properties, **plain}}, definitions, 2),
        patterns=patterns,
        dates=tuple(attributes[name] for name, field in left.items() if field.get("format") == DATE),
        periods=tuple((attributes[first], attributes[last]) for first, last in pairs),
        optional=frozenset(attributes[name] for name in properties if name not in required),
        record_id=attributes[RECORD_ID] if RECORD_ID in required else None,
    )


def _without(field: Schema, *keywords: str) -> Schema:
    return {keyword: value for keyword, value in field.items() if keyword not in keywords}


def portable(pattern: str) -> str:
    """The inside of a pattern `^…$` that every engine reads alike."""
    if not _PORTABLE.fullmatch(pattern):
        raise UntranslatableError("pattern")
    return pattern[1:-1]


def _subject(product: Product) -> Any:
    low = min(_LENGTHS[scheme][0] for scheme in product.subjects)
    high = max(_LENGTHS[scheme][1] for scheme in product.subjects)
    number = Annotated[str, msgspec.Meta(min_length=low, max_length=high)]
    return _struct({"number": (number, True), "scheme": (Literal[product.subjects], True)})


def _type(schema: Schema, definitions: Schema, depth: int) -> Any:
    if depth > DOCUMENT_LIMITS.max_depth:
        raise UntranslatableError("depth")
    schema = resolve(schema, definitions)
    if "const" in schema or "enum" in schema:
        return _choice(schema)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, definitions, depth)
    if kind == "array":
        only(schema, {"items", "minItems", "maxItems"})
        limits = msgspec.Meta(min_length=schema.get("minItems"), max_length=schema.get("maxItems"))
        return Annotated[list[_type(schema["items"], definitions, depth + 1)], limits]  # type: ignore[misc]
    if kind == "string":
        return _text(schema)
    if kind == "integer":
        only(schema, {"minimum", "maximum", "multipleOf"})
        low, high = schema.get("minimum", -MAX_INTEGER), schema.get("maximum", MAX_INTEGER)
        return Annotated[
            int,
            msgspec.Meta(ge=max(low, -MAX_INTEGER), le=min(high, MAX_INTEGER), multiple_of=schema.get("multipleOf")),
        ]
    if kind == "boolean":
        only(schema, set())
        return bool
    raise UntranslatableError(str(kind))


def _choice(schema: Schema) -> Any:
    only(schema, {"enum", "const"})
    values = tuple(schema["enum"]) if "enum" in schema else (schema["const"],)
    if schema.keys() >= {"enum", "const"} or not all(type(value) in (str, int) for value in values):
        raise UntranslatableError("choice")
    if any(type(value) is int and abs(value) > MAX_INTEGER for value in values):
        raise UntranslatableError("choice")
    return Literal[values]


def _text(schema: Schema) -> Any:
    if "format" in schema:
        only(schema, {"format"})
        if schema["format"] == _DAY:
            return datetime.date
        days = {DATE: _CALENDAR, DATE_OR_UNLIMITED: f"(?:{_CALENDAR}|{UNLIMITED})"}.get(schema["format"])
        if days is None:
            raise UntranslatableError("format")
        return Annotated[str, msgspec.Meta(pattern=rf"(?a)^(?:{days})\Z")]
    only(schema, {"minLength", "maxLength", "pattern"})
    pattern = schema.get("pattern")
    if pattern is not None:
        # Python's $ lets a line feed follow; and \d is to be a digit 0-9, as in ECMA 262.
        pattern = "(?a)^(?:" + portable(pattern) + r")\Z"
    limits = msgspec.Meta(min_length=schema.get("minLength"), max_length=schema.get("maxLength"), pattern=pattern)
    return Annotated[str, limits]


def _object(schema: Schema, definitions: Schema, depth: int) -> Any:
    only(schema, {"properties", "required", "additionalProperties"})
    if schema.get("additionalProperties") is not False:
        raise UntranslatableError("open object")
    required = set(schema.get("required", []))
    properties = schema["properties"]
    return _struct({name: (_type(properties[name], definitions, depth + 1), name in required) for name in properties})


def _struct(fields: Mapping[str, tuple[Any, bool]]) -> type[msgspec.Struct]:
    """A closed object. The attribute of a field is `f` and its place in the order; its name in JSON is its own."""
    attributes = {f"f{place}": name for place, name in enumerate(in_order(fields))}
    declared: list[Any] = []
    for attribute, name in attributes.items():
        kind, must = fields[name]
        declared.append((attribute, kind) if must else (attribute, kind | msgspec.UnsetType, msgspec.UNSET))
    return msgspec.defstruct("Object", declared, kw_only=True, forbid_unknown_fields=True, rename=attributes, gc=False)


def in_order(names: Iterable[str]) -> list[str]:
    """Names as RFC 8785 orders them: by UTF-16 code units."""
    return sorted(names, key=lambda name: name.encode("utf-16-be"))


def only(schema: Schema, keywords: set[str]) -> None:
    """Raise UntranslatableError if the schema says more than these keywords."""
    if extra := schema.keys() - keywords - _COMMON:
        raise UntranslatableError(", ".join(sorted(extra)))
