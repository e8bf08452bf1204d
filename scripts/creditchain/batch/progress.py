"""How long work tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable

#: Called with the name of a stage, what is done of it, and the whole of it, in units of that stage.
Watch = Callable[[str, int, int], None]


def no_watch(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
    del stage, done, total
