"""Subject tags and key epoch digests (docs/format.md section 2)."""

from __future__ import annotations

from creditchain.hashing import keccak256, require_hash
from creditchain.identifiers.subjects import Subject

_PREFIX = b"\x02"


def subject_tag(tag_key: bytes, subject: Subject) -> bytes:
    """An enterprise's pseudonym inside batches, 32 bytes: keccak256(0x02 || tag_key[32] || scheme || 0x00 || number).

    `tag_key` is the 32-byte secret of a key epoch. Never put a tag on chain or into a log.
    """
    require_hash(tag_key, "tag_key")
    return keccak256(
        b"%b%b%b\x00%b" % (_PREFIX, tag_key, subject.scheme.encode("ascii"), subject.number.encode("ascii"))
    )


def epoch_digest(tag_key: bytes) -> bytes:
    """What governors log when the epoch of `tag_key` (32 bytes) opens, 32 bytes: keccak256(0x02 || tag_key[32])."""
    return keccak256(_PREFIX + require_hash(tag_key, "tag_key"))
