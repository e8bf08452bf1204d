"""What one worker does: turn a piece into documents and a sorted run of leaves, then merge a span of keys of all runs.

Documents are written once, in the order of the upload. Only leaves are sorted, each with the row of its document. A
run is an Arrow IPC file of leaves in the order of the tree, in short record batches. The first key of each batch (its
fence) goes back to the coordinator, which cuts the keys into spans of equal size. Merging a span reads only the
batches of each run that the span touches. The parts that spans become follow each other in the tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.batch import readers
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, StorageError, storage
from creditchain.batch.folder.files import DOCUMENT_ROWS, LEAF_ROWS, LEVELS, file_digest, part_name, write_arrow
from creditchain.batch.folder.order import ROW_NUMBER
from creditchain.batch.folder.record_ids import Entries, entries_of
from creditchain.batch.folder.tree_file import TreeWriter
from creditchain.batch.making.record_ids import leave_ids
from creditchain.batch.readers import Piece
from creditchain.batch.records import DOCUMENTS, LEAVES, PLACED, RECORD_ID, hash_rows, shift
from creditchain.batch.sealing import (
    Seals,
    equal_to_previous,
    leaf_hashes,
    merge_sorted,
    placed_leaves,
    repeated_documents,
    seal,
    sort_keys,
)
from creditchain.errors import Place
from creditchain.hashing import HASH_BYTES

Fences = npt.NDArray[np.bytes_]

#: Rows between two fences of a run.
_FENCE_ROWS = 1_024
#: Bytes of a run that are written at a time.
_BUFFER_BYTES = 1 << 20
#: Problems that are kept for one piece or part; the first of them is what matters.
MAX_PROBLEMS = 100_000


@dataclass(frozen=True, slots=True)
class Job:
    """The settings that all pieces of one batch share.

    Without `spill` runs stay in memory; `threads` for hashing. `id_salt` is what digests of record ids begin with,
    None where the product has no ids. With `first_fault` a piece is left at the first block with a bad line.
    """

    rules: Rules
    seals: Seals
    work: Path
    spill: bool
    id_salt: bytes | None = None
    first_fault: bool = False
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Run:
    """A piece, read and sealed, its documents written. `held` is the run, None where it is in `path`."""

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
    documents_digest: str


@dataclass(frozen=True, slots=True)
class Slice:
    """The batches `start` to `stop` of one run; how many lines and documents there are before the run's first."""

    path: Path
    held: pa.RecordBatch | None = field(repr=False)
    start: int
    stop: int
    lines: int
    documents: int

    def counted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its lines and documents counted in the upload."""
        return shift(shift(batch, "line", self.lines), "document", self.documents)


@dataclass(frozen=True, slots=True)
class Span:
    """One part to make: keys from `low` (or the first) to below `high` (or the last). Not `keep`: only find doubles.

    `sections_apart`: whether one document may stand in two sections. `dropped`: rows of documents to leave out.
    """

    number: int
    slices: tuple[Slice, ...]
    low: bytes | None
    high: bytes | None
    sections_apart: bool
    drop_doubles: bool
    keep: bool = True
    dropped: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the leaves as it was written. `subjects` counts its tags; neighbours may share first or last tag.

    `dropped`: rows of documents, counted in the upload, that have no leaf because they occur twice.
    """

    number: int
    rows: int
    subjects: int
    first_tag: bytes
    last_tag: bytes
    domains: int
    leaves_digest: str
    doubles: tuple[Problem, ...]
    dropped: tuple[int, ...]


def hashes_path(work: Path, number: int) -> Path:
    """Where a part's leaf hashes wait for the tree."""
    return work / f"hashes-{number:05}"


def order_path(work: Path, number: int) -> Path:
    """Where the rows of a part's documents wait."""
    return work / f"order-{number:05}"


def make_run(job: Job, numbered_piece: tuple[int, Piece]) -> Run:
    """Read, check and seal a piece block by block, write its documents, and sort its leaves. Raises UploadError."""
    number, piece = numbered_piece
    reading = _Reading(job, piece)
    documents = job.work / "documents" / part_name(number)
    digest = write_arrow(documents, DOCUMENTS, reading.documents(), DOCUMENT_ROWS)
    placed = merge_sorted(reading.placed, threads=job.threads)
    if job.id_salt is not None:
        leave_ids(job.work, number, reading.ids, reading.id_lines)
    path = job.work / f"run-{number:06}.arrow"
    if job.spill:
        _spill(path, placed)
    return Run(
        number=number,
        path=path,
        held=None if job.spill else placed,
        fences=sort_keys(placed.take(pa.array(range(0, len(placed), _FENCE_ROWS), pa.int64()))),
        rows=len(placed),
        bytes=placed.nbytes,
        lines=reading.lines,
        numbered=reading.numbered,
        problems=tuple(reading.problems[:MAX_PROBLEMS]),
        size=piece.size,
        documents_digest=digest,
    )


class _Reading:
    """Reads one piece while its documents are being written, and keeps its leaves, problems and ids."""

    def __init__(self, job: Job, piece: Piece) -> None:
        self._job, self._piece = job, piece
        self.placed: list[pa.RecordBatch] = []
        self.problems: list[Problem] = []
        self.ids: list[Entries] = []
        self.id_lines: list[npt.NDArray[np.int64]] = []
        self.lines, self.numbered = 0, True

    def documents(self) -> Iterator[pa.RecordBatch]:
        """The piece's documents, sealed, block by block."""
        rows = 0
        for block in readers.load(self._piece, self._job.rules):
            before, self.numbered = (0 if block.numbered else self.lines), block.numbered
            records = shift(block.records, "line", before)
            sealed = seal(records, self._job.seals, self._job.rules.product.number, threads=self._job.threads)
            self.placed.append(placed_leaves(sealed, rows))
            if (salt := self._job.id_salt) is not None:
                self.ids.append(entries_of(records.column(RECORD_ID), rows, salt, threads=self._job.threads))
                self.id_lines.append(records.column("line").to_numpy())
            self.problems += [problem.shifted(before) for problem in block.problems]
            self.lines += block.lines
            rows += len(sealed)
            yield sealed.select(DOCUMENTS.names)
            if self.problems and self._job.first_fault:
                return


def make_part(job: Job, span: Span) -> Part:
    """Merge a span of keys of all runs; write leaves, leaf hashes, rows of documents. Raises StorageError."""
    merged = merge_sorted([_read(piece) for piece in span.slices], span.low, span.high, threads=job.threads)
    unwanted, merged = _without_rows(merged, span.dropped)
    doubles, dropped, merged = _doubles(merged, span)
    if not span.keep:
        return Part(span.number, 0, 0, b"", b"", 0, "", doubles, dropped)
    tags = hash_rows(merged.column("tag"))
    _leave(hashes_path(job.work, span.number), leaf_hashes(merged, threads=job.threads))
    _leave(order_path(job.work, span.number), merged.column("document").to_numpy().astype(ROW_NUMBER))
    return Part(
        number=span.number,
        rows=len(merged),
        subjects=len(tags) - int(np.count_nonzero(equal_to_previous(tags))),
        first_tag=tags[0].tobytes() if len(tags) else b"",
        last_tag=tags[-1].tobytes() if len(tags) else b"",
        domains=reduce(lambda mask, bit: mask | 1 << bit, pc.unique(merged.column("domain")).to_pylist(), 0),
        leaves_digest=write_arrow(
            job.work / "leaves" / part_name(span.number), LEAVES, [merged.select(LEAVES.names)], LEAF_ROWS
        ),
        doubles=doubles,
        dropped=(*unwanted, *dropped),
    )


def discard_part(work: Path, number: int) -> None:
    """Remove what making a part left."""
    for path in (work / "leaves" / part_name(number), hashes_path(work, number), order_path(work, number)):
        path.unlink(missing_ok=True)


def _leave(path: Path, values: npt.NDArray[Any]) -> None:
    """Write values for a later stage. Not with `tofile`, which may not report a full disk."""
    with storage(path.name), path.open("xb") as handle:
        handle.write(np.ascontiguousarray(values).data)


def take_up(path: Path, kind: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
    """Read the `count` values that an earlier stage wrote, and remove their file. Raises StorageError."""
    with storage(path.name):
        values = np.fromfile(path, dtype=kind)
        path.unlink()
    if len(values) != count:
        raise StorageError("a file of the batch in the making is short", place=Place(path.name))
    return values


def make_tree(work: Path, parts: Sequence[tuple[int, int]], size: int) -> tuple[bytes, str]:
    """Write the tree's file from the leaf hashes of the parts, on all cores; the root, the file's digest.

    `parts`: number and rows of each. In a worker too: it has the kernel loaded.
    """
    with storage(LEVELS), TreeWriter(work / LEVELS, size, durable=False) as tree:
        for number, rows in parts:
            hashes = take_up(hashes_path(work, number), np.uint8, rows * HASH_BYTES)
            tree.append(hashes.reshape(-1, HASH_BYTES))
        root = tree.finish()
    return root, file_digest(work / LEVELS)


def without_rows(path: Path, rows: Sequence[int]) -> str:
    """Write a file of documents again without some of its rows; its new digest. Raises StorageError."""
    spare = path.with_suffix(".spare")
    with storage(path.name), pa.OSFile(str(path)) as source:
        whole = pa.ipc.open_file(source).read_all().combine_chunks()
        keep = np.ones(len(whole), dtype=bool)
        keep[list(rows)] = False
        digest = write_arrow(spare, DOCUMENTS, whole.filter(pa.array(keep)).to_batches(), DOCUMENT_ROWS)
        spare.replace(path)
    return digest


def _spill(path: Path, placed: pa.RecordBatch) -> None:
    with (
        storage("a sorted run"),
        pa.BufferedOutputStream(pa.OSFile(str(path), "w"), _BUFFER_BYTES) as sink,
        pa.ipc.new_file(sink, PLACED) as writer,
    ):
        for start in range(0, len(placed), _FENCE_ROWS):
            writer.write_batch(placed.slice(start, _FENCE_ROWS))


def _read(piece: Slice) -> pa.RecordBatch:
    """The batches of a slice as one, lines and documents counted in the upload.

    They are read into memory: mapped pages would count as this process's for as long as it lives.
    """
    if piece.held is not None:
        return piece.counted(piece.held)
    with storage("a sorted run"), pa.OSFile(str(piece.path)) as source:
        reader = pa.ipc.open_file(source)
        batches = [reader.get_batch(number) for number in range(piece.start, piece.stop)]
    return piece.counted(pa.concat_batches(batches))


def _without_rows(merged: pa.RecordBatch, rows: Sequence[int]) -> tuple[tuple[int, ...], pa.RecordBatch]:
    """Which of the rows of documents are in a batch of leaves, and the batch without their leaves."""
    if not rows:
        return (), merged
    documents = merged.column("document").to_numpy()
    gone = np.isin(documents, np.array(rows, dtype=np.int64))
    return tuple(documents[gone].tolist()), merged.filter(pa.array(~gone))


def _doubles(merged: pa.RecordBatch, span: Span) -> tuple[tuple[Problem, ...], tuple[int, ...], pa.RecordBatch]:
    """Documents that stand twice: the problems, the rows to drop, and the batch without their leaves."""
    found = repeated_documents(merged, sections_apart=span.sections_apart)
    if not found:
        return (), (), merged
    lines = merged.column("line")
    problems = tuple(double(lines[earlier].as_py(), lines[later].as_py()) for earlier, later in found[:MAX_PROBLEMS])
    if not span.drop_doubles:
        return problems, (), merged
    keep = np.ones(len(merged), dtype=bool)
    keep[[later for _, later in found]] = False
    dropped = merged.column("document").to_numpy()[~keep].tolist()
    return problems, tuple(dropped), merged.filter(pa.array(keep))


def double(one: int, other: int) -> Problem:
    """The problem of two lines that hold one document for one subject; it stands at the later."""
    message = "the same document stands twice for one subject"
    earlier, later = sorted((one, other))
    return Problem(later, None, message, found=f"lines {earlier} and {later}", hint="Take one of them out.")
