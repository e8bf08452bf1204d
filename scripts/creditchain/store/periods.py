"""Rows of a period in the order of time, read a part at a time: however many there are, few are in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from creditchain.home.journal import Base, Journal

#: Rows that are read at a time.
TOGETHER = 1000

_Row = TypeVar("_Row", bound=Base)
_Read = TypeVar("_Read")


def by_time(
    journal: Journal,
    query: Select[_Row],
    time: InstrumentedAttribute[int],
    number: InstrumentedAttribute[int],
    read: Callable[[_Row], _Read],
    after: tuple[int, int] | None,
) -> Iterator[tuple[int, _Read]]:
    """The rows of a query by time, those of one second by their numbers; each with its number.

    Args:
        after: time and number of a row; those that come behind it. None: all.
    """
    while True:
        wanted = query if after is None else query.where(tuple_(time, number) > after)
        with journal.read() as session:
            rows = session.scalars(wanted.order_by(time, number).limit(TOGETHER)).all()
            found = [(int(getattr(row, number.key)), read(row)) for row in rows]
            if rows:
                after = int(getattr(rows[-1], time.key)), found[-1][0]
        yield from found
        if len(found) < TOGETHER:
            return
