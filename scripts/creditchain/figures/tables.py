"""Reading single members of a rule's table strictly: each error names the member and what it may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from creditchain.errors import Place
from creditchain.figures.errors import FigureError
from creditchain.figures.kinds import DATE, Shape, ValueKind
from creditchain.figures.numbers import MAX_DIGITS, MAX_UNITS, units_of
from creditchain.figures.rules import AsOf, Value

_MAX_TEXT = 200
#: The word in a condition that stands for the day of the report.
_AS_OF = "$as_of"


def wrong(field: str, message: str, *, expected: str | None = None, found: str | None = None) -> FigureError:
    """The error of one member."""
    return FigureError(message, expected=expected, found=found, place=Place(field=field))


def table_of(value: object, field: str, keys: Iterable[str], form: str) -> Mapping[str, Any]:
    """A table that has no other keys than these."""
    if not isinstance(value, Mapping):
        raise wrong(field, "not a table", expected=form)
    known = tuple(keys)
    for key in value:
        if key not in known:
            raise wrong(f"{field}.{key}", "a member that is not known here", expected=", ".join(known))
    return value


def texts_of(value: object, field: str, most: int) -> tuple[str, ...]:
    """A name, or a list of different names."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
        raise wrong(field, "not a name, nor a list of names")
    if len(listed) > most or len(set(listed)) != len(listed):
        raise wrong(field, "too many names, or one twice", expected=f"at most {most}, each once")
    return tuple(listed)


def whole_of(table: Mapping[str, Any], key: str, field: str, low: int, high: int, default: int | None) -> int:
    """A whole number of a table. `default` if it is left out; None: it must be there."""
    value = table.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise wrong(f"{field}.{key}", "not such a whole number", expected=f"{low} to {high}", found=_seen(value))
    return value


def digits_of(table: Mapping[str, Any], field: str, default: int = 0) -> int:
    """How many digits after the point."""
    return whole_of(table, "digits", field, 0, MAX_DIGITS, default)


def value_of(value: object, field: str, kind: ValueKind) -> Value:
    """A value of this kind, as rules hold it."""
    if kind.is_number:
        units = units_of(value, kind.digits)
        if units is None or abs(units) > MAX_UNITS:
            raise wrong(field, "a value of another kind than what it stands for", expected=f"a {kind}")
        return units
    fits = isinstance(value, bool) if kind.shape is Shape.BOOLEAN else isinstance(value, str)
    if not fits or (isinstance(value, str) and not 0 < len(value) <= _MAX_TEXT):
        raise wrong(field, "a value of another kind than what it stands for", expected=f"a {kind}", found=_seen(value))
    if kind.choices is not None and value not in kind.choices:
        raise wrong(field, "a value that there cannot be", expected=", ".join(kind.choices), found=_seen(value))
    return value  # type: ignore[return-value]  # a text or a boolean


def bound_of(value: object, field: str, kind: ValueKind) -> Value | AsOf:
    """The bound of a comparison; `$as_of`, if days are compared."""
    if not kind.is_ordered:
        raise wrong(field, "only numbers, days and months have an order", found=f"a {kind}")
    if value == _AS_OF and kind.shape is DATE.shape:
        return AsOf()
    return value_of(value, field, kind)


def _seen(value: object) -> str:
    return "nothing" if value is None else str(value)[:60]
