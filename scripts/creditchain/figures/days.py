"""Days and months as texts, YYYY-MM-DD and YYYY-MM, which compare like what they name."""

from __future__ import annotations

import calendar

_FIRST_MONTH = 12  #: January of the year 1, in months


def months_before(day: str, months: int) -> str:
    """The same day so many months earlier, or the last of that month if it is shorter. Not before the year 1."""
    year, month, date = (int(part) for part in day.split("-"))
    year, month = divmod(max(year * 12 + month - 1 - months, _FIRST_MONTH), 12)
    last = calendar.monthrange(year, month + 1)[1]
    return f"{year:04d}-{month + 1:02d}-{min(date, last):02d}"


def span_of(as_of: str, months: int, skip: int) -> tuple[str, str]:
    """The days that are `skip + months` and `skip` months before the report's day."""
    return months_before(as_of, skip + months), months_before(as_of, skip)


def in_months(month: str, span: tuple[str, str]) -> bool:
    """Whether a month is in a span: whole months, from that of its first day on, and before that of its last."""
    return span[0][:7] <= month[:7] < span[1][:7]


def in_days(day: str, span: tuple[str, str]) -> bool:
    """Whether a day is in a span: after its first day, and not after its last."""
    return span[0] < day <= span[1]
