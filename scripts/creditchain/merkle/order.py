"""Sort leaves in the order of a batch tree: ascending by (tag, section, product, commitment), their 69-byte keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from creditchain.merkle import lanes
from creditchain.merkle.rows import KEY_BYTES, Places, Rows, available_cores, check_rows

BUCKET = 65_536  #: leaves that are sorted at a time; their keys fit into a core's cache


def leaf_order(keys: Rows, *, threads: int = 0) -> Places:
    """Places of the leaves in ascending order of their keys (n, 69); equal ones keep their order. Result: int64 (n,).

    Keys begin with digests, so their first two bytes cut the leaves into buckets of about equal size, which `threads`
    threads sort (0: all cores).
    """
    check_rows(keys, KEY_BYTES)
    if len(keys) <= BUCKET or threads == 1:
        return lanes.row_order(keys)

    def ordered(bucket: Places) -> Places:
        return bucket[lanes.row_order(keys[bucket])]

    buckets = _buckets(keys)
    with ThreadPoolExecutor(min(threads or available_cores(), len(buckets))) as pool:  # sorting needs no GIL
        return np.concatenate(list(pool.map(ordered, buckets)))


def _buckets(keys: Rows) -> list[Places]:
    """Places of the leaves, ordered by the first two bytes of their tags and cut between different values of these."""
    leading = keys[:, 0].astype(np.uint16) << 8 | keys[:, 1]
    ends = np.cumsum(np.bincount(leading, minlength=1 << 16))
    wanted = np.searchsorted(ends, np.arange(BUCKET, len(keys), BUCKET))
    cuts = np.unique([0, *ends[wanted].tolist(), len(keys)]).tolist()
    positions = np.argsort(leading, kind="stable")
    return [positions[start:stop] for start, stop in pairwise(cuts)]
