"""The three forms of a rule, parsed: a fold over records, a combination of figures, steps on a figure.

Numbers in a rule are units of the digits that the compared value has (`numbers`), texts and booleans are themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from creditchain.figures.kinds import ValueKind

#: A value: units of a number, a text (also a day or a month), or true or false.
Value: TypeAlias = int | str | bool


class Take(StrEnum):
    """What a fold takes from the records."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    LATEST = "latest"
    EXISTS = "exists"
    DISTINCT = "distinct"


class Comparison(StrEnum):
    """How a condition compares a field."""

    IS = "is"
    NOT = "not"
    FROM = "from"
    UNTIL = "until"
    ABOVE = "above"
    BELOW = "below"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class AsOf:
    """Stands in a condition for the day of the report."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on a field of a record."""

    field: str
    test: Comparison
    values: frozenset[Value] = frozenset()  #: of `is` and `not`
    bound: Value | AsOf = True  #: of the other tests; of `missing` whether it must be missing


@dataclass(frozen=True, slots=True)
class Period:
    """So many months, which end `skip` months before the report's day (of dates) or month (of months)."""

    field: str
    months: int
    skip: int


@dataclass(frozen=True)
class Fold:
    """A figure that follows from records of these products."""

    sources: tuple[str, ...]  #: products, by name/version
    fields: Mapping[str, ValueKind]  #: of each field that the fold reads; `as_of` is the document's own
    fact: tuple[str, ...] | None  #: fields that identify a fact; None: a node's record_id
    where: tuple[Condition, ...]
    period: Period | None
    take: Take
    of: str | None
    by: str
    kind: ValueKind  #: of the figure
    otherwise: Value | None = None


@dataclass(frozen=True)
class Combine:
    """A figure that follows from numbers: a sum, or the ratio of two sums."""

    add: Mapping[str, int]
    per: Mapping[str, int] | None
    times: int
    clamp: tuple[int, int] | None
    kind: ValueKind
    otherwise: Value | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The figures that it follows from."""
        return tuple(sorted({*self.add, *(self.per or {})}))


@dataclass(frozen=True)
class Steps:
    """A figure that has one value for each range or value of another figure."""

    on: str
    steps: tuple[tuple[Value, Value], ...]  #: from which value on (of a number), or for which; and the output
    label: str | None  #: shown as a factor under this name
    kind: ValueKind
    otherwise: Value | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The figures that it follows from."""
        return (self.on,)


Rule: TypeAlias = Fold | Combine | Steps


@dataclass(frozen=True)
class FigureRules:
    """The rules of a product or a scorecard, each after those that it follows from."""

    rules: Mapping[str, Rule]
    needs: Mapping[str, frozenset[str]]  #: by figure: the products from which it follows in the end

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of the figures that a report shows."""
        return tuple(name for name in self.rules if not is_hidden(name))

    @property
    def makes_factors(self) -> bool:
        """Whether some steps are shown as factors."""
        return any(isinstance(rule, Steps) and rule.label is not None for rule in self.rules.values())


def is_hidden(name: str) -> bool:
    """Whether a figure is only a step on the way."""
    return name.startswith("_")
