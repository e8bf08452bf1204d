"""Random numbers by position: a draw is a pure function of (seed, label, row), so any part can be made on its own.

splitmix64 (Steele, Lea, Flood 2014), vectorised. Integers only, so every machine draws the same.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def mix(values: Words) -> Words:
    """splitmix64's finaliser over uint64 values of any shape."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Draws:
    """A family of random sequences under one seed: one sequence for each label."""

    seed: int

    def words(self, label: str, positions: Words) -> Words:
        """A uniform uint64 for each position."""
        start = ((self.seed + 1) * _GOLDEN ^ zlib.crc32(label.encode()) * 0xD1B54A32D192ED03) & _MASK
        return mix(positions * np.uint64(_GOLDEN) + mix(np.array([start], np.uint64)))

    def below(self, label: str, positions: Words, bound: int) -> Words:
        """A uniform integer in [0, bound) for each position; `bound` at most 2^32."""
        return ((self.words(label, positions) >> np.uint64(32)) * np.uint64(bound)) >> np.uint64(32)
