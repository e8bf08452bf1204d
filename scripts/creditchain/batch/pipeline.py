"""From an upload to a batch folder: streaming, on all cores, in bounded memory.

    upload ─pieces→ read, check, seal, sort (workers) → documents, runs of leaves
           ─spans→ merge, write (workers) → leaves → levels, order → manifest → rename

Everything is written into a workspace beside the folder to be, which gets its name, the root, by one rename at the
very end. Whatever ends this early leaves nothing but the workspace, which the next try clears away.
"""

from __future__ import annotations

import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from creditchain.batch import readers
from creditchain.batch.accept import Rules
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.manifest import FILE, Manifest, PartFile, Terms
from creditchain.batch.order import ORDER, ROW_NUMBER
from creditchain.batch.parts import LEVELS, DigestingFile, Syncer, fsync_path, part_name, rename, write_bytes
from creditchain.batch.pool import cores, ordered, processes
from creditchain.batch.seal import Seals
from creditchain.batch.upload import Upload
from creditchain.batch.work import (
    Job,
    Part,
    Run,
    Slice,
    Span,
    make_part,
    make_run,
    make_tree,
    order_path,
    without_rows,
)
from creditchain.errors import Place

Item = TypeVar("Item")
Made = TypeVar("Made")

#: Called with a stage, what is done and the whole of it, in units of the stage.
Watch = Callable[[str, int, int], None]

#: Uploads up to this many bytes are done in this process: starting others would take longer.
SMALL_BYTES = 4 << 20
#: Leaves that are merged at a time: small enough for the memory that a worker has in use already, and for its caches.
_SPAN_BYTES = 12 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the machine a batch may take."""

    sort_memory: int = 256 << 20  #: bytes of records that are sorted at a time, over all workers
    piece_bytes: int = 32 << 20  #: bytes of the upload that become one sorted run, at most
    workers: int = 0  #: processes; 0 for one a core


@dataclass(frozen=True, slots=True)
class Faults:
    """What to do about bad lines. Without `skip` there is no batch; `report` gets each of them, in order."""

    skip: bool = False
    report: Callable[[Problem], None] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch folder as it was made. `skipped` counts the lines left out, 0 unless that was asked for."""

    root: bytes
    size: int
    subjects: int
    domains: int
    path: Path
    skipped: int


def no_watch(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
    del stage, done, total


def prepare(
    upload: Upload,
    rules: Rules,
    seals: Seals,
    terms: Terms,
    dest: Path,
    *,
    name: str,
    limits: Limits = Limits(),
    faults: Faults = Faults(),
    watch: Watch = no_watch,
) -> Prepared:
    """Make the batch folder `dest/<root in hex>` of an upload; the same upload and seals give the same folder.

    `name` tells apart the workspaces of batches that are made at the same time. If the folder is there already, it is
    kept. Raises UploadError for the first bad line, or if there is none at all; StorageError for a full disk.
    """
    small = upload.size <= SMALL_BYTES and upload.kind != "folder"
    limits = replace(limits, workers=1 if small else limits.workers or cores())
    with _workspace(dest, name) as work, _team(limits.workers) as pool:
        job = Job(rules, seals, work, spill=pool is not None, threads=1 if pool is not None else 0)
        with Syncer(background=pool is not None) as syncer:
            runs = _runs(job, upload, pool, syncer, limits, faults, watch)
            parts, dropped = _parts(job, upload, runs, pool, syncer, limits, faults, watch)
            skipped = sum(run.lines - run.rows for run in runs) + len(dropped)
            documents = _documents(work, runs, dropped, syncer)
            manifest = _finish(job, terms, parts, documents, dropped, pool, syncer, watch)
        with storage("the batch's folder"):
            write_bytes(work / FILE, manifest.to_bytes())
            for folder in (work / "leaves", work / "documents", work):
                fsync_path(folder)
        target = dest / manifest.root.hex()
        if not target.exists():
            with storage("the batch's folder"):
                rename(work, target)
    return Prepared(manifest.root, manifest.size, manifest.subjects, manifest.domains, target, skipped)


def clear_workspace(dest: Path, name: str) -> None:
    """Remove what an earlier try under this name left."""
    shutil.rmtree(_work_path(dest, name), ignore_errors=True)


def _work_path(dest: Path, name: str) -> Path:
    return dest / f".preparing-{name}"


@contextmanager
def _workspace(dest: Path, name: str) -> Iterator[Path]:
    work = _work_path(dest, name)
    with storage("the folder of batches"):
        dest.mkdir(parents=True, exist_ok=True)
        clear_workspace(dest, name)
        for folder in ("leaves", "documents"):
            (work / folder).mkdir(parents=True, mode=0o700)
    try:
        yield work
    finally:
        clear_workspace(dest, name)


def _team(workers: int) -> AbstractContextManager[Executor | None]:
    """Worker processes, or None where the work is done here."""
    return processes(workers) if workers > 1 else nullcontext()


def _shared(
    work: Callable[[Item], Made], items: Iterable[Item], pool: Executor | None, limits: Limits
) -> Iterator[Made]:
    """`work` of each item in order, here or in the pool."""
    return map(work, items) if pool is None else ordered(pool, work, items, window=2 * limits.workers)


def _runs(
    job: Job,
    upload: Upload,
    pool: Executor | None,
    syncer: Syncer,
    limits: Limits,
    faults: Faults,
    watch: Watch,
) -> list[Run]:
    """All runs, in the upload's order, each problem reported. Raises UploadError."""
    pieces = enumerate(readers.pieces(upload, job.rules, partial(_piece_bytes, limits)))
    runs: list[Run] = []
    lines = done = bad = 0
    first: Problem | None = None
    for run in _shared(partial(make_run, job), pieces, pool, limits):
        for problem in run.problems:
            placed = problem if run.numbered else problem.shifted(lines)
            bad += 1
            first = first or placed
            if faults.report is not None:
                faults.report(placed)
        if first is not None and not faults.skip and faults.report is None:
            raise first.error(upload.name)
        syncer.add(job.work / "documents" / part_name(run.number))
        runs.append(replace(run, problems=()) if run.rows else replace(run, problems=(), held=None))
        lines += run.lines
        done += run.size
        watch("read", done, max(upload.size, done))
    if first is not None and not faults.skip:
        _report_doubles(job, upload, runs, pool, limits, faults)
        raise _many(first, bad, upload)
    if not any(run.rows for run in runs):
        raise UploadError("the upload holds no record", place=Place(upload.name))
    return runs


def _piece_bytes(limits: Limits, size: int) -> int:
    """The size of pieces of `size` bytes in all that gives every worker as many."""
    rounds = max(1, -(-size // (limits.piece_bytes * limits.workers)))
    return max(1, min(limits.piece_bytes, -(-size // (rounds * limits.workers))))


def _many(first: Problem, count: int, upload: Upload) -> UploadError:
    error = first.error(upload.name)
    if count > 1:
        error.message = f"{error.message} (the first of {count} bad lines)"
    return error


def _report_doubles(
    job: Job, upload: Upload, runs: Sequence[Run], pool: Executor | None, limits: Limits, faults: Faults
) -> None:
    spans = _spans(runs, upload, limits, faults, keep=False)
    for part in _shared(partial(make_part, job), spans, pool, limits):
        for problem in part.doubles:
            if faults.report is not None:
                faults.report(problem)


def _parts(
    job: Job,
    upload: Upload,
    runs: Sequence[Run],
    pool: Executor | None,
    syncer: Syncer,
    limits: Limits,
    faults: Faults,
    watch: Watch,
) -> tuple[list[Part], list[int]]:
    """The parts of the leaves, and which rows of documents have none. UploadError for documents that stand twice."""
    rows = sum(run.rows for run in runs)
    parts: list[Part] = []
    doubles: list[Problem] = []
    done = 0
    for part in _shared(partial(make_part, job), _spans(runs, upload, limits, faults), pool, limits):
        syncer.add(job.work / "leaves" / part_name(part.number))
        doubles += part.doubles
        parts.append(part)
        done += part.rows
        watch("sort", done, rows)
    doubles.sort(key=lambda problem: problem.line or 0)
    if faults.report is not None:
        for problem in doubles:
            faults.report(problem)
    if doubles and not faults.skip:
        raise _many(doubles[0], len(doubles), upload)
    for run in runs:
        run.path.unlink(missing_ok=True)
    return [part for part in parts if part.rows], sorted(row for part in parts for row in part.dropped)


def _documents(work: Path, runs: Sequence[Run], dropped: Sequence[int], syncer: Syncer) -> list[tuple[int, PartFile]]:
    """The files of documents that have rows, with their numbers; without the dropped rows: no copy stays behind."""
    found: list[tuple[int, PartFile]] = []
    first = 0
    for run in runs:
        here = dropped[bisect_left(dropped, first) : bisect_left(dropped, first + run.rows)]
        digest = run.documents_digest
        if here:
            path = work / "documents" / part_name(run.number)
            digest = without_rows(path, [row - first for row in here])
            syncer.add(path)
        if run.rows > len(here):
            found.append((run.number, PartFile(run.rows - len(here), digest)))
        first += run.rows
    return found


def _spans(runs: Sequence[Run], upload: Upload, limits: Limits, faults: Faults, *, keep: bool = True) -> Iterator[Span]:
    """Spans of keys with about the same number of bytes each, small enough for all workers to sort one at a time.

    Of a folder of files a span ends between two subjects: one file in two of its sections stands twice, far apart.
    """
    filled = [run for run in runs if run.rows]
    lines = list(accumulate((0 if run.numbered else run.lines for run in runs), initial=0))
    documents = list(accumulate((run.rows for run in runs), initial=0))
    whole = sum(run.bytes for run in filled)
    # A worker holds what it read, the sorted copy and keys: about three times the span.
    most = limits.workers * min(_SPAN_BYTES, limits.sort_memory // (3 * limits.workers))
    count = limits.workers * max(1, -(-whole // most)) if filled and filled[0].held is None else 1
    bounds = _bounds(filled, count, whole_subjects=upload.kind == "folder")
    for number, (low, high) in enumerate(zip([None, *bounds], [*bounds, None], strict=True)):
        slices = [_slice(run, low, high, lines[run.number], documents[run.number]) for run in filled]
        touched = tuple(piece for piece in slices if piece.start < piece.stop)
        yield Span(number, touched, low, high, upload.kind == "folder", faults.skip, keep)


def _bounds(runs: Sequence[Run], count: int, *, whole_subjects: bool) -> list[bytes]:
    """Keys that cut all runs into `count` spans, told by the fences of the runs; fewer where fences are few."""
    if count < 2:
        return []
    fences = np.sort(np.concatenate([run.fences for run in runs]))
    chosen = fences[(np.arange(1, count) * len(fences)) // count]
    length = 32 if whole_subjects else 65
    cut = {bytes(bound)[:length].ljust(65, b"\0") for bound in chosen if bound > fences[0]}
    return sorted(cut)


def _slice(run: Run, low: bytes | None, high: bytes | None, lines: int, documents: int) -> Slice:
    """The batches of a run that may hold keys from `low` to below `high`."""
    start = 0 if low is None else max(0, int(np.searchsorted(run.fences, np.bytes_(low), side="right")) - 1)
    stop = len(run.fences) if high is None else int(np.searchsorted(run.fences, np.bytes_(high), side="left"))
    return Slice(run.path, run.held, start, stop, lines, documents)


def _finish(
    job: Job,
    terms: Terms,
    parts: Sequence[Part],
    documents: Sequence[tuple[int, PartFile]],
    dropped: Sequence[int],
    pool: Executor | None,
    syncer: Syncer,
    watch: Watch,
) -> Manifest:
    """Join what the parts left, build the tree above their leaf hashes, give the files their numbers."""
    work, size = job.work, sum(part.rows for part in parts)
    numbers = [part.number for part in parts]
    growing = pool.submit(make_tree, work, numbers, size) if pool is not None else None
    order = _join_order(work, parts, dropped)
    syncer.add(work / ORDER)
    root, levels = make_tree(work, numbers, size) if growing is None else growing.result()
    syncer.add(work / LEVELS)
    _renumber(work / "leaves", numbers)
    _renumber(work / "documents", [number for number, _ in documents])
    watch("tree", size, size)
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


def _join_order(work: Path, parts: Sequence[Part], dropped: Sequence[int]) -> str:
    """Write the rows of all leaves' documents, counted without the dropped ones; the file's digest."""
    gone = np.array(dropped, dtype=np.int64)
    with storage(ORDER), DigestingFile(work / ORDER) as order:
        for part in parts:
            path = order_path(work, part.number)
            rows = np.fromfile(path, dtype=ROW_NUMBER)
            order.write((rows - np.searchsorted(gone, rows)).astype(ROW_NUMBER, copy=False))
            path.unlink()
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
