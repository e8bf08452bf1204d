"""What a sample is: a product, how many documents about how many enterprises, and a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from creditchain.errors import InputError
from creditchain.products import Product
from creditchain.sample.draws import Draws
from creditchain.sample.numbers import MAX_TWUBN, MAX_USCC
from creditchain.sample.sources import FIRST_AS_OF, LAST_AS_OF, Rows

#: Rows made at a time: few enough to fit in the caches, enough to make Python's overhead negligible.
CHUNK = 1 << 13
_MAX_RECORDS = 10**12
_FACTOR = 2_654_435_761


class SampleError(InputError):
    """The sample cannot be made."""


@dataclass(frozen=True)
class Sample:
    """`records` documents of `product` about `enterprises` enterprises; each gets at least one if there are enough.

    Raises SampleError for numbers out of range.
    """

    product: Product
    records: int
    enterprises: int
    seed: int = 0

    def __post_init__(self) -> None:
        most = MAX_TWUBN if "TWUBN" in self.product.subjects else MAX_USCC
        for name, value, high in (("records", self.records, _MAX_RECORDS), ("enterprises", self.enterprises, most)):
            if not 1 <= value <= high:
                raise SampleError(f"{name} is out of range", expected=f"1 to {high:,}", found=f"{value:,}")
        if not 0 <= self.seed < 1 << 63:
            raise SampleError("the seed is out of range", expected="0 to 2^63 - 1", found=str(self.seed))

    def chunks(self) -> Iterator[Rows]:
        """The rows of the sample in order, some at a time."""
        for start in range(0, self.records, CHUNK):
            yield self.rows(start, min(start + CHUNK, self.records))

    def rows(self, start: int, stop: int) -> Rows:
        """The rows with ordinals from `start` up to, not including, `stop`."""
        draws = Draws(self.seed)
        ordinals = np.arange(start, stop, dtype=np.uint64)
        # The first records visit every enterprise once; later ones favour some enterprises, as in real data.
        around = (ordinals * np.uint64(self._factor()) + np.uint64(self.seed % self.enterprises)) % np.uint64(
            self.enterprises
        )
        share = draws.words("enterprise", ordinals) >> np.uint64(32)
        skewed = ((share * share >> np.uint64(32)) * np.uint64(self.enterprises)) >> np.uint64(32)
        enterprises = np.where(ordinals < np.uint64(self.enterprises), around, skewed)
        span = LAST_AS_OF - FIRST_AS_OF + 1
        days = draws.below("as_of", ordinals, span).astype(np.int64) + FIRST_AS_OF
        return Rows(ordinals, enterprises, days, draws)

    def _factor(self) -> int:
        factor = _FACTOR
        while math.gcd(factor, self.enterprises) != 1:
            factor += 2
        return factor
