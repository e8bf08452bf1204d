"""Water, and gas where it is used: one record of each a month."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.lives.life import ProductLife, province, serial_of
from creditchain.sample.months import Months
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Decimals, Digits, Joined, Month, Number, Texts


class _Supplies(Months):
    """Water, and gas where it is used."""

    @fact
    def kinds(self, rows: Rows) -> Integers:
        """See Months."""
        return 1 + rows.of(_has_gas)


_SUPPLIES = _Supplies(12)
_GAS = np.array([sector.place == "factory" or sector.word in ("餐饮管理", "酒店管理") for sector in SECTORS])
_WATER = np.array(
    [{"factory": 200, "farm": 6_000}.get(one.place, 400 if one.season == "guests" else 20) for one in SECTORS], np.int64
)


@fact
def _has_gas(them: Firms) -> Integers:
    return (_GAS[firms.sector(them)] & (them.between("gas", 0, 99) < 70)).astype(np.int64)


def _supplied(them: Firms) -> Integers:
    return _SUPPLIES.own(them) * (1 + _has_gas(them))


@fact
def _gas(rows: Rows) -> Flags:
    return _SUPPLIES.kind(rows) == 1


@fact
def _volume(rows: Rows) -> Integers:
    """Cubic metres in 1/100: water by staff and revenue, gas by revenue."""
    month = _SUPPLIES.month(rows)
    hundreds = business.revenue(rows, month) // 10_000  # of yuan
    water = business.headcount(rows, month) * 260 + hundreds * _WATER[rows.of(firms.sector)] // 100
    gas = hundreds * rows.between("gas/month", 8, 14, month)
    return np.where(_gas(rows), gas, water * rows.between("water/month", 90, 110, month) // 100)


@fact
def _supply_charge(rows: Rows) -> Integers:
    return _volume(rows) * np.where(_gas(rows), 385, 465) // 100


def _supply_late(rows: Rows) -> Flags:
    return business.late(rows, _SUPPLIES.month(rows))


SUPPLIES = ProductLife(
    _supplied,
    _SUPPLIES.as_of,
    {
        "account_no": Joined(Digits(province, 2), Digits(serial_of, 9), Digits(_SUPPLIES.kind, 1)),
        "kind": Texts(_SUPPLIES.kind, ("water", "gas")),
        "month": Month(_SUPPLIES.month),
        "usage": Decimals(_volume, 2),
        "unit": Texts(lambda rows: np.zeros(len(rows), np.int64), ("m3",)),
        "charge_fen": Number(_supply_charge),
        "paid_fen": Number(lambda rows: np.where(_supply_late(rows), 0, _supply_charge(rows))),
        "arrears_days": Number(lambda rows: business.since_due(rows, _SUPPLIES.month(rows)), 3),
    },
)
