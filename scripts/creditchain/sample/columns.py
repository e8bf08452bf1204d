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
from creditchain.sample import drawn, sources, words
from creditchain.sample.fitting import fitted
from creditchain.sample.lives import ProductLife, life_of
from creditchain.sample.names import twubn, uscc
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
_SERIAL_PATTERN = "^[0-9A-Z]{8,32}$"


@dataclass(frozen=True, slots=True)
class Escape:
    """How a file format writes text, and how it writes a value that is itself JSON."""

    text: Callable[[str], bytes]
    json: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class SampleColumn:
    """One column: its name, the kind of its values, whether cells may be empty, and where they come from.

    told: whether a life tells of it, and so says which cells are empty; otherwise some are at random.
    """

    name: str
    kind: Kind
    optional: bool
    source: sources.ColumnSource
    told: bool = False


def envelope_columns(product: Product) -> tuple[SampleColumn, ...]:
    """Subject, section, domain and day."""
    life, sections = life_of(product), [section.label for section in product.sections]
    section: sources.ColumnSource = drawn.Pool("section", [label.encode() for label in sections])
    if life.section is not None and len(sections) > 1:
        section = sources.Texts(life.section, sections)
    made: tuple[tuple[str, sources.ColumnSource], ...] = (
        ("subject_scheme", sources.SubjectScheme(product.subjects)),
        ("subject_number", sources.SubjectNumber(product.subjects, {"USCC": uscc, "TWUBN": twubn})),
        ("section", section),
        ("domain", drawn.Pool("domain", [domain.label.encode() for domain in product.domains])),
        ("as_of", sources.Date(lambda rows: rows.days)),
    )
    return tuple(SampleColumn(name, "string", False, source) for name, source in made)


def data_columns(product: Product, seed: int, escape: Escape) -> tuple[SampleColumn, ...]:
    """The fields of `data`, required ones first. Raises PatternError."""
    required = set(product.schema.get("required", ()))
    for needed in product.schema.get("dependentRequired", {}).values():
        required.update(needed)
    fields = _Fields(product, seed, escape, life_of(product))
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
    life: ProductLife

    def column(self, name: str, optional: bool) -> SampleColumn:
        schema = resolve(self.product.schema["properties"][name], self.product.schema.get("$defs", {}))
        kind: Any = schema.get("type")
        told = self._told(name, schema, optional)
        kind = kind if kind in ("string", "integer", "boolean") else "json"
        return SampleColumn(name, kind, optional, told or self._drawn(name, schema), told is not None)

    def _told(self, name: str, schema: Schema, optional: bool) -> sources.ColumnSource | None:
        """The source of a field of which the life tells; None if the schema does not take what it says."""
        if name in ("record_id", "report_id") and schema.get("pattern") == _SERIAL_PATTERN:
            return self._serial()
        source = self.life.fields.get("uscc" if name.endswith("uscc") and name not in self.life.fields else name)
        if source is None or (source.given is not None and not optional):
            return None
        if schema.get("type", "string") not in ("string", "integer", "boolean"):
            return None
        return fitted(source, schema)

    def _drawn(self, name: str, schema: Schema) -> sources.ColumnSource:
        kind = schema.get("type")
        fixed = [schema["const"]] if "const" in schema else schema.get("enum")
        if kind == "boolean":
            return drawn.drawn_flag(name, fixed or (False, True))
        if kind == "integer":
            if fixed or "examples" in schema:
                return drawn.NumberPool(name, fixed or schema["examples"])
            return drawn.Magnitudes(name, *integer_range(name, schema), schema.get("multipleOf", 1))
        if is_date(schema) and not fixed:
            return drawn.drawn_date(name, *_DAYS.get(name, _BEGINNINGS))
        values = self._values(name)
        if kind != "string":
            made = (values.value(name, schema) for _ in range(_JSON_POOL))
            return drawn.Pool(name, [self.escape.json(orjson.dumps(value).decode()) for value in made])
        texts = fixed or schema.get("examples") or [values.value(name, schema) for _ in range(_POOL)]
        return drawn.Pool(name, [self.escape.text(text) for text in texts])

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
        return sources.Serial(f"{initials}{self.product.number % 100:02}{self.seed % 10_000:04}".encode())
