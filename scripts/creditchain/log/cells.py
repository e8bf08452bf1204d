"""Cells of the region log: keys, words, and the writes of an entry (docs/format.md section 5). Pure, without numpy.

A cell is one word of the region's state:

    key  = space[1] || id[31]
    word = value[25] || entry[7]        entry: index of the log entry that last wrote the cell

A cell that was never written is the zero word. Entry 0 writes no cell, so a written word is never zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from creditchain.errors import InputError
from creditchain.hashing import keccak256

KEY_BYTES: Final = 32
WORD_BYTES: Final = 32
ENTRY_BYTES: Final = 7  #: of a word, its last ones
WRITE_BYTES: Final = 2 * WORD_BYTES + KEY_BYTES  #: key, old word, new word

MAX_SPACE: Final = 2**8 - 1
MAX_ID: Final = 2**248 - 1
MAX_VALUE: Final = 2**200 - 1
MAX_ENTRY: Final = 2**56 - 1

#: The word of a cell that was never written.
NO_WORD: Final = bytes(WORD_BYTES)

_LEAF: Final = b"\x07"


class CellError(InputError):
    """A key, a word or the writes of an entry are not what docs/format.md section 5 says."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A written cell. CellError for other lengths, or for a word that names no entry."""

    key: bytes  #: 32 bytes
    word: bytes  #: 32 bytes

    def __post_init__(self) -> None:
        _require_length(self.key, KEY_BYTES, "key")
        _require_length(self.word, WORD_BYTES, "word")
        if self.entry == 0:
            raise CellError("the word names no entry that wrote it", expected="an entry from 1", found="0")

    @property
    def space(self) -> int:
        """Number of its space, 0 to 255."""
        return self.key[0]

    @property
    def id(self) -> int:
        """Its number within the space, below 2^248."""
        return int.from_bytes(self.key[1:])

    @property
    def value(self) -> int:
        """What the word holds, below 2^200."""
        return int.from_bytes(self.word[:-ENTRY_BYTES])

    @property
    def entry(self) -> int:
        """Index of the log entry that last wrote the cell."""
        return entry_of(self.word)

    def hash(self) -> bytes:
        """Its leaf hash in the state tree, 32 bytes: keccak256(0x07 || key[32] || word[32])."""
        return keccak256(_LEAF + self.key + self.word)


@dataclass(frozen=True, slots=True)
class CellWrite:
    """One write of an entry: the cell's word before it and after it. CellError for other lengths."""

    key: bytes  #: 32 bytes
    old: bytes  #: 32 bytes; zero if the cell was never written before
    new: bytes  #: 32 bytes

    def __post_init__(self) -> None:
        _require_length(self.key, KEY_BYTES, "key")
        _require_length(self.old, WORD_BYTES, "old word")
        _require_length(self.new, WORD_BYTES, "new word")

    def pack(self) -> bytes:
        """The 96 bytes key || old || new."""
        return self.key + self.old + self.new


@lru_cache(maxsize=1 << 14)
def cell_key(space: int, id: int) -> bytes:
    """The key of a cell, 32 bytes. CellError unless `space` is below 2^8 and `id` below 2^248."""
    _require_range(space, MAX_SPACE, "space")
    _require_range(id, MAX_ID, "id")
    return bytes([space]) + id.to_bytes(KEY_BYTES - 1)


def cell_word(value: int, entry: int) -> bytes:
    """The word that entry `entry` leaves in a cell, 32 bytes. CellError unless value < 2^200 and 1 ≤ entry < 2^56."""
    _require_range(value, MAX_VALUE, "value")
    _require_range(entry, MAX_ENTRY, "entry", least=1)
    return value.to_bytes(WORD_BYTES - ENTRY_BYTES) + entry.to_bytes(ENTRY_BYTES)


def entry_of(word: bytes) -> int:
    """Index of the entry that wrote this word; 0 for the word of a cell that was never written."""
    return int.from_bytes(word[-ENTRY_BYTES:])


def pack_writes(writes: Iterable[CellWrite]) -> bytes:
    """The writes of one entry as its event carries them: 96 bytes each, in order."""
    return b"".join(write.pack() for write in writes)


def parse_writes(data: bytes, entry: int) -> tuple[CellWrite, ...]:
    """The writes of the entry with index `entry`, from what `pack_writes` made.

    Checks all that can be checked without the state before: the length, that each new word names this entry and each
    old word an earlier one, and that no key comes twice. Raises CellError.
    """
    if len(data) % WRITE_BYTES:
        expected = f"a multiple of {WRITE_BYTES} bytes"
        raise CellError("the writes have a wrong length", expected=expected, found=f"{len(data)} bytes")
    if data and entry == 0:
        raise CellError("entry 0 writes cells", expected="no writes", found=f"{len(data) // WRITE_BYTES}")
    writes = tuple(
        CellWrite(data[at : at + 32], data[at + 32 : at + 64], data[at + 64 : at + 96])
        for at in range(0, len(data), WRITE_BYTES)
    )
    for write in writes:
        _require_words(write, entry)
    _require_no_repeat(writes)
    return writes


def write_of(data: bytes, entry: int, key: bytes) -> CellWrite | None:
    """The write of one cell (key of 32 bytes) among those of an entry, as `parse_writes` would give it; None: no such.

    The other writes are not looked at: an entry of the ledger has hundreds. Raises CellError for this one's words.
    """
    at = data.find(key)
    while at >= 0 and at % WRITE_BYTES:  # the same bytes, but not where a key stands
        at = data.find(key, at + 1)
    if at < 0:
        return None
    write = CellWrite(data[at : at + 32], data[at + 32 : at + 64], data[at + 64 : at + 96])
    _require_words(write, entry)
    return write


def writes_hash(data: bytes) -> bytes:
    """The `writesHash` of an entry, 32 bytes: keccak256 of its packed writes; keccak256("") if it wrote nothing."""
    return keccak256(data)


def _require_words(write: CellWrite, entry: int) -> None:
    if entry_of(write.new) != entry:
        found = str(entry_of(write.new))
        raise CellError("the new word names another entry", expected=str(entry), found=found)
    # A word whose entry is 0 but whose value is not was never written by anybody.
    if write.old != NO_WORD and not 0 < entry_of(write.old) < entry:
        expected = f"the zero word, or an entry from 1 to {entry - 1}"
        raise CellError("the old word names no earlier entry", expected=expected, found=str(entry_of(write.old)))


def _require_no_repeat(writes: tuple[CellWrite, ...]) -> None:
    seen = set[bytes]()
    for write in writes:
        if write.key in seen:
            found = f"cell 0x{write.key.hex()} twice"
            raise CellError("an entry writes a cell twice", expected="each cell once", found=found)
        seen.add(write.key)


def _require_length(value: bytes, length: int, name: str) -> None:
    if len(value) != length:
        raise CellError(f"the {name} has a wrong length", expected=f"{length} bytes", found=f"{len(value)} bytes")


def _require_range(value: int, most: int, name: str, *, least: int = 0) -> None:
    if not least <= value <= most:
        expected = f"{least} to 2^{most.bit_length()} - 1"
        raise CellError(f"the {name} is out of range", expected=expected, found=str(value))
