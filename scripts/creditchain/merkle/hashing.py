"""Hash of an inner node and root of the empty tree (RFC 9162 section 2.1.1, with keccak-256 for SHA-256)."""

from __future__ import annotations

from typing import Final

from creditchain.hashing import keccak256

#: Root of the tree that has no leaves.
EMPTY_ROOT: Final = keccak256(b"")

#: A path holds at most one hash for each level, and sizes are uint64 (docs/format.md section 4).
MAX_PATH: Final = 64
MAX_SIZE: Final = 2**64 - 1


def node_hash(left: bytes, right: bytes) -> bytes:
    """An inner node, 32 bytes: keccak256(0x01 || left[32] || right[32])."""
    return keccak256(b"\x01" + left + right)


def well_formed_path(path: object) -> bool:
    """Whether `path` is a list or tuple of at most 64 hashes of 32 bytes."""
    return (
        isinstance(path, list | tuple)
        and len(path) <= MAX_PATH
        and all(isinstance(item, bytes) and len(item) == 32 for item in path)
    )
