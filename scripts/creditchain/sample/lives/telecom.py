"""Telecom: one bill a month."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.firms import founded
from creditchain.sample.lives.life import ProductLife
from creditchain.sample.months import Months
from creditchain.sample.population import Firms, Integers, Rows, fact
from creditchain.sample.sources import Date, Month, Number, Texts

_TELECOM = Months(12)
_SPEEDS = np.array([100, 200, 500, 1000, 2000], np.int64)


@fact
def _lines(them: Firms) -> Integers:
    return 1 + firms.staff(them) // 6


@fact
def _speed(them: Firms) -> Integers:
    return _SPEEDS[np.minimum(firms.size(them) + them.between("speed", 0, 1), len(_SPEEDS) - 1)]


@fact
def _customer_since(them: Firms) -> Integers:
    return founded(them) + them.between("customer", 5, 25)


@fact
def _bill(rows: Rows) -> Integers:
    fixed = rows.of(_lines) * 5_900 + rows.of(_speed) * 60
    return fixed + rows.of(_lines) * rows.between("telecom/calls", 0, 4_000, _TELECOM.month(rows))


def _unpaid_months(rows: Rows) -> Integers:
    return business.late_for(rows, _TELECOM.month(rows))


def _active(rows: Rows) -> Integers:
    days = rows.between("telecom/days", 22, 28, _TELECOM.month(rows))
    return np.where(business.idle(rows, _TELECOM.month(rows)), 3, days)


TELECOM = ProductLife(
    _TELECOM.own,
    _TELECOM.as_of,
    {
        "month": Month(_TELECOM.month),
        "lines": Number(lambda rows: rows.of(_lines), 6),
        "broadband_mbps": Number(lambda rows: rows.of(_speed), 6),
        "customer_since": Date(lambda rows: rows.of(_customer_since)),
        "charge_fen": Number(_bill),
        "paid_fen": Number(lambda rows: np.where(_unpaid_months(rows) > 0, 0, _bill(rows))),
        "overdue_months": Number(_unpaid_months, 3),
        "status": Texts(lambda rows: (_unpaid_months(rows) > 1).astype(np.int64), ("normal", "restricted")),
        "active_days": Number(_active, 2),
    },
)
