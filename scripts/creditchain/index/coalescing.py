"""One question for all threads that ask the same at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Coalesced(Generic[_T]):
    """Puts a question whose answer changes, for several threads at once.

    Each call gets an answer to a question that was put after the call began. So a thread that comes while a question is
    under way waits for the next one, together with all others that come until then.
    """

    def __init__(self, ask: Callable[[], _T]) -> None:
        self._ask, self._changed = ask, Condition()
        self._begun = self._done = 0  #: numbers of the last question that was put, and of the last that was answered
        self._answer: Future[_T] = Future()

    def __call__(self) -> _T:
        """The answer. Raises what the question raised."""
        with self._changed:
            wanted = self._begun + 1
            while self._done < wanted and self._begun > self._done:
                self._changed.wait()
            if self._done >= wanted:
                return self._answer.result()
            self._begun += 1
        answer: Future[_T] = Future()
        try:
            answer.set_result(self._ask())
        except BaseException as error:
            answer.set_exception(error)
        with self._changed:
            self._answer, self._done = answer, self._begun
            self._changed.notify_all()
        return answer.result()
