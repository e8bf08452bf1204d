"""Results as people see them: names in both languages, times, durations and money in one form each, lists as rows.

What a value is, its name says: `…_at` is a time in unix seconds, `…_seconds` a duration, `…_fen` and `…_wei` amounts.
With --json everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from creditchain.cli.labels import LABELS
from creditchain.cli.plain import plain_text

#: Times whose names do not end with `_at`.
_TIMES = frozenset(
    {"time", "not_before", "not_after", "valid_from", "meter_by", "block_time", "deadline", "due", "since", "until"}
)
#: Characters of an object that one line has room for.
_LINE = 120
#: What nothing is shown as.
NOTHING = "–"


def lines(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and value, a line each. What follows in rows of its own has an empty name."""
    for name, value in result.items():
        if name.endswith("_zh") and name.removesuffix("_zh") in result:
            continue  # stands beside the English one
        rows = _rows(value)
        chinese = result.get(f"{name}_zh")
        yield labelled(name), f"{told(name, value)} {chinese or ''}".rstrip() if rows is None else ""
        for row in rows or ():
            yield "", row


def labelled(name: str) -> str:
    """A name with its Chinese beside it."""
    return f"{name} {LABELS.get(name, '')}".rstrip()


def told(name: str, value: Any) -> str:
    """A value on one line."""
    if value is None or (isinstance(value, str | bytes | list | tuple | Mapping) and not value):
        return NOTHING
    if isinstance(value, bool):
        return "yes 是" if value else "no 否"
    if isinstance(value, int):
        return _number(name, value)
    if isinstance(value, Mapping):
        return "; ".join(f"{inner} {told(inner, one)}" for inner, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(told("", one) for one in value)
    return str(plain_text(value))


def duration(seconds: int) -> str:
    """Seconds, and the same in the largest unit that divides them."""
    for unit, chinese, size in (("day", "天", 86_400), ("hour", "小时", 3_600), ("minute", "分钟", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}{'' if seconds == size else 's'} {chinese} ({seconds} s)"
    return f"{seconds} s"


def _number(name: str, value: int) -> str:
    from creditchain.times import moment

    if name in _TIMES or name.endswith("_at"):
        return moment(value) if value else NOTHING
    if name.endswith("_seconds"):
        return duration(value)
    if name.endswith("_fen"):
        return f"{value // 100:,}.{value % 100:02} CNY 元"
    return f"{value:,} wei" if name.endswith("_wei") else str(value)


def _rows(value: Any) -> list[str] | None:
    """A list of objects as a table, hashes, sentences or a large object as rows; None if one line has room for it."""
    if isinstance(value, Mapping) and len(told("", value)) > _LINE:
        return [f"\t{labelled(name)}  {told(name, one)}" for name, one in value.items()]
    if not isinstance(value, list | tuple) or not value:
        return None
    if all(isinstance(one, Mapping) for one in value):
        names = list(dict.fromkeys(name for one in value for name in one))
        table = [[labelled(name) for name in names], *([told(name, one.get(name)) for name in names] for one in value)]
        return ["\t".join(["", *row]) for row in table]
    shown = [told("", one) for one in value]
    return [f"\t{one}" for one in shown] if any(len(one) > 40 for one in shown) else None
