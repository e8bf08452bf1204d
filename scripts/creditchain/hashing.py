"""The one hash of the project: keccak-256 with the original Keccak padding (0x01), as the EVM has it. Not SHA3-256."""

from __future__ import annotations

from sha3 import keccak_256

#: Name that a digest carries wherever it leaves the chain in a file.
HASH_NAME = "keccak-256"

#: Length of a digest in bytes.
HASH_BYTES = 32

#: Length of an account in bytes.
ACCOUNT_BYTES = 20


def keccak256(data: bytes) -> bytes:
    """keccak-256 of `data` (any length), 32 bytes."""
    digest: bytes = keccak_256(data).digest()
    return digest


def checksummed(account: bytes) -> str:
    """The address of an account (20 bytes) as 0x and 40 digits, in whose capitals is its checksum (EIP-55).

    ValueError (a programming error) for another length.
    """
    if len(account) != ACCOUNT_BYTES:
        raise ValueError(f"an account has {ACCOUNT_BYTES} bytes, not {len(account)}")
    digits = account.hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join([one.upper() if mark > "7" else one for one, mark in zip(digits, marks, strict=False)])


def require_hash(value: bytes, name: str) -> bytes:
    """`value` if it is 32 bytes; ValueError (a programming error) names what it should have been, never its content."""
    if len(value) != HASH_BYTES:
        raise ValueError(f"{name} must be {HASH_BYTES} bytes, not {len(value)}")
    return value
