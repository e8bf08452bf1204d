"""The items of a Queries entry: what the log says of each metered delivery (docs/format.md section 5). Pure."""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from typing import Final

#: institution, provider, via, nonce (its upper 2 and lower 4 bytes), domains, deliveredAt (upper 1 and lower 4 bytes),
#: meterWithin, sections, purpose, flags; then six hashes.
_LAYOUT: Final = struct.Struct(">IIIHIIBIHBBB32s32s32s32s32s32s")

#: Bytes of an item.
ITEM_BYTES: Final = _LAYOUT.size

#: Nonces in one cell of space NONCE.
NONCES_A_CELL: Final = 200


@dataclass(frozen=True, slots=True)
class QueryItem:
    """A metered delivery. Hashes have 32 bytes, times are unix seconds. ValueError if a value does not fit."""

    institution: int
    provider: int
    via: int  #: node of the broker; 0 for none
    nonce: int
    domains: int  #: bit set
    delivered_at: int
    meter_within: int  #: seconds after `delivered_at`
    sections: int  #: bit set
    purpose: int
    flags: int  #: MeterFlag
    request: bytes  #: struct hash of the request
    receipt: bytes  #: struct hash of the receipt
    report: bytes  #: commitment to the report
    consent: bytes  #: id of the consent; zeros for none
    product: bytes
    terms: bytes  #: digest of the provider's price list; zeros for none

    @property
    def meter_by(self) -> int:
        """Until when the provider promised to meter, unix seconds."""
        return self.delivered_at + self.meter_within

    def encode(self) -> bytes:
        """The item as it stands in the body."""
        institution, provider, via, nonce, domains, delivered_at, *rest = astuple(self)
        numbers = (nonce >> 32, nonce & 0xFFFFFFFF, domains, delivered_at >> 32, delivered_at & 0xFFFFFFFF)
        try:
            return _LAYOUT.pack(institution, provider, via, *numbers, *rest)
        except struct.error as error:
            raise ValueError("a value does not fit into an item") from error

    @classmethod
    def parse(cls, data: bytes) -> QueryItem:
        """What `encode` gave. ValueError for another length."""
        if len(data) != ITEM_BYTES:
            raise ValueError(f"an item has {ITEM_BYTES} bytes, not {len(data)}")
        institution, provider, via, high, low, domains, early, late, *rest = _LAYOUT.unpack(data)
        return cls(institution, provider, via, high << 32 | low, domains, early << 32 | late, *rest)


def nonce_cell(institution: int, provider: int, nonce: int) -> tuple[int, int]:
    """The id of the cell in space NONCE that holds a nonce, and the number of its bit."""
    return institution << 80 | provider << 48 | nonce // NONCES_A_CELL, nonce % NONCES_A_CELL
