"""What readers share: the pieces of an upload, and what comes of one. Plain values, that travel between processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from creditchain.batch.errors import Problem
from creditchain.batch.records import Record, RecordColumns
from creditchain.errors import InputError


@dataclass(frozen=True, slots=True)
class LinesPiece:
    """The lines of a JSON Lines file that begin from byte `start` to before `stop`; `last` ends the file."""

    url: str
    start: int
    stop: int
    last: bool

    @property
    def size(self) -> int:
        """Bytes of the upload that this piece stands for."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class CellsPiece:
    """Rows of a CSV file: the line each begins at, and its cells (or what is wrong with it)."""

    names: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...] | Problem], ...] = field(repr=False)
    size: int


@dataclass(frozen=True, slots=True)
class GroupsPiece:
    """Row groups of a Parquet file; `first` is the number of rows before them."""

    url: str
    groups: tuple[int, ...]
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class TablePiece:
    """Rows of a Parquet file whose row group is too large for one piece; `first` is the number of rows before them."""

    batch: pa.RecordBatch = field(repr=False)
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of a folder's manifest, its cells as they stand."""

    line: int
    cells: tuple[str, ...] | Problem


@dataclass(frozen=True, slots=True)
class FilesPiece:
    """Lines of a folder's manifest."""

    url: str
    names: tuple[str, ...]
    rows: tuple[ManifestRow, ...] = field(repr=False)
    size: int


Piece = LinesPiece | CellsPiece | GroupsPiece | TablePiece | FilesPiece


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a piece: good records, bad lines, and how many lines it had.

    Where `numbered`, lines are those of the upload; else they count from 1 in the piece.
    """

    records: pa.RecordBatch
    problems: tuple[Problem, ...]
    lines: int
    numbered: bool


class Collector:
    """Collects a piece's records and problems."""

    def __init__(self) -> None:
        self.columns = RecordColumns()
        self.problems: list[Problem] = []

    def take(self, line: int, make: Callable[[], Record]) -> None:
        """Add what `make` makes, or the problem it raises."""
        try:
            self.columns.add(line, make())
        except InputError as error:
            self.problems.append(Problem.of(error, line))

    def loaded(self, lines: int, *, numbered: bool) -> Loaded:
        """Everything collected."""
        return Loaded(
            self.columns.batch(), tuple(sorted(self.problems, key=lambda found: found.line or 0)), lines, numbered
        )
