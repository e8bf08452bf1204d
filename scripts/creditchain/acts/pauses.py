"""What a watch does about things that cannot be done for now: try them again, after pauses that grow up to a limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

#: Seconds before what could not be done for now is tried again: the first pause, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class _Wait:
    """Something that could not be done: since when, and when it is tried again (monotonic clock, seconds)."""

    since: float
    pause: float
    until: float


class Pauses:
    """Which things wait, and until when; and what was told about them already."""

    def __init__(self, patience: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """`patience`: seconds after which a thing is given up; None: never."""
        self._patience, self._clock = patience, clock
        self._waits: dict[Hashable, _Wait] = {}
        self._told: set[tuple[Hashable, str]] = set()

    def put_off(self, what: Hashable) -> bool:
        """Try this again later, after a longer pause each time. False: patience is over."""
        now, last = self._clock(), self._waits.get(what)
        since, pause = (now, FIRST_PAUSE) if last is None else (last.since, min(2 * last.pause, LONGEST_PAUSE))
        self._waits[what] = _Wait(since, pause, now + pause)
        return self._patience is None or now - since <= self._patience

    def is_waiting(self, what: Hashable) -> bool:
        """Whether it is too early to try this again."""
        wait = self._waits.get(what)
        return wait is not None and self._clock() < wait.until

    def over(self, what: Hashable) -> None:
        """It was done, or given up: the next fault begins with a short pause."""
        self._waits.pop(what, None)

    def is_news(self, what: Hashable, message: str) -> bool:
        """Whether this was not told about it before."""
        key = (what, message)
        if key in self._told:
            return False
        self._told.add(key)
        return True
