"""What checking a piece of an upload gives: good records, and the problems of the other lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from creditchain.batch.errors import Problem
from creditchain.batch.records import Record, RecordColumns
from creditchain.errors import InputError


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
