"""Registrations: one for an enterprise; further records of it are later looks at the same."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms, words
from creditchain.sample.firms import FUNDED_EVERY, KINDS, founded
from creditchain.sample.lives.life import ProductLife, at_city, lately, one
from creditchain.sample.months import years_later
from creditchain.sample.names import (
    CITIES,
    NAME_WIDTH,
    city,
    division,
    name,
    subsidiary,
    taiwan_sector,
    taiwan_stock,
    uscc,
)
from creditchain.sample.numbers import MAX_USCC
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS, TAIWAN_SECTORS
from creditchain.sample.sources import ColumnSource, Date, Joined, Number, Taken, Texts, given
from creditchain.sample.tables import Bytes

_STATUS = ("operating", "suspended", "revoked")
_ZONES = ("经济技术开发区", "高新技术产业开发区", "工业园区", "城东街道", "城北街道", "新城街道")
_TAIWAN_ZONES = ("中正区", "中山区", "信义区", "东区", "北区", "西区")


@fact
def status(them: Firms) -> Integers:
    """The place of each enterprise's status in _STATUS."""
    revoked = them.between("revoked", 0, 99) < 20
    return np.where(firms.stopped(them), np.where(revoked, 2, 1), 0).astype(np.int64)


@fact
def _street(them: Firms) -> Integers:
    return them.between("street", 0, len(words.ROADS) - 1)


@fact
def _zone(them: Firms) -> Integers:
    return them.between("zone", 0, len(_ZONES) - 1) + len(_ZONES) * them.taiwan


@fact
def _house(them: Firms) -> Integers:
    return them.between("house", 1, 899)


@fact
def _limited_term(them: Firms) -> Integers:
    """1 where the enterprise is registered for a term of years, as a third are."""
    return (them.between("term", 0, 99) < 33).astype(np.int64)


def term_ends(rows: Rows) -> Integers:
    """Twenty or thirty years after the founding."""
    years = np.where(rows.today - rows.of(founded) < 15 * 365, 20, 30)
    return years_later(rows.of(founded), years)


def address() -> ColumnSource:
    """City, zone, street and number."""
    return Joined(
        Texts(lambda rows: rows.of(city), CITIES),
        Texts(lambda rows: rows.of(_zone), (*_ZONES, *_TAIWAN_ZONES)),
        Texts(lambda rows: rows.of(_street), [f"{road}路" for road in words.ROADS]),
        Number(lambda rows: rows.of(_house), 3),
        "号",
    )


#: What any product may say of an enterprise, with these names.
COMMON: dict[str, ColumnSource] = {
    "name": Taken(name, NAME_WIDTH),
    "established_on": Date(lambda rows: rows.of(founded)),
    "capital_fen": Number(lambda rows: rows.of(firms.capital) * 100),
    "division": Number(lambda rows: rows.of(division), 6),
    "status": Texts(lambda rows: rows.of(status), _STATUS),
    "address": address(),
    "uscc": Taken(uscc, 18),
}

REGISTRATION = ProductLife(
    one,
    lately,
    {
        **COMMON,
        "type": Texts(lambda rows: rows.of(firms.kind), KINDS),
        "term_ends_on": given(Date(term_ends), lambda rows: rows.of(_limited_term) == 1),
        "industry": Texts(lambda rows: rows.of(firms.sector), [one.code for one in SECTORS]),
        "authority": at_city("市场监督管理局"),
    },
)


@fact
def _share(them: Firms) -> Integers:
    """Which part of the mainland enterprise's capital came from Taiwan, in %."""
    return them.between("taiwan/share", 30, 100)


@fact
def _invested(them: Firms) -> Integers:
    """1 for those of Taiwan that have an enterprise on the mainland."""
    able = (them.ordinals < np.uint64(MAX_USCC // FUNDED_EVERY)) & firms.taiwan_funded(subsidiary(them))
    return (able & (them.between("taiwan/invested", 0, 99) < 60)).astype(np.int64)


@fact
def _investment(them: Firms) -> Integers:
    return firms.capital(subsidiary(them)) * _share(them)


@fact
def _taiwan_founded(them: Firms) -> Integers:
    return founded(subsidiary(them)) - them.between("taiwan/before", 700, 9_000)


@fact
def _taiwan_capital(them: Firms) -> Integers:
    """New Taiwan dollars: more than was invested on the mainland, in steps of half a million."""
    return firms.capital(subsidiary(them)) * them.between("taiwan/capital", 5, 30) // 500_000 * 500_000 + 1_000_000


def _has_invested(rows: Rows) -> Flags:
    return rows.of(_invested) == 1


@fact
def _stopped_there(them: Firms) -> Integers:
    return (them.between("taiwan/stopped", 0, 99) < 3).astype(np.int64)


@fact
def _subsidiary_number(them: Firms) -> Bytes:
    return uscc(subsidiary(them))


TAIWAN = ProductLife(
    one,
    lately,
    {
        "name": COMMON["name"],
        "address": COMMON["address"],
        "organisation": Texts(lambda rows: rows.of(taiwan_stock), ("limited", "stock")),
        "status": Texts(lambda rows: rows.of(_stopped_there), ("operating", "suspended")),
        "established_on": Date(lambda rows: rows.of(_taiwan_founded)),
        "capital_twd": Number(lambda rows: rows.of(_taiwan_capital)),
        "industry": Texts(lambda rows: rows.of(taiwan_sector), [code for _, code, _ in TAIWAN_SECTORS]),
        "mainland_uscc": given(Taken(_subsidiary_number, 18), _has_invested),
        "mainland_investment_fen": given(Number(lambda rows: rows.of(_investment)), _has_invested),
    },
)
