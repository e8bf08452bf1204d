"""keccak-256 over many messages, by the fastest engine there is: same functions as `merkle.plain`, same results.

`merkle.kernel` does the work where Numba can be imported, unless CREDITCHAIN_KERNEL=plain. `threads` is the number of
threads to share it over; 0 means all cores of this process.
"""

from __future__ import annotations

from creditchain.merkle.plain import (
    commitments,
    document_digests,
    keccak_ragged,
    keccak_rows,
    leaf_rows,
    levels,
    node_level,
    salts,
    subject_tags,
)

__all__ = [
    "commitments",
    "document_digests",
    "keccak_ragged",
    "keccak_rows",
    "leaf_rows",
    "levels",
    "node_level",
    "salts",
    "subject_tags",
]
