"""Days are those of China: a delivery in the evening of London is of the next day."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))
#: The last second of 9999, which calendars end with; times on chain go further.
_LAST = 253_402_271_999


def day_of(time: int) -> date:
    """The day, in China, of unix seconds; the last there is for times beyond."""
    return datetime.fromtimestamp(min(time, _LAST), _CHINA).date()


def day_number(day: date) -> int:
    """A day as consents write it: YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day
