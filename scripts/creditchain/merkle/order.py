"""The order of leaves in a batch tree: ascending by (tag, section, commitment), compared as 65 bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from creditchain.merkle.rows import Rows, available_cores, check_bytes, check_rows

Positions = npt.NDArray[np.int64]

BUCKET = 65_536  #: leaves sorted at a time: their keys fit into a core's cache


def leaf_order(tags: Rows, sections: Rows, commitments: Rows, *, threads: int = 0) -> Positions:
    """Positions of the leaves in ascending order; equal leaves keep their order.

    `tags` and `commitments` are uint8 (n, 32), `sections` uint8 (n,); the result is int64 (n,). Tags are digests, so
    their first two bytes cut the leaves into buckets of about one size; `threads` sort those (0: all cores).
    """
    check_rows(tags, 32)
    check_rows(commitments, 32, rows=len(tags))
    check_bytes(sections, size=len(tags))

    def ordered(bucket: Positions) -> Positions:
        keys = np.empty((len(bucket), 65), np.uint8)
        keys[:, :32], keys[:, 32], keys[:, 33:] = tags[bucket], sections[bucket], commitments[bucket]
        return bucket[np.argsort(keys.view("S65").ravel(), kind="stable")]

    buckets = _buckets(tags)
    if len(buckets) == 1:
        return ordered(buckets[0])
    with ThreadPoolExecutor(min(threads or available_cores(), len(buckets))) as pool:  # numpy sorts without the GIL
        return np.concatenate(list(pool.map(ordered, buckets)))


def _buckets(tags: Rows) -> list[Positions]:
    """Positions in ascending order of the first two bytes of the tags, cut where those differ."""
    if len(tags) <= BUCKET:
        return [np.arange(len(tags), dtype=np.int64)]
    leading = tags[:, 0].astype(np.uint16) << 8 | tags[:, 1]
    ends = np.cumsum(np.bincount(leading, minlength=1 << 16))
    wanted = np.searchsorted(ends, np.arange(BUCKET, len(tags), BUCKET))
    cuts = np.unique([0, *ends[wanted].tolist(), len(tags)]).tolist()
    positions = np.argsort(leading, kind="stable")
    return [positions[start:stop] for start, stop in pairwise(cuts)]
