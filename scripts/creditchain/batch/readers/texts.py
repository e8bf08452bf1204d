"""Values of typed cells as the texts that documents are made of: all digits, no artefacts, dates as 2023-05-05."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any


def as_text(value: Any) -> str:
    """A cell's value as text; empty for none. Raises ValueError or OverflowError for what is no number."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return decimal_text(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    return str(value)


def decimal_text(number: float | Decimal) -> str:
    """A number with all its digits and no exponent; without a point where there is nothing behind it."""
    if number == int(number):
        return str(int(number))
    return format(Decimal(repr(number)) if isinstance(number, float) else number.normalize(), "f")
