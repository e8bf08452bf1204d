"""Some enterprises of a sample, and some of their records, with facts that are worked out once and then remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from creditchain.sample.draws import Draws, Words

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Array = TypeVar("_Array", bound=npt.NDArray[Any])

#: Records of one enterprise have neighbouring positions in a sequence of draws, this many for each.
_POSITIONS = np.uint64(1 << 24)


@dataclass(frozen=True, slots=True, eq=False)
class Firms:
    """Enterprises, each once: ordinals, which are of the Taiwan region, the sample's day (days since 1970-01-01)."""

    ordinals: Words
    taiwan: Flags
    today: int
    draws: Draws
    known: dict[object, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ordinals)

    def between(self, label: str, low: int | Integers, high: int | Integers) -> Integers:
        """A number from `low` to `high` for each enterprise; the span is at most 2^32."""
        return _between(self.draws, label, self.ordinals, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Records: their ordinals in the sample, and each one's enterprise as its `place` in `firms`.

    nth, count: which of its enterprise's records it is, from 0, and how many the enterprise has in the sample.
    dated: works out the day (`as_of`) of each.
    """

    ordinals: Words
    firms: Firms
    place: npt.NDArray[np.intp]
    nth: Integers
    count: Integers
    dated: Callable[[Rows], Integers]
    known: dict[object, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ordinals)

    @property
    def draws(self) -> Draws:
        """The sample's draws."""
        return self.firms.draws

    @property
    def today(self) -> int:
        """The sample's day."""
        return self.firms.today

    @property
    def enterprises(self) -> Words:
        """The ordinal of each record's enterprise."""
        return self.of(_ordinals)

    @property
    def days(self) -> Integers:
        """The day (`as_of`) of each record."""
        if "days" not in self.known:
            self.known["days"] = np.minimum(self.dated(self), self.today)
        days: Integers = self.known["days"]
        return days

    def of(self, of_firms: Callable[[Firms], _Array]) -> _Array:
        """A fact of each record's enterprise."""
        if ("of", of_firms) not in self.known:
            self.known["of", of_firms] = np.take(of_firms(self.firms), self.place, axis=0)
        found: _Array = self.known["of", of_firms]
        return found

    def between(self, label: str, low: int | Integers, high: int | Integers, each: Integers | None = None) -> Integers:
        """A number from `low` to `high` for each record, or for each enterprise and value of `each`."""
        within = (self.nth if each is None else each).astype(np.uint64)
        return _between(self.draws, label, self.enterprises * _POSITIONS + within, low, high)


_Given = ParamSpec("_Given")
_Made = TypeVar("_Made")


def fact(make: Callable[_Given, _Made]) -> Callable[_Given, _Made]:
    """Marks a function whose last argument is enterprises or records: its result is kept with them."""

    @wraps(make)
    def known(*given: _Given.args, **named: _Given.kwargs) -> _Made:
        known, key = given[-1].known, (make, *given[:-1])  # type: ignore[attr-defined]
        if key not in known:
            known[key] = make(*given, **named)
        made: _Made = known[key]
        return made

    return known


def _ordinals(firms: Firms) -> Words:
    return firms.ordinals


def _between(draws: Draws, label: str, positions: Words, low: int | Integers, high: int | Integers) -> Integers:
    span = np.maximum(np.subtract(high, low) + 1, 1).astype(np.uint64)
    drawn = ((draws.words(label, positions) >> np.uint64(32)) * span) >> np.uint64(32)
    found: Integers = drawn.astype(np.int64) + low
    return found
