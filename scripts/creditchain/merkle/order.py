"""Sort leaves in the order of a batch tree: ascending by (tag, section, commitment), compared as 65 bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from creditchain.merkle import lanes
from creditchain.merkle.rows import Places, Rows, available_cores, check_leaves

BUCKET = 65_536  #: leaves that are sorted at a time; their keys fit into a core's cache


def leaf_order(tags: Rows, sections: Rows, commitments: Rows, *, threads: int = 0) -> Places:
    """Places of the leaves in ascending order; equal leaves keep their order.

    `tags` and `commitments` are uint8 (n, 32), `sections` uint8 (n,); the result is int64 (n,). Tags are digests, so
    their first two bytes cut the leaves into buckets of about equal size, which `threads` threads sort (0: all cores).
    """
    check_leaves(tags, sections, commitments)
    if len(tags) <= BUCKET or threads == 1:
        return lanes.leaf_order(tags, sections, commitments)

    def ordered(bucket: Places) -> Places:
        return bucket[lanes.leaf_order(tags[bucket], sections[bucket], commitments[bucket])]

    buckets = _buckets(tags)
    with ThreadPoolExecutor(min(threads or available_cores(), len(buckets))) as pool:  # sorting needs no GIL
        return np.concatenate(list(pool.map(ordered, buckets)))


def _buckets(tags: Rows) -> list[Places]:
    """Places of the leaves, ordered by the first two bytes of their tags and cut between different values of these."""
    leading = tags[:, 0].astype(np.uint16) << 8 | tags[:, 1]
    ends = np.cumsum(np.bincount(leading, minlength=1 << 16))
    wanted = np.searchsorted(ends, np.arange(BUCKET, len(tags), BUCKET))
    cuts = np.unique([0, *ends[wanted].tolist(), len(tags)]).tolist()
    positions = np.argsort(leading, kind="stable")
    return [positions[start:stop] for start, stop in pairwise(cuts)]
