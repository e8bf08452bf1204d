"""Values of dimensions as people and machines read them: numbers and digests with their names in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from creditchain.identifiers.divisions import DIVISIONS
from creditchain.products import Product, Purpose
from creditchain.statistics.dimensions import NODES, CountedMember
from creditchain.statistics.folding import Row
from creditchain.vocabulary import InstitutionKind


@dataclass(frozen=True, slots=True)
class Called:
    """The value of a dimension: as machines get it, and its names where there are any."""

    value: Any
    name: str = ""
    zh: str = ""

    @property
    def told(self) -> str:
        """On one line, in both languages."""
        shown = "–" if self.value is None else str(self.value)
        parts = (shown, "" if self.name == shown else self.name, self.zh)
        return " ".join(part for part in parts if part)


#: Of a node that is none: no broker, or a consent that was never granted.
_NO_NODE: Final = Called(None)


class Names:
    """Names for the values of dimensions. `products`: those whose files are known here."""

    def __init__(self, members: Mapping[int, CountedMember], products: tuple[Product, ...]) -> None:
        self._members = members
        self._products: dict[bytes | int, Product] = {one.digest: one for one in products}
        self._products |= {one.number: one for one in products}

    def called(self, dimension: str, value: Any) -> Called:
        """The value with its names."""
        if dimension in NODES:
            return self._node(value)
        return _TOLD.get(dimension, Called)(value) if dimension != "product" else self._product(value)

    def named(self, row: Row, by: tuple[str, ...]) -> Row:
        """A row with the names of its values beside them: `institution_name` and `institution_name_zh`."""
        found: Row = {}
        for dimension in by:
            called = self.called(dimension, row[dimension])
            found[dimension] = called.value
            if called.name or called.zh:
                found |= {f"{dimension}_name": called.name, f"{dimension}_name_zh": called.zh}
        return found | {name: value for name, value in row.items() if name not in by}

    def _node(self, value: int) -> Called:
        if not value:
            return _NO_NODE
        member = self._members.get(value, CountedMember())
        return Called(value, member.name, member.name_zh)

    def _product(self, value: bytes | int) -> Called:
        """By digest in calls, by number in batches. The name is the value where the file is known."""
        known = self._products.get(value)
        if known is None:
            return Called("0x" + value.hex() if isinstance(value, bytes) else value)
        return Called(known.ref, known.ref, known.title)


def _division(value: int | None) -> Called:
    known = None if value is None else DIVISIONS.get(value)
    return Called(value) if known is None else Called(value, known.name_en, known.name_zh)


def _kind(value: str | None) -> Called:
    known = {one.label: one for one in InstitutionKind}.get(value or "")
    return Called(value) if known is None else Called(known.label, known.label, known.zh)


def _purpose(value: int) -> Called:
    known = {int(one): one for one in Purpose}.get(value)
    return Called(value or None) if known is None else Called(known.label, known.label, known.zh)


def _month(value: int) -> Called:
    return Called(f"{value // 100}-{value % 100:02}")


_TOLD: Final[Mapping[str, Callable[[Any], Called]]] = {
    "division": _division,
    "kind": _kind,
    "purpose": _purpose,
    "month": _month,
}
