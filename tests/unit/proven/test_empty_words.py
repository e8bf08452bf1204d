"""A slot whose leaf holds the empty string is zero: Anvil has such leaves of slots that were read and never written."""

from __future__ import annotations

import pytest
import rlp

from creditchain.hashing import keccak256
from creditchain.proven.accounts import Account, StorageProof, proven_word
from creditchain.proven.errors import StateProofError

SLOT = bytes(31) + b"\x07"


def shown(value: bytes, word: bytes = bytes(32)) -> bytes:
    """The word of a slot in a trie of one leaf with this value."""
    leaf = rlp.encode([b"\x20" + keccak256(SLOT), value])
    return proven_word(StorageProof(SLOT, word, (leaf,)), SLOT, Account(0, 0, keccak256(leaf), bytes(32)))


def test_an_empty_value_is_zero() -> None:
    assert shown(b"\x80") == bytes(32)


def test_it_is_no_other_word() -> None:
    with pytest.raises(StateProofError, match="another word"):
        shown(b"\x80", bytes(31) + b"\x01")


def test_a_word_with_a_leading_zero_is_none() -> None:
    with pytest.raises(StateProofError, match="other bytes than a word"):
        shown(rlp.encode(b"\x00"))
