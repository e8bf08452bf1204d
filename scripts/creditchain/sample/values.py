"""Makes single values for any schema in a product file: the slow path, which fills the pools that rows draw from."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from creditchain.products.dates import is_date
from creditchain.products.schema import Schema, resolve
from creditchain.sample import words
from creditchain.sample.patterns import matching

#: The largest number in any field, whatever its schema allows: ten billion yuan in fen.
CEILING = 10**12
_SMALLEST_AMOUNT = 10_000
_ABSENT = 0.3  #: share of optional fields that are left out
_MOST_ITEMS = 6
_LAST_DAY = date(2026, 6, 30)


def integer_range(name: str, schema: Schema) -> tuple[int, int]:
    """The lowest and highest number of an integer field; amounts in fen are at least a hundred yuan."""
    low, most = int(schema.get("minimum", 0)), int(schema.get("maximum", CEILING))
    if name.endswith("_fen") and low == 0:
        low = min(_SMALLEST_AMOUNT, most)
    return low, max(low, min(most, CEILING))


@dataclass(frozen=True, slots=True)
class Values:
    """Makes values. `cities`: names of places that may appear in texts."""

    definitions: Schema
    cities: Sequence[str]
    rng: random.Random

    def value(self, name: str, schema: Schema) -> Any:
        """A value of the field `name` that `schema` accepts. Raises PatternError for a pattern beyond the sampler."""
        schema = resolve(schema, self.definitions)
        for choice in ("oneOf", "anyOf"):
            if choice in schema:
                return self.value(name, self.rng.choice(schema[choice]))
        if "const" in schema:
            return schema["const"]
        for listed in ("enum", "examples"):
            if listed in schema:
                return self.rng.choice(schema[listed])
        kind = schema["type"]
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return self._array(name, schema)
        if kind == "boolean":
            return self.rng.random() < 0.5
        return self._integer(name, schema) if kind == "integer" else self._text(name, schema)

    def _text(self, name: str, schema: Schema) -> str:
        if "pattern" in schema:
            return matching(schema["pattern"], self.rng)
        if is_date(schema):
            return (_LAST_DAY - timedelta(days=self.rng.randrange(3650))).isoformat()
        text = self.phrase(words.TEMPLATES.get(name, words.FALLBACK), schema.get("title", name))
        text = text[: int(schema.get("maxLength", len(text)))]
        return text + words.MARK[0] * (int(schema.get("minLength", 0)) - len(text))

    def phrase(self, template: str, title: str = "") -> str:
        """Text by a template from `words`."""
        return template.format(
            mark=words.MARK,
            city=self.rng.choice(self.cities),
            road=self.rng.choice(words.ROADS),
            industry=self.rng.choice(words.INDUSTRIES),
            trade="".join(self.rng.sample(words.TRADE, 2)),
            title=title,
            number=self.rng.randint(1, 999),
        )

    def _integer(self, name: str, schema: Schema) -> int:
        low, high = integer_range(name, schema)
        step = int(schema.get("multipleOf", 1))
        most = min(high - low, 10 ** self.rng.randint(0, 12))
        value = low + self.rng.randint(0, most)
        return -(-low // step) * step if value // step * step < low else value // step * step

    def _object(self, schema: Schema) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        found = {
            name: self.value(name, inner)
            for name, inner in schema["properties"].items()
            if name in required or self.rng.random() >= _ABSENT
        }
        dependent: Mapping[str, list[str]] = schema.get("dependentRequired", {})
        waiting = list(found)
        while waiting:
            for needed in dependent.get(waiting.pop(), ()):
                if needed not in found:
                    found[needed] = self.value(needed, schema["properties"][needed])
                    waiting.append(needed)
        return found

    def _array(self, name: str, schema: Schema) -> list[Any]:
        low = schema.get("minItems", 0)
        count = self.rng.randint(low, min(schema["maxItems"], max(low, _MOST_ITEMS)))
        found: list[Any] = []
        for _ in range(count * 4):
            item = self.value(name, schema["items"])
            if len(found) < count and not (schema.get("uniqueItems") and item in found):
                found.append(item)
        return found
