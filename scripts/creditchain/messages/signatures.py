"""Recover who signed a message. Accepts only the canonical form of signatures, as OpenZeppelin's ECDSA does."""

from __future__ import annotations

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from creditchain.errors import NotValidError
from creditchain.messages.typed import TypedMessage

_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141


class SignatureError(NotValidError):
    """A signature is not in canonical form, or not by the key it should be by."""


def require_signature(signature: bytes) -> bytes:
    """`signature` if it is 65 bytes r || s || v with r and s in range, s in the lower half and v 27 or 28.

    The upper half and other spellings of v would give one signature a second form. Raises SignatureError.
    """
    if len(signature) != 65:
        raise SignatureError("the signature has a wrong length", expected="65 bytes", found=f"{len(signature)} bytes")
    r, s, v = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]
    if not 0 < r < _ORDER or s == 0:
        raise SignatureError("the signature is out of range", expected="r from 1 to n-1, s from 1 to n/2")
    if s > _ORDER // 2:
        raise SignatureError("the signature is in its malleable form", expected="s at most n/2")
    if v not in (27, 28):
        raise SignatureError("the signature has a wrong recovery byte", expected="27 or 28", found=str(v))
    return signature


def recover(message: TypedMessage, signature: bytes) -> str:
    """The address, with its EIP-55 checksum, of the key that signed `message`. Raises SignatureError.

    A signature over another message gives another address, not an error: compare, or ask `signed_by`.
    """
    require_signature(signature)
    try:
        parsed = Signature(signature[:64] + bytes([signature[64] - 27]))
        return parsed.recover_public_key_from_msg_hash(message.digest()).to_checksum_address()
    except (BadSignature, ValidationError) as error:
        raise SignatureError("no key can have made the signature") from error


def signed_by(message: TypedMessage, signature: bytes, address: str) -> bool:
    """Whether the key of `address` signed `message`. False also for a signature of a form that is not accepted."""
    try:
        return recover(message, signature) == address
    except SignatureError:
        return False
