"""Licences, as the trade needs them."""

from __future__ import annotations

import numpy as np

from creditchain.sample import firms
from creditchain.sample.lives.life import ProductLife, at_city, since_founding
from creditchain.sample.lives.registry import status as registry_status
from creditchain.sample.months import years_later
from creditchain.sample.names import division, serial
from creditchain.sample.population import Firms, Flags, Integers, Rows, fact
from creditchain.sample.sectors import LICENCES, SECTORS, UNLIMITED
from creditchain.sample.sources import Date, Digits, Either, Joined, Texts

_NAMES = tuple(LICENCES)
_CATEGORIES = ("general", "special", "approval", "verification", "registration")
_LETTERS = [letters for letters, *_ in LICENCES.values()]
_CATEGORY_OF = np.array([_CATEGORIES.index(category) for _, category, _, _ in LICENCES.values()])
_YEARS = np.array([years for *_, years in LICENCES.values()], np.int64)
_HELD = np.array([len(one.licences) for one in SECTORS], np.int64)
_NO_END = 47_481  #: 2099-12-31
_MOST = int(_HELD.max())
_LICENCES_OF = np.array([[_NAMES.index((one.licences * _MOST)[n]) for n in range(_MOST)] for one in SECTORS])


def _licences(them: Firms) -> Integers:
    """What the trade needs, each of it once or, for old enterprises, before its renewal too."""
    return np.maximum(_HELD[firms.sector(them)] - (them.between("licences", 0, 99) < 35), 1)


@fact
def _licence(rows: Rows) -> Integers:
    return _LICENCES_OF[rows.of(firms.sector), rows.nth % _HELD[rows.of(firms.sector)]]


@fact
def _valid_from(rows: Rows) -> Integers:
    """Within its years before the sample's day, or older if the enterprise stopped; not before the founding."""
    years = np.minimum(_YEARS[_licence(rows)], 8) * 365
    older = np.where((rows.between("licence/expired", 0, 99) < 8) & ~_endless(rows), years, 0)
    idle = np.where(rows.of(firms.stopped), 240, 0)
    return since_founding(rows, rows.today - 20 - idle - rows.between("licence/from", 0, years - 60) - older)


@fact
def _valid_until(rows: Rows) -> Integers:
    return np.where(_endless(rows), _NO_END, years_later(_valid_from(rows), _YEARS[_licence(rows)]))


def _endless(rows: Rows) -> Flags:
    return _YEARS[_licence(rows)] == UNLIMITED


def _licence_status(rows: Rows) -> Integers:
    withdrawn = rows.of(registry_status) == 2
    return np.where(_valid_until(rows) < rows.today, 1, np.where(withdrawn, 2, 0))


def _licence_seen(rows: Rows) -> Integers:
    """Some days after it was given, or was over."""
    over = np.minimum(_valid_until(rows) + 3, rows.today - 3)
    return np.where(_licence_status(rows) == 0, _valid_from(rows) + 5, over)


_LICENCE_FIELDS = {
    "licence_no": Joined(
        Texts(_licence, _LETTERS),
        Digits(lambda rows: rows.of(division) // 100, 4),
        Digits(lambda rows: rows.of(serial) * 11 + rows.nth + 310_000, 6),
    ),
    "name": Texts(_licence, _NAMES),
    "category": Texts(lambda rows: _CATEGORY_OF[_licence(rows)], _CATEGORIES),
    "decided_on": Date(lambda rows: _valid_from(rows) - rows.between("licence/decided", 1, 12)),
    "valid_from": Date(_valid_from),
    "valid_until": Date(_valid_until),
    "authority": Joined(at_city(""), Texts(_licence, [who for _, _, who, _ in LICENCES.values()])),
    "status": Texts(_licence_status, ("valid", "expired", "withdrawn")),
    "content": Texts(lambda rows: rows.of(firms.sector), [f"{one.word}相关经营活动" for one in SECTORS]),
}

LICENCE = ProductLife(_licences, _licence_seen, _LICENCE_FIELDS)
#: Version 2 says that a licence has no end; version 1 gives a day far away.
LICENCE_2 = ProductLife(
    _licences, _licence_seen, _LICENCE_FIELDS | {"valid_until": Either(_endless, "unlimited", Date(_valid_until))}
)
