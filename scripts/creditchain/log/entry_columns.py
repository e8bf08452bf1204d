"""Many entries of a region log as columns, and their leaf hashes (docs/format.md section 5).

Column by column, a million entries are hashed and replayed in a second or two; one by one it takes half a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

from creditchain.hashing import require_hash
from creditchain.log.appended import ADDRESS_BYTES, AppendedEntry
from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entries import ENTRY_VERSION
from creditchain.merkle import lanes
from creditchain.merkle.rows import Offsets, Rows, check_bytes, check_pieces, check_rows

Numbers = npt.NDArray[np.uint64]

#: Entries hashed at a time, so that their encodings (257 bytes each) take little memory.
HASHED_AT_ONCE: Final = 1 << 16
#: 0x00 and eight words: version, kind, log id, index, writer, time, hash of the body, hash of the writes.
ENCODED_BYTES: Final = 1 + 8 * 32


@dataclass(frozen=True, slots=True, eq=False)
class EntryColumns:
    """Entries in the order of the log; all of n rows. ValueError for other shapes.

    `body_ends` and `write_ends` have n + 1 ascending numbers; the first need not be 0. Entry i has the bytes
    `bodies[body_ends[i]:body_ends[i + 1]]` as its body, and the rows of `writes` likewise.
    """

    indices: Numbers
    kinds: Rows  #: (n,)
    writers: Rows  #: addresses, (n, 20)
    times: Numbers  #: unix seconds
    bodies: Rows  #: all bodies, one after another
    body_ends: Offsets
    writes: Rows  #: (m, 96): key, old word, new word
    write_ends: Offsets

    def __post_init__(self) -> None:
        count = len(self.indices)
        check_bytes(self.kinds, size=count)
        check_rows(self.writers, ADDRESS_BYTES, rows=count)
        check_rows(self.writes, WRITE_BYTES)
        check_pieces(self.bodies, self.body_ends)
        check_pieces(self.writes.reshape(-1), self.write_ends)
        for numbers in (self.indices, self.times):
            if numbers.dtype != np.uint64 or numbers.shape != (count,):
                raise ValueError(f"expected uint64 of shape ({count},), found {numbers.dtype} {numbers.shape}")
        if not len(self.body_ends) == len(self.write_ends) == count + 1 or self.write_ends[-1] > len(self.writes):
            raise ValueError(f"expected {count + 1} ends of bodies and of writes, within them")

    @classmethod
    def of(cls, entries: Sequence[AppendedEntry]) -> EntryColumns:
        """Columns of these entries. ValueError if the writes of one are no multiple of 96 bytes."""
        if any(len(entry.writes) % WRITE_BYTES for entry in entries):
            raise ValueError(f"expected writes of {WRITE_BYTES} bytes each")
        return cls(
            indices=np.array([entry.index for entry in entries], np.uint64),
            kinds=np.array([entry.kind for entry in entries], np.uint8),
            writers=_joined(entry.writer for entry in entries).reshape(-1, ADDRESS_BYTES),
            times=np.array([entry.time for entry in entries], np.uint64),
            bodies=_joined(entry.body for entry in entries),
            body_ends=_ends(len(entry.body) for entry in entries),
            writes=_joined(entry.writes for entry in entries).reshape(-1, WRITE_BYTES),
            write_ends=_ends(len(entry.writes) // WRITE_BYTES for entry in entries),
        )

    def __len__(self) -> int:
        return len(self.indices)

    def entry(self, place: int) -> AppendedEntry:
        """One entry, by its place in these columns."""
        return AppendedEntry(
            index=int(self.indices[place]),
            kind=int(self.kinds[place]),
            writer=self.writers[place].tobytes(),
            time=int(self.times[place]),
            body=self.bodies[self.body_ends[place] : self.body_ends[place + 1]].tobytes(),
            writes=self.writes[self.write_ends[place] : self.write_ends[place + 1]].tobytes(),
        )

    def part(self, start: int, stop: int) -> EntryColumns:
        """Entries `start` to `stop`, by their place in these columns. Shares the memory."""
        ends = slice(start, stop + 1)
        return EntryColumns(
            indices=self.indices[start:stop],
            kinds=self.kinds[start:stop],
            writers=self.writers[start:stop],
            times=self.times[start:stop],
            bodies=self.bodies,
            body_ends=self.body_ends[ends],
            writes=self.writes,
            write_ends=self.write_ends[ends],
        )

    def own_writes(self) -> tuple[Rows, Numbers]:
        """The rows of `writes` that belong to these entries, and the index of the entry of each."""
        rows = self.writes[self.write_ends[0] : self.write_ends[-1]]
        return rows, np.repeat(self.indices, np.diff(self.write_ends))


def entry_hashes(entries: EntryColumns, log_id: bytes, *, threads: int = 0) -> Rows:
    """The leaf hash of each entry in the log's tree (n, 32)."""
    require_hash(log_id, "log_id")
    hashes = np.empty((len(entries), 32), np.uint8)
    for start in range(0, len(entries), HASHED_AT_ONCE):
        stop = min(start + HASHED_AT_ONCE, len(entries))
        encoded = _encoded(entries.part(start, stop), log_id, threads)
        hashes[start:stop] = lanes.keccak_rows(encoded, threads=threads)
    return hashes


def big_endian(numbers: Numbers) -> Rows:
    """uint64 numbers (n,) as rows of eight bytes, the most significant first."""
    return numbers.astype(">u8").view(np.uint8).reshape(-1, 8)


def _joined(pieces: Iterable[bytes]) -> Rows:
    return np.frombuffer(b"".join(pieces), np.uint8)


def _ends(lengths: Iterable[int]) -> Offsets:
    return np.array([*accumulate(lengths, initial=0)], np.int64)


def _encoded(entries: EntryColumns, log_id: bytes, threads: int) -> Rows:
    """What is hashed of each entry (n, 257): 0x00 and the ABI encoding, in which numbers stand right, padded with 0."""
    encoded = np.zeros((len(entries), ENCODED_BYTES), np.uint8)
    encoded[:, 32] = ENTRY_VERSION
    encoded[:, 64] = entries.kinds
    encoded[:, 65:97] = np.frombuffer(log_id, np.uint8)
    encoded[:, 121:129] = big_endian(entries.indices)
    encoded[:, 141:161] = entries.writers
    encoded[:, 185:193] = big_endian(entries.times)
    encoded[:, 193:225] = lanes.keccak_ragged(entries.bodies, entries.body_ends, threads=threads)
    writes = entries.writes.reshape(-1)
    encoded[:, 225:257] = lanes.keccak_ragged(writes, WRITE_BYTES * entries.write_ends, threads=threads)
    return encoded
