"""Times in one form, wherever people see them: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(time: int) -> str:
    """Unix seconds as an ISO 8601 time in UTC; numbers beyond the calendar stay numbers."""
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{time} s"
