"""One entry of a region log as its event carries it, and its leaf hash (docs/format.md section 5). Without numpy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from creditchain.hashing import keccak256, require_hash
from creditchain.log.entries import ENTRY_VERSION

ADDRESS_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class AppendedEntry:
    """An entry with its body and its writes as bytes. ValueError for a writer of another length."""

    index: int
    kind: int
    writer: bytes  #: address, 20 bytes
    time: int  #: unix seconds
    body: bytes = field(repr=False)
    writes: bytes = field(repr=False)  #: 96 bytes for each write, see `cells.parse_writes`

    def __post_init__(self) -> None:
        if len(self.writer) != ADDRESS_BYTES:
            raise ValueError(f"writer must be {ADDRESS_BYTES} bytes, not {len(self.writer)}")

    def hash(self, log_id: bytes) -> bytes:
        """Its leaf hash in the tree of the log with this id, 32 bytes."""
        words = (
            _word(ENTRY_VERSION),
            _word(self.kind),
            require_hash(log_id, "log_id"),
            _word(self.index),
            self.writer.rjust(32, b"\x00"),
            _word(self.time),
            keccak256(self.body),
            keccak256(self.writes),
        )
        return keccak256(b"\x00" + b"".join(words))


def _word(number: int) -> bytes:
    return number.to_bytes(32)
