"""Share work over an executor: a bounded number of items under way, results in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ordered(pool: Executor, work: Callable[[Item], Made], items: Iterable[Item], window: int) -> Iterator[Made]:
    """`work` of each item, in order, at most `window` items under way: unlike `Executor.map`, memory stays bounded."""
    pending: deque[Future[Made]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) >= window:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
