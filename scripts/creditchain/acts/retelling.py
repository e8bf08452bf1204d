"""Telling of what fails again and again: the first time at once, then after pauses that double."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: Seconds after the first message until the next, and the most between two.
FIRST_PAUSE: Final = 60.0
LONGEST_PAUSE: Final = 3600.0


class Retelling:
    """When to say again that something still fails. For one thread; `clock` gives seconds, and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[bytes, tuple[float, float]] = {}  #: when to tell again, and the pause after that

    def is_due(self, name: bytes) -> bool:
        """Whether to tell that this failed, now that it did."""
        now = self._clock()
        due, pause = self._told.get(name, (now, FIRST_PAUSE))
        if now < due:
            return False
        self._told[name] = now + pause, min(2 * pause, LONGEST_PAUSE)
        return True

    def over(self, name: bytes) -> None:
        """It fails no more: the next failure is a first one."""
        self._told.pop(name, None)
