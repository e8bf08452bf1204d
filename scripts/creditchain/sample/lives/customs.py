"""Trade across the border, month by month."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.firms import of_sectors
from creditchain.sample.lives.life import ProductLife
from creditchain.sample.months import Months
from creditchain.sample.names import division, serial, taiwan_sector
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS, TAIWAN_SECTORS
from creditchain.sample.sources import Digits, Joined, Month, Number, Texts


class _Directions(Months):
    """Exports, and imports of those that import too."""

    @fact
    def kinds(self, rows: Rows) -> Integers:
        """See Months."""
        return 1 + rows.of(_imports)


_BORDER = _Directions(12)
_HEADINGS = tuple(sorted({one for sector in SECTORS for one in sector.goods} | {one for _, _, one in TAIWAN_SECTORS}))

_MAINLAND_GOODS = [[_HEADINGS.index(one) for one in sector.goods] or [0] for sector in SECTORS]
_MOST_GOODS = max(map(len, _MAINLAND_GOODS))
_GOODS = np.array([(goods * _MOST_GOODS)[:_MOST_GOODS] for goods in _MAINLAND_GOODS])
_TAIWAN_GOODS = np.array([_HEADINGS.index(one) for _, _, one in TAIWAN_SECTORS])


@fact
def _imports(them: Firms) -> Integers:
    return (them.between("imports", 0, 99) < 40).astype(np.int64)


def _declares(them: Firms) -> Integers:
    return np.where(firms.trader(them) | them.taiwan, _BORDER.own(them) * (1 + _imports(them)), 0)


@fact
def _value(rows: Rows) -> Integers:
    month = _BORDER.month(rows)
    share = np.maximum(of_sectors("abroad")[rows.of(firms.sector)], 10)
    exported = business.revenue(rows, month) * share // 100
    part = rows.between("customs/month", 80, 120, month)
    return np.where(_BORDER.kind(rows) == 1, exported // 4, exported) * part // 100


def _commodity(rows: Rows) -> Integers:
    sector, at = rows.of(firms.sector), rows.between("customs/goods", 0, _MOST_GOODS - 1, _BORDER.kind(rows))
    return np.where(rows.of(_from_taiwan), _TAIWAN_GOODS[rows.of(taiwan_sector)], _GOODS[sector, at])


@fact
def _from_taiwan(them: Firms) -> Flags:
    return them.taiwan


@fact
def _customs_rating(them: Firms) -> Integers:
    good = (firms.size(them) < firms.Size.MEDIUM).astype(np.int64)
    return np.where(firms.troubled(them) & (them.between("customs/rating", 0, 99) < 30), 2, good)


def _customs_mode(rows: Rows) -> Integers:
    """Online shops trade across the border, others in general; some process materials."""
    shop = np.array([one.word == "电子商务" for one in SECTORS])[rows.of(firms.sector)]
    return np.where(shop, 2, rows.of(_processes))


@fact
def _processes(them: Firms) -> Integers:
    return (them.between("customs/mode", 0, 99) < 18).astype(np.int64)


CUSTOMS = ProductLife(
    _declares,
    _BORDER.as_of,
    {
        "customs_code": Joined(
            Digits(lambda rows: rows.of(division) // 100, 4),
            "9",
            Digits(lambda rows: rows.of(serial) * 7 + 10_007, 5),
        ),
        "month": Month(_BORDER.month),
        "direction": Texts(_BORDER.kind, ("export", "import")),
        "declarations": Number(lambda rows: 1 + _value(rows) // 40_000_000, 6),
        "value_fen": Number(_value),
        "tariff_fen": Number(lambda rows: np.where(_BORDER.kind(rows) == 1, _value(rows) * 6 // 100, 0)),
        "commodity": Texts(_commodity, _HEADINGS),
        "mode": Texts(_customs_mode, ("general", "processing", "cross_border")),
        "rating": Texts(lambda rows: rows.of(_customs_rating), ("advanced", "registered", "discredited")),
    },
)
