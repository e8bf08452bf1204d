"""Patents and software: many where an enterprise lives by technology."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.lives.life import ProductLife, spread
from creditchain.sample.months import year_of, years_later
from creditchain.sample.names import serial
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Date, Digits, Joined, Number, Texts, given

_RIGHTS = ("invention", "utility_model", "design", "software")
_WAITS = np.array([(450, 900), (180, 360), (120, 260), (60, 150)], np.int64)
_LIVES = np.array([20, 10, 15, 50], np.int64)  #: years
_BEFORE = ("一种", "一种改进的", "一种可调节的", "一种便于维护的", "一种节能型", "一种防尘型")
_AFTER = ("及其控制方法", "", "（外观）", "V1.0")
_THINGS = tuple(sorted({thing for one in SECTORS for thing in one.things}))
_SOFT = np.array([one.word in ("软件", "信息技术", "电子商务") for one in SECTORS])
_WIDEST = max(len(one.things) for one in SECTORS)
_THINGS_OF = np.array([[_THINGS.index((one.things * _WIDEST)[n]) for n in range(_WIDEST)] for one in SECTORS])


def _rights(them: Firms) -> Integers:
    low, high = np.array([(0, 3), (2, 9), (6, 22), (15, 48)])[firms.size(them)].T
    other = (them.between("rights/other", 0, 99) < 6 + 8 * firms.size(them)).astype(np.int64)
    return np.where(firms.technology(them), them.between("rights", low, high), other)


@fact
def _right(rows: Rows) -> Integers:
    drawn = rows.between("right/kind", 0, 99)
    hard = np.where(drawn < 24, 0, np.where(drawn < 88, 1, 2))
    return np.where(_SOFT[rows.of(firms.sector)], np.where(drawn < 25, 0, 3), hard).astype(np.int64)


@fact
def _applied(rows: Rows) -> Integers:
    return spread(rows, "right/applied", 140, 3_300)


@fact
def _granted(rows: Rows) -> Integers:
    low, high = _WAITS[_right(rows)].T
    return _applied(rows) + rows.between("right/granted", low, high)


@fact
def _is_granted(rows: Rows) -> Flags:
    return _granted(rows) <= rows.today


@fact
def _right_status(rows: Rows) -> Integers:
    drawn = rows.between("right/status", 0, 99)
    return np.where(drawn < 88, 0, np.where(drawn < 92, 1, np.where(drawn < 95, 2, 3)))


def _pledged(rows: Rows) -> Flags:
    return _right_status(rows) == 1


def _thing(rows: Rows) -> Integers:
    return _THINGS_OF[rows.of(firms.sector), rows.nth % _WIDEST]


def _title_begins(rows: Rows) -> Integers:
    soft = (_right(rows) >= 2) | _SOFT[rows.of(firms.sector)]
    return np.where(soft, len(_BEFORE), (rows.nth // _WIDEST) % len(_BEFORE))


def _title_ends(rows: Rows) -> Integers:
    methods = (_right(rows) == 0) & ~_SOFT[rows.of(firms.sector)] & (rows.nth % 2 == 0)
    version = (_right(rows) == 3).astype(np.int64) * 3
    return np.where(methods, 0, np.where(_right(rows) == 2, 2, np.where(version > 0, version, 1)))


def _pledge(rows: Rows) -> Integers:
    """Fen: some tenths of a percent of the revenue."""
    return rows.of(firms.revenue) // 1_000_000 * rows.between("right/pledge", 2, 9) * 100_000 + 10_000_000


RIGHT = ProductLife(
    _rights,
    lambda rows: np.where(_is_granted(rows), _granted(rows) + 5, _applied(rows) + 20),
    {
        "right_no": Joined(
            "ZL",
            Digits(lambda rows: year_of(_applied(rows)), 4),
            Digits(lambda rows: np.minimum(_right(rows) + 1, 3), 1),
            Digits(lambda rows: rows.of(serial) * 101 + rows.nth * 1_013 + 204_100, 7),
        ),
        "kind": Texts(_right, _RIGHTS),
        "title": Joined(Texts(_title_begins, (*_BEFORE, "")), Texts(_thing, _THINGS), Texts(_title_ends, _AFTER)),
        "applied_on": Date(_applied),
        "granted_on": given(Date(_granted), _is_granted),
        "expires_on": Date(lambda rows: years_later(_applied(rows), _LIVES[_right(rows)])),
        "status": Texts(_right_status, ("valid", "pledged", "licensed", "lapsed")),
        "claims": Number(lambda rows: rows.between("right/claims", 3, 12), 3),
        "citations": Number(lambda rows: np.maximum(rows.between("right/cited", -6, 14), 0), 5),
        "pledged_fen": given(Number(_pledge), _pledged),
    },
)
