"""From an upload to a batch folder: streaming, on all cores, in bounded memory.

    upload ─pieces→ read, check, seal, sort (workers) → documents, runs of leaves
           ─spans→ merge, write (workers) → leaves → levels, order → manifest → rename

Everything is written into a workspace beside the folder to be, which gets its name, the root, by one rename at the
very end. Whatever ends this early leaves nothing but the workspace, which the next try clears away.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from creditchain.batch import readers
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.folder.files import Syncer, part_name
from creditchain.batch.folder.manifest import FILE, Manifest, Terms
from creditchain.batch.making.finishing import finish
from creditchain.batch.making.pool import cores, processes
from creditchain.batch.making.spans import spans
from creditchain.batch.making.task import Faults, Limits, Making
from creditchain.batch.making.worker import Job, Part, Run, make_part, make_run
from creditchain.batch.progress import Watch, no_watch
from creditchain.batch.readers.upload import Upload
from creditchain.batch.sealing import Seals
from creditchain.errors import Place
from creditchain.home.files import fsync_path, rename, write_file

#: Uploads up to this many bytes are done in this process: starting others would take longer.
SMALL_BYTES = 4 << 20
#: Pieces a worker gets at least.
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch folder as it was made. `skipped` counts the lines left out, 0 unless that was asked for."""

    root: bytes
    size: int
    subjects: int
    domains: int
    path: Path
    skipped: int


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
    with _workspace(dest, name) as work:
        with _team(limits.workers) as pool, Syncer(background=pool is not None) as syncer:
            job = Job(rules, seals, work, spill=pool is not None, threads=1 if pool is not None else 0)
            making = Making(upload, job, limits, faults, watch, pool, syncer)
            runs = _runs(making)
            parts = _parts(making, runs)
            manifest = finish(making, terms, runs, parts)
        target = _keep(work, manifest, dest)
    skipped = sum(run.lines for run in runs) - manifest.size
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


def _keep(work: Path, manifest: Manifest, dest: Path) -> Path:
    """Give the finished workspace its name, unless there is such a folder already."""
    target = dest / manifest.root.hex()
    write_file(work / FILE, manifest.to_bytes())
    with storage("the batch's folder"):
        for folder in (work / "leaves", work / "documents", work):
            fsync_path(folder)
        if not target.exists():
            rename(work, target)
    return target


def _runs(making: Making) -> list[Run]:
    """All runs, in the upload's order, each problem reported. Raises UploadError."""
    upload, job, faults = making.upload, making.job, making.faults
    pieces = enumerate(readers.pieces(upload, job.rules, partial(piece_bytes, making.limits)))
    runs: list[Run] = []
    lines = done = bad = 0
    first: Problem | None = None
    for run in making.shared(partial(make_run, job), pieces):
        for problem in run.problems:
            placed = problem if run.numbered else problem.shifted(lines)
            bad += 1
            first = first or placed
            making.report(placed)
        if first is not None and not faults.skip and faults.report is None:
            raise first.error(upload.name)
        making.syncer.add(job.work / "documents" / part_name(run.number), read_soon=False)
        runs.append(replace(run, problems=()) if run.rows else replace(run, problems=(), held=None))
        lines += run.lines
        done += run.size
        making.watch("read", done, max(upload.size, done))
    if first is not None and not faults.skip:
        _report_doubles(making, runs)
        raise _many(first, bad, upload)
    if not any(run.rows for run in runs):
        raise UploadError("the upload holds no record", place=Place(upload.name))
    return runs


def piece_bytes(limits: Limits, size: int) -> int:
    """The size of pieces of `size` bytes in all that gives every worker as many, and some to make up for a slow one."""
    rounds = max(1 if limits.workers == 1 else _ROUNDS, -(-size // (limits.piece_bytes * limits.workers)))
    return max(1, min(limits.piece_bytes, -(-size // (rounds * limits.workers))))


def _many(first: Problem, count: int, upload: Upload) -> UploadError:
    error = first.error(upload.name)
    if count > 1:
        error.message = f"{error.message} (the first of {count} faults)"
    return error


def _report_doubles(making: Making, runs: Sequence[Run]) -> None:
    for part in making.shared(partial(make_part, making.job), spans(making, runs, keep=False)):
        for problem in part.doubles:
            making.report(problem)


def _parts(making: Making, runs: Sequence[Run]) -> list[Part]:
    """The parts of the leaves, in order. Raises UploadError for documents that stand twice."""
    rows = sum(run.rows for run in runs)
    parts: list[Part] = []
    doubles: list[Problem] = []
    done = 0
    for part in making.shared(partial(make_part, making.job), spans(making, runs)):
        making.syncer.add(making.job.work / "leaves" / part_name(part.number))
        doubles += part.doubles
        parts.append(part)
        done += part.rows
        making.watch("sort", done, rows)
    doubles.sort(key=lambda problem: problem.line or 0)
    for problem in doubles:
        making.report(problem)
    if doubles and not making.faults.skip:
        raise _many(doubles[0], len(doubles), making.upload)
    for run in runs:
        run.path.unlink(missing_ok=True)
    return parts
