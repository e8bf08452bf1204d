"""Times on the command line: read with their zone, shown in one form, ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime

from creditchain.errors import InputError
from creditchain.times import moment

_EXAMPLE = "like 2027-06-30T18:00+08:00"


def seconds_of(text: str | None) -> int:
    """Unix seconds of a date and time with time zone; 0 for none. Raises InputError."""
    if text is None:
        return 0
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("not a date and time", expected=_EXAMPLE, found=text) from error
    if found.tzinfo is None:
        raise InputError("the time zone is missing", expected=_EXAMPLE, found=text)
    return int(found.timestamp())


def shown(seconds: int) -> str | None:
    """Unix seconds as ISO 8601 in UTC; None for 0, which means never."""
    return moment(seconds) if seconds else None
