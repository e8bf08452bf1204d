"""Reading a fold: which products, which facts, which of them, and what is taken of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from creditchain.figures.kinds import BOOLEAN, DATE, INTEGER, Field, Shape, ValueKind
from creditchain.figures.rules import Comparison, Condition, Fold, Period, Take
from creditchain.figures.tables import bound_of, digits_of, table_of, texts_of, value_of, whole_of, wrong

#: Fields of every product, by name/version: what rules may read.
Products = Mapping[str, Mapping[str, Field]]

_MEMBERS = ("from", "fact", "where", "period", "take", "of", "by", "digits", "else")
_MOST_PRODUCTS, _MOST_FACT, _MOST_CONDITIONS, _MOST_VALUES, _MOST_MONTHS = 30, 5, 20, 100, 1200
_AS_OF = Field(DATE, required=True)
#: What needs no field to be taken of.
_COUNTING = (Take.COUNT, Take.EXISTS)


def read_fold(table: Mapping[str, Any], name: str, products: Products) -> Fold:
    """The fold of a table that has `from`. Raises FigureError with the member."""
    table_of(table, name, _MEMBERS, "a table with from and take")
    sources = texts_of(table["from"], f"{name}.from", _MOST_PRODUCTS)
    for one in sources:
        if one not in products:
            raise wrong(f"{name}.from", "not a product that the report combines", found=one)
    fields = _Fields(name, [products[one] for one in sources])
    fact = _fact(table, name, fields)
    where = tuple(_conditions(table.get("where", {}), f"{name}.where", fields))
    period = _period(table, name, fields)
    take, of, kind = _taken(table, name, fields)
    by = table.get("by", "as_of")
    if "by" in table and take is not Take.LATEST:
        raise wrong(f"{name}.by", "only the latest needs an order", found=f"take = {take.value}")
    fields.ordered(by, f"{name}.by")
    otherwise = value_of(table["else"], f"{name}.else", kind) if "else" in table else None
    return Fold(sources, dict(sorted(fields.read.items())), fact, where, period, take, of, by, kind, otherwise)


class _Fields:
    """The fields that all products of one fold have alike; remembers which of them were read."""

    def __init__(self, name: str, products: list[Mapping[str, Field]]) -> None:
        self._name, self._products = name, products
        self.read: dict[str, ValueKind] = {}

    def kind(self, field: object, place: str, *, required: bool = False) -> ValueKind:
        """The kind of a field. Raises FigureError if a product lacks it, or has another."""
        found = [_AS_OF if field == "as_of" else one.get(str(field)) for one in self._products]
        known = [one for one in found if one is not None]
        if not isinstance(field, str) or len(known) < len(found):
            raise wrong(place, "not a field with a single value of each of these products", found=str(field)[:60])
        kind = known[0].kind
        if any((one.kind.shape, one.kind.digits) != (kind.shape, kind.digits) for one in known):
            raise wrong(place, "the products have this field in different kinds", found=field)
        if required and not all(one.required for one in known):
            raise wrong(place, "not every record has this field", expected="a required field", found=field)
        choices = [one.kind.choices for one in known]
        merged = None if None in choices else tuple(sorted({text for one in choices for text in one or ()}))
        self.read[field] = ValueKind(kind.shape, kind.digits, merged)
        return self.read[field]

    def ordered(self, field: object, place: str) -> ValueKind:
        """The same, of a field whose values have an order."""
        kind = self.kind(field, place)
        if not kind.is_ordered:
            raise wrong(place, "only numbers, days and months have an order", found=f"a {kind}")
        return kind


def _fact(table: Mapping[str, Any], name: str, fields: _Fields) -> tuple[str, ...] | None:
    if "fact" not in table:
        fields.kind("record_id", f"{name}.fact", required=True)
        return None
    fact = texts_of(table["fact"], f"{name}.fact", _MOST_FACT)
    for field in fact:
        fields.kind(field, f"{name}.fact", required=True)
    return fact


def _conditions(where: object, place: str, fields: _Fields) -> Iterator[Condition]:
    if not isinstance(where, Mapping) or len(where) > _MOST_CONDITIONS:
        raise wrong(place, "not a table of conditions", expected=f"at most {_MOST_CONDITIONS} fields")
    for field, wanted in sorted(where.items()):
        at = f"{place}.{field}"
        kind = fields.kind(field, at)
        if not isinstance(wanted, Mapping):
            yield _among(field, Comparison.IS, wanted, at, kind)
            continue
        tests = table_of(wanted, at, [test.value for test in Comparison if test is not Comparison.IS], "comparisons")
        if not tests:
            raise wrong(at, "no comparison")
        for test, bound in sorted(tests.items()):
            if test == Comparison.NOT:
                yield _among(field, Comparison.NOT, bound, f"{at}.{test}", kind)
            elif test == Comparison.MISSING:
                yield Condition(field, Comparison.MISSING, bound=value_of(bound, f"{at}.{test}", BOOLEAN))
            else:
                yield Condition(field, Comparison(test), bound=bound_of(bound, f"{at}.{test}", kind))


def _among(field: str, test: Comparison, wanted: object, place: str, kind: ValueKind) -> Condition:
    values = wanted if isinstance(wanted, list) else [wanted]
    if not 1 <= len(values) <= _MOST_VALUES:
        raise wrong(place, "no value, or too many", expected=f"1 to {_MOST_VALUES}")
    return Condition(field, test, values=frozenset(value_of(value, place, kind) for value in values))


def _period(table: Mapping[str, Any], name: str, fields: _Fields) -> Period | None:
    if "period" not in table:
        return None
    place = f"{name}.period"
    period = table_of(table["period"], place, ("field", "months", "skip"), "a table with field and months")
    field = period.get("field")
    kind = fields.kind(field, f"{place}.field")
    if kind.shape not in (Shape.DATE, Shape.MONTH):
        raise wrong(f"{place}.field", "neither a day nor a month", found=f"a {kind}")
    months = whole_of(period, "months", place, 1, _MOST_MONTHS, None)
    return Period(str(field), months, whole_of(period, "skip", place, 0, _MOST_MONTHS, 0))


def _taken(table: Mapping[str, Any], name: str, fields: _Fields) -> tuple[Take, str | None, ValueKind]:
    """What is taken, of which field, and of which kind it is."""
    word = table.get("take")
    if not isinstance(word, str) or word not in tuple(Take):
        raise wrong(f"{name}.take", "not something to take", expected=", ".join(Take), found=str(word)[:60])
    take, of = Take(word), table.get("of")
    if take in _COUNTING:
        for member in ("of", "digits"):
            if member in table:
                raise wrong(f"{name}.{member}", "records are counted, not a field", found=f"take = {word}")
        return take, None, INTEGER if take is Take.COUNT else BOOLEAN
    if of is None:
        raise wrong(f"{name}.of", "it does not say of which field", expected="a field")
    kind = fields.kind(of, f"{name}.of")
    if take is Take.SUM and not kind.is_number:
        raise wrong(f"{name}.of", "only numbers can be added up", found=f"a {kind}")
    if take in (Take.MIN, Take.MAX):
        fields.ordered(of, f"{name}.of")
    if take is Take.DISTINCT or not kind.is_number:
        if "digits" in table:
            raise wrong(f"{name}.digits", "the figure has no digits after the point")
        return take, str(of), INTEGER if take is Take.DISTINCT else kind
    digits = digits_of(table, name, kind.digits)
    if digits < kind.digits:
        raise wrong(f"{name}.digits", "a fold does not round; combine does", expected=f"{kind.digits} or more")
    return take, str(of), ValueKind(Shape.NUMBER, digits)
