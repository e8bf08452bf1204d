"""The columns of a product's sample: which source each field of the schema gets."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from creditchain.identifiers import DIVISIONS
from creditchain.products import Product
from creditchain.products.dates import is_date
from creditchain.products.schema import Schema, resolve
from creditchain.sample import sources, words
from creditchain.sample.numbers import DIVISION_CODES
from creditchain.sample.values import Values, integer_range

Kind = Literal["string", "integer", "boolean", "json"]

_POOL = 2048
_JSON_POOL = 256
#: Range of a date field in days from the document's own day, by the field's name. Others are _BEGINNINGS.
_BEGINNINGS = (-2400, -900)
_DAYS = {
    **dict.fromkeys(
        ("judged_on", "granted_on", "decided_on", "published_on", "announced_on", "valid_from"), (-800, -400)
    ),
    **dict.fromkeys(("ended_on", "released_on", "paid_on", "period_to"), (-300, 0)),
    **dict.fromkeys(("due_on", "expires_on", "valid_until", "term_ends_on"), (30, 3650)),
    "period_from": (-400, -301),
    "issued_on": (0, 0),
}
_CITY = "{city}"
_SERIAL_PATTERN = "^[0-9A-Z]{8,32}$"


@dataclass(frozen=True, slots=True)
class Escape:
    """How a file format writes text, and how it writes a value that is itself JSON."""

    text: Callable[[str], bytes]
    json: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """One column: its name, the kind of its values, whether cells may be empty, and where they come from."""

    name: str
    kind: Kind
    optional: bool
    source: sources.ColumnSource


def envelope_columns(product: Product) -> tuple[SampleColumn, ...]:
    """Subject, section, domain and day."""
    made: tuple[tuple[str, sources.ColumnSource], ...] = (
        ("subject_scheme", sources.SubjectText(product.subjects, number=False)),
        ("subject_number", sources.SubjectText(product.subjects, number=True)),
        ("section", sources.Pool("section", [section.label.encode() for section in product.sections])),
        ("domain", sources.Pool("domain", [domain.label.encode() for domain in product.domains])),
        ("as_of", sources.Day("as_of", 0, 0)),
    )
    return tuple(SampleColumn(name, "string", False, source) for name, source in made)


def data_columns(product: Product, seed: int, escape: Escape) -> tuple[SampleColumn, ...]:
    """The fields of `data`, required ones first. Raises PatternError."""
    required = set(product.schema.get("required", ()))
    for needed in product.schema.get("dependentRequired", {}).values():
        required.update(needed)
    fields = _Fields(product, seed, escape)
    found = [fields.column(name, name not in required) for name in product.schema["properties"]]
    found.sort(key=lambda column: column.optional)
    if found[0].optional:  # something must stand before the first comma
        found[0] = SampleColumn(found[0].name, found[0].kind, False, found[0].source)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Fields:
    product: Product
    seed: int
    escape: Escape

    def column(self, name: str, optional: bool) -> SampleColumn:
        schema = resolve(self.product.schema["properties"][name], self.product.schema.get("$defs", {}))
        kind: Any = schema.get("type")
        source = self._known(name, schema) or self._drawn(name, schema)
        return SampleColumn(name, kind if kind in ("string", "integer", "boolean") else "json", optional, source)

    def _known(self, name: str, schema: Schema) -> sources.ColumnSource | None:
        """The source of a well-known field, which follows from enterprise, day or row; None if its schema differs."""
        is_integer, pattern = schema.get("type") == "integer", schema.get("pattern")
        if name in ("record_id", "report_id") and pattern == _SERIAL_PATTERN:
            return self._serial()
        if name == "name" and schema.get("maxLength", 0) >= 40:
            return self._enterprise_name()
        if words.TEMPLATES.get(name, "").startswith(_CITY) and schema.get("maxLength", 0) >= 40:
            return self._placed(name)
        if name == "month" and pattern:
            return sources.Day(name, 0, 0, width=7)
        if name == "year" and is_integer:
            return sources.Year()
        if name == "division" and is_integer:
            return sources.DivisionCode()
        if name.endswith("uscc") and pattern:
            return sources.SubjectText(("USCC",), number=True)
        return None

    def _drawn(self, name: str, schema: Schema) -> sources.ColumnSource:
        kind = schema.get("type")
        fixed = [schema["const"]] if "const" in schema else schema.get("enum")
        if kind == "boolean":
            return sources.Flag(name, fixed or (False, True))
        if kind == "integer":
            if fixed or "examples" in schema:
                return sources.NumberPool(name, fixed or schema["examples"])
            return sources.Magnitudes(name, *integer_range(name, schema), schema.get("multipleOf", 1))
        if is_date(schema) and not fixed:
            return sources.Day(name, *_DAYS.get(name, _BEGINNINGS))
        values = self._values(name)
        if kind != "string":
            made = (values.value(name, schema) for _ in range(_JSON_POOL))
            return sources.Pool(name, [self.escape.json(orjson.dumps(value).decode()) for value in made])
        texts = fixed or schema.get("examples") or [values.value(name, schema) for _ in range(_POOL)]
        return sources.Pool(name, [self.escape.text(text) for text in texts])

    def _values(self, name: str) -> Values:
        seed = f"{self.seed}/{self.product.ref}/{name}"
        return Values(self.product.schema.get("$defs", {}), self._cities(), random.Random(seed))  # noqa: S311

    def _cities(self) -> tuple[str, ...]:
        if self.product.subjects == ("TWUBN",):
            return words.TAIWAN_CITIES
        return tuple(DIVISIONS[code].name_zh for code in DIVISION_CODES)

    def _serial(self) -> sources.ColumnSource:
        """A serial number, so that no two documents of an enterprise are equal."""
        initials = "".join(word[0] for word in f"{self.product.name}-x".split("-"))[:2].upper()
        return sources.Serial(f"{initials}{self.product.digest[0] % 100:02}{self.seed % 10_000:04}".encode())

    def _city(self, suffix: str = "") -> sources.ColumnSource:
        """The enterprise's city, without the suffix."""
        cities = [self.escape.text(city.removesuffix(suffix)) for city in self._cities()]
        if self.product.subjects == ("TWUBN",):
            return sources.Pool("city", cities, by_enterprise=True)
        return sources.ByDivision(cities)

    def _placed(self, name: str) -> sources.ColumnSource:
        values, template = self._values(name), words.TEMPLATES[name].removeprefix(_CITY)
        return sources.Joined(
            [self._city(), sources.Pool(name, [self.escape.text(values.phrase(template)) for _ in range(_POOL)])]
        )

    def _enterprise_name(self) -> sources.ColumnSource:
        trades = [first + second for first in words.TRADE for second in words.TRADE]
        parts = (("mark", (words.MARK,)), ("trade", trades), ("industry", words.INDUSTRIES), ("form", words.FORMS))
        pools = (
            sources.Pool(f"name/{label}", [self.escape.text(text) for text in texts], by_enterprise=True)
            for label, texts in parts
        )
        return sources.Joined([self._city("市"), *pools])
