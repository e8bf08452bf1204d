"""Check digits of many numbers at once: the same answer as `identifiers.parse_subject`, without its reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from creditchain.batch.records import Bytes
from creditchain.identifiers import USCC, IdentifierError, parse_subject

_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_OUTSIDE = 20_000  #: more than any sum of a good number

Table = npt.NDArray[np.int16]


def _table(weights: Sequence[int], value_of: Callable[[int], int], allowed: Callable[[int], bytes]) -> Table:
    """What each character (column) at each place (row) adds to a weighted sum; too much where it may not stand."""
    table = np.full((len(weights), 256), _OUTSIDE, dtype=np.int16)
    for place, weight in enumerate(weights):
        for character in allowed(place):
            table[place, character] = weight * value_of(character)
    return table


#: The sum of all 18 is divisible by 31.
_WHOLE = _table(
    [pow(3, place, 31) for place in range(17)] + [1],
    _ALPHABET.index,
    lambda place: _ALPHABET[:10] if 2 <= place < 8 else _ALPHABET,
)
#: Places 9 to 16; 11 minus the remainder of the sum by 11 chooses place 17.
_ORGANISATION = _table((3, 7, 9, 10, 5, 8, 4, 2), lambda character: int(chr(character), 36), lambda _: _ALPHABET)
_ORGANISATION_CHECK = np.frombuffer(b"0123456789X0", dtype=np.uint8)


def uscc_valid(numbers: Bytes) -> npt.NDArray[np.bool_]:
    """Which of the numbers, uint8 (n, 18), are USCCs with both check characters right (GB 32100-2015)."""
    places = np.ascontiguousarray(numbers.T)
    whole, inner = _sum(_WHOLE, places), _sum(_ORGANISATION, places[8:16])
    found: npt.NDArray[np.bool_] = (whole < _OUTSIDE) & (whole % 31 == 0)
    found &= _ORGANISATION_CHECK[11 - inner % 11] == places[16]
    return found


def _sum(table: Table, places: Bytes) -> npt.NDArray[np.int32]:
    total = np.zeros(places.shape[1], dtype=np.int32)
    for row, characters in zip(table, places, strict=True):
        total += row.take(characters, mode="clip")  # a byte is always inside: this only saves looking
    return total


def valid(scheme: str, numbers: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of the numbers of one scheme are right."""
    if scheme != USCC:
        return np.array([_one_valid(scheme, number) for number in numbers], dtype=bool)
    joined = "".join(numbers)
    if joined.isascii() and set(map(len, numbers)) <= {18}:
        return uscc_valid(np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, 18))
    found = np.array([len(number) == 18 and number.isascii() for number in numbers], dtype=bool)
    for place in np.flatnonzero(found).tolist():
        found[place] = _one_valid(scheme, numbers[place])
    return found


@lru_cache(maxsize=65_536)
def _one_valid(scheme: str, number: str) -> bool:
    try:
        parse_subject(scheme, number)
    except IdentifierError:
        return False
    return True
