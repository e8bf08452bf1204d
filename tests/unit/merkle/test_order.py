"""The order of leaves, against Python's own sort of the 65-byte keys."""

from __future__ import annotations

import numpy as np
import pytest

from creditchain.merkle import order
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import Rows

RANDOM = np.random.default_rng(3)


def leaves(count: int, values: int) -> tuple[Rows, Rows, Rows]:
    """Random leaves out of few byte values, so that ties, zero bytes and equal prefixes are common."""

    def rows(width: int) -> Rows:
        return RANDOM.integers(0, values, (count, width), dtype=np.uint8)

    tags, commitments = rows(32), rows(32)
    tags[:, 3:31] = 0
    commitments[:, 1:31] = 255
    return tags, RANDOM.integers(0, 7, count, dtype=np.uint8), commitments


def expected(tags: Rows, sections: Rows, commitments: Rows) -> list[int]:
    parts = zip(tags, sections, commitments, strict=True)
    keys = [tag.tobytes() + bytes([section]) + commitment.tobytes() for tag, section, commitment in parts]
    return sorted(range(len(keys)), key=keys.__getitem__)


@pytest.mark.parametrize("values", [1, 2, 3, 256])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50, 1000])
def test_small(count: int, values: int) -> None:
    made = leaves(count, values)
    assert leaf_order(*made).tolist() == expected(*made)


@pytest.mark.parametrize("threads", [0, 1, 2])
@pytest.mark.parametrize("values", [1, 2, 256])
def test_in_buckets(values: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "BUCKET", 100)
    made = leaves(3000, values)
    assert leaf_order(*made, threads=threads).tolist() == expected(*made)


def test_sections_are_compared_as_unsigned_bytes() -> None:
    same = np.zeros((4, 32), np.uint8)
    assert leaf_order(same, np.array([128, 0, 255, 127], np.uint8), same).tolist() == [1, 3, 0, 2]


def test_arrays_that_do_not_fit_are_refused() -> None:
    three, two = np.zeros((3, 32), np.uint8), np.zeros((2, 32), np.uint8)
    with pytest.raises(ValueError, match="expected"):
        leaf_order(three, np.zeros(3, np.uint8), two)
    with pytest.raises(ValueError, match="expected"):
        leaf_order(three, np.zeros(2, np.uint8), three)
