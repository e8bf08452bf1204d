"""Names, numbers and places of synthetic enterprises. A name has 示例 (sample) in it, and no two are equal."""

from __future__ import annotations

import numpy as np

from creditchain.identifiers import DIVISIONS
from creditchain.sample import numbers, words
from creditchain.sample.firms import FUNDED, FUNDED_EVERY, LegalForm, kind, sector
from creditchain.sample.numbers import DIVISION_CODES
from creditchain.sample.population import Firms, Integers, fact
from creditchain.sample.sectors import SECTORS, TAIWAN_SECTORS
from creditchain.sample.tables import Bytes, padded

_CHARACTERS = len(words.TRADE)
_TRADES = _CHARACTERS * (_CHARACTERS - 1)

#: Names of the places, first those of DIVISION_CODES and then those of Taiwan.
CITIES = (*(DIVISIONS[code].name_zh for code in DIVISION_CODES), *words.TAIWAN_CITIES)
_MAINLAND = len(DIVISION_CODES)
_FORMS = ("有限公司", "股份有限公司", "经营部", "有限公司", "专业合作社", "有限公司", "股份有限公司")
_XIAMEN = 350200
_TAIWAN_FORMS = 5  #: where those of Taiwan begin in _FORMS
_CODES = np.array(DIVISION_CODES, np.int64)


def _utf8(texts: tuple[str, ...]) -> Bytes:
    return padded([text.encode() for text in texts])


_CITY_BYTES = _utf8(tuple(city.removesuffix("市") + words.MARK for city in CITIES))
_TRADE_BYTES = _utf8(tuple(words.TRADE))
_SECTOR_BYTES = _utf8((*(one.word for one in SECTORS), *(word for word, _, _ in TAIWAN_SECTORS)))
_FORM_BYTES = _utf8(_FORMS)
NAME_WIDTH = _CITY_BYTES.shape[1] + 4 * _TRADE_BYTES.shape[1] + _SECTOR_BYTES.shape[1] + _FORM_BYTES.shape[1]


@fact
def _seat(firms: Firms) -> tuple[Integers, Integers, Integers]:
    """City, trade name of two characters, and a serial for more characters: together they differ for all ordinals."""
    found = []
    for cities, first in ((_MAINLAND, 0), (len(words.TAIWAN_CITIES), _MAINLAND)):
        serial, within = np.divmod(firms.ordinals, np.uint64(cities * _TRADES))
        drawn = numbers.shuffled(firms.draws, within, cities * _TRADES)
        trade, city = np.divmod(drawn, np.uint64(cities))
        found.append((city.astype(np.int64) + first, trade.astype(np.int64), serial.astype(np.int64)))
    city, trade, serial = (np.where(firms.taiwan, *pair) for pair in zip(found[1], found[0], strict=True))
    return city, trade, serial


@fact
def city(firms: Firms) -> Integers:
    """The place in CITIES of each enterprise's seat."""
    return _seat(firms)[0]


@fact
def division(firms: Firms) -> Integers:
    """The code of each enterprise's division; for those of Taiwan, of the one whose authorities deal with them."""
    return np.where(firms.taiwan, _XIAMEN, _CODES[np.minimum(city(firms), _MAINLAND - 1)])


@fact
def taiwan_sector(firms: Firms) -> Integers:
    """The place in TAIWAN_SECTORS of the trade of each enterprise of Taiwan."""
    return firms.between("taiwan/sector", 0, len(TAIWAN_SECTORS) - 1)


@fact
def taiwan_stock(firms: Firms) -> Integers:
    """1 for those enterprises of Taiwan that are limited by shares, 0 for others."""
    return (firms.between("taiwan/stock", 0, 99) < 55).astype(np.int64)


@fact
def name(firms: Firms) -> Bytes:
    """The name: city, 示例, trade name, trade and legal form, in UTF-8 with NUL after each part."""
    where, trade, serial = _seat(firms)
    first, second = np.divmod(trade, _CHARACTERS - 1)
    second += second >= first
    spare, third = np.divmod(serial, _CHARACTERS + 1)  # most have no third character
    more = _TRADE_BYTES[np.stack([first, second, third - 1, spare - 1], axis=1)]
    more[:, 2][third == 0] = 0
    more[:, 3][spare == 0] = 0
    word = np.where(firms.taiwan, len(SECTORS) + taiwan_sector(firms), sector(firms))
    form = np.where(firms.taiwan, _TAIWAN_FORMS + taiwan_stock(firms), kind(firms))
    parts = (_CITY_BYTES[where], more.reshape(len(firms), -1), _SECTOR_BYTES[word], _FORM_BYTES[form])
    return np.concatenate(parts, axis=1)


@fact
def uscc(firms: Firms) -> Bytes:
    """The unified social credit code: division and type of enterprise are those of the registration."""
    kinds = np.where(kind(firms) == LegalForm.SOLE, 1, np.where(kind(firms) == LegalForm.COOPERATIVE, 2, 0))
    return numbers.uscc_rows(firms.draws, firms.ordinals, division(firms), kinds)


@fact
def twubn(firms: Firms) -> Bytes:
    """The Taiwan business number."""
    return numbers.twubn_rows(firms.draws, firms.ordinals)


@fact
def subsidiary(firms: Firms) -> Firms:
    """For each enterprise of Taiwan, an enterprise of the mainland that may have its capital."""
    ordinals = (firms.ordinals * np.uint64(FUNDED_EVERY) + np.uint64(FUNDED)) % np.uint64(numbers.MAX_USCC)
    return Firms(ordinals, np.zeros(len(firms), np.bool_), firms.today, firms.draws)


@fact
def serial(firms: Firms) -> Integers:
    """A number of at most nine digits that no other enterprise has."""
    return firms.ordinals.astype(np.int64)
