"""What is told of a fault that nobody foresaw: its kind and where it came from, never its words."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def told(error: BaseException) -> str:
    """Kind of an exception and the lines of this package that it came through; its words may name an enterprise."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(_PACKAGE)]
    way = [f"{Path(one.filename).relative_to(_PACKAGE.parent).as_posix()}:{one.lineno}" for one in frames]
    return f"{type(error).__name__} at {' < '.join(reversed(way)) or 'an unknown place'}"
