"""Numbers of figures: whole numbers of the smallest unit, and how many digits of them stand after the point.

Everything is exact. The one rounding is `divided`, half away from zero.
"""

from __future__ import annotations

import re

#: Most digits after the point.
MAX_DIGITS = 9
#: The largest amount of units that a figure may have, as the largest integer of a document.
MAX_UNITS = 2**53 - 1

_DECIMAL = re.compile(r"(-?)([0-9]{1,16})(?:\.([0-9]{1,9}))?", re.ASCII)


def units_of(value: object, digits: int) -> int | None:
    """A whole number or a decimal text as units of `digits` digits after the point.

    None if it is neither, has more digits after the point than that, or more than 16 before it.
    """
    if type(value) is int:
        return value * 10**digits if abs(value) <= MAX_UNITS else None
    parts = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        return None
    sign, whole, fraction = parts[1], parts[2], parts[3] or ""
    if len(fraction) > digits:
        return None
    units: int = int(whole + fraction) * 10 ** (digits - len(fraction))
    return -units if sign else units


def divided(numerator: int, denominator: int, digits: int) -> int:
    """The quotient in units of `digits` digits after the point, rounded half away from zero. Not for 0."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    units: int = (2 * abs(numerator) * 10**digits + denominator) // (2 * denominator)
    return -units if numerator < 0 else units


def shown(units: int, digits: int) -> int | str:
    """As documents have it: an integer, or a decimal text with exactly `digits` digits after the point."""
    if digits == 0:
        return units
    text = str(abs(units)).zfill(digits + 1)
    return f"{'-' if units < 0 else ''}{text[:-digits]}.{text[-digits:]}"
