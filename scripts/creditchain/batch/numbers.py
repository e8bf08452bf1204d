"""Check digits of many numbers at once: the same answer as `identifiers.parse_subject`, without its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from creditchain.batch.records import Bytes
from creditchain.identifiers import USCC, IdentifierError, parse_subject

_ALPHABET = b"0123456789ABCDEFGHJKLMNPQRTUWXY"
_OUTSIDE = 99


def _values(alphabet: bytes, values: Sequence[int]) -> npt.NDArray[np.int32]:
    table = np.full(256, _OUTSIDE, dtype=np.int32)
    table[list(alphabet)] = values
    return table


_BASE_31 = _values(_ALPHABET, range(31))
_BASE_36 = _values(_ALPHABET, [int(chr(character), 36) for character in _ALPHABET])
_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int32)
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
_ORGANISATION_CHECK = np.frombuffer(b"0123456789X0", dtype=np.uint8)


def uscc_valid(numbers: Bytes) -> npt.NDArray[np.bool_]:
    """Which of the numbers, uint8 (n, 18), are USCCs with both check characters right (GB 32100-2015)."""
    values = _BASE_31[numbers]
    known = np.all(values < 31, axis=1)
    digits = np.all(values[:, 2:8] < 10, axis=1)
    rest = 11 - (_BASE_36[numbers[:, 8:16]] @ _ORGANISATION_WEIGHTS) % 11
    inner = _ORGANISATION_CHECK[rest] == numbers[:, 16]
    last = (values[:, :17] @ _WEIGHTS + values[:, 17]) % 31 == 0
    valid: npt.NDArray[np.bool_] = known & digits & inner & last
    return valid


def valid(scheme: str, numbers: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which of the numbers of one scheme are right."""
    if scheme != USCC:
        return np.array([_one_valid(scheme, number) for number in numbers], dtype=bool)
    found = np.array([len(number) == 18 and number.isascii() for number in numbers], dtype=bool)
    if found.all():
        joined = np.frombuffer("".join(numbers).encode("ascii"), dtype=np.uint8)
        return uscc_valid(joined.reshape(-1, 18))
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
