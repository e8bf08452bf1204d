"""The last stage of a batch: build the tree, join the files that runs and parts wrote, and make the manifest."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path

import numpy as np

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.files import LEVELS, DigestingFile, part_name
from creditchain.batch.folder.manifest import Manifest, PartFile, Terms
from creditchain.batch.folder.order import ORDER, ROW_NUMBER
from creditchain.batch.folder.record_ids import FILE as IDS
from creditchain.batch.making.record_ids import without_rows as without_rows_of_ids
from creditchain.batch.making.task import Making
from creditchain.batch.making.worker import Part, Run, make_tree, order_path, take_up, without_rows


def finish(making: Making, terms: Terms, runs: Sequence[Run], parts: Sequence[Part]) -> Manifest:
    """Build the tree above the leaf hashes of the parts, join their files and number them without gaps."""
    work, pool, syncer = making.job.work, making.pool, making.syncer
    dropped = sorted(row for part in parts for row in part.dropped)
    documents = _documents(making, runs, dropped)
    if making.job.id_salt is not None:
        if dropped:
            without_rows_of_ids(work, dropped)
        syncer.add(work / IDS)
    size = sum(part.rows for part in parts)
    if size != sum(file.rows for _, file in documents):
        raise BatchError("leaves and documents of the batch in the making do not add up", found=f"{size} leaves")
    rows = [(part.number, part.rows) for part in parts]
    growing = pool.submit(make_tree, work, rows, size) if pool is not None else None
    order = _join_order(work, parts, dropped)
    syncer.add(work / ORDER)
    root, levels = make_tree(work, rows, size) if growing is None else growing.result()
    syncer.add(work / LEVELS)
    parts = [part for part in parts if part.rows]
    _renumber(work / "leaves", [part.number for part in parts])
    _renumber(work / "documents", [number for number, _ in documents])
    making.watch("tree", size, size)
    return Manifest(
        terms=terms,
        root=root,
        size=size,
        subjects=_subjects(parts),
        domains=reduce(lambda mask, part: mask | part.domains, parts, 0),
        leaves=tuple(PartFile(part.rows, part.leaves_digest) for part in parts),
        documents=tuple(file for _, file in documents),
        order=order,
        levels=levels,
    )


def _documents(making: Making, runs: Sequence[Run], dropped: Sequence[int]) -> list[tuple[int, PartFile]]:
    """The files of documents that have rows, with their numbers; without the dropped rows: no copy stays behind."""
    found: list[tuple[int, PartFile]] = []
    first = 0
    for run in runs:
        here = dropped[bisect_left(dropped, first) : bisect_left(dropped, first + run.rows)]
        digest = run.documents_digest
        if here:
            path = making.job.work / "documents" / part_name(run.number)
            digest = without_rows(path, [row - first for row in here])
            making.syncer.add(path)
        if run.rows > len(here):
            found.append((run.number, PartFile(run.rows - len(here), digest)))
        first += run.rows
    return found


def _join_order(work: Path, parts: Sequence[Part], dropped: Sequence[int]) -> str:
    """Write the rows of all leaves' documents, counted without the dropped ones; the file's digest."""
    gone = np.array(dropped, dtype=np.int64)
    with storage(ORDER), DigestingFile(work / ORDER) as order:
        for part in parts:
            rows = take_up(order_path(work, part.number), ROW_NUMBER, part.rows)
            order.write((rows - np.searchsorted(gone, rows)).astype(ROW_NUMBER, copy=False))
    return order.hexdigest()


def _renumber(folder: Path, kept: Sequence[int]) -> None:
    """Close the gaps that empty files leave in the numbers."""
    for path in sorted(folder.iterdir()):
        if int(path.stem) not in kept:
            path.unlink()
    for number, before in enumerate(kept):
        if number != before:
            (folder / part_name(before)).rename(folder / part_name(number))


def _subjects(parts: Sequence[Part]) -> int:
    """Distinct tags: neighbouring parts may share one at their border."""
    shared = sum(before.last_tag == after.first_tag for before, after in pairwise(parts))
    return sum(part.subjects for part in parts) - shared
