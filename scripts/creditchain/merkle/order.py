"""The order of leaves in a batch tree: ascending by (tag, section, commitment), compared as 65 bytes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from creditchain.merkle.rows import Rows, check_bytes, check_rows


def leaf_order(tags: Rows, sections: Rows, commitments: Rows) -> npt.NDArray[np.int64]:
    """Positions of the leaves in ascending order; equal leaves keep their order.

    `tags` and `commitments` are uint8 (n, 32), `sections` uint8 (n,); the result is int64 (n,).
    """
    check_rows(tags, 32)
    check_rows(commitments, 32, rows=len(tags))
    check_bytes(sections, size=len(tags))
    keys = np.concatenate([tags, sections[:, None], commitments], axis=1)
    return np.argsort(keys.view("S65").ravel(), kind="stable")
