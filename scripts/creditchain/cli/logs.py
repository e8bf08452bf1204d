"""`--verbose`, `--log-format`: the standard library's logging, to stderr. No identifier, key or content is logged."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from creditchain.faults import chain, places


class LogFormat(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


#: What every record has; the rest is what was given with it.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def log_to_stderr(verbose: int, form: LogFormat = LogFormat.TEXT) -> None:
    """Log what this package says, at most; libraries would log what they send."""
    logger = logging.getLogger("creditchain")
    logger.handlers.clear()
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_JsonLines() if form is LogFormat.JSON else _Text())
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)


class _Text(logging.Formatter):
    """A line for people. Of an exception: its kind and the way that it came, as its words may name an enterprise."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # as another formatter wrote it: with its words
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - its name in the base class
        lines: list[str] = []
        for one in chain(ei[1]) if ei[1] is not None else ():
            lines += [f"{'caused by ' if lines else ''}{type(one).__name__}, which came through"]
            lines += [f"  {place}" for place in places(one.__traceback__)]
        return "\n".join(lines)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the base class
        given = " ".join(f"{name}={value}" for name, value in _given(record).items() if value is not None)
        return f"{super().formatMessage(record)} {given}".rstrip()


class _JsonLines(logging.Formatter):
    """A JSON object a line: `time` (UTC), `level`, `logger`, `message`, and what was given with it."""

    def format(self, record: logging.LogRecord) -> str:
        import json

        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_given(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["traceback"] = places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _given(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _USUAL}
