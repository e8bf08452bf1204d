"""Numbers of synthetic enterprises, many at once: rows of ASCII with correct check digits, no number twice.

Organisation codes begin with YX (样本), which no registry issues, so a synthetic USCC belongs to nobody.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from creditchain.identifiers import DIVISIONS
from creditchain.sample.draws import Draws, Words
from creditchain.sample.population import Integers
from creditchain.sample.tables import decimal_rows

Rows = npt.NDArray[np.uint8]

#: Characters of a USCC (GB 32100-2015); a character's value in the check is its position.
_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(3**place % 31 for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_TWUBN_WEIGHTS = (1, 2, 1, 2, 1, 2, 4)

_SERIALS = 31**6
_TWUBN_SERIALS = 10**7
#: Largest number of enterprises: six free characters in the organisation code; two check digits for seven digits.
MAX_USCC = _SERIALS
MAX_TWUBN = 2 * _TWUBN_SERIALS

#: Taiwan's enterprises have business numbers, and GB/T 2260 gives no divisions below 710000.
_TAIWAN = 710000
_MUNICIPALITIES = (110000, 120000, 310000, 500000)
#: Where enterprises are registered: municipalities and cities, not provinces.
DIVISION_CODES: tuple[int, ...] = tuple(
    code for code in DIVISIONS if code in _MUNICIPALITIES or (code % 10_000 and code != _TAIWAN)
)
#: Registered by market supervision (9) as enterprise, individual business or farmers' cooperative.
_KINDS = (b"91", b"92", b"93")

_CHARACTERS = np.frombuffer(_ALPHABET, np.uint8)
_USCC_VALUE = np.zeros(256, np.int32)
_USCC_VALUE[_CHARACTERS] = np.arange(31)
_ORGANISATION_VALUE = np.array([int(chr(c), 36) if chr(c).isalnum() and c < 128 else 0 for c in range(256)], np.int32)
_ORGANISATION_CHECK = np.frombuffer(b"0123456789X0", np.uint8)


def _table(texts: tuple[bytes, ...]) -> Rows:
    return np.frombuffer(b"".join(texts), np.uint8).reshape(len(texts), -1)


_KIND_ROWS = _table(_KINDS)


def uscc_rows(draws: Draws, enterprises: Words, divisions: Integers, kinds: Integers) -> Rows:
    """The USCC of each enterprise, by its ordinal below MAX_USCC, the code of its division, and its kind: rows (n, 18).

    kinds: 0 for enterprises, 1 for individual businesses, 2 for farmers' cooperatives.
    """
    rows = np.empty((len(enterprises), 18), np.uint8)
    rows[:, 0:2] = _KIND_ROWS[kinds]
    rows[:, 2:8] = decimal_rows(divisions, 6)
    rows[:, 8:10] = (ord("Y"), ord("X"))
    serials = shuffled(draws, enterprises, _SERIALS)
    for column in range(10, 16):
        serials, digits = np.divmod(serials, np.uint64(31))
        rows[:, column] = _CHARACTERS[digits]
    rows[:, 16] = _ORGANISATION_CHECK[11 - _weighted(_ORGANISATION_VALUE, rows[:, 8:16], _ORGANISATION_WEIGHTS) % 11]
    rows[:, 17] = _CHARACTERS[-_weighted(_USCC_VALUE, rows[:, :17], _WEIGHTS) % 31]
    return rows


def twubn_rows(draws: Draws, enterprises: Words) -> Rows:
    """The Taiwan business number (rule of 2023) of each enterprise, by its ordinal below MAX_TWUBN: rows (n, 8)."""
    halves, second = np.divmod(enterprises, np.uint64(2))
    serials = shuffled(draws, halves, _TWUBN_SERIALS)
    digits = np.empty((len(enterprises), 8), np.int32)
    for column in range(6, -1, -1):
        serials, digits[:, column] = np.divmod(serials, np.uint64(10))
    products = digits[:, :7] * np.array(_TWUBN_WEIGHTS, np.int32)
    digits[:, 7] = -(products // 10 + products % 10).sum(axis=1) % 5 + 5 * second.astype(np.int32)
    return (digits + ord("0")).astype(np.uint8)


def _weighted(values: npt.NDArray[np.int32], rows: Rows, weights: tuple[int, ...]) -> npt.NDArray[np.int32]:
    total = np.zeros(len(rows), np.int32)
    for column, weight in enumerate(weights):
        total += values[rows[:, column]] * np.int32(weight)
    return total


def shuffled(draws: Draws, ordinals: Words, modulus: int) -> Words:
    """A permutation of the ordinals below `modulus` that depends on the seed: an affine map modulo `modulus`."""
    factor, offset = (int(word) for word in draws.words("shuffle", np.arange(2, dtype=np.uint64)))
    factor = factor % (1 << 31) | 1
    while math.gcd(factor, modulus) != 1:
        factor += 2
    return (ordinals * np.uint64(factor) + np.uint64(offset % modulus)) % np.uint64(modulus)
