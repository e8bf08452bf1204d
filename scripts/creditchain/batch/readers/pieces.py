"""The pieces that readers cut an upload into: plain values that travel to worker processes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from creditchain.batch.errors import Problem
from creditchain.batch.readers.mapping import UploadMapping


@dataclass(frozen=True, slots=True)
class LinesPiece:
    """The lines of a JSON Lines file that begin from byte `start` to before `stop`; `last` ends the file."""

    url: str
    start: int
    stop: int
    last: bool
    origin: int = 0  #: where the text begins: after a byte order mark

    @property
    def size(self) -> int:
        """Bytes of the upload that this piece stands for."""
        return self.stop - self.start


#: Cells of a row as texts, or what is wrong with it.
Row = tuple[str, ...] | Problem


@dataclass(frozen=True, slots=True)
class CellsPiece:
    """Rows of a table of texts: the line each begins at, and its cells (or what is wrong with it)."""

    names: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...] = field(repr=False)
    size: int
    mapping: UploadMapping | None = None


@dataclass(frozen=True, slots=True)
class TextPiece:
    """Lines of JSON, in UTF-8, of a file that had another encoding; `last` ends the file."""

    text: bytes = field(repr=False)
    size: int
    last: bool


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


@dataclass(frozen=True, slots=True)
class MappedPiece:
    """A piece whose records have an institution's own fields; the mapping says what becomes of them."""

    own: LinesPiece | TextPiece | GroupsPiece | TablePiece
    mapping: UploadMapping

    @property
    def size(self) -> int:
        """Bytes of the upload that this piece stands for."""
        return self.own.size


Piece = MappedPiece | LinesPiece | TextPiece | CellsPiece | GroupsPiece | TablePiece | FilesPiece
