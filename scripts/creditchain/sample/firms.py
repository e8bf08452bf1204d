"""What is true of a synthetic enterprise all its life, or on the sample's day: trade, size, health, age, and more.

Each fact follows from the seed and the enterprise's ordinal, so all samples of a seed tell of the same enterprises.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from creditchain.sample.population import Firms, Flags, Integers, fact
from creditchain.sample.sectors import SECTORS, Sector


class Size(IntEnum):
    """Size classes; the staff of each are in _STAFF."""

    MICRO = 0
    SMALL = 1
    MEDIUM = 2
    LARGE = 3


class Health(IntEnum):
    """How an enterprise fares: what it owes, and what courts and authorities say, follow from it."""

    SOUND = 0
    FAIR = 1
    TROUBLED = 2


class LegalForm(IntEnum):
    """Types of enterprises, in the order of KINDS."""

    LIMITED = 0
    STOCK = 1
    SOLE = 2
    FOREIGN = 3
    COOPERATIVE = 4


KINDS = ("limited", "stock", "sole", "foreign", "cooperative")

#: Of 16 neighbouring enterprises, this one is an enterprise with Taiwan capital.
FUNDED = 7
FUNDED_EVERY = 16

_STAFF = np.array([(2, 9), (10, 95), (100, 290), (300, 1900)], np.int64)
_SHARES = np.array([440, 830, 960, 1000])  # micro, small, medium, large: of 1,000, one upon the other
_GROWTH = np.array([(150, 1900), (-500, 900), (-3000, -1100)], np.int64)  # a year, in 1/10,000
#: Sizes within a class are spread evenly over the orders of magnitude: 128 steps from 0 to 1, in 1/10,000.
_SPREAD = np.array([round(10_000 * (8 ** (step / 127) - 1) / 7) for step in range(128)], np.int64)
_CAPITALS = np.array(
    [*(n * 10**e for e in (5, 6, 7, 8) for n in (1, 2, 3, 5, 6, 8)), *(n * 10**9 for n in (1, 2))], np.int64
)
_YEAR = 365

_DRAWN_SECTORS = np.repeat(np.arange(len(SECTORS)), [sector.share for sector in SECTORS])
_FARMS = np.array([sector.place == "farm" for sector in SECTORS])
_HEADS = np.array([sector.head for sector in SECTORS], np.int64)


def of_sectors(number: str, sectors: tuple[Sector, ...] = SECTORS) -> Integers:
    """A number of each trade, by the field's name."""
    return np.array([getattr(sector, number) for sector in sectors], np.int64)


@fact
def sector(firms: Firms) -> Integers:
    """The place in SECTORS of each enterprise's trade."""
    return _DRAWN_SECTORS[firms.between("sector", 0, len(_DRAWN_SECTORS) - 1)]


@fact
def size(firms: Firms) -> Integers:
    """The Size of each enterprise."""
    drawn = np.searchsorted(_SHARES, firms.between("size", 0, 999), side="right")
    heavy = of_sectors("head")[sector(firms)] > 170  # mills are not workshops
    heavy &= np.array([one.place == "factory" for one in SECTORS])[sector(firms)]
    drawn = np.where(heavy, np.maximum(drawn, Size.MEDIUM), drawn)
    return np.where(kind(firms) == LegalForm.SOLE, Size.MICRO, drawn).astype(np.int64)


@fact
def kind(firms: Firms) -> Integers:
    """The LegalForm of each enterprise."""
    drawn = firms.between("kind", 0, 99)
    kinds = np.where(drawn < 9, LegalForm.STOCK, LegalForm.LIMITED)
    light = np.array([one.head <= 170 and one.place in ("shop", "office") for one in SECTORS])[sector(firms)]
    kinds = np.where(light & (drawn > 86), LegalForm.SOLE, kinds)
    kinds = np.where(taiwan_funded(firms), LegalForm.FOREIGN, kinds)
    return np.where(_FARMS[sector(firms)], LegalForm.COOPERATIVE, kinds).astype(np.int64)


@fact
def taiwan_funded(firms: Firms) -> Flags:
    """Which are of the mainland with capital from Taiwan."""
    funded: Flags = (firms.ordinals % np.uint64(FUNDED_EVERY) == np.uint64(FUNDED)) & ~_FARMS[sector(firms)]
    return funded


@fact
def health(firms: Firms) -> Integers:
    """The Health of each enterprise."""
    drawn = firms.between("health", 0, 99)
    return (drawn >= 68).astype(np.int64) + (drawn >= 92)


@fact
def troubled(firms: Firms) -> Flags:
    """Which enterprises are in trouble."""
    return health(firms) == Health.TROUBLED


@fact
def stopped(firms: Firms) -> Flags:
    """Which have stopped work some months before the sample's day."""
    return troubled(firms) & (firms.between("stopped", 0, 99) < 14)


@fact
def founded(firms: Firms) -> Integers:
    """The day of founding: a weekday, at least eight months before the sample's day."""
    drawn = firms.between("founded", 0, 9999)
    age = 250 + drawn * drawn * (20 * _YEAR) // 10**8 + size(firms) * firms.between("older", 300, 1100)
    days = firms.today - np.where(_FARMS[sector(firms)], np.minimum(age, 16 * _YEAR), age)
    return days - np.maximum((days + 3) % 7 - 4, 0)  # 1970-01-01 was a Thursday


@fact
def staff(firms: Firms) -> Integers:
    """How many work there on the sample's day."""
    low, high = _STAFF[size(firms)].T
    return low + (high - low) * _SPREAD[firms.between("staff", 0, 127)] // 10_000


@fact
def growth(firms: Firms) -> Integers:
    """Yearly growth of revenue in 1/10,000."""
    low, high = _GROWTH[health(firms)].T
    return firms.between("growth", low, high)


@fact
def revenue(firms: Firms) -> Integers:
    """Yearly revenue in yuan at the pace of the sample's day."""
    return staff(firms) * _HEADS[sector(firms)] * firms.between("revenue", 70, 150) * 100


@fact
def margin(firms: Firms) -> Integers:
    """Profit in 1/10,000 of revenue: a loss for those in trouble."""
    usual = of_sectors("margin")[sector(firms)] * firms.between("margin", 60, 140) // 100
    return np.where(troubled(firms), -firms.between("loss", 100, 900), usual)


@fact
def capital(firms: Firms) -> Integers:
    """Registered capital in yuan, a round number that fits the revenue."""
    wanted = revenue(firms) * firms.between("capital", 8, 45) // 100
    return _CAPITALS[np.minimum(np.searchsorted(_CAPITALS, wanted), len(_CAPITALS) - 1)]


@fact
def technology(firms: Firms) -> Flags:
    """Which live by what they invent."""
    able = np.array([one.technology for one in SECTORS])[sector(firms)]
    return able & (firms.between("technology", 0, 99) < 30 + 20 * size(firms)) & (kind(firms) != LegalForm.SOLE)


@fact
def trader(firms: Firms) -> Flags:
    """Which trade across the border."""
    abroad = of_sectors("abroad")[sector(firms)]
    return (abroad > 0) & (firms.between("trader", 0, 99) < abroad + 15 * size(firms)) & (kind(firms) != LegalForm.SOLE)


@fact
def general_taxpayer(firms: Firms) -> Flags:
    """Which are general taxpayers: five million yuan of sales a year, or by choice."""
    return (revenue(firms) > 5_000_000) | (firms.between("taxpayer", 0, 99) < 15)
