"""From an upload to a batch folder: streaming, on all cores, in bounded memory.

    upload ─pieces→ read, check, seal, sort (workers) → documents, runs of leaves
           ─spans→ merge, write (workers) → leaves → levels, order → manifest → rename

Everything is written into a workspace beside the folder to be, which gets its name, the root, by one rename at the
very end. Whatever ends this early leaves nothing but the workspace, which the next try clears away.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt

from creditchain.batch import readers
from creditchain.batch.accepting.rules import Rules, has_record_id
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.folder.files import Syncer, part_name
from creditchain.batch.folder.manifest import FILE, Manifest, Terms
from creditchain.batch.folder.record_ids import Met, series_salt
from creditchain.batch.folder.supersessions import write_supersessions
from creditchain.batch.making.finishing import finish
from creditchain.batch.making.pool import cores, processes
from creditchain.batch.making.record_ids import Gathering, IdFindings, RunIds, forget_ids, gather_ids
from creditchain.batch.making.spans import spans
from creditchain.batch.making.task import BatchLimits, Faults, Making
from creditchain.batch.making.worker import Job, Part, Run, discard_part, make_part, make_run
from creditchain.batch.progress import Watch, no_watch
from creditchain.batch.readers.upload import Upload
from creditchain.batch.sealing import Seals
from creditchain.errors import Place
from creditchain.home.files import fsync_path, rename, write_file


@dataclass(frozen=True, slots=True)
class Series:
    """The batches that were published before in the same series, by their folders.

    `supersede`: records that were published before may come again, and then replace those.
    """

    earlier: tuple[Path, ...] = ()
    supersede: bool = False


#: Uploads up to this many bytes are done in this process: starting others would take longer.
SMALL_BYTES = 4 << 20
#: Pieces a worker gets at least.
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """The batch folder that was made.

    `skipped` counts the lines left out, `superseding` the records that replace earlier ones; both are 0 unless that
    was asked for.
    """

    root: bytes
    size: int
    subjects: int
    domains: int
    path: Path
    skipped: int
    superseding: int = 0


def prepare(
    upload: Upload,
    rules: Rules,
    seals: Seals,
    terms: Terms,
    dest: Path,
    *,
    name: str,
    series: Series = Series(),
    limits: BatchLimits = BatchLimits(),
    faults: Faults = Faults(),
    watch: Watch = no_watch,
) -> Prepared:
    """Make the batch folder `dest/<root in hex>` of an upload; the same upload and seals give the same folder.

    `name` tells apart the workspaces of batches that are made at the same time. An existing folder is reused. `series`
    says which batches were published before. Raises UploadError for the first bad line, or if there is no line at
    all; StorageError for a full disk.
    """
    small = upload.size <= SMALL_BYTES and upload.kind != "folder"
    limits = replace(limits, workers=1 if small else limits.workers or cores())
    with _workspace(dest, name) as work:
        with _team(limits.workers) as pool, Syncer(background=pool is not None) as syncer:
            salt = series_salt(terms) if has_record_id(rules.product) else None
            job = Job(
                rules,
                seals,
                work,
                spill=pool is not None,
                id_salt=salt,
                first_fault=not faults.skip and faults.report is None,
                threads=1 if pool is not None else 0,
            )
            making = Making(upload, job, limits, faults, watch, pool, syncer)
            runs = _runs(making)
            parts, replaced = _parts(making, runs, series)
            manifest = finish(making, terms, runs, parts)
            superseding = write_supersessions(work, manifest, replaced)
        target = _keep(work, manifest, dest)
    skipped = sum(run.lines for run in runs) - manifest.size
    return Prepared(manifest.root, manifest.size, manifest.subjects, manifest.domains, target, skipped, superseding)


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
        raise _counted(first, bad, upload)
    if not any(run.rows for run in runs):
        raise UploadError("the upload holds no record", place=Place(upload.name))
    return runs


def piece_bytes(limits: BatchLimits, size: int) -> int:
    """The size of pieces of `size` bytes in all that gives every worker as many, and some to make up for a slow one."""
    rounds = max(1 if limits.workers == 1 else _ROUNDS, -(-size // (limits.piece_bytes * limits.workers)))
    return max(1, min(limits.piece_bytes, -(-size // (rounds * limits.workers))))


def _counted(first: Problem, count: int, upload: Upload) -> UploadError:
    error = first.error(upload.name)
    if count > 1:
        error.message = f"{error.message} (the first of {count} faults)"
    return error


def _report_doubles(making: Making, runs: Sequence[Run]) -> None:
    """Tell of documents and records that stand twice, too, where other lines are bad anyway."""
    gathered = _gather(making, runs, Series())
    doubles = [
        problem
        for part in making.shared(partial(make_part, making.job), spans(making, runs, keep=False))
        for problem in part.doubles
    ]
    for problem in _by_line(doubles, gathered().problems):
        making.report(problem)


def _parts(making: Making, runs: Sequence[Run], series: Series) -> tuple[list[Part], tuple[Met, ...]]:
    """The parts of the leaves, in order, and the records they replace. Raises UploadError for what stands twice."""
    # Ids are compared while leaves are merged. They hardly ever repeat, so the merge is hardly ever wasted.
    gathered = _gather(making, runs, series)
    parts = _merged(making, runs)
    doubles = [problem for part in parts for problem in part.doubles]
    findings = gathered()
    problems = _by_line(doubles, findings.problems)
    for problem in problems:
        making.report(problem)
    if problems and not making.faults.skip:
        raise _counted(problems[0], len(problems), making.upload)
    if findings.rows:
        for part in parts:
            discard_part(making.job.work, part.number)
        parts = _merged(making, runs, findings.rows)
    for run in runs:
        run.path.unlink(missing_ok=True)
    dropped = np.array(sorted(row for part in parts for row in part.dropped), dtype=np.int64)
    return parts, tuple(_moved_up(each, dropped) for each in findings.replaced)


def _moved_up(found: Met, dropped: npt.NDArray[np.int64]) -> Met:
    """The same with rows counted without the dropped ones."""
    kept = ~np.isin(found.rows, dropped)
    rows = found.rows[kept]
    return Met(rows - np.searchsorted(dropped, rows), found.folder, found.other_rows[kept])


def _merged(making: Making, runs: Sequence[Run], dropped: tuple[int, ...] = ()) -> list[Part]:
    rows = sum(run.rows for run in runs)
    parts: list[Part] = []
    for part in making.shared(partial(make_part, making.job), spans(making, runs, dropped=dropped)):
        making.syncer.add(making.job.work / "leaves" / part_name(part.number))
        parts.append(part)
        making.watch("sort", min(rows, sum(each.rows for each in parts)), rows)
    return parts


def _gather(making: Making, runs: Sequence[Run], series: Series) -> Callable[[], IdFindings]:
    """Begin to compare the ids of the records; what is returned waits for the answer."""
    if making.job.id_salt is None:
        return IdFindings
    lines = accumulate((0 if run.numbered else run.lines for run in runs), initial=0)
    rows = accumulate((run.rows for run in runs), initial=0)
    ids = tuple(RunIds(run.number, before, above) for run, before, above in zip(runs, lines, rows, strict=False))
    gathering = Gathering(making.job.work, ids, series.earlier, series.supersede)
    future = making.pool.submit(gather_ids, gathering) if making.pool is not None else None

    def result() -> IdFindings:
        findings = gather_ids(gathering) if future is None else future.result()
        forget_ids(making.job.work, ids)
        return findings

    return result


def _by_line(doubles: Sequence[Problem], repeated: Sequence[Problem]) -> list[Problem]:
    """One problem a line; that a whole document stands twice says more than that its id does."""
    found = {problem.line or 0: problem for problem in (*repeated, *doubles)}
    return [found[line] for line in sorted(found)]
