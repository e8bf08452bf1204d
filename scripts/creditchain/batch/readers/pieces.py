"""The pieces that readers cut an upload into: plain values that travel to worker processes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from creditchain.batch.errors import Problem


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
