"""The one hash of the project: keccak-256 with the original Keccak padding (0x01), as the EVM has it. Not SHA3-256."""

from __future__ import annotations

from sha3 import keccak_256

#: Name that a digest carries wherever it leaves the chain in a file.
HASH_NAME = "keccak-256"

#: Length of a digest in bytes.
HASH_BYTES = 32


def keccak256(data: bytes) -> bytes:
    """keccak-256 of `data` (any length), 32 bytes."""
    digest: bytes = keccak_256(data).digest()
    return digest


def require_hash(value: bytes, name: str) -> bytes:
    """`value` if it is 32 bytes; ValueError (a programming error) names what it should have been, never its content."""
    if len(value) != HASH_BYTES:
        raise ValueError(f"{name} must be {HASH_BYTES} bytes, not {len(value)}")
    return value
