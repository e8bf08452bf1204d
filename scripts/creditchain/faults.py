"""What is told of a fault that nobody foresaw: its kind and where it came from, never its words, which may name
whomever a call was about."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_PACKAGE = Path(__file__).resolve().parent


def told(error: BaseException) -> str:
    """Kind of an exception and the lines of this package that it came through, the innermost first."""
    way = reversed([place for place in places(error.__traceback__) if place.startswith(f"{_PACKAGE.name}/")])
    return f"{type(error).__name__} at {' < '.join(way) or 'an unknown place'}"


def places(trace: TracebackType | None) -> list[str]:
    """Files and lines that an exception came through, the innermost last. Our files have no folder."""
    return [f"{_short(frame.f_code.co_filename)}:{line}" for frame, line in traceback.walk_tb(trace)]


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception, then those that it came of, as tracebacks show them."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(_PACKAGE.parent).as_posix() if path.is_relative_to(_PACKAGE) else file
