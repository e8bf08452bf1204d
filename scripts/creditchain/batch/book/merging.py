"""Merge leaves that are in memory into the sorted parts of a book: each part anew, on all cores, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import BookError, BookPart
from creditchain.batch.book.rows import LEAVES, ORIGIN, ORIGINS, PartRows, part_name
from creditchain.batch.folder.files import Syncer
from creditchain.batch.ordered import ordered
from creditchain.home.files import private_folder, storage
from creditchain.merkle import lanes
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import Numbers, Rows, as_texts, available_cores

#: Rows that a part is made from; one that has grown to twice as many is cut in two.
PART_ROWS = 1 << 18


@dataclass(frozen=True, slots=True)
class NewLeaves:
    """Leaves in the order of the tree, with the number of each one's batch."""

    keys: Rows
    origins: Numbers


@dataclass(frozen=True, slots=True)
class Merged:
    """A part that was written, and its leaf hashes (rows, 32) if they were asked for."""

    part: BookPart
    hashes: Rows


@dataclass(frozen=True, slots=True)
class _Task:
    """What becomes one part: rows of an old part, and the new leaves that stand among them."""

    number: int
    old: PartRows
    new: NewLeaves


def sorted_leaves(keys: Rows, origins: Numbers, *, threads: int = 0) -> NewLeaves:
    """Bring leaves of several batches into order. Raises BookError if one stands in two of them."""
    order = leaf_order(keys, threads=threads)
    found = NewLeaves(np.ascontiguousarray(keys[order]), np.ascontiguousarray(origins[order]))
    texts = as_texts(found.keys)
    twice = np.flatnonzero(texts[1:] == texts[:-1])
    if len(twice):
        raise leaf_twice(found.keys[twice[0]], int(found.origins[twice[0]]), int(found.origins[twice[0] + 1]))
    return found


def merged_parts(
    old: Sequence[PartRows],
    new: NewLeaves,
    gone: Numbers,
    folder: Path,
    *,
    hashed: bool,
    threads: int,
    syncer: Syncer | None,
) -> Iterator[Merged]:
    """Write the parts of a book that has the leaves of `old` and `new`, in order; those of batches `gone` are left out.

    Raises BookError if a leaf is in both; StorageError.
    """
    for name in (LEAVES, ORIGINS):
        private_folder(folder / name)
    workers = threads or available_cores()
    write = _writer(folder, gone, hashed=hashed, syncer=syncer)
    with ThreadPoolExecutor(workers) as pool:
        yield from ordered(pool, write, _tasks(old, new), window=workers + 1)


def _tasks(old: Sequence[PartRows], new: NewLeaves) -> Iterator[_Task]:
    """Cut the work: old parts as they are, or their pieces; without any, the new leaves alone."""
    pieces = [piece for part in old for piece in _pieces(part)]
    if not pieces:
        for number, start in enumerate(range(0, len(new.keys), PART_ROWS)):
            some = slice(start, start + PART_ROWS)
            nothing = PartRows(np.empty((0, new.keys.shape[1]), np.uint8), np.empty(0, np.uint32))
            yield _Task(number, nothing, NewLeaves(new.keys[some], new.origins[some]))
        return
    firsts = np.concatenate([piece.keys[:1] for piece in pieces[1:]] or [np.empty((0, new.keys.shape[1]), np.uint8)])
    cuts = [0, *lanes.lower_bounds(new.keys, firsts).tolist(), len(new.keys)]
    for number, piece in enumerate(pieces):
        some = slice(cuts[number], cuts[number + 1])
        yield _Task(number, piece, NewLeaves(new.keys[some], new.origins[some]))


def _pieces(part: PartRows) -> list[PartRows]:
    count = max(1, len(part.keys) // PART_ROWS)
    ends = [len(part.keys) * place // count for place in range(count + 1)]
    return [PartRows(part.keys[start:stop], part.origins[start:stop]) for start, stop in pairwise(ends) if stop > start]


def _writer(folder: Path, gone: Numbers, *, hashed: bool, syncer: Syncer | None) -> Callable[[_Task], Merged]:
    def write(task: _Task) -> Merged:
        keys, origins = _joined(task.old, task.new, gone)
        name = part_name(task.number)
        digests = [
            _write(folder / part / name, data, syncer)
            for part, data in ((LEAVES, keys), (ORIGINS, origins.astype(ORIGIN)))
        ]
        hashes = lanes.leaf_rows(keys, threads=1) if hashed else np.empty((0, 32), np.uint8)
        return Merged(BookPart(len(keys), *digests), hashes)

    return write


def _joined(old: PartRows, new: NewLeaves, gone: Numbers) -> tuple[Rows, Numbers]:
    keys, origins = old.keys, old.origins
    if len(gone):
        kept = ~np.isin(origins, gone)
        keys, origins = keys[kept], origins[kept]
    if not len(new.keys):
        return keys, origins
    places = lanes.lower_bounds(keys, new.keys)
    inside = np.flatnonzero(places < len(keys))
    same = inside[as_texts(keys[places[inside]]) == as_texts(new.keys[inside])]
    if len(same):
        at = int(same[0])
        raise leaf_twice(new.keys[at], int(origins[places[at]]), int(new.origins[at]))
    # As whole values of 69 bytes, numpy moves a row with one copy.
    width = keys.shape[1]
    whole = np.insert(_values(keys), places, _values(new.keys)).view(np.uint8).reshape(-1, width)
    return whole, np.insert(origins, places, new.origins)


def _values(rows: Rows) -> np.ndarray:
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1)


def _write(path: Path, data: np.ndarray, syncer: Syncer | None) -> str:
    view = memoryview(np.ascontiguousarray(data).reshape(-1).data).cast("B")
    with storage(f"{path.parent.name}/{path.name}"), path.open("xb", buffering=0) as file:
        left = view
        while left:
            left = left[file.write(left) or 0 :]
    if syncer is None:
        return ""
    digest = hashlib.sha256(view).hexdigest()
    syncer.add(path, read_soon=False)
    return digest


def leaf_twice(key: Rows, one: int, other: int) -> BookError:
    """The error for a leaf that two batches hold. It names the leaf by its hash, which shows no tag."""
    leaf = lanes.leaf_rows(np.ascontiguousarray(key).reshape(1, -1))[0].tobytes()
    return BookError(
        "a leaf stands twice",
        found=f"0x{leaf.hex()} in batches {min(one, other)} and {max(one, other)}",
        hint="Whoever anchors a leaf again breaks the later batch. Leave that batch out as gone once this is proven.",
    )
