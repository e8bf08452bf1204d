"""What a sample is: a product, enterprises with a life each, the day on which it is told, and a seed.

Each enterprise has as many documents as its life, unless both numbers are given; then all have equally many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from creditchain.errors import InputError
from creditchain.products import Product
from creditchain.sample.draws import Draws, Words
from creditchain.sample.lives import ProductLife, life_of
from creditchain.sample.numbers import MAX_TWUBN, MAX_USCC
from creditchain.sample.population import Firms, Flags, Integers, Rows
from creditchain.sample.sources import FIRST_DAY

#: The day of a sample if no other is given: nothing in it is later.
LAST_DAY = date(2026, 6, 30)
_DAYS = (date(2020, 1, 1), date(2090, 12, 31))
#: Rows made at a time: few enough to fit in the caches, enough to make Python's overhead negligible.
#: How many documents there are if nobody says it.
DEFAULT_RECORDS = 10_000
CHUNK = 1 << 13
_MAX_RECORDS = 10**12
_FIRMS = 1 << 12  #: enterprises looked at together
_TAIWAN_ONE_IN = 32


class SampleError(InputError):
    """The sample cannot be made."""


@dataclass(frozen=True)
class Sample:
    """Documents of `product` about synthetic enterprises, of which none is later than `day`.

    records, enterprises: how many, if not None. With `enterprises` alone, each has the documents of its life, which
    may be none. With `records` alone, there are as many enterprises as have so many. With both, each has equally many,
    or one more, so at least one if there are enough. Raises SampleError for numbers out of range.
    """

    product: Product
    records: int | None
    enterprises: int | None = None
    seed: int = 0
    day: date = LAST_DAY

    def __post_init__(self) -> None:
        for name, value, high in (
            ("records", self.records, _MAX_RECORDS),
            ("enterprises", self.enterprises, self.most),
        ):
            if value is not None and not 1 <= value <= high:
                raise SampleError(f"{name} is out of range", expected=f"1 to {high:,}", found=f"{value:,}")
        if self.records is None and self.enterprises is None:
            raise SampleError("a sample needs a number", expected="records, enterprises, or both")
        if not 0 <= self.seed < 1 << 63:
            raise SampleError("the seed is out of range", expected="0 to 2^63 - 1", found=str(self.seed))
        if not _DAYS[0] <= self.day <= _DAYS[1]:
            raise SampleError("the day is out of range", expected=f"{_DAYS[0]} to {_DAYS[1]}", found=str(self.day))

    @property
    def most(self) -> int:
        """How many enterprises there may be."""
        return MAX_TWUBN if "TWUBN" in self.product.subjects else MAX_USCC

    @cached_property
    def size(self) -> int:
        """How many documents there are."""
        if self.records is not None:
            return self.records
        return sum(int(counts.sum()) for _, counts in self._lives())

    def chunks(self) -> Iterator[Rows]:
        """The rows of the sample in order, some at a time. Raises SampleError if no enterprises are left."""
        if self.records is None or self.enterprises is None:
            return self._lived()
        return self._even(self.records, self.enterprises)

    @cached_property
    def _life(self) -> ProductLife:
        return life_of(self.product)

    def _firms(self, ordinals: Words) -> Firms:
        draws = Draws(self.seed)
        return Firms(ordinals, self._taiwan(draws, ordinals), (self.day - FIRST_DAY).days, draws)

    def _taiwan(self, draws: Draws, ordinals: Words) -> Flags:
        """Where both schemes are allowed, one enterprise in 32 is of the Taiwan region."""
        if len(self.product.subjects) == 1:
            return np.full(len(ordinals), self.product.subjects == ("TWUBN",))
        return draws.below("scheme", ordinals, _TAIWAN_ONE_IN) == 0

    def _lives(self) -> Iterator[tuple[Words, Integers]]:
        """Ordinals of enterprises, and how many documents each has, some at a time."""
        most = self.most if self.enterprises is None else self.enterprises
        for start in range(0, most, _FIRMS):
            ordinals = np.arange(start, min(start + _FIRMS, most), dtype=np.uint64)
            yield ordinals, self._life.count(self._firms(ordinals))

    def _lived(self) -> Iterator[Rows]:
        """Each enterprise with the documents of its life."""
        first, left = 0, self.records
        for ordinals, counts in self._lives():
            if left is not None:
                counts = np.clip(left - (np.cumsum(counts) - counts), 0, counts)
                left -= int(counts.sum())
            made = int(counts.sum())
            place = np.repeat(np.arange(len(counts)), counts)
            nth = np.arange(made) - np.repeat(np.cumsum(counts) - counts, counts)
            for start in range(0, made, CHUNK):
                part = slice(start, start + CHUNK)
                yield self._rows(first + start, ordinals[place[part]], nth[part], counts[place[part]])
            first += made
            if left == 0:
                return
        if left:
            raise SampleError(
                "too many records for the enterprises", expected=f"up to {first:,}", found=f"{self.records:,}"
            )

    def _even(self, records: int, enterprises: int) -> Iterator[Rows]:
        """Equally many documents for each enterprise, one more for the first ones."""
        each, more = divmod(records, enterprises)
        for start in range(0, records, CHUNK):
            at = np.arange(start, min(start + CHUNK, records), dtype=np.int64)
            longer = at < more * (each + 1)
            count = np.where(longer, each + 1, max(each, 1))
            rest = np.where(longer, at, at - more * (each + 1))
            place, nth = np.divmod(rest, count)
            yield self._rows(start, (place + np.where(longer, 0, more)).astype(np.uint64), nth, count)

    def _rows(self, first: int, enterprises: Words, nth: Integers, count: Integers) -> Rows:
        """Rows from the ordinal `first` on; those of an enterprise are next to each other."""
        starts = np.flatnonzero(np.diff(enterprises, prepend=enterprises[:1] + np.uint64(1)))
        place = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(enterprises)))
        ordinals = np.arange(first, first + len(enterprises), dtype=np.uint64)
        return Rows(ordinals, self._firms(enterprises[starts]), place, nth, count, self._life.as_of)
