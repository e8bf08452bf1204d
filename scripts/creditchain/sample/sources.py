"""Sources of a column's text. Each fills a matrix of bytes for many rows at once, with NUL after shorter texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from creditchain.sample import numbers
from creditchain.sample.draws import Draws, Words

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

#: Days are counted from here; the table of dates ends before 2100.
_FIRST_DAY = date(1970, 1, 1)
_DAYS = (date(2099, 12, 31) - _FIRST_DAY).days + 1
_DATES = np.frombuffer(
    "".join((_FIRST_DAY + timedelta(n)).isoformat() for n in range(_DAYS)).encode(), np.uint8
).reshape(-1, 10)
_POWERS = np.array([10**n for n in range(19)], np.int64)

#: First and last day of a sample's documents (`as_of`), in days since 1970-01-01.
FIRST_AS_OF = (date(2022, 1, 1) - _FIRST_DAY).days
LAST_AS_OF = (date(2026, 6, 30) - _FIRST_DAY).days


@dataclass(frozen=True, slots=True)
class Rows:
    """Some records of a sample: ordinals, their enterprises' ordinals, days since 1970-01-01, and the draws."""

    ordinals: Words
    enterprises: Words
    days: Integers
    draws: Draws

    def __len__(self) -> int:
        return len(self.ordinals)


class ColumnSource(ABC):
    """Text of one column. `width`: the largest size of a cell in bytes."""

    width: int

    @abstractmethod
    def fill(self, out: Bytes, rows: Rows) -> None:
        """Write the cells to `out` (n, width), which is all zero."""


class NumberSource(ColumnSource):
    """Whole numbers of at most `width` characters with the sign."""

    @abstractmethod
    def values(self, rows: Rows) -> Integers:
        """The numbers themselves."""

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        values = self.values(rows)
        out[:, 1:] = decimal_rows(np.abs(values), self.width - 1)
        out[values < 0, 0] = ord("-")


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


class Year(NumberSource):
    """The year of the document's day."""

    width = 5

    def values(self, rows: Rows) -> Integers:
        """See NumberSource."""
        return rows.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


class DivisionCode(NumberSource):
    """The code of the enterprise's division."""

    width = 7
    _codes = np.array(numbers.DIVISION_CODES, np.int64)

    def values(self, rows: Rows) -> Integers:
        """See NumberSource."""
        return self._codes[numbers.division_places(rows.draws, rows.enterprises)]


class Flag(ColumnSource):
    """False in seven rows of eight, true in the others."""

    width = 5
    _texts = np.frombuffer(b"falsetrue\0", np.uint8).reshape(2, 5)

    def __init__(self, label: str, allowed: Sequence[bool] = (False, True)) -> None:
        self.label, self.allowed = label, allowed

    def values(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """The truth values themselves."""
        if len(set(self.allowed)) == 1:
            return np.full(len(rows), self.allowed[0])
        truth: npt.NDArray[np.bool_] = rows.draws.below(self.label, rows.ordinals, 8) == 0
        return truth

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = self._texts[self.values(rows).astype(np.intp)]


class Pool(ColumnSource):
    """A text from a list; with `by_enterprise` the same one in all rows of an enterprise."""

    def __init__(self, label: str, texts: Sequence[bytes], *, by_enterprise: bool = False) -> None:
        self.label, self.by_enterprise = label, by_enterprise
        self.table = padded(texts)
        self.width = self.table.shape[1]

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        positions = rows.enterprises if self.by_enterprise else rows.ordinals
        out[:] = np.take(self.table, rows.draws.below(self.label, positions, len(self.table)), axis=0)


class ByDivision(ColumnSource):
    """The text of the enterprise's division; `texts` are in the order of DIVISION_CODES."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self.table = padded(texts)
        self.width = self.table.shape[1]

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = np.take(self.table, numbers.division_places(rows.draws, rows.enterprises), axis=0)


class Serial(ColumnSource):
    """Text that is unique to its row: a prefix, and the row's ordinal in twelve digits."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = np.frombuffer(prefix, np.uint8)
        self.width = len(prefix) + 12

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:, : len(self.prefix)] = self.prefix
        out[:, len(self.prefix) :] = decimal_rows(rows.ordinals.astype(np.int64), 12, zeros=True)


class Day(ColumnSource):
    """The first `width` characters of a date: the document's day plus a number of days drawn from [low, high]."""

    def __init__(self, label: str, low: int, high: int, width: int = 10) -> None:
        self.label, self.low, self.span, self.width = label, low, high - low + 1, width

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        days = rows.days + self.low
        if self.span > 1:
            days = days + rows.draws.below(self.label, rows.ordinals, self.span).astype(np.int64)
        out[:] = np.take(_DATES, days, axis=0)[:, : self.width]


class Joined(ColumnSource):
    """Several sources, concatenated."""

    def __init__(self, parts: Sequence[ColumnSource]) -> None:
        self.parts = parts
        self.width = sum(part.width for part in parts)

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        start = 0
        for part in self.parts:
            part.fill(out[:, start : start + part.width], rows)
            start += part.width


class SubjectText(ColumnSource):
    """Scheme or number of the row's enterprise. Where both schemes are allowed, one in 32 has a Taiwan number."""

    def __init__(self, schemes: Sequence[str], *, number: bool) -> None:
        self.schemes, self.number = schemes, number
        self.width = (18 if "USCC" in schemes else 8) if number else max(len(scheme) for scheme in schemes)

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        if len(self.schemes) == 1:
            made = self._cells(self.schemes[0], rows, rows.enterprises)
            out[:, : made.shape[-1]] = made
            return
        taiwan = rows.draws.below("scheme", rows.enterprises, 32) == 0
        for scheme, where in (("USCC", ~taiwan), ("TWUBN", taiwan)):
            made = self._cells(scheme, rows, rows.enterprises[where])
            out[where, : made.shape[-1]] = made

    def _cells(self, scheme: str, rows: Rows, enterprises: Words) -> Bytes:
        if not self.number:
            return np.frombuffer(scheme.encode(), np.uint8)
        return (numbers.uscc_rows if scheme == "USCC" else numbers.twubn_rows)(rows.draws, enterprises)


def padded(texts: Sequence[bytes]) -> Bytes:
    """Texts as rows of bytes, padded with NUL to the longest."""
    return np.array(list(texts), dtype=f"S{max(1, *map(len, texts))}").view(np.uint8).reshape(len(texts), -1)


def decimal_rows(values: Integers, width: int, *, zeros: bool = False) -> Bytes:
    """Non-negative numbers as right-aligned decimal digits (n, width); leading zeros are NUL, or "0" with `zeros`."""
    out = np.empty((len(values), width), np.uint8)
    rest = values
    for column in range(width - 1, -1, -1):
        quotient = rest // 10
        out[:, column] = rest - quotient * 10 + ord("0")
        rest = quotient
    if not zeros:
        for column in range(width - 1):
            out[values < _POWERS[width - 1 - column], column] = 0
    return out
