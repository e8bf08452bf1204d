"""Penalties of authorities: few for most, some for those in trouble."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.firms import founded
from creditchain.sample.lives.life import ProductLife, at_city_either, spread
from creditchain.sample.months import year_of
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Date, Digits, Flag, Joined, Number, Texts

#: What was done, who decides, the sign of the decision, the category, and the fine in yuan.
_VIOLATIONS: tuple[tuple[str, str, str, str, int, int], ...] = (
    ("未按规定公示年度报告", "市场监督管理局", "市监罚", "warning", 0, 0),
    ("虚假宣传", "市场监督管理局", "市监罚", "fine", 10_000, 200_000),
    ("产品质量不合格", "市场监督管理局", "市监罚", "confiscation", 5_000, 150_000),
    ("未依法开具发票", "税务局", "税罚", "fine", 1_000, 20_000),
    ("未落实安全生产责任", "应急管理局", "应急罚", "fine", 20_000, 300_000),
    ("超标排放污染物", "生态环境局", "环罚", "fine", 100_000, 600_000),
)
_CATEGORIES = ("warning", "fine", "confiscation")
_FINES = np.array([(low, high) for *_, low, high in _VIOLATIONS], np.int64)
_CATEGORY_OF = np.array([_CATEGORIES.index(category) for _, _, _, category, _, _ in _VIOLATIONS])
_FACTORY = np.array([one.place == "factory" for one in SECTORS])
_POLLUTES = len(_VIOLATIONS) - 1


def _penalties(them: Firms) -> Integers:
    drawn = them.between("penalties", 0, 99)
    return np.where(firms.troubled(them), 1 + drawn // 40, (drawn < 9).astype(np.int64))


@fact
def _violation(rows: Rows) -> Integers:
    """Only those pollute who make something."""
    most = np.where(_FACTORY[rows.of(firms.sector)], _POLLUTES, 3)
    return rows.between("violation", 0, most)


@fact
def _decided(rows: Rows) -> Integers:
    return spread(rows, "penalty/decided", 20, 1_300)


@fact
def _fine(rows: Rows) -> Integers:
    """Yuan, in thousands; at most a hundredth of the revenue but for the lowest."""
    low, high = _FINES[_violation(rows)].T
    most = np.clip(rows.of(firms.revenue) // 100, low, high)
    return rows.between("fine", low, np.maximum(most, low)) // 1_000 * 1_000


@fact
def _fined_paid(rows: Rows) -> Flags:
    return ~rows.of(firms.troubled) | (_decided(rows) < rows.today - 200) & (rows.between("penalty/paid", 0, 99) < 60)


@fact
def _ended(rows: Rows) -> Integers:
    return np.maximum(_decided(rows) - rows.between("penalty/ended", 15, 90), rows.of(founded))


PENALTY = ProductLife(
    _penalties,
    lambda rows: _decided(rows) + 7,
    {
        "decision_no": Joined(
            Texts(lambda rows: _violation(rows), [f"示{sign}〔" for _, _, sign, _, _, _ in _VIOLATIONS]),
            Digits(lambda rows: year_of(_decided(rows)), 4),
            "〕",
            Number(lambda rows: 1 + (rows.between("penalty/no", 0, 90) * 7 + rows.nth * 131) % 997, 3),
            "号",
        ),
        "violation": Texts(_violation, [what for what, *_ in _VIOLATIONS]),
        "category": Texts(lambda rows: _CATEGORY_OF[_violation(rows)], _CATEGORIES),
        "fine_fen": Number(lambda rows: _fine(rows) * 100),
        "decided_on": Date(_decided),
        "paid": Flag(_fined_paid),
        "repaired": Flag(lambda rows: _fined_paid(rows) & (_decided(rows) < rows.today - 400)),
        "ended_on": Date(_ended),
        "authority": at_city_either(_violation, tuple(who for _, who, *_ in _VIOLATIONS)),
    },
)
