"""Power: one record a month."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business
from creditchain.sample.lives.life import ProductLife, province, serial_of
from creditchain.sample.months import Months
from creditchain.sample.population import Flags, Integers, Rows, fact
from creditchain.sample.sources import Digits, Joined, Month, Number, Texts

_POWER = Months(24)


@fact
def _used(rows: Rows) -> Integers:
    return business.power(rows, _POWER.month(rows))


@fact
def _peak(rows: Rows) -> Integers:
    return _used(rows) * rows.between("power/peak", 340, 420, _POWER.month(rows)) // 1_000


@fact
def _charge(rows: Rows) -> Integers:
    """The price, and a quarter more in peak hours."""
    return _used(rows) * business.power_price(rows) + _peak(rows) * 18


def _late(rows: Rows) -> Flags:
    return business.late(rows, _POWER.month(rows))


def _paid(rows: Rows) -> Integers:
    return np.where(_late(rows), _charge(rows) * rows.between("power/paid", 0, 6) // 10, _charge(rows))


POWER = ProductLife(
    _POWER.own,
    _POWER.as_of,
    {
        "account_no": Joined(Digits(province, 2), Digits(serial_of, 9), Digits(_POWER.version, 2)),
        "month": Month(_POWER.month),
        "category": Texts(
            lambda rows: rows.of(business.category), ("industrial", "large_industrial", "commercial", "agricultural")
        ),
        "capacity_kva": Number(lambda rows: rows.of(business.capacity), 6),
        "usage_kwh": Number(_used, 11),
        "peak_kwh": Number(_peak, 11),
        "charge_fen": Number(_charge),
        "paid_fen": Number(_paid),
        "arrears_days": Number(lambda rows: business.since_due(rows, _POWER.month(rows)), 3),
    },
)
