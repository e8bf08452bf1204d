"""Which records of an upload repeat one another, or one that the series published before: judged by their ids.

Workers leave the digests of the ids of their pieces (`leave_ids`). One task gathers them (`gather_ids`), while others
already merge leaves: that an upload repeats a record is rare, and where it does the parts are made once more without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from creditchain.batch.errors import Problem, storage
from creditchain.batch.folder.record_ids import (
    ENTRY,
    FILE,
    Entries,
    Met,
    Rows,
    in_order,
    leaves_of_rows,
    met,
    open_entries,
    repeats,
)
from creditchain.batch.records import RECORD_ID

#: Entries that are sorted at a time; an upload with more is sorted range by range of the digests.
_SORTED = 1 << 22
#: Problems that are told of one upload.
_MAX_PROBLEMS = 100_000
_FIELD = f"data.{RECORD_ID}"


@dataclass(frozen=True, slots=True)
class RunIds:
    """The ids that one run left: its number, and how many lines and rows of documents there are before it."""

    number: int
    lines: int
    rows: int


@dataclass(frozen=True, slots=True)
class Gathering:
    """What `gather_ids` looks at: the workspace, the runs in order, and the folders of the series' earlier batches."""

    work: Path
    runs: tuple[RunIds, ...]
    earlier: tuple[Path, ...]
    supersede: bool


@dataclass(frozen=True, slots=True)
class IdFindings:
    """Rows of documents that may not stand in the batch and what is wrong with each; `replaced` where that is meant."""

    problems: tuple[Problem, ...] = ()
    rows: tuple[int, ...] = ()
    replaced: tuple[Met, ...] = field(default=(), repr=False)


def leave_ids(work: Path, number: int, entries: Sequence[Entries], lines: Sequence[npt.NDArray[np.int64]]) -> None:
    """Write the entries of a run, rows counted in the run, and the line of each row."""
    with storage("ids of records"):
        for path, values, kind in (
            (_ids(work, number), entries, ENTRY),
            (_lines(work, number), lines, np.dtype("<i8")),
        ):
            with path.open("xb") as handle:
                for each in values:
                    handle.write(np.ascontiguousarray(each, dtype=kind).data)


def gather_ids(gathering: Gathering) -> IdFindings:
    """Write the batch's file of ids, and find the records that stand twice. Raises StorageError."""
    again, first = _write_sorted(gathering)
    entries = open_entries(gathering.work)
    found = tuple(met(entries, gathering.earlier))
    problems, rows = _twice_here(gathering, again, first), again.tolist()
    if not gathering.supersede:
        for each in found:
            problems += _published(gathering, each)
            rows += each.rows.tolist()
    return IdFindings(tuple(problems[:_MAX_PROBLEMS]), tuple(sorted(set(rows))), found if gathering.supersede else ())


def without_rows(work: Path, dropped: Sequence[int]) -> None:
    """Write the file of ids once more without some rows; later rows move up."""
    gone = np.array(sorted(dropped), dtype=np.int64)
    entries = np.array(open_entries(work))
    entries = entries[~np.isin(entries["row"], gone)]
    entries["row"] -= np.searchsorted(gone, entries["row"])
    with storage(FILE), (work / FILE).open("wb") as handle:
        handle.write(entries.data if len(entries) else b"")


def forget_ids(work: Path, runs: Sequence[RunIds]) -> None:
    """Remove what `leave_ids` left."""
    for run in runs:
        _ids(work, run.number).unlink(missing_ok=True)
        _lines(work, run.number).unlink(missing_ok=True)


def _write_sorted(gathering: Gathering) -> tuple[Rows, Rows]:
    """Write the sorted entries; the rows whose id an earlier row has, and those earlier rows."""
    count = sum(_ids(gathering.work, run.number).stat().st_size for run in gathering.runs) // ENTRY.itemsize
    bits = max(0, math.ceil(math.log2(max(1, count) / _SORTED)))
    found = []
    with storage(FILE), (gathering.work / FILE).open("wb") as handle:
        for part in range(1 << bits):
            entries = in_order(_entries(gathering, part, bits))
            found.append(repeats(entries))
            handle.write(entries.data if len(entries) else b"")
    return np.concatenate([again for again, _ in found]), np.concatenate([first for _, first in found])


def _entries(gathering: Gathering, part: int, bits: int) -> Entries:
    """Entries of all runs whose key begins with `part`, as a number of so many bits; rows counted in the upload."""
    found = []
    for run in gathering.runs:
        entries = np.fromfile(_ids(gathering.work, run.number), dtype=ENTRY)
        if bits:
            entries = entries[entries["key"] >> np.uint64(64 - bits) == part]
        entries["row"] += run.rows
        found.append(entries)
    return np.concatenate(found) if found else np.empty(0, ENTRY)


def _twice_here(gathering: Gathering, again: Rows, first: Rows) -> list[Problem]:
    here, before = _lines_of(gathering, again), _lines_of(gathering, first)
    return [id_twice(other, line) for line, other in zip(here, before, strict=True)]


def id_twice(earlier: int, later: int) -> Problem:
    """The problem of two lines with one record id; it stands at the later."""
    hint = "Sources give every record a number of its own. Correct one of them, or take it out."
    message = "the record id stands twice in the upload"
    return Problem(later, _FIELD, message, found=f"lines {earlier} and {later}", hint=hint)


def _published(gathering: Gathering, found: Met) -> list[Problem]:
    lines = _lines_of(gathering, found.rows)
    leaves = leaves_of_rows(found.folder, found.other_rows)
    hint = "Take the line out; or anchor with --supersede if it is a later version, which then replaces that record."
    return [
        Problem(
            line,
            _FIELD,
            "a record of this id was published before",
            expected="an id that this node has not published for this product",
            found=f"line {line}, and leaf 0x{leaf.hex()} of batch 0x{found.folder.name}",
            hint=hint,
        )
        for line, leaf in zip(lines, leaves, strict=True)
    ]


def _lines_of(gathering: Gathering, rows: Rows) -> list[int]:
    """The line of the upload that each row was read from."""
    starts = np.array([run.rows for run in gathering.runs], dtype=np.int64)
    owners = np.searchsorted(starts, rows, side="right") - 1
    found = np.empty(len(rows), dtype=np.int64)
    for owner in np.unique(owners).tolist():
        run, here = gathering.runs[owner], owners == owner
        lines = np.fromfile(_lines(gathering.work, run.number), dtype="<i8")
        found[here] = lines[rows[here] - run.rows] + run.lines
    return found.tolist()


def _ids(work: Path, number: int) -> Path:
    return work / f"ids-{number:06}"


def _lines(work: Path, number: int) -> Path:
    return work / f"id-lines-{number:06}"
