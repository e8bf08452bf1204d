"""The cells of a record: its life, its disputes, and the answers to them (docs/format.md section 5). Pure."""

from __future__ import annotations

from functools import lru_cache

from creditchain.hashing import keccak256, require_hash
from creditchain.log.cells import ENTRY_BYTES, NO_WORD, cell_key, entry_of
from creditchain.log.views import RecordState
from creditchain.vocabulary import DisputeState, Space


def life_key(node: int, leaf: bytes) -> bytes:
    """The key of the cell that holds a record's life, 32 bytes. `leaf`: its leaf hash."""
    return cell_key(Space.RECORD, _record_id(node, leaf))


def disputes_key(node: int, leaf: bytes) -> bytes:
    """The key of the cell that counts a record's disputes, 32 bytes."""
    return cell_key(Space.DISPUTE, _record_id(node, leaf))


def answer_key(node: int, leaf: bytes, filing: int) -> bytes:
    """The key of the cell that holds the answer to a filing, 32 bytes. `filing`: its number, from 1."""
    return cell_key(Space.DISPUTE, _hashed(node.to_bytes(32) + require_hash(leaf, "leaf") + filing.to_bytes(32)))


def record_state(node: int, leaf: bytes, life_word: bytes, disputes_word: bytes) -> RecordState:
    """What the words of both cells say. Zero words are those of a live record that was never disputed."""
    if life_word == NO_WORD and disputes_word == NO_WORD:  # nearly all
        return RecordState(node, leaf)
    life, disputes = _value(life_word), _value(disputes_word)
    return RecordState(
        node=node,
        leaf=leaf,
        life=life & 3,
        life_at=_bits(life, 2, 40),
        entry=entry_of(life_word),
        open=_bits(disputes, 0, 32),
        filings=_bits(disputes, 32, 32),
        last=_bits(disputes, 64, 40),
        filed_at=_bits(disputes, 104, 40),
        outcome=_bits(disputes, 144, 3),
        answered_at=_bits(disputes, 147, 40),
    )


def answer_of(word: bytes) -> tuple[DisputeState, int]:
    """What an answer's cell says, and when it was given (unix seconds); `OPEN` and 0 while there is no answer."""
    value = _value(word)
    return (DisputeState(value & 7), _bits(value, 3, 40)) if value else (DisputeState.OPEN, 0)


@lru_cache(maxsize=1 << 12)
def _record_id(node: int, leaf: bytes) -> int:
    return _hashed(node.to_bytes(32) + require_hash(leaf, "leaf"))


def _hashed(words: bytes) -> int:
    """The id of a cell whose members are these words, as ABI encoding has them: a report needs hundreds of such."""
    return int.from_bytes(keccak256(words)[1:])


def _value(word: bytes) -> int:
    return int.from_bytes(word[:-ENTRY_BYTES])


def _bits(value: int, first: int, count: int) -> int:
    return value >> first & (1 << count) - 1
