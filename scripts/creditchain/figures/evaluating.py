"""Figures from rules and records: the same values for whoever computes them, in whatever order the records come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from creditchain.figures.folding import fold
from creditchain.figures.numbers import MAX_UNITS, divided, shown
from creditchain.figures.records import FigureRecord
from creditchain.figures.rules import Combine, FigureRules, Fold, Rule, Steps, Value, is_hidden


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its value, its rule, and what it follows from."""

    name: str
    rule: Rule
    value: Value | None  #: None: absent. Numbers are units of the digits of `rule.kind`
    #: Leaf hashes of the records that it follows from, ascending; of a combination or of steps, those of its parts.
    leaves: tuple[bytes, ...]
    #: Products without which there is no such figure, as they were not asked for, or show files.
    lacks: tuple[str, ...] = ()

    @property
    def shown(self) -> int | str | bool | None:
        """The value as a report has it: decimals as text; None if it is absent."""
        if self.value is None or not self.rule.kind.is_number:
            return self.value
        return shown(int(self.value), self.rule.kind.digits)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a report, each after those that it follows from; hidden ones too."""

    figures: Mapping[str, Figure]

    def document(self) -> dict[str, Any]:
        """What the report's `data` shows of them: dotted names nest; absent and hidden figures are left out."""
        made: dict[str, Any] = {}
        for name, one in self.figures.items():
            if one.value is None or is_hidden(name):
                continue
            *path, last = name.split(".")
            inner = made
            for step in path:
                inner = inner.setdefault(step, {})
            inner[last] = one.shown
        if factors := self.factors():
            made["factors"] = factors
        return made

    def factors(self) -> list[dict[str, Any]]:
        """What the steps with a label add up to, in the order of their names."""
        return [
            {"factor": one.rule.label, "of": one.rule.on, "points": one.value}
            for _, one in sorted(self.figures.items())
            if isinstance(one.rule, Steps) and one.rule.label is not None and one.value is not None
        ]


def evaluate(rules: FigureRules, records: Iterable[FigureRecord], as_of: date, covered: Collection[str]) -> Figures:
    """All figures by `rules` over the records that a report shows, as of the report's day.

    `covered` are the products, by name/version, all of whose records the report may show, as they were asked for in
    whole. A figure that needs another one is absent. Never raises for records whose documents fit their products.
    """
    by_product: dict[str, list[FigureRecord]] = {}
    for one in records:
        by_product.setdefault(one.product, []).append(one)
    day, known = as_of.isoformat(), frozenset(covered)
    made: dict[str, Figure] = {}
    for name, rule in rules.rules.items():
        lacks = tuple(sorted(rules.needs[name] - known))
        if lacks:
            made[name] = Figure(name, rule, None, (), lacks)
            continue
        value, leaves = _computed(rule, made, by_product, day)
        if value is None:
            value = rule.otherwise
        if type(value) is int and abs(value) > MAX_UNITS:
            value = None
        made[name] = Figure(name, rule, value, leaves)
    return Figures(made)


def _computed(
    rule: Rule, made: Mapping[str, Figure], by_product: Mapping[str, list[FigureRecord]], day: str
) -> tuple[Value | None, tuple[bytes, ...]]:
    if isinstance(rule, Fold):
        records = [one for name in rule.sources for one in by_product.get(name, ())]
        value, kept = fold(rule, records, day)
        return value, tuple(sorted(one.leaf for one in kept))
    value = _combined(rule, made) if isinstance(rule, Combine) else _stepped(rule, made[rule.on])
    leaves = {leaf for part in rule.parts for leaf in made[part].leaves}
    return value, tuple(sorted(leaves))


def _combined(rule: Combine, made: Mapping[str, Figure]) -> int | None:
    above = _sum(rule.add, made)
    below = _sum(rule.per, made) if rule.per is not None else (1, 0)
    if above is None or below is None or below[0] == 0:
        return None
    # Both sides as whole numbers of one unit.
    numerator = above[0] * rule.times * 10 ** below[1]
    units = divided(numerator, below[0] * 10 ** above[1], rule.kind.digits)
    return units if rule.clamp is None else min(max(units, rule.clamp[0]), rule.clamp[1])


def _sum(terms: Mapping[str, int], made: Mapping[str, Figure]) -> tuple[int, int] | None:
    """The sum of figures times coefficients, in units, and the digits of these; None if one figure is absent."""
    digits = max(made[name].rule.kind.digits for name in terms)
    total = 0
    for name, coefficient in terms.items():
        one = made[name]
        if one.value is None:
            return None
        total += coefficient * int(one.value) * 10 ** (digits - one.rule.kind.digits)
    return total, digits


def _stepped(rule: Steps, on: Figure) -> Value | None:
    if on.value is None:
        return None
    if not on.rule.kind.is_number:
        return next((output for value, output in rule.steps if value == on.value), None)
    found = None
    for start, output in rule.steps:
        if int(on.value) < int(start):
            break
        found = output
    return found
