"""What one worker does: read and seal a piece into a sorted run, and merge a span of keys of all runs into one part.

A run is an Arrow IPC file of sealed records in the order of the tree, in short record batches. The first key of each
batch (its fence) goes back to the coordinator, which cuts the keys into spans of equal size; a part needs of each run
only the batches that its span touches. Parts follow each other in the tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch import readers, seal
from creditchain.batch.accept import Rules
from creditchain.batch.errors import Problem, storage
from creditchain.batch.parts import DOCUMENT_ROWS, LEAF_ROWS, DigestingFile, write_arrow
from creditchain.batch.readers import Piece
from creditchain.batch.records import DOCUMENTS, LEAVES, SEALED, hash_rows, shift_lines
from creditchain.batch.seal import Seals

Fences = npt.NDArray[np.bytes_]

#: Rows between two fences of a run.
_FENCE_ROWS = 512
#: Bytes of a run that are written at a time.
_BUFFER_BYTES = 1 << 20
#: Problems that are kept for one piece or part; the first of them is what matters.
MAX_PROBLEMS = 100_000


@dataclass(frozen=True, slots=True)
class Job:
    """What all pieces of one batch have in common. `spill` None keeps runs in memory; `threads` for hashing."""

    rules: Rules
    seals: Seals
    work: Path
    spill: bool
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """A piece, read and sealed. `held` is the run itself where it was kept in memory, else it is in `path`."""

    number: int
    path: Path
    held: pa.RecordBatch | None
    fences: Fences
    rows: int
    bytes: int
    lines: int
    numbered: bool
    problems: tuple[Problem, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The batches `start` to `stop` of one run; `before` is the number of lines before the run's first."""

    path: Path
    held: pa.RecordBatch | None = field(repr=False)
    start: int
    stop: int
    before: int


@dataclass(frozen=True, slots=True)
class Span:
    """One part to make: keys from `low` (or the first) to below `high` (or the last). Not `keep`: only find doubles."""

    number: int
    slices: tuple[Slice, ...]
    low: bytes | None
    high: bytes | None
    drop_doubles: bool
    keep: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it was written. `subjects` counts its tags; first and last tag tell whether neighbours share one."""

    number: int
    rows: int
    subjects: int
    first_tag: bytes
    last_tag: bytes
    domains: int
    leaves_digest: str
    documents_digest: str
    doubles: tuple[Problem, ...]


def part_name(number: int) -> str:
    """File name of a part in the folders `leaves` and `documents`."""
    return f"{number:05}.arrow"


def hashes_path(work: Path, number: int) -> Path:
    """Where a part's leaf hashes wait for the tree."""
    return work / f"hashes-{number:05}"


def make_run(job: Job, numbered_piece: tuple[int, Piece]) -> Run:
    """Read, check and seal a piece block by block, and sort it. Raises UploadError where it can not be read at all."""
    number, piece = numbered_piece
    blocks: list[pa.RecordBatch] = []
    problems: list[Problem] = []
    lines, numbered = 0, True
    for block in readers.load(piece, job.rules):
        before, numbered = (0 if block.numbered else lines), block.numbered
        records = shift_lines(block.records, before)
        blocks.append(seal.seal(records, job.seals, threads=job.threads))
        problems += [problem.shifted(before) for problem in block.problems]
        lines += block.lines
    sealed = seal.merge(blocks, threads=job.threads)
    path = job.work / f"run-{number:06}.arrow"
    if job.spill:
        _spill(path, sealed)
    return Run(
        number=number,
        path=path,
        held=None if job.spill else sealed,
        fences=seal.keys(sealed)[::_FENCE_ROWS].copy(),
        rows=len(sealed),
        bytes=sealed.nbytes,
        lines=lines,
        numbered=numbered,
        problems=tuple(problems[:MAX_PROBLEMS]),
        size=piece.size,
    )


def make_part(job: Job, span: Span) -> Part:
    """Merge a span of keys of all runs, and write it with its leaf hashes. Raises StorageError."""
    merged = seal.merge(
        [batch for piece in span.slices for batch in _read(piece)], span.low, span.high, threads=job.threads
    )
    doubles, merged = _doubles(merged, span.drop_doubles)
    if not span.keep:
        return Part(span.number, 0, 0, b"", b"", 0, "", "", doubles)
    leaves = merged.select(LEAVES.names)
    tags = hash_rows(merged.column("tag"))
    name = part_name(span.number)
    with storage("the tree's leaves"), DigestingFile(hashes_path(job.work, span.number)) as sink:
        sink.write(np.ascontiguousarray(seal.leaf_hashes(merged, threads=job.threads)))
    return Part(
        number=span.number,
        rows=len(merged),
        subjects=len(tags) - int(np.count_nonzero(seal.repeated(tags))),
        first_tag=tags[0].tobytes() if len(tags) else b"",
        last_tag=tags[-1].tobytes() if len(tags) else b"",
        domains=reduce(lambda mask, bit: mask | 1 << bit, pc.unique(merged.column("domain")).to_pylist(), 0),
        leaves_digest=write_arrow(job.work / "leaves" / name, LEAVES, [leaves], LEAF_ROWS),
        documents_digest=write_arrow(
            job.work / "documents" / name, DOCUMENTS, [merged.select(DOCUMENTS.names)], DOCUMENT_ROWS
        ),
        doubles=doubles,
    )


def _spill(path: Path, sealed: pa.RecordBatch) -> None:
    with (
        storage("a sorted run"),
        pa.BufferedOutputStream(pa.OSFile(str(path), "w"), _BUFFER_BYTES) as sink,
        pa.ipc.new_file(sink, SEALED) as writer,
    ):
        for start in range(0, len(sealed), _FENCE_ROWS):
            writer.write_batch(sealed.slice(start, _FENCE_ROWS))


def _read(piece: Slice) -> list[pa.RecordBatch]:
    """The batches of a slice, lines counted in the upload.

    They are read into memory: mapped pages would count as this process's for as long as it lives.
    """
    if piece.held is not None:
        return [shift_lines(piece.held, piece.before)]
    with storage("a sorted run"), pa.OSFile(str(piece.path)) as source:
        reader = pa.ipc.open_file(source)
        return [shift_lines(reader.get_batch(number), piece.before) for number in range(piece.start, piece.stop)]


def _doubles(merged: pa.RecordBatch, drop: bool) -> tuple[tuple[Problem, ...], pa.RecordBatch]:
    """What is wrong with documents that stand twice, and the batch without the later ones if they are to be dropped."""
    found = seal.doubles(merged)
    if not found:
        return (), merged
    lines = merged.column("line")
    problems = tuple(double(lines[earlier].as_py(), lines[later].as_py()) for earlier, later in found[:MAX_PROBLEMS])
    if not drop:
        return problems, merged
    keep = np.ones(len(merged), dtype=bool)
    keep[[later for _, later in found]] = False
    return problems, merged.filter(pa.array(keep))


def double(one: int, other: int) -> Problem:
    """The problem of two lines that hold one document for one subject; it stands at the later."""
    message = "the same document stands twice for one subject"
    earlier, later = sorted((one, other))
    return Problem(later, None, message, found=f"lines {earlier} and {later}", hint="Take one of them out.")
