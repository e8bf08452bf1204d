"""Yearly statements: what was earned, owned and owed."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.business import total
from creditchain.sample.lives.life import ProductLife
from creditchain.sample.lives.years import Years
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Flag, Number, Texts, given

_AUDITORS = ("示例天衡会计师事务所", "示例明诚会计师事务所", "示例立达会计师事务所", "示例正和会计师事务所")
_STATEMENTS = Years(4)


@fact
def _months(rows: Rows) -> list[Integers]:
    return business.sales_of_year(rows, _STATEMENTS.year(rows))


@fact
def _sales(rows: Rows) -> Integers:
    return total(rows, _months(rows))


def _of_year(rows: Rows, monthly: business.Monthly) -> Integers:
    return total(rows, (monthly(rows, sales) for sales in _months(rows)))


@fact
def _weight(them: Firms) -> Integers:
    """Assets in % of revenue."""
    heavy = np.array([90 if one.place == "factory" else 55 for one in SECTORS])[firms.sector(them)]
    return heavy * them.between("assets", 70, 150) // 100


@fact
def _debt(them: Firms) -> Integers:
    """Liabilities in % of assets."""
    low, high = np.array([(32, 60), (48, 72), (74, 108)])[firms.health(them)].T
    return them.between("debt", low, high)


@fact
def _assets(rows: Rows) -> Integers:
    year = rows.between("assets/year", 96, 104, _STATEMENTS.year(rows))
    return (_sales(rows) * rows.of(_weight) // 100 + rows.of(firms.capital) * 30) * year // 100


@fact
def _liabilities(rows: Rows) -> Integers:
    return _assets(rows) * (rows.of(_debt) + rows.between("debt/year", -2, 2, _STATEMENTS.year(rows))) // 100


@fact
def _audited(them: Firms) -> Flags:
    return them.between("audited", 0, 99) < np.array([6, 30, 95, 100])[firms.size(them)]


@fact
def _auditor(them: Firms) -> Integers:
    return them.between("auditor", 0, len(_AUDITORS) - 1)


def _december(rows: Rows) -> Integers:
    return (_STATEMENTS.year(rows) - 1970) * 12 + 11


STATEMENT = ProductLife(
    _STATEMENTS.own,
    _STATEMENTS.as_of,
    {
        "year": Number(_STATEMENTS.year, 4),
        "revenue_fen": Number(_sales),
        "profit_fen": Number(lambda rows: _of_year(rows, business.profit)),
        "assets_fen": Number(_assets),
        "liabilities_fen": Number(_liabilities),
        "equity_fen": Number(lambda rows: _assets(rows) - _liabilities(rows)),
        "tax_fen": Number(lambda rows: _of_year(rows, business.taxes)),
        "employees": Number(lambda rows: business.headcount(rows, _december(rows)), 6),
        "audited": Flag(lambda rows: rows.of(_audited)),
        "auditor": given(Texts(lambda rows: rows.of(_auditor), _AUDITORS), lambda rows: rows.of(_audited)),
    },
)
