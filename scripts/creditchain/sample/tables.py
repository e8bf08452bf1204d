"""Texts as rows of bytes with NUL after shorter ones, and numbers as rows of digits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from creditchain.sample.population import Integers

Bytes = npt.NDArray[np.uint8]

_POWERS = np.array([10**n for n in range(19)], np.int64)


def padded(texts: Sequence[bytes]) -> Bytes:
    """Texts as rows of bytes, padded with NUL to the longest."""
    return np.array(list(texts), dtype=f"S{max(1, *map(len, texts))}").view(np.uint8).reshape(len(texts), -1)


def decimal_rows(values: Integers, width: int, *, zeros: bool = False) -> Bytes:
    """Non-negative numbers as right-aligned decimal digits (n, width); leading zeros are NUL, or "0" with `zeros`."""
    out = np.empty((len(values), width), np.uint8)
    rest = values
    for column in range(width - 1, -1, -1):
        quotient = rest // 10
        out[:, column] = rest - quotient * 10 + ord("0")
        rest = quotient
    if not zeros:
        for column in range(width - 1):
            out[values < _POWERS[width - 1 - column], column] = 0
    return out
