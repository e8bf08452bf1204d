"""Governed limits of a region, by the cells of its log (docs/format.md section 5)."""

from __future__ import annotations

from typing import Final

from creditchain.chain.region import Region
from creditchain.log.cells import cell_key
from creditchain.log.consent_cells import LIMITS_KEY, delivery_age_in
from creditchain.vocabulary import Space

#: Bytes of the digest of a number that a cell holds.
EXCEPTION_BYTES: Final = 25

_PLACE = 1 << 240


class LimitReads:
    """Limits as of a block; None: the newest."""

    def __init__(self, region: Region, block: int | None = None) -> None:
        self._region = region
        self._block = region.chain.head().number if block is None else block

    def open_domains(self) -> int:
        """Bit set of the domains that can be used without consent now."""
        return self._values(LIMITS_KEY)[0] & 0xFFFFFFFF

    def delivery_age(self) -> int:
        """How old a delivery may be when it is metered, in seconds; 0 while governors set nothing."""
        return delivery_age_in(*self._region.words([LIMITS_KEY], self._block))

    def exceptions(self) -> tuple[bytes, ...]:
        """The first 25 bytes of the digest of each number that is accepted although its check digits are wrong."""
        count = self._values(cell_key(Space.EXCEPTION, 0))[0]
        if not count:
            return ()
        named = self._values(*(cell_key(Space.EXCEPTION, place) for place in range(1, count + 1)))
        states = self._values(*(cell_key(Space.EXCEPTION, _PLACE | one) for one in named))
        return tuple(one.to_bytes(EXCEPTION_BYTES) for one, state in zip(named, states, strict=True) if state & 1)

    def _values(self, *keys: bytes) -> list[int]:
        return [int.from_bytes(word[:25]) for word in self._region.words(keys, self._block)]
