"""How often somebody may call."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from creditchain.exchange.problems import HttpError


class Rate:
    """So many calls a minute for each caller. Each process counts for itself."""

    def __init__(self, a_minute: int) -> None:
        self._limit = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._item, self._a_minute = RateLimitItemPerMinute(a_minute), a_minute

    def count(self, caller: str) -> None:
        """Count a call. Raises HttpError (429) if it is one too many; it is not counted then."""
        if not self._limit.hit(self._item, caller):
            allowed = f"at most {self._a_minute} calls a minute"
            raise HttpError(429, "too-many-calls", "too many calls", expected=allowed, retry_after=10)
