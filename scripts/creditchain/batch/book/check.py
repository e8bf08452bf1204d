"""Check a book: every digest, the order, every leaf hash and level; and that it is exactly its batches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import AGAIN, BookBatch, BookError
from creditchain.batch.book.opened import BookFolder, open_book
from creditchain.batch.book.rows import LEAVES, LEVELS, ORIGINS, PartRows, part_name
from creditchain.batch.book.sources import BatchSource, blocks_of
from creditchain.batch.folder.files import file_digest
from creditchain.batch.folder.tree_file import first_wrong_node
from creditchain.batch.progress import Watch, no_watch
from creditchain.errors import Place
from creditchain.merkle import lanes
from creditchain.merkle.rows import Places, Rows, as_texts


def check_book(path: Path, sources: Sequence[BatchSource] | None = None, watch: Watch = no_watch) -> BookFolder:
    """The book, opened, if it is what it says. With `sources`, which must be its batches, if it is exactly those.

    Raises BookError at the first difference; StorageError.
    """
    book = open_book(path)
    _check_digests(book)
    _check_leaves(book, watch)
    wrong = first_wrong_node(book.levels)
    if wrong is not None:
        raise BookError("an inner node of the tree is wrong", found=f"level {wrong[0]}", place=Place(LEVELS))
    _check_origins(book)
    if sources is not None:
        _check_sources(book, sources, watch)
    return book


def _check_digests(book: BookFolder) -> None:
    named = [(f"{LEAVES}/{part_name(at)}", part.leaves) for at, part in enumerate(book.manifest.parts)]
    named += [(f"{ORIGINS}/{part_name(at)}", part.origins) for at, part in enumerate(book.manifest.parts)]
    for name, digest in (*named, (LEVELS, book.manifest.levels)):
        if file_digest(book.path / name) != digest:
            raise BookError("a file of the book has changed since it was written", hint=AGAIN, place=Place(name))


def _check_leaves(book: BookFolder, watch: Watch) -> None:
    """Check that all leaves strictly ascend and that their hashes are the lowest level of the tree."""
    first, last, level = 0, None, book.levels.rows(0)
    for number, part in enumerate(book.parts):
        if not len(part.keys):
            continue
        texts = as_texts(part.keys)
        ascends = not bool(np.any(texts[1:] <= texts[:-1])) and (last is None or bool(last < texts[0]))
        if not ascends:
            raise BookError("the leaves are not in ascending order", place=Place(f"{LEAVES}/{part_name(number)}"))
        if not np.array_equal(lanes.leaf_rows(part.keys), level[first : first + len(part.keys)]):
            raise BookError("the leaf hashes of the tree differ from those of the leaves", place=Place(LEVELS))
        first, last = first + len(part.keys), texts[-1]
        watch("check", first, book.manifest.size)


def _check_origins(book: BookFolder) -> None:
    """Check that as many leaves are said to be of each batch as it has."""
    numbers = [batch.number for batch in book.manifest.batches]
    counts = np.zeros(max(numbers) + 1, np.int64)
    for part in book.parts:
        inside = part.origins[part.origins < len(counts)]
        counts += np.bincount(inside, minlength=len(counts))
    for batch in book.manifest.batches:
        if counts[batch.number] != batch.size:
            raise BookError(
                f"the book has another number of leaves of batch {batch.number} than the batch",
                expected=str(batch.size),
                found=str(counts[batch.number]),
            )


def _check_sources(book: BookFolder, sources: Sequence[BatchSource], watch: Watch) -> None:
    """Check that each batch's leaves are in the book, as that batch's.

    The book has as many leaves of each batch as the batch has, and each of the batch's, which are all different, is
    found among them: so it has exactly those.
    """
    given, stated = {one.batch.number: one.batch for one in sources}, book.manifest.batches
    if tuple(given[number] for number in sorted(given)) != stated:
        raise _other_batches(given, stated)
    firsts, done = _firsts(book.parts), 0
    for source in sources:
        index = 0
        for keys in blocks_of(source):
            _check_block(book.parts, firsts, keys, source.batch.number, index)
            index, done = index + len(keys), done + len(keys)
            watch("compare", done, book.manifest.size)


def _other_batches(given: dict[int, BookBatch], stated: tuple[BookBatch, ...]) -> BookError:
    for batch in stated:
        if given.get(batch.number) != batch:
            if batch.number not in given:
                return BookError(f"batch number {batch.number} of the book is missing")
            return BookError(f"batch {batch.number} is another than the book's", expected="0x" + batch.root.hex())
    extra = sorted(set(given) - {batch.number for batch in stated})
    return BookError(f"the book does not cover batch number {extra[0]}")


def _firsts(parts: Sequence[PartRows]) -> tuple[Rows, Places]:
    """The first key of each part that has one, and the numbers of these parts."""
    filled = np.array([number for number, part in enumerate(parts) if len(part.keys)], np.int64)
    return np.concatenate([parts[number].keys[:1] for number in filled]), filled


def _check_block(parts: Sequence[PartRows], firsts: tuple[Rows, Places], keys: Rows, number: int, index: int) -> None:
    where = np.maximum(np.searchsorted(as_texts(firsts[0]), as_texts(keys), side="right") - 1, 0)
    for place in np.unique(where).tolist():
        rows, part = np.flatnonzero(where == place), parts[int(firsts[1][place])]
        found = lanes.lower_bounds(part.keys, keys[rows])
        inside = np.minimum(found, len(part.keys) - 1)
        missing = rows[(found >= len(part.keys)) | (as_texts(part.keys[inside]) != as_texts(keys[rows]))]
        if len(missing):
            raise BookError(f"leaf {index + int(missing[0])} of batch {number} is not in the book")
        others = np.flatnonzero(part.origins[inside] != number)
        if len(others):
            other = int(part.origins[inside[others[0]]])
            raise BookError(
                f"leaf {index + int(rows[others[0]])} of batch {number} is said to be of another batch",
                found=f"batch {other}",
            )
