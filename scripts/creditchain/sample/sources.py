"""Sources of a column's text. Each fills a matrix of bytes for many rows at once, with NUL after shorter texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from creditchain.sample.population import Firms, Flags, Integers, Rows
from creditchain.sample.tables import Bytes, decimal_rows, padded

#: Days are counted from here; the table of dates ends before 2100.
FIRST_DAY = date(1970, 1, 1)
_DAYS = (date(2099, 12, 31) - FIRST_DAY).days + 1
_DATES = np.frombuffer(
    "".join((FIRST_DAY + timedelta(n)).isoformat() for n in range(_DAYS)).encode(), np.uint8
).reshape(-1, 10)
_MONTHS = np.frombuffer(
    "".join(f"{1970 + n // 12}-{n % 12 + 1:02}" for n in range(130 * 12)).encode(), np.uint8
).reshape(-1, 7)

#: Beyond the largest number of any field.
CEILING = 10**16

Of = Callable[[Rows], npt.NDArray[Any]]


class ColumnSource(ABC):
    """Text of one column. `width`: the largest size of a cell in bytes. `given`: which cells are not empty."""

    width: int
    given: Callable[[Rows], Flags] | None = None

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


class Number(NumberSource):
    """A number of at most `digits` digits."""

    def __init__(self, of: Of, digits: int = 14) -> None:
        self.of, self.width = of, digits + 1
        self.low, self.high = 1 - 10**digits, 10**digits - 1

    def within(self, low: int, high: int) -> Number:
        """The same numbers, but none out of this range."""
        made = Number(self.of, self.width - 1)
        made.low, made.high, made.given = max(low, self.low), min(high, self.high), self.given
        return made

    def values(self, rows: Rows) -> Integers:
        """See NumberSource."""
        return np.clip(self.of(rows), self.low, self.high)


class Flag(ColumnSource):
    """True or false."""

    width = 5
    _texts = np.frombuffer(b"falsetrue\0", np.uint8).reshape(2, 5)

    def __init__(self, of: Callable[[Rows], Flags]) -> None:
        self.values = of

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = self._texts[self.values(rows).astype(np.intp)]


class Texts(ColumnSource):
    """A text from a list, by its place in it. It needs no escapes: no quotes, commas, backslashes or line breaks."""

    def __init__(self, of: Of, texts: Sequence[str]) -> None:
        self.of, self.texts = of, tuple(texts)
        if any(character in text for text in texts for character in '",\\\r\n\t'):
            raise ValueError(f"a text of a life that needs escapes: {texts}")
        self.table = padded([text.encode() for text in texts])
        self.width = self.table.shape[1]

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = np.take(self.table, self.of(rows), axis=0)


class Taken(ColumnSource):
    """Rows of bytes that are known of each enterprise."""

    def __init__(self, of: Callable[[Firms], Bytes], width: int) -> None:
        self.of, self.width = of, width

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = rows.of(self.of)


class Date(ColumnSource):
    """A day."""

    width = 10

    def __init__(self, of: Of) -> None:
        self.of = of

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = np.take(_DATES, self.of(rows), axis=0)


class Either(ColumnSource):
    """A text in some rows, and another source in the others."""

    def __init__(self, of: Callable[[Rows], Flags], text: str, other: ColumnSource) -> None:
        self.of, self.text, self.other = of, padded([text.encode()]), other
        self.width = max(self.text.shape[1], other.width)

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        self.other.fill(out[:, : self.other.width], rows)
        where = self.of(rows)
        out[where] = 0
        out[where, : self.text.shape[1]] = self.text


class Month(ColumnSource):
    """A month."""

    width = 7

    def __init__(self, of: Of) -> None:
        self.of = of

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = np.take(_MONTHS, self.of(rows), axis=0)


class Digits(ColumnSource):
    """A number with leading zeros, of which the last `width` digits stand."""

    def __init__(self, of: Of, width: int) -> None:
        self.of, self.width = of, width

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = decimal_rows(self.of(rows) % 10**self.width, self.width, zeros=True)


class Decimals(ColumnSource):
    """A decimal fraction with `places` digits after the point, of a whole number of its last digit; not negative."""

    def __init__(self, of: Of, places: int, digits: int = 9) -> None:
        self.of, self.places, self.digits = of, places, digits
        self.width = digits + 1 + places

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        whole, rest = np.divmod(np.minimum(self.of(rows), 10 ** (self.digits + self.places) - 1), 10**self.places)
        out[:, : self.digits] = decimal_rows(whole, self.digits)
        out[:, self.digits] = ord(".")
        out[:, self.digits + 1 :] = decimal_rows(rest, self.places, zeros=True)


class Joined(ColumnSource):
    """Several sources, concatenated."""

    def __init__(self, *parts: ColumnSource | str) -> None:
        self.parts = [Texts(_first, [part]) if isinstance(part, str) else part for part in parts]
        self.width = sum(part.width for part in self.parts)

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        start = 0
        for part in self.parts:
            part.fill(out[:, start : start + part.width], rows)
            start += part.width


class Serial(ColumnSource):
    """Text that is unique to its row: a prefix, and the row's ordinal in twelve digits."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = np.frombuffer(prefix, np.uint8)
        self.width = len(prefix) + 12

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:, : len(self.prefix)] = self.prefix
        out[:, len(self.prefix) :] = decimal_rows(rows.ordinals.astype(np.int64), 12, zeros=True)


class SubjectScheme(ColumnSource):
    """The scheme of the number of the row's enterprise."""

    def __init__(self, schemes: Sequence[str]) -> None:
        self.table = padded([(schemes[0] if len(schemes) == 1 else scheme).encode() for scheme in ("USCC", "TWUBN")])
        self.width = self.table.shape[1]

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        out[:] = self.table[rows.of(_taiwan).astype(np.intp)]


class SubjectNumber(ColumnSource):
    """The number of the row's enterprise, by the scheme of which it is."""

    def __init__(self, schemes: Sequence[str], numbers: Mapping[str, Callable[[Firms], Bytes]]) -> None:
        self.numbers = [numbers[scheme] for scheme in schemes]
        self.taiwan = [scheme == "TWUBN" for scheme in schemes]
        self.width = 8 if all(self.taiwan) else 18

    def fill(self, out: Bytes, rows: Rows) -> None:
        """See Source."""
        for taiwan, number in zip(self.taiwan, self.numbers, strict=True):
            made, where = rows.of(number), rows.of(_taiwan) == taiwan
            out[:, : made.shape[1]] = np.where(where[:, np.newaxis], made, out[:, : made.shape[1]])


def given(source: ColumnSource, of: Callable[[Rows], Flags]) -> ColumnSource:
    """The source with some of its cells empty."""
    source.given = of
    return source


def _first(rows: Rows) -> Integers:
    return np.zeros(len(rows), np.int64)


def _taiwan(firms: Firms) -> Flags:
    return firms.taiwan
