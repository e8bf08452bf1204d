"""Merge two runs of leaves: each part of the first is written anew with what stands among it, on all cores.

A run is a list of parts whose leaves ascend from part to part: on disk, or one part in memory.
"""

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
from creditchain.merkle.rows import KEY_BYTES, Numbers, Rows, as_texts, available_cores

#: Rows that a part is made from; one that has grown to twice as many is cut in two.
PART_ROWS = 1 << 17
#: More threads would wait for the disk, and each holds two parts in memory.
MOST_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Merged:
    """A part that was written, and its leaf hashes (rows, 32) if they were asked for."""

    part: BookPart
    hashes: Rows


@dataclass(frozen=True, slots=True)
class _Task:
    """What becomes one part: rows of a part, and those of the other run that stand among them."""

    number: int
    old: PartRows
    new: PartRows


def sorted_run(keys: Rows, origins: Numbers, *, threads: int = 0) -> list[PartRows]:
    """Leaves of several batches as a run in memory. Raises BookError if one stands in two of them."""
    order = leaf_order(keys, threads=threads)
    found = PartRows(np.ascontiguousarray(keys[order]), np.ascontiguousarray(origins[order]))
    texts = as_texts(found.keys)
    twice = np.flatnonzero(texts[1:] == texts[:-1])
    if len(twice):
        raise leaf_twice(found.keys[twice[0]], int(found.origins[twice[0]]), int(found.origins[twice[0] + 1]))
    return [found]


def merged_parts(
    old: Sequence[PartRows],
    new: Sequence[PartRows],
    gone: Numbers,
    folder: Path,
    *,
    hashed: bool,
    threads: int,
    syncer: Syncer | None,
) -> Iterator[Merged]:
    """Write the parts of a run that has the leaves of both, in order; those of batches `gone` in `old` are left out.

    Raises BookError if a leaf is in both; StorageError.
    """
    for name in (LEAVES, ORIGINS):
        private_folder(folder / name)
    workers = min(threads or available_cores(), MOST_WORKERS)
    write = _writer(folder, gone, hashed=hashed, syncer=syncer)
    with ThreadPoolExecutor(workers) as pool:
        yield from ordered(pool, write, _tasks(old, new), window=workers + 1)


def _tasks(old: Sequence[PartRows], new: Sequence[PartRows]) -> Iterator[_Task]:
    """Cut the work at the pieces of `old`; without any, at those of `new`."""
    pieces = [piece for part in old for piece in _pieces(part)]
    if not pieces:
        alone = [piece for part in new for piece in _pieces(part)]
        yield from (_Task(number, piece, _joined_parts([])) for number, piece in enumerate(alone))
        return
    for number, piece in enumerate(pieces):
        low = piece.keys[:1] if number else None
        high = pieces[number + 1].keys[:1] if number + 1 < len(pieces) else None
        yield _Task(number, piece, _between(new, low, high))


def _pieces(part: PartRows) -> list[PartRows]:
    count = max(1, len(part.keys) // PART_ROWS)
    ends = [len(part.keys) * place // count for place in range(count + 1)]
    return [PartRows(part.keys[start:stop], part.origins[start:stop]) for start, stop in pairwise(ends) if stop > start]


def _between(run: Sequence[PartRows], low: Rows | None, high: Rows | None) -> PartRows:
    """The leaves of a run from key `low` to below `high`; None for no bound."""
    found = []
    for part in run:
        # Most parts lie outside, which their first and last key show.
        if not len(part.keys) or (low is not None and _below(part.keys[-1:], low)):
            continue
        if high is not None and not _below(part.keys[:1], high):
            break
        start = 0 if low is None else int(lanes.lower_bounds(part.keys, low)[0])
        stop = len(part.keys) if high is None else int(lanes.lower_bounds(part.keys, high)[0])
        found.append(PartRows(part.keys[start:stop], part.origins[start:stop]))
    return _joined_parts(found)


def _below(key: Rows, other: Rows) -> bool:
    return key.tobytes() < other.tobytes()


def _joined_parts(parts: Sequence[PartRows]) -> PartRows:
    if len(parts) == 1:
        return parts[0]
    nothing = PartRows(np.empty((0, KEY_BYTES), np.uint8), np.empty(0, np.uint32))
    whole = [nothing, *parts]
    return PartRows(np.concatenate([part.keys for part in whole]), np.concatenate([part.origins for part in whole]))


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


def _joined(old: PartRows, new: PartRows, gone: Numbers) -> tuple[Rows, Numbers]:
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
