"""The order of leaves, against Python's own sort of the 69-byte keys."""

from __future__ import annotations

import numpy as np
import pytest

from creditchain.merkle import order
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import Rows, leaf_keys

RANDOM = np.random.default_rng(3)


def keys_of(count: int, values: int) -> Rows:
    """Random leaves out of few byte values, so that ties, zero bytes and equal prefixes are common."""

    def rows(width: int) -> Rows:
        return RANDOM.integers(0, values, (count, width), dtype=np.uint8)

    tags, commitments = rows(32), rows(32)
    tags[:, 3:31] = 0
    commitments[:, 1:31] = 255
    products = RANDOM.integers(0, 3, count, dtype=np.uint32) * 255
    return leaf_keys(tags, RANDOM.integers(0, 7, count, dtype=np.uint8), products, commitments)


def expected(keys: Rows) -> list[int]:
    texts = [key.tobytes() for key in keys]
    return sorted(range(len(texts)), key=texts.__getitem__)


@pytest.mark.parametrize("values", [1, 2, 3, 256])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50, 1000])
def test_small(count: int, values: int) -> None:
    keys = keys_of(count, values)
    assert leaf_order(keys).tolist() == expected(keys)


@pytest.mark.parametrize("threads", [0, 1, 2])
@pytest.mark.parametrize("values", [1, 2, 256])
def test_in_buckets(values: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "BUCKET", 100)
    keys = keys_of(3000, values)
    assert leaf_order(keys, threads=threads).tolist() == expected(keys)


def test_sections_and_products_are_compared_as_unsigned_numbers() -> None:
    same = np.zeros((4, 32), np.uint8)
    sections = np.array([128, 0, 255, 127], np.uint8)
    products = np.array([1, 1, 1, 1], np.uint32)
    assert leaf_order(leaf_keys(same, sections, products, same)).tolist() == [1, 3, 0, 2]
    products = np.array([2**31, 256, 2**32 - 1, 255], np.uint32)
    assert leaf_order(leaf_keys(same, np.zeros(4, np.uint8), products, same)).tolist() == [3, 1, 0, 2]


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        leaf_order(np.zeros((3, 65), np.uint8))
