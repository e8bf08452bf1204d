"""Batches of random leaves, as lists on disk, and the books that they make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import BookBatch, BookTerms
from creditchain.batch.book.sources import BatchSource
from creditchain.batch.folder.leaf_list import write_list
from creditchain.merkle import Leaf, MemoryTree, tree_root
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import Rows, leaf_keys

TERMS = BookTerms(b"\x01" * 32, 31337, "0x" + "11" * 20, 3, 1)
RANDOM = np.random.default_rng(11)
TAGS = RANDOM.integers(0, 256, (40, 32), dtype=np.uint8)


def random_keys(count: int) -> Rows:
    """Keys of leaves of few enterprises, in order."""
    tags = TAGS[RANDOM.integers(0, len(TAGS), count)]
    sections = RANDOM.integers(1, 4, count, dtype=np.uint8)
    products = RANDOM.integers(1, 4, count, dtype=np.uint32)
    keys = leaf_keys(tags, sections, products, RANDOM.integers(0, 256, (count, 32), dtype=np.uint8))
    return keys[leaf_order(keys)]


def leaves_of(keys: Rows) -> list[Leaf]:
    """The leaves with these keys."""
    texts = [key.tobytes() for key in keys]
    return [Leaf(key[:32], key[32], int.from_bytes(key[33:37], "big"), key[37:]) for key in texts]


def root_of(keys: Rows) -> bytes:
    """The root of the tree over these leaves, as they stand."""
    return tree_root(MemoryTree([leaf.hash() for leaf in leaves_of(keys)]))


def batch(folder: Path, number: int, keys: Rows | int) -> BatchSource:
    """A batch with a list of its leaves; random ones if only their number is given."""
    keys = random_keys(keys) if isinstance(keys, int) else keys
    path = folder / f"list-{number}.bin"
    write_list(path, [keys], overwrite=True)
    return BatchSource(BookBatch(number, root_of(keys), len(keys)), path)


def keys_in(source: BatchSource) -> Rows:
    """The keys of a batch's list."""
    return np.fromfile(source.path, np.uint8).reshape(-1, 69)


def renamed(source: BatchSource, **changes: object) -> BatchSource:
    """The source under other claims."""
    return replace(source, batch=replace(source.batch, **changes))  # type: ignore[arg-type]
