"""Handle stdout and stderr as they occur in practice: full, closed, missing, or with another encoding than UTF-8."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from creditchain.errors import CreditchainError, ExitCode


class OutputError(CreditchainError):
    """Results cannot be written where they should go."""

    exit_code = ExitCode.OUTPUT_FAILED


class OutputClosedError(OutputError):
    """Whoever read the output has gone, as `head` does after its lines."""

    exit_code = ExitCode.OUTPUT_CLOSED


@contextmanager
def guarded_stdout() -> Iterator[None]:
    """While this lasts, stdout fails with OutputError, whoever prints.

    Rich and Typer print help. They end the process with exit code 1 when they meet a closed pipe, and 1 is a verdict.
    """
    before = sys.stdout
    sys.stdout = cast(TextIO, _Guarded(before))
    try:
        yield
    finally:
        sys.stdout = before


class _Guarded:
    """A text stream that raises OutputError where the stream behind it raises OSError."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _failed(error) from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise _failed(error) from error


def prepare_streams() -> None:
    """Make stdout and stderr usable for this process, or end it before anything was done."""
    # Python has None for a stream that is closed. The next file opened would get its number, and all that is printed.
    streams: tuple[TextIO | None, TextIO | None] = sys.stdout, sys.stderr
    if streams[1] is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the whole process
    if streams[0] is None:
        sys.exit(ExitCode.OUTPUT_CLOSED)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Chinese on a stream that takes ASCII only: escaped is better than lost.
            stream.reconfigure(errors="backslashreplace")


def finish_streams(code: int) -> int:
    """Write out what is left. The exit code: `code`, unless all was well but for this."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            # Python would flush once more at its end, fail, and exit with 120: give it somewhere to write.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            code = code or int(_failed(error).exit_code)
    return code


def _failed(error: OSError) -> OutputError:
    if error.errno in (errno.EPIPE, errno.EBADF):
        return OutputClosedError("nobody reads the output any more")
    return OutputError("the output cannot be written", found=error.strerror)
