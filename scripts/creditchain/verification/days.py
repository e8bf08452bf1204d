"""Days are those of China (UTC+8), wherever the verifier is."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))
#: The last second of the year 9999 in China. Python's dates end there; times on chain go further.
_LAST = 253_402_271_999


def day_of(time: int) -> date:
    """The day in China of unix seconds; 9999-12-31 for later times."""
    return datetime.fromtimestamp(min(time, _LAST), _CHINA).date()


def day_number(day: date) -> int:
    """A day as consents write it: the number YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day
