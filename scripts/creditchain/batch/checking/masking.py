"""Values for the eyes of whoever checks an upload, with what identifies somebody masked."""

from __future__ import annotations

_DOT = "•"


def masked(text: str) -> str:
    """A text whose shape shows and whose content does not: its ends, if it is long enough, and its length."""
    if len(text) <= 1:
        return _DOT * len(text)
    if len(text) <= 5:
        return text[0] + _DOT * (len(text) - 1)
    return f"{text[:2]}{_DOT * 3}{text[-1]} ({len(text)})"


def yuan(fen: int) -> str:
    """An amount in fen as yuan: 123456 is 1,234.56."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{rest:02}"
