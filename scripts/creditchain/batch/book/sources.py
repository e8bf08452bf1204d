"""The batches that a book is made of, read leaf by leaf and checked against their roots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import BookBatch, BookError
from creditchain.batch.folder.leaf_list import key_blocks
from creditchain.errors import Place
from creditchain.merkle import Frontier, lanes
from creditchain.merkle.appending import append_rows
from creditchain.merkle.rows import Rows, as_texts


@dataclass(frozen=True, slots=True)
class BatchSource:
    """A batch, and where its leaves are: its folder, or a list of leaves."""

    batch: BookBatch
    path: Path


def blocks_of(source: BatchSource, *, threads: int = 0) -> Iterator[Rows]:
    """The keys (n, 69) of a batch's leaves, in order, some at a time.

    Raises BookError where they do not ascend; after the last, if root or size are not the batch's. So whoever uses the
    leaves must read them to the end.
    """
    batch, frontier, last = source.batch, Frontier(), None
    for keys in key_blocks(source.path):
        joined = keys if last is None else np.concatenate([last, keys])
        texts = as_texts(joined)
        wrong = np.flatnonzero(texts[1:] <= texts[:-1])
        if len(wrong):
            index = frontier.size - (last is not None) + int(wrong[0])
            raise _wrong(source, f"leaves {index} and {index + 1} of batch {batch.number} do not ascend")
        append_rows(frontier, lanes.leaf_rows(keys, threads=threads), threads=threads)
        last = keys[-1:].copy()
        yield keys
    if frontier.size != batch.size:
        message = f"the list of batch {batch.number} has another size than the batch"
        raise _wrong(source, message, str(batch.size), str(frontier.size))
    if frontier.root != batch.root:
        message = f"the leaves of batch {batch.number} have another root than the batch"
        raise _wrong(source, message, "0x" + batch.root.hex(), "0x" + frontier.root.hex())


def _wrong(source: BatchSource, message: str, expected: str | None = None, found: str | None = None) -> BookError:
    return BookError(message, expected=expected, found=found, place=Place(str(source.path)))
