"""Merkle-Patricia proofs (Ethereum yellow paper, appendix D) in the secure form, where keccak256 of a key is the path.

A proof is the list of nodes on the way from the root to the value, or to the place where the value would stand. It is
checked strictly: each node has the hash that the one before it names, and none is left over. So there is one proof of a
fact, and any altered, missing, added or moved node is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import rlp
from rlp.exceptions import RLPException

from creditchain.hashing import keccak256
from creditchain.proven.errors import StateProofError

#: RLP of the empty string: the only node of an empty trie. Its hash is the root of an empty trie.
EMPTY_NODE: Final = b"\x80"
EMPTY_TRIE_ROOT: Final = keccak256(EMPTY_NODE)

_BRANCH, _SHORT = 17, 2


def proven_value(root: bytes, key: bytes, proof: Sequence[bytes], what: str) -> bytes | None:
    """The value (RLP) under `key` in the trie with this root; None if the proof shows that there is none.

    Args:
        root: 32 bytes.
        key: hashed here.
        proof: RLP of each node from the root on. An empty trie has the empty proof, or the one empty node.
        what: the proof's name in errors.
    Raises:
        StateProofError: the proof shows neither.
    """
    if root == EMPTY_TRIE_ROOT:
        if list(proof) not in ([], [EMPTY_NODE]):
            raise _wrong(what, "no nodes, since the trie is empty", f"{len(proof)} nodes")
        return None
    rest, expected = keccak256(key).hex(), root
    for place, encoded in enumerate(proof):
        found = keccak256(encoded)
        if found != expected:
            raise _wrong(f"node {place} of {what}", f"hash 0x{expected.hex()}", f"hash 0x{found.hex()}")
        try:
            step = _through(rlp.decode(encoded), rest)
        except (RLPException, _NotNodeError) as error:
            raise _wrong(f"node {place} of {what}", "a node of a trie", "other bytes") from error
        if not isinstance(step, _Next):
            if place + 1 != len(proof):
                raise _wrong(what, f"{place + 1} nodes", f"{len(proof)} nodes")
            return step
        expected, rest = step.hash, step.rest
    raise _wrong(what, f"a node with hash 0x{expected.hex()}", f"its end after {len(proof)} nodes")


class _NotNodeError(Exception):
    """Bytes with the right hash that are no node of a trie with paths of 64 nibbles."""


@dataclass(frozen=True, slots=True)
class _Next:
    """The walk goes on: the hash of the next node, and the nibbles (hex digits) that are left of the path."""

    hash: bytes
    rest: str


def _through(node: Any, rest: str) -> bytes | _Next | None:
    """Walk through a node, and through those embedded in it: to the value, to None (absent), or to the next node."""
    while True:
        if isinstance(node, bytes) or len(node) not in (_BRANCH, _SHORT):
            raise _NotNodeError
        if len(node) == _BRANCH:
            if not rest:
                raise _NotNodeError
            child, rest = node[int(rest[0], 16)], rest[1:]
            if child == b"":
                return None
        else:
            is_leaf, path = _path(node[0])
            if is_leaf:
                return _leaf_value(node[1]) if path == rest else None
            if not rest.startswith(path):
                return None
            child, rest = node[1], rest[len(path) :]
        if isinstance(child, bytes):
            if len(child) != 32:
                raise _NotNodeError
            return _Next(child, rest)
        node = child  # a node shorter than 32 bytes stands in its parent


def _path(encoded: Any) -> tuple[bool, str]:
    """Whether a node is a leaf, and its nibbles: hex-prefix encoding (appendix C)."""
    digits = encoded.hex() if isinstance(encoded, bytes) else ""
    if not digits or digits[0] not in "0123" or (digits[0] in "02" and digits[1] != "0"):
        raise _NotNodeError
    path = digits[1:] if digits[0] in "13" else digits[2:]
    is_leaf = digits[0] in "23"
    if not is_leaf and not path:
        raise _NotNodeError
    return is_leaf, path


def _leaf_value(value: Any) -> bytes:
    if not isinstance(value, bytes) or not value:
        raise _NotNodeError
    return value


def _wrong(what: str, expected: str, found: str) -> StateProofError:
    return StateProofError(f"{what} does not hold", expected=expected, found=found)
