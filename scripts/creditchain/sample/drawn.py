"""Sources for fields of which no life tells: drawn at random from what the schema allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from creditchain.sample.firms import founded
from creditchain.sample.population import Flags, Integers, Rows
from creditchain.sample.sources import ColumnSource, Date, Flag, NumberSource
from creditchain.sample.tables import Bytes, padded

_POWERS = np.array([10**n for n in range(19)], np.int64)


class Magnitudes(NumberSource):
    """Numbers in a range, all orders of magnitude equally likely; one in eight is negative if the range allows it."""

    def __init__(self, label: str, low: int, high: int, step: int = 1) -> None:
        self.label, self.step = label, step
        self.base = max(low, 0)
        self.base += -self.base % step
        self.spans = [span for span in _POWERS if span <= high - self.base] + [high - self.base + 1]
        self.lowest = low
        self.width = len(str(high)) + 1

    def values(self, rows: Rows) -> Integers:
        """See NumberSource."""
        word = rows.draws.words(self.label, rows.ordinals)
        spans = np.array(self.spans, np.uint64)[(word >> np.uint64(40)) % np.uint64(len(self.spans))]
        drawn = rows.draws.words(self.label + "/size", rows.ordinals) % spans
        values: Integers = drawn.astype(np.int64) // self.step * self.step + self.base
        if self.lowest >= 0:
            return values
        negative = (word & np.uint64(7)) == 0
        floor = -(-self.lowest // self.step) * self.step
        return np.where(negative, np.maximum(-values, floor), values)


class NumberPool(NumberSource):
    """A number from a list."""

    def __init__(self, label: str, numbers: Sequence[int]) -> None:
        self.label, self.numbers = label, np.array(numbers, np.int64)
        self.width = max(len(str(abs(number))) for number in numbers) + 1

    def values(self, rows: Rows) -> Integers:
        """See NumberSource."""
        return self.numbers[rows.draws.below(self.label, rows.ordinals, len(self.numbers))]


class Pool(ColumnSource):
    """A text from a list."""

    def __init__(self, label: str, texts: Sequence[bytes]) -> None:
        self.label, self.table = label, padded(texts)
        self.width = self.table.shape[1]

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = np.take(self.table, rows.draws.below(self.label, rows.ordinals, len(self.table)), axis=0)


def drawn_flag(label: str, allowed: Sequence[bool] = (False, True)) -> Flag:
    """False in seven rows of eight, true in the others; or the only one that is allowed."""

    def values(rows: Rows) -> Flags:
        if len(set(allowed)) == 1:
            return np.full(len(rows), allowed[0])
        truth: Flags = rows.draws.below(label, rows.ordinals, 8) == 0
        return truth

    return Flag(values)


def drawn_date(label: str, low: int, high: int) -> Date:
    """The document's day plus a number of days from `low` to `high`, but not before the founding."""

    def days(rows: Rows) -> Integers:
        drawn = rows.draws.below(label, rows.ordinals, high - low + 1).astype(np.int64)
        return np.maximum(rows.days + low + drawn, rows.of(founded))

    return Date(days)
