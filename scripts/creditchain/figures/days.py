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


def in_months(month: str, as_of: str, months: int, skip: int) -> bool:
    """Whether a month is one of the `months` whole months that end `skip` months before the month of `as_of`."""
    return months_before(as_of, skip + months)[:7] <= month[:7] < months_before(as_of, skip)[:7]


def in_days(day: str, as_of: str, months: int, skip: int) -> bool:
    """Whether a day is after `as_of` less `skip + months` months, and not after `as_of` less `skip` months."""
    return months_before(as_of, skip + months) < day <= months_before(as_of, skip)
