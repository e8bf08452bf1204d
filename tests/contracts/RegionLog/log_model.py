"""What `RegionLog.append` has to do, written from docs/format.md and not from the contract."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import reference

ALL = 2**200 - 1
SPACES = 24
AFTER_SEAL = {9}  # Revocation
Writes = tuple[tuple[int, int], ...]


class Refused(Exception):  # noqa: N818 - an outcome, not a fault
    """The log refuses: the revert data."""

    def __init__(self, signature: str, *values: int) -> None:
        super().__init__(signature, *(hex(value) for value in values))
        self.data = reference.keccak(signature.encode())[:4] + b"".join(value.to_bytes(32, "big") for value in values)


@dataclass(frozen=True)
class Rights:
    """What a writer may do: kinds of entries, and the bits of each space."""

    kinds: frozenset[int]
    bits: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """A log as it is. `rights` by the writer's address; a writer without kinds is none."""

    log_id: bytes
    time: int
    rights: dict[int, Rights]
    sealed_at: int
    size: int
    peaks: tuple[bytes, ...]
    cells: dict[int, int]

    def append(self, writer: int, kind: int, body: bytes, writes: Writes) -> Log:
        """The log afterwards. Raises Refused with the first reason that applies."""
        rights = self.rights.get(writer)
        if rights is None:
            raise Refused("RegionLogNotWriter(address)", writer)
        if kind not in (rights.kinds & AFTER_SEAL if self.sealed_at else rights.kinds):
            if self.sealed_at:
                raise Refused("RegionLogSealed(uint40)", self.sealed_at)
            raise Refused("RegionLogKind(address,uint8)", writer, kind)
        cells, committed = dict(self.cells), b""
        for place, (key, value) in enumerate(writes):
            allowed = rights.bits.get(key >> 248, 0)
            if not allowed:
                raise Refused("RegionLogSpace(address,uint8)", writer, key >> 248)
            if value > ALL:
                raise Refused("RegionLogValue(uint256,uint256)", key, value)
            if key in [earlier for earlier, _ in writes[:place]]:
                raise Refused("RegionLogWrittenTwice(uint256)", key)
            old = cells.get(key, 0)
            changed = (old >> 56) ^ value
            if changed & ~allowed:
                raise Refused("RegionLogBits(uint256,uint200,uint200)", key, allowed, changed)
            cells[key] = value << 56 | self.size
            committed += b"".join(word.to_bytes(32, "big") for word in (key, old, cells[key]))
        entry = self.entry(writer, kind, body, committed)
        return replace(self, size=self.size + 1, peaks=grown(self.peaks, self.size, entry), cells=cells)

    def entry(self, writer: int, kind: int, body: bytes, committed: bytes) -> bytes:
        """The hash of an entry that this writer would append."""
        words = (1, kind, int.from_bytes(self.log_id, "big"), self.size, writer, self.time)
        hashes = (reference.keccak(body), reference.keccak(committed))
        return reference.keccak(b"\x00", *(word.to_bytes(32, "big") for word in words), *hashes)

    @property
    def root(self) -> bytes:
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = reference.keccak(b"\x01", peak, found)
        return found


def grown(peaks: tuple[bytes, ...], size: int, leaf: bytes) -> tuple[bytes, ...]:
    """The roots of the perfect subtrees after a leaf came to `size` leaves: two of one height become one."""
    heights = [height for height in range(64, -1, -1) if size >> height & 1]
    found, height = [*peaks], 0
    while heights and heights[-1] == height:
        leaf = reference.keccak(b"\x01", found.pop(), leaf)
        height = heights.pop() + 1
    return (*found, leaf)


def perfect(leaves: list[bytes]) -> list[bytes]:
    """Roots of the perfect subtrees of a tree, the largest first."""
    found, rest = [], leaves
    while rest:
        count = 1 << (len(rest).bit_length() - 1)
        found.append(reference.mth(rest[:count]))
        rest = rest[count:]
    return found
