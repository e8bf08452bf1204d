"""What a log line for people shows of an exception: its kind and the places that it came through, never its words."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from creditchain.cli.logs import LogFormat, log_to_stderr

NUMBER = "914403001922038216"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log_to_stderr(1, LogFormat.TEXT)
    yield written
    log_to_stderr(0)


def failed() -> None:
    try:
        {}[NUMBER]
    except KeyError as error:
        raise ValueError(f"no such enterprise: {NUMBER}") from error


def test_no_words_of_exceptions_nor_of_their_causes(log: io.StringIO) -> None:
    logger = logging.getLogger("creditchain.some.room")
    try:
        failed()
    except ValueError:
        logger.exception("it failed", extra={"seconds": 2})
    lines = log.getvalue().splitlines()
    assert lines[0].endswith("ERROR creditchain.some.room: it failed seconds=2")
    assert [line for line in lines[1:] if not line.startswith("  ")] == [
        "ValueError, which came through",
        "caused by KeyError, which came through",
    ]
    assert sum(f"{__file__}:" in line for line in lines) == 3
    assert NUMBER not in log.getvalue()


def test_nor_as_another_formatter_wrote_them(log: io.StringIO) -> None:
    class Whole(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logging.Formatter().format(record)

    logger, other = logging.getLogger("creditchain.some.room"), Whole()
    logger.addHandler(other)
    try:
        failed()
    except ValueError:
        logger.exception("it failed")
    finally:
        logger.removeHandler(other)
    assert "caused by KeyError" in log.getvalue()
    assert NUMBER not in log.getvalue()
