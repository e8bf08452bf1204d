"""The part of JSON Schema 2020-12 that product files may use, checked strictly.

A product's schema must accept only what a document may hold (docs/format.md, section 3), must bound every value, and
must mean the same to every implementation. So: no `number` (amounts are integer fen or decimal strings), every
schema says its type, objects are closed, arrays and strings have an upper bound, and a keyword that is not listed
here is an error, never ignored. Patterns are of the linear-time kind: no look-around, no back-references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import jsonschema_rs

from creditchain.errors import Place
from creditchain.products.errors import ProductFileError

Schema = Mapping[str, Any]

#: Keywords of any schema; `examples` feeds the sampler.
_COMMON = frozenset({"type", "title", "description", "examples", "enum", "const"})
_BY_TYPE: dict[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties", "dependentRequired"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "integer": frozenset({"minimum", "maximum", "multipleOf"}),
    "boolean": frozenset(),
}
_PYTHON_TYPE: dict[str, type] = {"string": str, "integer": int, "boolean": bool}
#: Format of a field that holds a day, and of one that holds a day or says that there is no end.
DATE, DATE_OR_UNLIMITED = "date", "date-or-unlimited"
UNLIMITED = "unlimited"
_FORMATS = (DATE, DATE_OR_UNLIMITED)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
#: A string schema needs at least one of these, which bound its length.
_STRING_BOUNDS = ("maxLength", "pattern", "enum", "const", "format")


def check_schema(schema: object, field: str = "schema") -> None:
    """Raise ProductFileError, with its dotted path, at the first part that a product file may not hold."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        raise _wrong(field, "the schema of the data must describe an object", expected='type = "object"')
    definitions = schema.get("$defs", {})
    if not isinstance(definitions, Mapping):
        raise _wrong(f"{field}.$defs", "not a table of schemas")
    for name, definition in definitions.items():
        _check_no_cycle(definitions, name, f"{field}.$defs.{name}", ())
        _check(definition, f"{field}.$defs.{name}", definitions)
    _check({key: value for key, value in schema.items() if key != "$defs"}, field, definitions)


def compile_schema(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """The compiled validator: formats are asserted, patterns run in linear time, nothing is fetched."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        formats={DATE_OR_UNLIMITED: _is_day_or_unlimited},
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


def _is_day_or_unlimited(text: str) -> bool:
    if text == UNLIMITED:
        return True
    try:
        return _DAY.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def resolve(schema: Schema, definitions: Schema) -> Schema:
    """The schema that a `$ref` stands for; any other schema is itself."""
    if "$ref" not in schema:
        return schema
    return resolve(definitions[str(schema["$ref"]).removeprefix("#/$defs/")], definitions)


def _check(schema: object, field: str, definitions: Schema) -> None:
    if not isinstance(schema, Mapping):
        raise _wrong(field, "not a schema", expected="a table")
    if "$ref" in schema:
        _check_reference(schema, field, definitions)
        return
    if "oneOf" in schema or "anyOf" in schema:
        _check_choice(schema, field, definitions)
        return
    kind = _checked_type(schema, field)
    for keyword in schema:
        if keyword not in _COMMON | _BY_TYPE[kind]:
            raise _wrong(
                f"{field}.{keyword}",
                f"a keyword that is not known for type {kind}",
                expected=", ".join(sorted(_COMMON | _BY_TYPE[kind])),
            )
    _check_annotations(schema, kind, field)
    if kind == "object":
        _check_object(schema, field, definitions)
    elif kind == "array":
        _check_array(schema, field, definitions)
    elif kind == "string":
        _check_string(schema, field)
    elif kind == "integer":
        _check_integers(schema, ("minimum", "maximum", "multipleOf"), field)


def _checked_type(schema: Schema, field: str) -> str:
    kind = schema.get("type")
    if kind == "number":
        raise _wrong(
            f"{field}.type",
            "numbers with a fraction have no place in a document",
            expected="integer (fen, for amounts), or string with a pattern for decimals",
            found="number",
        )
    if not isinstance(kind, str) or kind not in _BY_TYPE:
        found = "none" if kind is None else kind if isinstance(kind, str) else "not a single name"
        raise _wrong(f"{field}.type", "every schema says its one type", expected=", ".join(_BY_TYPE), found=found)
    return kind


def _check_annotations(schema: Schema, kind: str, field: str) -> None:
    for keyword in ("title", "description"):
        if not isinstance(schema.get(keyword, ""), str):
            raise _wrong(f"{field}.{keyword}", "not text")
    values = [*_listed(schema, "enum", field), *_listed(schema, "examples", field)]
    values += [schema["const"]] if "const" in schema else []
    if values and kind not in _PYTHON_TYPE:
        raise _wrong(field, f"enum, const and examples are for strings, integers and booleans, not for type {kind}")
    if any(type(value) is not _PYTHON_TYPE[kind] for value in values):
        raise _wrong(field, f"a value of enum, const or examples is not of type {kind}")
    if len(set(_listed(schema, "enum", field))) != len(_listed(schema, "enum", field)):
        raise _wrong(f"{field}.enum", "a value is listed twice")


def _check_object(schema: Schema, field: str, definitions: Schema) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        raise _wrong(f"{field}.properties", "an object lists its fields", expected="a table of schemas")
    if schema.get("additionalProperties") is not False:
        raise _wrong(f"{field}.additionalProperties", "objects are closed", expected="additionalProperties = false")
    for name in _listed(schema, "required", field):
        if name not in properties:
            raise _wrong(f"{field}.required", f"required names {name!r}, which is not among the properties")
    dependent = schema.get("dependentRequired", {})
    if not isinstance(dependent, Mapping):
        raise _wrong(f"{field}.dependentRequired", "not a table of lists of names")
    for name in dependent:
        for needed in (name, *_listed(dependent, name, f"{field}.dependentRequired")):
            if needed not in properties:
                raise _wrong(f"{field}.dependentRequired", f"{needed!r} is not among the properties")
    for name, inner in properties.items():
        _check(inner, f"{field}.properties.{name}", definitions)


def _check_array(schema: Schema, field: str, definitions: Schema) -> None:
    _check_integers(schema, ("minItems", "maxItems"), field)
    if "maxItems" not in schema:
        raise _wrong(f"{field}.maxItems", "an array has an upper bound", expected="maxItems")
    if not isinstance(schema.get("uniqueItems", False), bool):
        raise _wrong(f"{field}.uniqueItems", "not true or false")
    _check(schema.get("items"), f"{field}.items", definitions)


def _check_string(schema: Schema, field: str) -> None:
    _check_integers(schema, ("minLength", "maxLength"), field)
    if schema.get("format", "date") not in _FORMATS:
        raise _wrong(f"{field}.format", "a format that is not asserted everywhere", expected=", ".join(_FORMATS))
    if "pattern" in schema:
        _check_pattern(schema["pattern"], f"{field}.pattern")
    if not any(keyword in schema for keyword in _STRING_BOUNDS):
        raise _wrong(field, "a string has an upper bound", expected="one of " + ", ".join(_STRING_BOUNDS))


def _check_pattern(pattern: object, field: str) -> None:
    if not isinstance(pattern, str) or not (pattern.startswith("^") and pattern.endswith("$")):
        raise _wrong(field, "a pattern covers the whole string", expected="^…$")
    try:
        compile_schema({"type": "string", "pattern": pattern})
    except ValueError as error:
        raise _wrong(field, "not a regular expression that runs in linear time", found=pattern) from error


def _check_reference(schema: Schema, field: str, definitions: Schema) -> None:
    for keyword in schema:
        if keyword not in {"$ref", "title", "description"}:
            raise _wrong(f"{field}.{keyword}", "beside $ref only title and description are read")
    reference = schema["$ref"]
    name = reference.removeprefix("#/$defs/") if isinstance(reference, str) else None
    if not isinstance(reference, str) or not reference.startswith("#/$defs/") or name not in definitions:
        raise _wrong(
            f"{field}.$ref", "not a definition of this file", expected="#/$defs/NAME of this file", found=str(reference)
        )


def _check_choice(schema: Schema, field: str, definitions: Schema) -> None:
    keyword = "oneOf" if "oneOf" in schema else "anyOf"
    for other in schema:
        if other not in {keyword, "title", "description"}:
            raise _wrong(f"{field}.{other}", f"beside {keyword} only title and description are read")
    if not _listed(schema, keyword, field):
        raise _wrong(f"{field}.{keyword}", "an empty choice accepts nothing")
    for number, inner in enumerate(_listed(schema, keyword, field)):
        _check(inner, f"{field}.{keyword}.{number}", definitions)


def _check_no_cycle(definitions: Schema, name: str, field: str, above: tuple[str, ...]) -> None:
    if name in above:
        raise _wrong(field, "a definition refers to itself", found=" → ".join((*above, name)))
    for reference in _references(definitions.get(name)):
        _check_no_cycle(definitions, reference, field, (*above, name))


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.removeprefix("#/$defs/")
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _check_integers(schema: Schema, keywords: tuple[str, ...], field: str) -> None:
    for keyword in keywords:
        value = schema.get(keyword, 0)
        if type(value) is not int or (value < 0 and keyword not in {"minimum", "maximum"}):
            raise _wrong(f"{field}.{keyword}", "not a whole number")
    for low, high in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if low in schema and high in schema and low in keywords and schema[low] > schema[high]:
            raise _wrong(f"{field}.{low}", f"{low} is above {high}: nothing fits")
    if schema.get("multipleOf", 1) == 0 and "multipleOf" in keywords:
        raise _wrong(f"{field}.multipleOf", "zero")


def _listed(schema: Schema, keyword: str, field: str) -> list[Any]:
    value = schema.get(keyword, [])
    if not isinstance(value, list):
        raise _wrong(f"{field}.{keyword}", "not a list")
    return value


def _wrong(field: str, message: str, *, expected: str | None = None, found: str | None = None) -> ProductFileError:
    return ProductFileError(message, expected=expected, found=found, place=Place(field=field))
