"""Real property, and the mortgages on it."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.firms import founded
from creditchain.sample.lives.life import ProductLife, at_city, lately, rounded
from creditchain.sample.lives.loans import mortgaged, properties
from creditchain.sample.months import year_of
from creditchain.sample.names import serial
from creditchain.sample.population import Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Date, Decimals, Digits, Flag, Joined, Number, Texts, given

_KINDS = ("factory", "land", "warehouse", "office", "shop")
#: Yuan for a square metre, and square metres for each of the staff.
_PRICES, _AREAS = np.array([2_900, 900, 2_400, 11_500, 17_000]), np.array([38, 60, 20, 16, 14])
#: Mills need more space: in 1/100 of a workshop's.
_SPACE = (
    np.clip(np.array([one.head if one.place == "factory" else 80 for one in SECTORS], np.int64), 50, 400) * 100 // 80
)
_FACTORY = np.array([one.place in ("factory", "farm") for one in SECTORS])


@fact
def _property_kind(rows: Rows) -> Integers:
    """Factories have a factory, land and a warehouse; others an office and shops."""
    return np.where(_FACTORY[rows.of(firms.sector)], rows.nth % 3, 3 + rows.nth % 2)


@fact
def _area(rows: Rows) -> Integers:
    """1/100 of a square metre."""
    people = rows.of(firms.staff) * _SPACE[rows.of(firms.sector)] // 100
    return people * _AREAS[_property_kind(rows)] * rows.between("area", 60, 130) + rows.between("area/rest", 0, 99)


@fact
def _value(rows: Rows) -> Integers:
    price = _PRICES[_property_kind(rows)] * rows.between("property/price", 70, 150) // 100
    return rounded(_area(rows) // 100 * price, 10_000)


@fact
def _mortgaged(rows: Rows) -> Flags:
    return (rows.nth == 0) & rows.of(mortgaged)


def _secured(rows: Rows) -> Integers:
    return rounded(_value(rows) * rows.between("secured", 50, 68) // 100, 10_000) * 100


@fact
def _registered(rows: Rows) -> Integers:
    early = rows.of(founded) + 120
    return early + (rows.today - 100 - early) * rows.between("registered", 5, 80) // 100


@fact
def _released(rows: Rows) -> Flags:
    return ~_mortgaged(rows) & (rows.between("released", 0, 99) < 20)


def _mortgage_ended(rows: Rows) -> Integers:
    return rows.today - (rows.today - _registered(rows)) // 3


PROPERTY = ProductLife(
    properties,
    lately,
    {
        "certificate_no": Joined(
            Digits(lambda rows: year_of(_registered(rows)), 4),
            "BDC",
            Digits(lambda rows: rows.of(serial) * 17 + rows.nth + 1_000, 8),
        ),
        "kind": Texts(_property_kind, _KINDS),
        "area_m2": Decimals(_area, 2, 8),
        "value_fen": Number(lambda rows: _value(rows) * 100),
        "mortgaged": Flag(_mortgaged),
        "rank": given(Number(lambda rows: np.ones(len(rows), np.int64), 2), _mortgaged),
        "secured_fen": given(Number(_secured), _mortgaged),
        "registered_on": Date(_registered),
        "released_on": given(Date(_mortgage_ended), _released),
        "seized": Flag(lambda rows: rows.of(firms.troubled) & (rows.between("seized", 0, 99) < 35)),
        "location": Joined(at_city("经济技术开发区创新路"), Number(lambda rows: rows.between("lot", 1, 699), 3), "号"),
        "authority": at_city("不动产登记中心"),
    },
)
