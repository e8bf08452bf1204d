"""Days, months and years of records; a month is counted from January 1970, a day from 1970-01-01."""

from __future__ import annotations

import numpy as np

from creditchain.sample.firms import founded
from creditchain.sample.population import Firms, Integers, Rows, fact

#: The longest series of months that is not begun anew.
_LONGEST = 54


def month_of(days: Integers) -> Integers:
    """The month in which each day is."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def first_day(months: Integers) -> Integers:
    """The first day of each month."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def years_later(days: Integers, years: int | Integers) -> Integers:
    """The day before the same day some years later; after the 28th, the 27th."""
    months = month_of(days)
    within = days - first_day(months)
    return first_day(months + 12 * years) + np.minimum(within, 27) - 1


def year_of(days: Integers) -> Integers:
    """The calendar year of each day."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def this_month(firms: Firms) -> int:
    """The month in which the sample's day is; the one before it is the last that is reported."""
    return int(month_of(np.array([firms.today]))[0])


@fact
def first_month(firms: Firms) -> Integers:
    """The month after an enterprise was founded: the first one of its series."""
    return month_of(founded(firms)) + 1


class Months:
    """A series of months, with one record or several for each: the latest are those before the sample's day."""

    def __init__(self, months: int) -> None:
        """`months`: how many an enterprise has of its own accord, if it is old enough."""
        self.months = months

    @fact
    def kinds(self, rows: Rows) -> Integers:
        """How many records each of the enterprise's months has."""
        return np.ones(len(rows), np.int64)

    def own(self, firms: Firms) -> Integers:
        """How many months an enterprise has."""
        return np.clip(this_month(firms) - first_month(firms), 1, self.months)

    @fact
    def slot(self, rows: Rows) -> Integers:
        """Where in the series the record is."""
        return rows.nth % self._slots(rows)

    def version(self, rows: Rows) -> Integers:
        """How many earlier records say the same: only where there are more records than months."""
        return rows.nth // self._slots(rows)

    def kind(self, rows: Rows) -> Integers:
        """Which one of its month the record is."""
        return self.slot(rows) % self.kinds(rows)

    @fact
    def month(self, rows: Rows) -> Integers:
        """The month of each record."""
        return this_month(rows.firms) - self._length(rows) + self.slot(rows) // self.kinds(rows)

    def as_of(self, rows: Rows) -> Integers:
        """A day in the first week after the month."""
        return first_day(self.month(rows) + 1) + rows.between("as_of", 1, 7, self.month(rows)) + self.version(rows)

    @fact
    def _length(self, rows: Rows) -> Integers:
        kinds = self.kinds(rows)
        able = np.clip(this_month(rows.firms) - rows.of(first_month), 1, _LONGEST)
        length: Integers = np.minimum((rows.count + kinds - 1) // kinds, able)
        return length

    @fact
    def _slots(self, rows: Rows) -> Integers:
        return self._length(rows) * self.kinds(rows)
