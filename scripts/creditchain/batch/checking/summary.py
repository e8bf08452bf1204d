"""What the good records of an upload hold, field by field: how often, from what to what, which values.

Tallies of pieces are added up, so memory does not grow with the upload. They hold values in the clear and stay inside
this process and its workers; `described` is what may be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from creditchain.batch.checking.masking import masked, yuan
from creditchain.products import Product
from creditchain.products.dates import is_date
from creditchain.products.schema import resolve

#: Different values that are counted one by one; more are told as "more than".
MAX_DISTINCT = 1_000
#: Values that are listed with their counts, and masked examples of a text.
_LISTED, _EXAMPLES = 12, 3

TEXT, DATE, INTEGER, CHOICE, OTHER = "text", "date", "integer", "choice", "other"


@dataclass(frozen=True, slots=True)
class FieldKind:
    """A field that is summed up: its dotted name, its title, and which kind of values it has."""

    name: str
    title: str
    kind: str
    amount: bool = False  #: an amount in fen


def field_kinds(product: Product) -> tuple[FieldKind, ...]:
    """The fields of a product's documents, the envelope's first."""
    definitions = product.schema.get("$defs", {})
    found = [
        FieldKind("subject.number", "主体代码", TEXT),
        FieldKind("as_of", "数据日期", DATE),
        FieldKind("section", "信息类别", CHOICE),
        FieldKind("domain", "数据领域", CHOICE),
    ]
    for name, declared in product.schema["properties"].items():
        schema = resolve(declared, definitions)
        title = str(declared.get("title", schema.get("title", "")))
        found.append(FieldKind(f"data.{name}", title, _kind_of(schema), name.endswith("_fen")))
    return tuple(found)


def _kind_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema or schema.get("type") == "boolean":
        return CHOICE
    if is_date(schema):
        return DATE
    return {"string": TEXT, "integer": INTEGER}.get(str(schema.get("type")), OTHER)


@dataclass(slots=True)
class FieldTally:
    """What was seen of one field. `least` and `most` are values, of texts their lengths."""

    filled: int = 0
    empty: int = 0
    least: Any = None
    most: Any = None
    values: Counter[Any] = field(default_factory=Counter)
    many: bool = False  #: there are more different values than are counted
    examples: list[str] = field(default_factory=list)  #: of texts, masked

    def add(self, values: Sequence[Any], kind: str) -> None:
        """Count the field's values in some documents; None where it is not there."""
        present = [value for value in values if value is not None]
        self.filled += len(present)
        self.empty += len(values) - len(present)
        if not present or kind == OTHER:
            return
        measured = list(map(len, present)) if kind == TEXT else present
        if kind != CHOICE:
            self._bound(min(measured), max(measured))
        if kind == TEXT and len(self.examples) < _EXAMPLES:
            self.examples = list(dict.fromkeys([*self.examples, *map(masked, present[:20])]))[:_EXAMPLES]
        self._count(Counter(present))

    def merge(self, other: FieldTally) -> None:
        """Add what was seen of the same field elsewhere."""
        self.filled += other.filled
        self.empty += other.empty
        if other.least is not None:
            self._bound(other.least, other.most)
        self.examples = list(dict.fromkeys([*self.examples, *other.examples]))[:_EXAMPLES]
        self.many |= other.many
        self._count(other.values)

    def described(self, of: FieldKind) -> dict[str, Any]:
        """What may be shown: values that identify nobody, and masked examples of texts."""
        told: dict[str, Any] = {"field": of.name, "title": of.title, "kind": of.kind}
        told |= {"filled": self.filled, "empty": self.empty}
        if self.least is not None:
            told |= {"least": self.least, "most": self.most}
            if of.amount:
                told |= {"least_yuan": yuan(self.least), "most_yuan": yuan(self.most)}
        if of.kind != OTHER and self.filled:
            told["distinct"] = f"more than {MAX_DISTINCT}" if self.many else len(self.values)
        if of.kind == TEXT:
            told["examples"] = self.examples
        elif of.kind == CHOICE or (of.kind == INTEGER and not of.amount and len(self.values) <= _LISTED):
            told["values"] = {_shown(value): count for value, count in self.values.most_common(_LISTED)}
        return told

    def _bound(self, least: Any, most: Any) -> None:
        self.least = least if self.least is None else min(self.least, least)
        self.most = most if self.most is None else max(self.most, most)

    def _count(self, values: Counter[Any]) -> None:
        if self.many:
            return
        self.values.update(values)
        if len(self.values) > MAX_DISTINCT:
            self.many, self.values = True, Counter()


class Summary:
    """The tallies of all fields."""

    def __init__(self, kinds: tuple[FieldKind, ...]) -> None:
        self.kinds = kinds
        self.tallies = [FieldTally() for _ in kinds]
        self._paths = [tuple(kind.name.split(".")) for kind in kinds]

    def add(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Count some documents."""
        for kind, path, tally in zip(self.kinds, self._paths, self.tallies, strict=True):
            if len(path) == 1:
                values = [document.get(path[0]) for document in documents]
            else:
                values = [document[path[0]].get(path[1]) for document in documents]
            tally.add(values, kind.kind)

    def merge(self, tallies: Iterable[FieldTally]) -> None:
        """Add the tallies of other documents."""
        for mine, theirs in zip(self.tallies, tallies, strict=True):
            mine.merge(theirs)

    def described(self) -> list[dict[str, Any]]:
        """What may be shown of each field."""
        return [tally.described(kind) for kind, tally in zip(self.kinds, self.tallies, strict=True)]


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
