"""Taxes paid: filed each month or each quarter, of the sales and profits of the time."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.business import total
from creditchain.sample.firms import Health, founded
from creditchain.sample.lives.life import ProductLife
from creditchain.sample.months import first_day, first_month, this_month
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sources import Date, Number, Texts, given

_TAXES = ("vat", "urban_construction", "corporate_income", "stamp")
_AMOUNTS = (business.vat, business.urban, business.income_tax, business.stamp)
#: What is filed in a quarter: (the tax, its first month in the quarter, how many months). General taxpayers file VAT
#: and what goes with it each month, small ones each quarter.
_GENERAL = np.array([(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1), (0, 2, 1), (1, 2, 1), (2, 0, 3), (3, 0, 3)], np.int64)
_SMALL = np.array([(0, 0, 3), (1, 0, 3), (2, 0, 3), (3, 0, 3)], np.int64)
_QUARTERS = 8
_LONGEST = 18


@fact
def _last_quarter(them: Firms) -> int:
    """Counted from 1970; the last one that has ended and is paid by the sample's day."""
    month = this_month(them)
    return month // 3 - (2 if first_day(np.array([month]))[0] + 18 > them.today and month % 3 == 0 else 1)


@fact
def _able(them: Firms) -> Integers:
    """Whole quarters since the founding, at least one."""
    return np.maximum(_last_quarter(them) - (first_month(them) + 2) // 3 + 1, 1)


@fact
def _begun(them: Firms) -> Integers:
    """How many were filed in the quarter that has begun: general taxpayers file the months that are over."""
    months = this_month(them) - (_last_quarter(them) + 1) * 3
    return np.where(firms.general_taxpayer(them) & (_able(them) > 1), 2 * months, 0).astype(np.int64)


@fact
def _filings(them: Firms) -> Integers:
    """How many a quarter."""
    return np.where(firms.general_taxpayer(them), len(_GENERAL), len(_SMALL)).astype(np.int64)


def _own(them: Firms) -> Integers:
    return np.minimum(_able(them), _QUARTERS) * _filings(them) + _begun(them)


@fact
def _quarters(rows: Rows) -> Integers:
    filings = rows.of(_filings)
    wanted = np.maximum((rows.count - rows.of(_begun) + filings - 1) // filings, 1)
    return np.minimum(wanted, np.minimum(rows.of(_able), _LONGEST))


@fact
def _slots(rows: Rows) -> Integers:
    return _quarters(rows) * rows.of(_filings) + rows.of(_begun)


@fact
def _filed(rows: Rows) -> tuple[Integers, Integers, Integers]:
    """The tax, the first month, and the number of months of each record."""
    quarter, within = np.divmod(rows.nth % _slots(rows), rows.of(_filings))
    general = rows.of(firms.general_taxpayer)[:, np.newaxis]
    tax, first, months = np.where(general, _GENERAL[within], _SMALL[within % len(_SMALL)]).T
    return tax, (_last_quarter(rows.firms) - _quarters(rows) + 1 + quarter) * 3 + first, months


@fact
def _sold(rows: Rows) -> list[Integers]:
    """The sales of each month of each record: three, of which those after the period are 0."""
    _, first, months = _filed(rows)
    return [np.where(number < months, business.revenue(rows, first + number), 0) for number in range(3)]


def _sales(rows: Rows) -> Integers:
    return total(rows, _sold(rows))


@fact
def _due(rows: Rows) -> Integers:
    amounts = np.stack([total(rows, (amount(rows, sales) for sales in _sold(rows))) for amount in _AMOUNTS])
    return np.take_along_axis(amounts, _filed(rows)[0][np.newaxis], axis=0)[0]


@fact
def _relief(rows: Rows) -> Integers:
    return total(rows, (business.income_relief(rows, sales) for sales in _sold(rows)))


@fact
def _end(rows: Rows) -> Integers:
    _, first, months = _filed(rows)
    return first_day(first + months) - 1


@fact
def _late(rows: Rows) -> Flags:
    """Those in trouble pay part of what they owed in the last half year."""
    return rows.of(firms.troubled) & (_end(rows) > rows.today - 270)


@fact
def _paid_on(rows: Rows) -> Integers:
    """By the 15th of the next month."""
    on_time = _end(rows) + rows.between("tax/paid_on", 8, 15, _end(rows))
    return np.minimum(np.where(_late(rows), on_time + rows.between("tax/late", 10, 50), on_time), rows.today)


def _paid(rows: Rows) -> Integers:
    return np.where(_late(rows), _due(rows) * rows.between("tax/part", 2, 9) // 10, _due(rows))


@fact
def rating(them: Firms) -> Integers:
    """Tax credit: A, B, M for those that are new, C and D for those in trouble."""
    drawn = them.between("tax/rating", 0, 99)
    young = them.today - founded(them) < 3 * 365
    good = np.where(young, 2, np.where(drawn < np.where(firms.health(them) == Health.SOUND, 45, 15), 0, 1))
    return np.where(firms.troubled(them), np.where(drawn < 70, 3, 4), good).astype(np.int64)


def _is_relieved(rows: Rows) -> Flags:
    return (_filed(rows)[0] == 2) & (_relief(rows) > 0)


def _again(rows: Rows) -> Integers:
    """How many earlier records say the same."""
    return rows.nth // _slots(rows)


PAYMENT = ProductLife(
    _own,
    lambda rows: _paid_on(rows) + 2 + _again(rows),
    {
        "period_from": Date(lambda rows: first_day(_filed(rows)[1])),
        "period_to": Date(_end),
        "tax": Texts(lambda rows: _filed(rows)[0], _TAXES),
        "taxpayer": Texts(lambda rows: (~rows.of(firms.general_taxpayer)).astype(np.int64), ("general", "small")),
        "rating": Texts(lambda rows: rows.of(rating), ("A", "B", "M", "C", "D")),
        "sales_fen": Number(_sales),
        "due_fen": Number(_due),
        "paid_fen": Number(_paid),
        "relief_fen": given(Number(_relief), _is_relieved),
        "paid_on": Date(_paid_on),
    },
)
