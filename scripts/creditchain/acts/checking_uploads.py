"""Checking an upload as anchoring would, without a chain, a signer or a key: all faults in one pass, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from creditchain.batch import readers
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.checking.preview import MappedCell
from creditchain.batch.checking.summary import Summary, field_kinds
from creditchain.batch.checking.worker import CheckedPiece, Keys, check_piece
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.making.pipeline import SMALL_BYTES, piece_bytes
from creditchain.batch.making.pool import cores, processes
from creditchain.batch.making.record_ids import id_twice
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.making.worker import double
from creditchain.batch.ordered import ordered
from creditchain.batch.progress import Watch, no_watch
from creditchain.batch.readers import Piece
from creditchain.batch.readers.upload import Upload

#: Faults that a result holds itself; all of them go to `report`.
SHOWN_FAULTS = 200


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often one kind of fault was found in one field, and where first."""

    field: str | None
    message: str
    expected: str | None
    count: int
    first_line: int | None


@dataclass(slots=True)
class CheckedUpload:
    """What an upload holds. `faults` has the first of them, `fault_count` counts all, on `bad_lines` lines.

    Not `complete`: reading ended before the end of the file, at the last fault.
    """

    lines: int = 0
    records: int = 0
    fault_count: int = 0
    bad_lines: int = 0
    complete: bool = True
    faults: list[Problem] = field(default_factory=list)
    kinds: list[FaultCount] = field(default_factory=list)
    fields: list[dict[str, Any]] = field(default_factory=list)
    preview: list[MappedCell] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether the upload can be anchored."""
        return self.fault_count == 0 and self.records > 0


def check_upload(
    upload: Upload,
    rules: Rules,
    *,
    limits: BatchLimits = BatchLimits(),
    report: Callable[[Problem], None] = lambda _: None,
    watch: Watch = no_watch,
) -> CheckedUpload:
    """Judge every line of an upload. Streaming, on all cores; `report` is told each fault, in order.

    Raises StorageError where the upload cannot be read. What is wrong with it is a result, not an error.
    """
    checking = _Checking(upload, rules, report)
    workers = 1 if upload.size <= SMALL_BYTES and upload.kind != "folder" else limits.workers or cores()
    sized = partial(piece_bytes, BatchLimits(piece_bytes=limits.piece_bytes, workers=workers))
    items = enumerate(checking.pieces(sized))
    with processes(workers) if workers > 1 else nullcontext() as pool:
        work = partial(check_piece, rules)
        done = 0
        for piece in map(work, items) if pool is None else ordered(pool, work, items, window=2 * workers):
            checking.take(piece)
            done += piece.size
            watch("check", done, max(upload.size, done))
    return checking.finish()


class _Checking:
    """One upload while it is checked."""

    def __init__(self, upload: Upload, rules: Rules, report: Callable[[Problem], None]) -> None:
        self._upload, self._rules, self._report = upload, rules, report
        self._found = CheckedUpload()
        self._summary = Summary(field_kinds(rules.product))
        self._counts: Counter[tuple[str | None, str, str | None]] = Counter()
        self._firsts: dict[tuple[str | None, str, str | None], int | None] = {}
        self._bad_lines: set[int | None] = set()
        self._keys: list[tuple[npt.NDArray[np.int64], Keys, Keys]] = []  # 40 bytes a record
        self._end: Problem | None = None

    def pieces(self, sized: Callable[[int], int]) -> Iterator[Piece]:
        """The upload's pieces up to a fault that ends the reading: a wrong header, another encoding."""
        try:
            yield from readers.pieces(self._upload, self._rules, sized)
        except UploadError as error:
            self._end = Problem.of(error, error.place.line if error.place is not None else None)

    def take(self, piece: CheckedPiece) -> None:
        """Add what a piece held."""
        before = 0 if piece.numbered else self._found.lines
        for problem in piece.problems:
            self._fault(problem.shifted(before))
        self._summary.merge(piece.tallies)
        self._found.lines += piece.lines
        self._found.records += len(piece.places)
        self._found.preview += piece.preview
        self._bad_lines.clear()  # the next piece has other lines
        self._keys.append((piece.places + before, piece.documents, piece.record_ids))

    def finish(self) -> CheckedUpload:
        """What was found in all."""
        if self._end is not None:
            self._found.complete = False
            self._fault(self._end)
        for problem in self._repeated():
            self._fault(problem)
        if not self._found.records and not self._found.fault_count:
            self._fault(Problem(None, None, "the upload holds no record"))
        self._found.kinds = [
            FaultCount(*kind, count=count, first_line=self._firsts[kind]) for kind, count in self._counts.most_common()
        ]
        self._found.fields = self._summary.described()
        return self._found

    def _fault(self, problem: Problem) -> None:
        found = self._found
        found.fault_count += 1
        if problem.line not in self._bad_lines:
            self._bad_lines.add(problem.line)
            found.bad_lines += 1
        if len(found.faults) < SHOWN_FAULTS:
            found.faults.append(problem)
        kind = (problem.field, problem.message, problem.expected)
        self._counts[kind] += 1
        self._firsts.setdefault(kind, problem.line)
        self._report(problem)

    def _repeated(self) -> list[Problem]:
        """One problem for each line that repeats another: the whole document, or its record id alone."""
        if not self._keys:
            return []
        lines, documents, ids = (np.concatenate(each) for each in zip(*self._keys, strict=True))
        found = {later: id_twice(earlier, later) for earlier, later in _repeats(ids, lines)}
        found |= {later: double(earlier, later) for earlier, later in _repeats(documents, lines)}
        return [found[line] for line in sorted(found)]


def _repeats(keys: Keys, lines: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """The first line with a key, and each later line with the same. Keys of zeros are none."""
    high, low = np.ascontiguousarray(keys).view(np.uint64).reshape(-1, 2).T
    order = np.lexsort((lines, low, high))
    high, low, lines = high[order], low[order], lines[order]
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1]) & ((high[1:] != 0) | (low[1:] != 0))
    first = 0
    for at in np.flatnonzero(same).tolist():
        if at == 0 or not same[at - 1]:
            first = int(lines[at])
        yield first, int(lines[at + 1])
