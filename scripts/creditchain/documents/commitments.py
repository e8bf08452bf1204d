"""Salts, commitments and leaf hashes (docs/format.md section 3)."""

from __future__ import annotations

import re

from creditchain.documents.errors import DocumentError
from creditchain.hashing import HASH_BYTES, keccak256, require_hash

JSON_MEDIA_TYPE = "application/json"

# RFC 6838 section 4.2, lower case, no parameters: one type, one spelling.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}", re.ASCII)


def require_media_type(text: str) -> str:
    """`text` if it is a media type as the format wants it: `type/subtype`, lower case, no parameters (RFC 6838 4.2).

    Raises DocumentError.
    """
    if not _MEDIA_TYPE.fullmatch(text):
        raise DocumentError(
            "the media type is not well formed", expected="type/subtype in lower case, without parameters"
        )
    return text


def salt(batch_secret: bytes, tag: bytes, document_bytes: bytes) -> bytes:
    """The salt of one document, 32 bytes: keccak256(0x04 || batch_secret[32] || tag[32] || keccak256(document)[32]).

    `batch_secret` is 32 random bytes of one batch. Two documents of one batch share a salt only if they are the same
    bytes about the same subject.
    """
    require_hash(batch_secret, "batch_secret")
    require_hash(tag, "tag")
    return keccak256(b"\x04" + batch_secret + tag + keccak256(document_bytes))


def commitment(salt: bytes, media_type: str, document_bytes: bytes) -> bytes:
    """What a leaf says about a document, 32 bytes: keccak256(0x03 || salt[32] || media_type || 0x00 || document).

    Raises DocumentError if `media_type` is not well formed.
    """
    require_hash(salt, "salt")
    return keccak256(b"\x03%b%b\x00%b" % (salt, require_media_type(media_type).encode("ascii"), document_bytes))


def leaf_key(tag: bytes, section: int, product: int, commitment: bytes) -> bytes:
    """The content of a leaf, by which leaves are ordered: tag[32] || section[1] || product[4] || commitment[32].

    `section` is the section's byte, 0 to 255; `product` the product's number, below 2^32 (big-endian).
    """
    if len(tag) != HASH_BYTES or len(commitment) != HASH_BYTES:  # asked once, since proofs hash many leaves
        require_hash(tag, "tag")
        require_hash(commitment, "commitment")
    return b"%b%c%b%b" % (tag, section, product.to_bytes(4, "big"), commitment)


def leaf_hash(tag: bytes, section: int, product: int, commitment: bytes) -> bytes:
    """The identity of a document in a batch, 32 bytes: keccak256(0x00 || leaf_key[69])."""
    return keccak256(b"\x00" + leaf_key(tag, section, product, commitment))
