"""The `[figures]` of a report product: read against the records that it combines and the schema that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from creditchain.errors import Place
from creditchain.figures import Field, FigureError, FigureRules, Shape, ValueKind, read_rules
from creditchain.figures.kinds import BOOLEAN, DATE, INTEGER
from creditchain.products.dates import is_date
from creditchain.products.errors import ProductFileError
from creditchain.products.schema import Schema, resolve

#: Patterns that make a text a decimal number or a month. Verifiers must agree on them (docs/format.md, section 11).
_DECIMAL = re.compile(r"\^(-\?)?\[0-9\]\{[0-9]+(?:,[0-9]+)?\}\\\.\[0-9\]\{([1-9])\}\$", re.ASCII)
_MONTH = re.compile(r"\^(?:20\[0-9\]\{2\}|\[0-9\]\{4\})-\(0\[1-9\]\|1\[0-2\]\)\$", re.ASCII)
_FACTOR_FIELDS = {"factor": Shape.TEXT, "of": Shape.TEXT, "points": Shape.NUMBER}


def kind_of(schema: Schema) -> ValueKind | None:
    """The kind of the values that a schema describes; None if they are no single values, or of several types."""
    kind = schema.get("type")
    if kind == "integer":
        return INTEGER
    if kind == "boolean":
        return BOOLEAN
    if kind != "string":
        return None
    if is_date(schema):
        return DATE
    if decimal := _DECIMAL.fullmatch(schema.get("pattern", "")):
        return ValueKind(Shape.NUMBER, int(decimal[2]))
    if _MONTH.fullmatch(schema.get("pattern", "")):
        return ValueKind(Shape.MONTH)
    choices = (schema["const"],) if "const" in schema else schema.get("enum")
    return ValueKind(Shape.TEXT, choices=None if choices is None else tuple(choices))


def fields_of(data: Schema) -> dict[str, Field]:
    """The fields of a record's `data` that rules can read."""
    required, definitions = set(data.get("required", ())), data.get("$defs", {})
    found = {}
    for name, schema in data["properties"].items():
        kind = kind_of(resolve(schema, definitions))
        if kind is not None:
            found[name] = Field(kind, name in required)
    return found


def read_figures(table: object, combined: Mapping[str, Schema], schema: Schema) -> FigureRules:
    """The rules of a report product whose data `schema` describes; `combined` are its records' by name/version.

    Raises ProductFileError with the dotted field for a rule that cannot be computed or shown, and for a property that
    is required although its figure is absent where a consent leaves out the records.
    """
    products = {ref: fields_of(data) for ref, data in combined.items()}
    try:
        rules = read_rules(table, products)
    except FigureError as error:
        field = error.place.field if error.place is not None else ""
        raise _wrong(f"figures.{field}".rstrip("."), error.message, error.expected, error.found) from error
    for fault in misfits(rules, schema):
        raise fault
    return rules


def misfits(rules: FigureRules, schema: Schema) -> Iterator[ProductFileError]:
    """What the schema of a report's data cannot show of the figures by these rules."""
    for name in rules.shown:
        yield from _misfit(name, rules, schema)
    if rules.makes_factors:
        yield from _unfit_factors(schema)
    yield from _emptied(rules, schema)


def _misfit(name: str, rules: FigureRules, schema: Schema) -> Iterator[ProductFileError]:
    """Whether the schema has a property for the figure, of its kind, which may be missing."""
    place, definitions, inner, seen = f"figures.{name}", schema.get("$defs", {}), schema, "schema"
    for step in name.split("."):
        if step not in inner.get("properties", {}):
            yield _wrong(place, "the schema has no such property", expected=f"{seen}.properties.{step}")
            return
        above, inner = inner, resolve(inner["properties"][step], definitions)
        if step == name.rpartition(".")[2] and step in above.get("required", ()):
            yield _wrong(
                f"{seen}.required",
                f"{step!r} is required, but its figure is absent where a consent leaves its records out",
            )
        seen = f"{seen}.properties.{step}"
    kind, wanted = kind_of(inner), rules.rules[name].kind
    if kind is None or (kind.shape, kind.digits) != (wanted.shape, wanted.digits):
        yield _wrong(place, "the schema shows it as another kind of value", f"a {wanted}", f"{seen}: {kind}")
    elif kind.choices is not None and (wanted.choices is None or not set(wanted.choices) <= set(kind.choices)):
        beyond = sorted(set(wanted.choices or ()) - set(kind.choices)) or ["any text"]
        yield _wrong(place, "the schema does not allow what it can be", ", ".join(kind.choices), ", ".join(beyond))


def _unfit_factors(schema: Schema) -> Iterator[ProductFileError]:
    properties = schema.get("properties", {})
    factors = resolve(properties.get("factors", {}), schema.get("$defs", {}))
    items = resolve(factors.get("items", {}), schema.get("$defs", {}))
    fields = fields_of(items) if items.get("type") == "object" else {}
    if {name: one.kind.shape for name, one in fields.items()} != _FACTOR_FIELDS:
        yield _wrong("schema.properties.factors", "steps have labels, and the schema does not show their factors",
                     "an array of objects with factor and of (texts) and points (integer)")  # fmt: skip
    if "factors" in schema.get("required", ()):
        yield _wrong("schema.required", "'factors' is required, but there is none where a consent leaves records out")


def _emptied(rules: FigureRules, schema: Schema, above: str = "") -> Iterator[ProductFileError]:
    """Objects that are required although a consent can leave them without anything in them."""
    for step, property_schema in schema.get("properties", {}).items():
        name = f"{above}{step}"
        inside = [one for one in rules.shown if one.startswith(f"{name}.")]
        inner = resolve(property_schema, schema.get("$defs", {}))
        if inside and step in schema.get("required", ()) and not inner.get("required"):
            place = "schema." + "".join(f"properties.{one}." for one in above.split(".") if one) + "required"
            yield _wrong(
                place, f"{step!r} is required, but empty where a consent leaves the records of its figures out"
            )
        if inside:
            yield from _emptied(rules, {**inner, "$defs": schema.get("$defs", {})}, f"{name}.")


def _wrong(field: str, message: str, expected: str | None = None, found: str | None = None) -> ProductFileError:
    return ProductFileError(message, expected=expected, found=found, place=Place(field=field))
