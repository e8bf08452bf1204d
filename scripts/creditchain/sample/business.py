"""What an enterprise earns, uses and pays in a month. Records of all products are made of these, so they agree.

Money is in fen. Everything is in integers, so every machine computes the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from creditchain.sample import firms
from creditchain.sample.firms import of_sectors
from creditchain.sample.months import first_month, this_month
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import POWER_SEASON, SEASONS, SECTORS

_SEASONS = np.array([SEASONS[sector.season] for sector in SECTORS], np.int64)
_POWER_SEASON = np.array(POWER_SEASON, np.int64)
#: An amount of each record that follows from the sales of a month.
Monthly = Callable[[Rows, Integers], Integers]

_STOPPED = 4  #: months before the sample's day in which those that have stopped do hardly anything
_CHARGED_BY_CAPACITY = 315  #: kVA from which a factory is a large industrial customer
_CAPACITIES = np.array(
    [
        *(10, 15, 20, 30, 50, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1_000, 1_250, 1_600, 2_000, 2_500),
        *(3_150, 4_000, 5_000, 6_300, 8_000, 10_000, 12_500, 16_000, 20_000, 31_500, 40_000, 63_000, 100_000, 160_000),
        250_000,
    ],
    np.int64,
)
_PRICES = np.array([72, 66, 79, 52], np.int64)  #: fen for a kWh, by category
_SMALL_PROFIT = 3_000_000  #: yuan of profit a year up to which the tax on it is reduced to 5 %


@fact
def _monthly(them: Firms) -> Integers:
    return firms.revenue(them) * 100 // 12


@fact
def _intensity(them: Firms) -> Integers:
    """kWh for a million yuan of revenue."""
    return of_sectors("power")[firms.sector(them)] * them.between("power/intensity", 70, 140)


@fact
def category(them: Firms) -> Integers:
    """Of the power: 0 industrial, 1 large industrial, 2 commercial, 3 agricultural."""
    place = np.array([{"factory": 0, "farm": 3}.get(sector.place, 2) for sector in SECTORS])[firms.sector(them)]
    return np.where((place == 0) & (capacity(them) >= _CHARGED_BY_CAPACITY), 1, place).astype(np.int64)


@fact
def capacity(them: Firms) -> Integers:
    """Contracted capacity in kVA, a usual size of transformers, for twice the usual load."""
    used = _monthly(them) // 10_000 * _intensity(them) // 10_000
    return _CAPACITIES[np.minimum(np.searchsorted(_CAPACITIES, used // 230), len(_CAPACITIES) - 1)]


def _ago(rows: Rows, months: Integers) -> Integers:
    return this_month(rows.firms) - 1 - months


def idle(rows: Rows, months: Integers) -> Flags:
    """Whether the enterprise had stopped work in the month."""
    return rows.of(firms.stopped) & (_ago(rows, months) < _STOPPED)


def late(rows: Rows, months: Integers) -> Flags:
    """Whether the enterprise paid bills of the month late, or not yet: those in trouble, of late."""
    return rows.of(firms.troubled) & (_ago(rows, months) < 1 + rows.of(_late_months))


def late_for(rows: Rows, months: Integers) -> Integers:
    """How many months' bills are unpaid after the month: 0 if it is not late."""
    return np.maximum(1 + rows.of(_late_months) - _ago(rows, months), 0) * late(rows, months)


@fact
def _late_months(them: Firms) -> Integers:
    return them.between("late", 0, 5)


def since_due(rows: Rows, months: Integers) -> Integers:
    """Days since the first unpaid bill was due: a month more with each month."""
    return np.maximum(late_for(rows, months) * 30 - rows.of(_due_day), 0)


@fact
def _due_day(them: Firms) -> Integers:
    return them.between("due_day", 5, 20)


def revenue(rows: Rows, months: Integers) -> Integers:
    """Sales of the month without VAT: trend, season, a start of half a year, and chance. 0 before the founding."""
    ago = _ago(rows, months)
    trend = np.maximum(10_000 - rows.of(firms.growth) * ago // 12, 1_500)
    age = months - rows.of(first_month)
    start = np.clip(2_500 + 1_250 * age, 0, 10_000)
    season = _SEASONS[rows.of(firms.sector), months % 12]
    made = rows.of(_monthly) * trend // 10_000 * season // 1_000 * start // 10_000
    made = made // 1_000 * rows.between("revenue/month", 940, 1060, months)
    return np.where(age < 0, 0, np.where(idle(rows, months), made // 25, made))


def headcount(rows: Rows, months: Integers) -> Integers:
    """Staff at the end of the month: it follows the trend of revenue at half the pace. At least one."""
    ago, people = _ago(rows, months), rows.of(firms.staff)
    trend = np.clip(10_000 - rows.of(firms.growth) * ago // 24, 5_000, 20_000)
    age = months - rows.of(first_month)
    some = people * trend // 10_000 * np.clip(5_000 + 1_000 * age, 3_000, 10_000) // 10_000
    some += rows.between("staff/month", -(people // 40), people // 40, months)
    return np.maximum(np.where(idle(rows, months), some // 8, some), 1)


def wage(rows: Rows, months: Integers) -> Integers:
    """The average wage of a month in fen, a twentieth more each year."""
    usual = rows.of(_wage) * 100
    return usual * np.maximum(1_000 - 50 * (_ago(rows, months) // 12), 600) // 1_000


@fact
def _wage(them: Firms) -> Integers:
    return of_sectors("wage")[firms.sector(them)] * them.between("wage", 80, 135) // 100


def power(rows: Rows, months: Integers) -> Integers:
    """kWh used in the month."""
    used = revenue(rows, months) // 10_000 * rows.of(_intensity) // 10_000 * _POWER_SEASON[months % 12] // 1_000
    return used * rows.between("power/month", 960, 1040, months) // 1_000 + rows.of(firms.staff) * 9


def power_price(rows: Rows) -> Integers:
    """Fen for a kWh."""
    return _PRICES[rows.of(category)]


def vat(rows: Rows, sales: Integers) -> Integers:
    """Value-added tax of a month's sales."""
    burden = of_sectors("vat")[rows.of(firms.sector)]
    return sales // 10_000 * np.where(rows.of(firms.general_taxpayer), burden, 100)


def urban(rows: Rows, sales: Integers) -> Integers:
    """Urban construction tax: 7 % of the VAT."""
    return vat(rows, sales) * 7 // 100


def profit(rows: Rows, sales: Integers) -> Integers:
    """Profit before tax, negative for those who lose."""
    return sales // 10_000 * rows.of(firms.margin)


def income_tax(rows: Rows, sales: Integers) -> Integers:
    """Corporate income tax of a month's profit: 25 %, or less."""
    return np.maximum(profit(rows, sales), 0) * rows.of(income_rate) // 100


def income_relief(rows: Rows, sales: Integers) -> Integers:
    """What the enterprise need not pay of 25 %."""
    return np.maximum(profit(rows, sales), 0) * (25 - rows.of(income_rate)) // 100


def stamp(_: Rows, sales: Integers) -> Integers:
    """Stamp tax of a month's contracts of sale: 3 in 10,000."""
    return sales // 10_000 * 3


def taxes(rows: Rows, sales: Integers) -> Integers:
    """All taxes of a month's sales."""
    return vat(rows, sales) + urban(rows, sales) + income_tax(rows, sales) + stamp(rows, sales)


@fact
def income_rate(them: Firms) -> Integers:
    """Rate of corporate income tax in %: 5 for small profits, 15 for recognised technology."""
    small = firms.revenue(them) // 10_000 * firms.margin(them) <= _SMALL_PROFIT
    return np.where(small, 5, np.where(firms.technology(them), 15, 25)).astype(np.int64)


def sales_of_year(rows: Rows, years: Integers) -> list[Integers]:
    """The sales of each month of a calendar year."""
    return [revenue(rows, (years - 1970) * 12 + month) for month in range(12)]


def power_of_year(rows: Rows, years: Integers) -> Integers:
    """kWh used in a calendar year."""
    return total(rows, (power(rows, (years - 1970) * 12 + month) for month in range(12)))


def total(rows: Rows, amounts: Iterable[Integers]) -> Integers:
    """The sum of several amounts of each record."""
    found = np.zeros(len(rows), np.int64)
    for amount in amounts:
        found += amount
    return found
