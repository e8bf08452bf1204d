"""How many messages of enterprises are on their way to the chain: a few together, one of each that asks.

Each holds a thread until it is final. Each process counts for itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock

from creditchain.exchange.problems import HttpError


class RelayPlaces:
    """Places for what is brought to the chain."""

    def __init__(self, at_once: int) -> None:
        self._at_once, self._lock = at_once, Lock()
        self._held: list[frozenset[str]] = []

    @contextmanager
    def held(self, names: Collection[str]) -> Iterator[None]:
        """Hold a place for whoever has these names. Raises HttpError: 429 if one of them holds one; 503 if all are."""
        mine = frozenset(names)
        with self._lock:
            if any(mine & other for other in self._held):
                raise HttpError(
                    429,
                    "relay-under-way",
                    "another message of yours is on its way to the chain",
                    expected="one at a time",
                    retry_after=5,
                )
            if len(self._held) >= self._at_once:
                raise HttpError(503, "busy", "too many messages are on their way to the chain", retry_after=5)
            self._held.append(mine)
        try:
            yield
        finally:
            with self._lock:
                self._held.remove(mine)
