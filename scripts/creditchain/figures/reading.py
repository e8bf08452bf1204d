"""Reading rules: every name, every kind of value and the order of computing are known before a record is seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from creditchain.figures.kinds import BOOLEAN, INTEGER, Shape, ValueKind
from creditchain.figures.reading_folds import Products, read_fold
from creditchain.figures.rules import Combine, FigureRules, Fold, Rule, Steps, Value
from creditchain.figures.tables import digits_of, table_of, value_of, whole_of, wrong

_NAME = re.compile(r"_?[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39}){0,3}", re.ASCII)
#: Fields of every report, which no rule gives; `factors` come from steps with a label.
_RESERVED = ("hash", "records", "gaps", "factors")
_MOST_FIGURES, _MOST_TERMS, _MOST_STEPS, _MOST_LABEL = 200, 50, 100, 60
_MOST_FACTOR = 10**9


def read_rules(table: object, products: Products, base: FigureRules | None = None) -> FigureRules:
    """The rules of a table. `products`: the fields of the products that they may fold.

    With `base`, its figures may be used, and the result holds these too. Raises FigureError with the dotted member.
    """
    if not isinstance(table, Mapping) or not 1 <= len(table) <= _MOST_FIGURES:
        raise wrong("", "not a table of figures", expected=f"1 to {_MOST_FIGURES} figures")
    reading = _Reading(table, products, base or FigureRules({}, {}))
    for name in sorted(table):
        reading.check_name(name)
    for name in sorted(table):
        reading.read(name, ())
    return FigureRules(reading.rules, reading.needs)


class _Reading:
    """What was read so far, in the order of computing."""

    def __init__(self, table: Mapping[str, Any], products: Products, base: FigureRules) -> None:
        self._table, self._products, self._base = table, products, base
        self.rules: dict[str, Rule] = dict(base.rules)
        self.needs: dict[str, frozenset[str]] = dict(base.needs)

    def check_name(self, name: str) -> None:
        """Refuse what is no rule, and a name that no figure can have, or that another one has."""
        table = self._table[name]
        if not isinstance(table, Mapping) or not {"from", "add", "on"} & table.keys():
            raise wrong(name, "not a rule", expected="a table with from, add or on; a dotted name stands in quotes")
        if not _NAME.fullmatch(name) or (name.startswith("_") and "." in name):
            raise wrong(name, "not a name of a figure", expected="lower-case words, joined by points where they nest")
        if name.split(".")[0] in _RESERVED:
            raise wrong(name, "every report has this field already")
        if name in self._base.rules:
            raise wrong(name, "the product has a figure of this name already")
        above = name.rpartition(".")[0]
        while above:
            if above in self._table or above in self._base.rules:
                raise wrong(name, "a figure inside another figure", found=above)
            above = above.rpartition(".")[0]

    def read(self, name: str, way: tuple[str, ...]) -> ValueKind:
        """Read a figure after those that it follows from; its kind. `way`: the figures that wait."""
        if name in self.rules:
            return self.rules[name].kind
        table = self._table[name]
        way = (*way, name)
        if "from" in table:
            rule: Rule = read_fold(table, name, self._products)
        elif "add" in table:
            rule = self._combine(table, name, way)
        else:
            rule = self._steps(table, name, way)
        self.rules[name] = rule
        sources = rule.sources if isinstance(rule, Fold) else ()
        parts = () if isinstance(rule, Fold) else rule.parts
        self.needs[name] = frozenset(sources).union(*(self.needs[part] for part in parts))
        return rule.kind

    def _part(self, name: object, place: str, way: tuple[str, ...]) -> ValueKind:
        if not isinstance(name, str) or (name not in self._table and name not in self._base.rules):
            raise wrong(place, "not a figure", expected="the name of another figure", found=str(name)[:60])
        if name in way:
            raise wrong(place, "a figure that follows from itself", found=" → ".join((*way[way.index(name) :], name)))
        return self.read(name, way)

    def _combine(self, table: Mapping[str, Any], name: str, way: tuple[str, ...]) -> Combine:
        table_of(table, name, ("add", "per", "times", "digits", "clamp", "else"), "a table with add")
        add = self._terms(table["add"], f"{name}.add", way)
        per = self._terms(table["per"], f"{name}.per", way) if "per" in table else None
        kind = ValueKind(Shape.NUMBER, digits_of(table, name))
        times = whole_of(table, "times", name, -_MOST_FACTOR, _MOST_FACTOR, 1)
        clamp = None
        if "clamp" in table:
            bounds = table["clamp"]
            if not isinstance(bounds, list) or len(bounds) != 2:
                raise wrong(f"{name}.clamp", "not two bounds", expected="[lowest, highest]")
            low, high = (int(value_of(bound, f"{name}.clamp", kind)) for bound in bounds)
            if low > high:
                raise wrong(f"{name}.clamp", "the lower bound is above the upper one")
            clamp = low, high
        return Combine(add, per, times, clamp, kind, _otherwise(table, name, kind))

    def _terms(self, terms: object, place: str, way: tuple[str, ...]) -> dict[str, int]:
        if not isinstance(terms, Mapping) or not 1 <= len(terms) <= _MOST_TERMS:
            raise wrong(place, "not a table of figures and coefficients", expected=f"1 to {_MOST_TERMS} figures")
        for part in sorted(terms):
            if not (kind := self._part(part, place, way)).is_number:
                raise wrong(f"{place}.{part}", "only numbers can be added up", found=f"a {kind}")
        return {part: whole_of(terms, part, place, -_MOST_FACTOR, _MOST_FACTOR, None) for part in sorted(terms)}

    def _steps(self, table: Mapping[str, Any], name: str, way: tuple[str, ...]) -> Steps:
        table_of(table, name, ("label", "on", "steps", "else"), "a table with on and steps")
        on = self._part(table["on"], f"{name}.on", way)
        pairs, place = table.get("steps"), f"{name}.steps"
        if not isinstance(pairs, list) or not 1 <= len(pairs) <= _MOST_STEPS:
            raise wrong(place, "not a list of steps", expected=f"1 to {_MOST_STEPS} of [from, output]")
        if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise wrong(place, "not a step", expected="[from, output]")
        starts = [value_of(start, place, on) for start, _ in pairs]
        if len(set(starts)) != len(starts):
            raise wrong(place, "one value has two steps")
        if on.is_number and starts != sorted(starts, key=int):
            raise wrong(place, "the steps do not ascend")
        if not (on.is_number or on.shape in (Shape.TEXT, Shape.BOOLEAN)):
            raise wrong(f"{name}.on", "steps are for numbers, texts and booleans", found=f"a {on}")
        kind = _output_kind([output for _, output in pairs] + [table[key] for key in ("else",) if key in table], place)
        label = table.get("label")
        if label is not None:
            if not isinstance(label, str) or not 2 <= len(label) <= _MOST_LABEL:
                raise wrong(f"{name}.label", "not a label", expected=f"a text of 2 to {_MOST_LABEL} characters")
            if not kind.is_number:
                raise wrong(place, "the points of a factor are whole numbers", found=f"a {kind}")
        steps = tuple((start, value_of(pair[1], place, kind)) for start, pair in zip(starts, pairs, strict=True))
        return Steps(str(table["on"]), steps, label, kind, _otherwise(table, name, kind))


def _otherwise(table: Mapping[str, Any], name: str, kind: ValueKind) -> Value | None:
    return value_of(table["else"], f"{name}.else", kind) if "else" in table else None


def _output_kind(outputs: list[object], place: str) -> ValueKind:
    """The kind of what steps give: whole numbers, texts or booleans, all alike."""
    if all(type(one) is int for one in outputs):
        return INTEGER
    if all(isinstance(one, bool) for one in outputs):
        return BOOLEAN
    if all(isinstance(one, str) for one in outputs):
        return ValueKind(Shape.TEXT, choices=tuple(sorted({str(one) for one in outputs})))
    raise wrong(place, "the outputs are of different kinds", expected="whole numbers, texts, or booleans")
