"""Calendar years of an enterprise, of which it reports once or several times each."""

from __future__ import annotations

import numpy as np

from creditchain.sample.months import first_day, first_month, this_month
from creditchain.sample.population import Firms, Integers, Rows, fact

_DUE_MONTH = 5  #: annual statements are there by the end of June (0 is January)
_LONGEST = 20


class Years:
    """Calendar years of an enterprise, with one record or several for each; the last is the last that is reported."""

    def __init__(self, years: int, kinds: int = 1) -> None:
        self.years, self.kinds = years, kinds

    @fact
    def last(self, them: Firms) -> int:
        """The last year of which there are statements on the sample's day."""
        year, month = divmod(this_month(them), 12)
        return 1970 + year - (1 if month >= _DUE_MONTH else 2)

    @fact
    def able(self, them: Firms) -> Integers:
        """Years since the founding."""
        return np.clip(self.last(them) - (1970 + first_month(them) // 12) + 1, 1, _LONGEST)

    def own(self, them: Firms) -> Integers:
        """How many records an enterprise has."""
        return np.minimum(self.able(them), self.years) * self.kinds

    @fact
    def year(self, rows: Rows) -> Integers:
        """The year of each record."""
        years = np.minimum((rows.count + self.kinds - 1) // self.kinds, rows.of(self.able))
        return self.last(rows.firms) - years + 1 + rows.nth // self.kinds % years

    def kind(self, rows: Rows) -> Integers:
        """Which of its year the record is."""
        return rows.nth % self.kinds

    def as_of(self, rows: Rows) -> Integers:
        """A day of the spring after."""
        spring = first_day((self.year(rows) - 1970) * 12 + 14)
        return np.minimum(spring + rows.between("as_of", 0, 100, self.year(rows)), rows.today)
