"""What a product's records tell of an enterprise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from creditchain.sample.firms import founded
from creditchain.sample.names import CITIES, city, division, serial
from creditchain.sample.population import Firms, Integers, Rows
from creditchain.sample.sources import ColumnSource, Joined, Texts


@dataclass(frozen=True, slots=True)
class ProductLife:
    """The records of one product.

    count: how many an enterprise has of its own accord. as_of: the day of each. fields: sources of `data` by name.
    section: the place of each record's section among the product's; None if there is one.
    """

    count: Callable[[Firms], Integers]
    as_of: Callable[[Rows], Integers]
    fields: Mapping[str, ColumnSource] = field(default_factory=dict)
    section: Callable[[Rows], Integers] | None = None


def one(firms: Firms) -> Integers:
    """One record of each enterprise."""
    return np.ones(len(firms), np.int64)


def lately(rows: Rows) -> Integers:
    """A day of the last month, later for later records: of what was looked up, not of what happened."""
    return np.minimum(rows.today - 25 + rows.between("as_of", 0, 9) + rows.nth, rows.today)


def at_city(after: str) -> ColumnSource:
    """The enterprise's city, and a text after it."""
    return Texts(lambda rows: rows.of(city), [city + after for city in CITIES])


def at_city_either(of: Callable[[Rows], Integers], after: tuple[str, ...]) -> ColumnSource:
    """The enterprise's city, and one of some texts."""
    return Joined(at_city(""), Texts(of, after))


def since_founding(rows: Rows, days: Integers, after: int = 30) -> Integers:
    """The days, but none earlier than some days after the founding."""
    return np.maximum(days, rows.of(founded) + after)


def spread(rows: Rows, label: str, low: int, high: int, count: Integers | None = None) -> Integers:
    """Days for the records of an enterprise, the later the later: one in each of equal parts of a time.

    The time is from `high` to `low` days before the sample's day, or from the founding. `count`: of the records.
    """
    begin = since_founding(rows, np.full(len(rows), rows.today - high, np.int64))
    length = np.maximum(rows.today - low - begin, 1)
    parts = np.maximum(rows.count if count is None else count, rows.nth + 1)
    return begin + (rows.nth * 1000 + rows.between(label, 100, 900)) * length // (parts * 1000)


def rounded(values: Integers, step: int | Integers) -> Integers:
    """The values, rounded down to a multiple, at least one step."""
    return np.maximum(values // step, 1) * step


def province(rows: Rows) -> Integers:
    """The first two digits of the division."""
    return rows.of(division) // 10_000


def serial_of(rows: Rows) -> Integers:
    """A number of at most nine digits that no other enterprise has."""
    return rows.of(serial)
