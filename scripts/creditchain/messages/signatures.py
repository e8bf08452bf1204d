"""Recover who signed a message. An account's signature has 64 bytes (EIP-2098), and no other form."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from coincurve import PublicKey

from creditchain.errors import NotValidError
from creditchain.hashing import ACCOUNT_BYTES, checksummed, keccak256
from creditchain.messages.typed import TypedMessage

#: Bytes of an account's signature. One of another length is a wallet contract's.
SIGNATURE_BYTES: Final = 64

_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


class SignatureError(NotValidError):
    """A signature is not in canonical form, or not by the key it should be by."""


def compact(signature: bytes) -> bytes:
    """The 64 bytes (EIP-2098) of a signature as wallets give it: 65 bytes r || s || v, v 27 or 28, or 0 or 1.

    Raises SignatureError: it is not in canonical form.
    """
    if len(signature) != 65:
        raise SignatureError("the signature has a wrong length", expected="65 bytes", found=f"{len(signature)} bytes")
    s, v = int.from_bytes(signature[32:64]), signature[64]
    if s > _ORDER // 2:
        raise SignatureError("the signature is in its malleable form", expected="s at most n/2")
    if v not in (0, 1, 27, 28):
        raise SignatureError("the signature has a wrong recovery byte", expected="27 or 28", found=str(v))
    parity = (v - 27 if v > 1 else v) << 255
    return require_signature(signature[:32] + (s | parity).to_bytes(32))


def require_signature(signature: bytes) -> bytes:
    """`signature` if it is 64 bytes r[32] || yParity[1 bit] || s[255 bits] (EIP-2098), r and s in range.

    s in the upper half of the order would give one signature a second form. Raises SignatureError.
    """
    if len(signature) != SIGNATURE_BYTES:
        expected, found = f"{SIGNATURE_BYTES} bytes", f"{len(signature)} bytes"
        raise SignatureError("the signature has a wrong length", expected=expected, found=found)
    r, s, _ = _parts(signature)
    if not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise SignatureError("the signature is out of range", expected="r from 1 to n-1, s from 1 to n/2")
    return signature


def expanded(signature: bytes) -> bytes:
    """The 65 bytes r || s || v, v 27 or 28, of a signature (64 bytes), for contracts that know no other form."""
    r, s, parity = _parts(require_signature(signature))
    return r.to_bytes(32) + s.to_bytes(32) + bytes([27 + parity])


def recover(message: TypedMessage, signature: bytes) -> str:
    """The address, with its EIP-55 checksum, of the key that signed `message`. Raises SignatureError.

    A signature over another message gives another address, not an error: compare, or ask `signed_by`.
    """
    return recover_digest(message.digest(), signature)


@lru_cache(maxsize=1 << 10)
def recover_digest(digest: bytes, signature: bytes) -> str:
    """As `recover`, for what is signed of a message: 32 bytes."""
    r, s, parity = _parts(require_signature(signature))
    whole = r.to_bytes(32) + s.to_bytes(32) + bytes([parity])
    try:
        point = PublicKey.from_signature_and_message(whole, digest, hasher=None).format(compressed=False)
    except ValueError as error:
        raise SignatureError("no key can have made the signature") from error
    return checksummed(keccak256(point[1:])[-ACCOUNT_BYTES:])


def _parts(signature: bytes) -> tuple[int, int, int]:
    """r, s and the parity of y."""
    packed = int.from_bytes(signature[32:])
    return int.from_bytes(signature[:32]), packed & ~(1 << 255), packed >> 255


def signed_by(message: TypedMessage, signature: bytes, address: str) -> bool:
    """Whether the key of `address` signed `message`. False also for a signature of a form that is not accepted."""
    try:
        return recover(message, signature) == address
    except SignatureError:
        return False
