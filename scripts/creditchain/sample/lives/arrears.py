"""Taxes that are owed, or were."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.lives.life import ProductLife, at_city, rounded, spread
from creditchain.sample.months import month_of, year_of
from creditchain.sample.names import serial
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sources import Date, Digits, Joined, Number, Texts, given


def _arrears(them: Firms) -> Integers:
    """Half of those in trouble owe one tax or two, or did."""
    few = them.between("arrears", 0, 99)
    return np.where(firms.troubled(them), (few < 60).astype(np.int64) + (few < 15), (few < 1).astype(np.int64))


@fact
def _began(rows: Rows) -> Integers:
    return spread(rows, "arrears/began", 120, 900)


@fact
def _announced(rows: Rows) -> Integers:
    return _began(rows) + rows.between("arrears/announced", 45, 110)


@fact
def _settled(rows: Rows) -> Flags:
    old = _announced(rows) < rows.today - 120
    return old & (~rows.of(firms.troubled) | (rows.between("arrears/settled", 0, 99) < 40))


@fact
def _cleared_on(rows: Rows) -> Integers:
    return _announced(rows) + rows.between("arrears/cleared", 20, 100)


@fact
def _owed(rows: Rows) -> Integers:
    """A month or some of all taxes."""
    monthly = business.taxes(rows, business.revenue(rows, month_of(_began(rows))))
    return rounded(monthly * rows.between("arrears/months", 10, 40) // 10, 100)


@fact
def _arrears_status(rows: Rows) -> Integers:
    open_status = (rows.between("arrears/status", 0, 99) < 30).astype(np.int64)
    return np.where(_settled(rows), 2, open_status)


def _overdue_days(rows: Rows) -> Integers:
    return np.where(_settled(rows), _cleared_on(rows), rows.days) - _began(rows)


ARREARS = ProductLife(
    _arrears,
    lambda rows: np.where(_settled(rows), _cleared_on(rows) + 5, rows.today - rows.between("arrears/seen", 1, 20)),
    {
        "announcement_no": Joined(
            Digits(lambda rows: year_of(_announced(rows)), 4),
            "QS",
            Digits(lambda rows: (rows.of(serial) * 31 + rows.nth) % 10**8, 8),
        ),
        "tax": Texts(lambda rows: rows.between("arrears/tax", 0, 3), ("vat", "vat", "corporate_income", "land_use")),
        "balance_fen": Number(lambda rows: np.where(_settled(rows), 0, _owed(rows))),
        "new_fen": Number(lambda rows: np.where(_settled(rows), 0, _owed(rows) // 3)),
        "late_fee_fen": Number(lambda rows: _owed(rows) * 5 // 10_000 * _overdue_days(rows)),
        "began_on": Date(_began),
        "announced_on": Date(_announced),
        "ended_on": given(Date(_cleared_on), _settled),
        "status": Texts(_arrears_status, ("owing", "instalments", "cleared")),
        "authority": at_city("税务局"),
    },
)
