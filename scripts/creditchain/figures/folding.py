"""Folds: first the latest version of each fact, then the conditions, then what is taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from creditchain.figures.days import in_days, in_months, span_of
from creditchain.figures.kinds import Shape
from creditchain.figures.records import FigureRecord
from creditchain.figures.rules import AsOf, Comparison, Condition, Fold, Take, Value


def fold(rule: Fold, records: Iterable[FigureRecord], as_of: str) -> tuple[Value | None, Sequence[FigureRecord]]:
    """The value, and the records it follows from. `records` are those of the rule's products, in any order.

    `as_of` is the report's day, YYYY-MM-DD. None if no record has what is taken, where there is no such thing as none.
    """
    span = None if rule.period is None else span_of(as_of, rule.period.months, rule.period.skip)
    kept = [one for one in _latest(rule, records) if _meets(rule, one, as_of, span)]
    if rule.take is Take.COUNT:
        return len(kept), kept
    if rule.take is Take.EXISTS:
        return bool(kept), kept
    of = rule.of or ""
    kind = rule.fields[of]
    valued = [(value, one) for one in kept if (value := one.value(of, kind)) is not None]
    kept = [one for _, one in valued]
    if rule.take is Take.DISTINCT:
        return len({value for value, _ in valued}), kept
    # More digits may be shown than the field has.
    scale = 10 ** (rule.kind.digits - kind.digits) if kind.is_number else 1
    if rule.take is Take.SUM:
        return sum(int(value) for value, _ in valued) * scale, kept
    if not valued:
        return None, ()
    if rule.take is Take.LATEST:
        value, record = max(valued, key=lambda one: _place(rule, one[1]))
        return _scaled(value, scale), (record,)
    # Values of one field are of one shape, so that they compare.
    values = sorted(value for value, _ in valued)
    return _scaled(values[0] if rule.take is Take.MIN else values[-1], scale), kept


def _scaled(value: Value, scale: int) -> Value:
    return value * scale if type(value) is int else value


def _latest(rule: Fold, records: Iterable[FigureRecord]) -> Iterable[FigureRecord]:
    """The latest version of each fact. Versions of a product are versions of one kind of fact."""
    latest: dict[tuple[Value | None, ...], FigureRecord] = {}
    for one in records:
        name = one.product.partition("/")[0]
        if rule.fact is None:
            key: tuple[Value | None, ...] = (name, one.node, one.value("record_id", rule.fields["record_id"]))
        else:
            key = (name, *(one.value(field, rule.fields[field]) for field in rule.fact))
        known = latest.get(key)
        if known is None or one.version > known.version:
            latest[key] = one
    return latest.values()


def _place(rule: Fold, record: FigureRecord) -> tuple[bool, Value, tuple[int, str, int, bytes]]:
    """Where a record comes in the order of `by`; one without that field comes before all others."""
    value = record.value(rule.by, rule.fields[rule.by])
    return value is not None, "" if value is None else value, record.version


def _meets(rule: Fold, record: FigureRecord, as_of: str, span: tuple[str, str] | None) -> bool:
    return (span is None or _inside(rule, record, span)) and all(
        _holds(one, record.value(one.field, rule.fields[one.field]), as_of) for one in rule.where
    )


def _inside(rule: Fold, record: FigureRecord, span: tuple[str, str]) -> bool:
    """Whether a record is in the period of the rule, which is the span of days that its months make."""
    if rule.period is None:
        raise TypeError("unreachable")
    kind = rule.fields[rule.period.field]
    value = record.value(rule.period.field, kind)
    if not isinstance(value, str):
        return False
    return in_months(value, span) if kind.shape is Shape.MONTH else in_days(value, span)


def _holds(one: Condition, value: Value | None, as_of: str) -> bool:
    if one.test is Comparison.MISSING:
        return (value is None) == one.bound
    if one.test is Comparison.NOT:
        return value not in one.values
    if one.test is Comparison.IS:
        return value in one.values
    bound = as_of if isinstance(one.bound, AsOf) else one.bound
    if value is None:
        return False
    before, after = value < bound, value > bound  # type: ignore[operator]  # one shape, as the rule was read
    return {
        Comparison.FROM: not before,
        Comparison.UNTIL: not after,
        Comparison.ABOVE: after,
        Comparison.BELOW: before,
    }[one.test]
