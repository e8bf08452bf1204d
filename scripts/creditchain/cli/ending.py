"""Daemons end when they are told to: by Ctrl-C (SIGINT) or SIGTERM, after the step under way; a second one at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ending_signals() -> Iterator[threading.Event]:
    """An event that is set by the first of these signals. The second one raises KeyboardInterrupt, as Ctrl-C does.

    Every act can be interrupted anywhere, so the second signal does no harm either.
    """
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
