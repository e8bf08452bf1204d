"""Emissions, and allowances for them."""

from __future__ import annotations

import numpy as np

from creditchain.sample import business, firms
from creditchain.sample.business import total
from creditchain.sample.firms import of_sectors
from creditchain.sample.lives.life import ProductLife
from creditchain.sample.lives.years import Years
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import SECTORS
from creditchain.sample.sources import Decimals, Flag, Number, Texts, given

_VERIFIERS = ("示例碳衡核查有限公司", "示例绿源认证有限公司", "示例环信检测有限公司")
_EMISSIONS, _TRADES = Years(3, 2), Years(3)
_GRID = 5_366  #: grams of carbon dioxide for 10 kWh
_COAL = 1_229  #: grams of standard coal for 10 kWh
_CARBON = ("power", "steel", "cement", "chemicals", "paper", "aviation", "textile", "electronics", "other")
_INDUSTRIES = np.array([_CARBON.index(one.carbon) for one in SECTORS])
_TRADED = np.array([one.carbon in ("power", "steel", "cement", "chemicals", "paper") for one in SECTORS])


def _emits(them: Firms) -> Integers:
    """Those report that use much power."""
    heavy = firms.revenue(them) // 10_000 * of_sectors("power")[firms.sector(them)] > 4_000_000
    return np.where(heavy, _EMISSIONS.own(them), 0)


@fact
def _emission_power(rows: Rows) -> Integers:
    return business.power_of_year(rows, _EMISSIONS.year(rows))


def _fuel(rows: Rows) -> Integers:
    return of_sectors("fuel")[rows.of(firms.sector)]


@fact
def _emission(rows: Rows) -> Integers:
    """Kilograms: of power that was bought (scope 2), or of fuel (scope 1)."""
    bought = _emission_power(rows) * _GRID // 10_000
    return np.where(_EMISSIONS.kind(rows) == 1, bought, bought * _fuel(rows) // 100)


@fact
def _output(rows: Rows) -> Integers:
    return total(rows, business.sales_of_year(rows, _EMISSIONS.year(rows)))


def _energy(rows: Rows) -> Integers:
    """Kilograms of standard coal, of all that the enterprise uses."""
    return _emission_power(rows) * _COAL // 10_000 * (100 + _fuel(rows)) // 100


def _carbon_intensity(rows: Rows) -> Integers:
    """1/10,000 of a tonne for 10,000 yuan of output."""
    return _emission(rows) * 10_000_000 // np.maximum(_output(rows), 1)


@fact
def _green(them: Firms) -> Integers:
    """Green power in % of all: a third of the enterprises buy some."""
    return np.maximum(them.between("green", -40, 25), 0)


@fact
def _verified(them: Firms) -> Flags:
    return _TRADED[firms.sector(them)] | (firms.size(them) >= firms.Size.MEDIUM)


def _verifier(rows: Rows) -> Integers:
    return rows.between("verifier", 0, len(_VERIFIERS) - 1, _EMISSIONS.year(rows))


EMISSION = ProductLife(
    _emits,
    _EMISSIONS.as_of,
    {
        "year": Number(_EMISSIONS.year, 4),
        "scope": Texts(_EMISSIONS.kind, ("scope1", "scope2")),
        "emission_t": Decimals(_emission, 3),
        "energy_tce": Decimals(_energy, 3),
        "output_fen": Number(_output),
        "intensity": Decimals(_carbon_intensity, 4, 6),
        "green_power_kwh": Number(lambda rows: _emission_power(rows) * rows.of(_green) // 100, 11),
        "method": Texts(lambda rows: _TRADED[rows.of(firms.sector)].astype(np.int64), ("factor", "guideline")),
        "verified": Flag(lambda rows: rows.of(_verified)),
        "verifier": given(Texts(_verifier, _VERIFIERS), lambda rows: rows.of(_verified)),
        "industry": Texts(lambda rows: _INDUSTRIES[rows.of(firms.sector)], _CARBON),
    },
)


def _trades(them: Firms) -> Integers:
    large = firms.size(them) >= firms.Size.MEDIUM
    return np.where(_TRADED[firms.sector(them)] & large, _TRADES.own(them), 0)


@fact
def _emitted(rows: Rows) -> Integers:
    """Tonnes of the year, of fuel and power, rounded up."""
    bought = business.power_of_year(rows, _TRADES.year(rows)) * _GRID // 10_000
    return bought * (100 + _fuel(rows)) // 100_000 + 1


@fact
def _allocated(rows: Rows) -> Integers:
    return _emitted(rows) * rows.between("allocated", 93, 106, _TRADES.year(rows)) // 100


@fact
def _carried(rows: Rows) -> Integers:
    """What was left of years before."""
    return _emitted(rows) * rows.between("carried", 0, 4, _TRADES.year(rows)) // 100


@fact
def _compliant(rows: Rows) -> Flags:
    return ~(rows.of(firms.troubled) & (_TRADES.year(rows) == _TRADES.last(rows.firms)))


@fact
def _bought(rows: Rows) -> Integers:
    return np.where(_compliant(rows), np.maximum(_emitted(rows) - _allocated(rows) - _carried(rows), 0), 0)


@fact
def _sold(rows: Rows) -> Integers:
    return np.maximum(_allocated(rows) - _emitted(rows), 0) // 2


@fact
def _surrendered(rows: Rows) -> Integers:
    return np.minimum(_emitted(rows), _allocated(rows) + _carried(rows) + _bought(rows))


def _held(rows: Rows) -> Integers:
    return _carried(rows) + _allocated(rows) + _bought(rows) - _sold(rows) - _surrendered(rows)


ALLOWANCE = ProductLife(
    _trades,
    _TRADES.as_of,
    {
        "year": Number(_TRADES.year, 4),
        "kind": Texts(lambda rows: np.zeros(len(rows), np.int64), ("allowance",)),
        "allocated_t": Number(_allocated, 11),
        "bought_t": Number(_bought, 11),
        "sold_t": Number(_sold, 11),
        "surrendered_t": Number(_surrendered, 11),
        "holding_t": Number(_held, 11),
        "average_price_fen": Number(lambda rows: rows.between("carbon/price", 6_200, 9_900, _TRADES.year(rows)), 6),
        "compliant": Flag(_compliant),
        "pledged_t": Number(lambda rows: np.zeros(len(rows), np.int64), 2),
        "exchange": Texts(lambda rows: np.zeros(len(rows), np.int64), ("示例环境能源交易所",)),
    },
)
