"""CSV (RFC 4180): UTF-8, comma, a header line. Quoted cells may hold line ends, so rows are cut in order."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import IO

from creditchain.batch.accepting.lines import accept_values
from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.accepting.table import document_of_cells, layout
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers.pieces import CellsPiece
from creditchain.batch.readers.upload import Upload, open_at
from creditchain.documents import DOCUMENT_LIMITS, JsonObject
from creditchain.errors import InputError, Place

_BOM = "\ufeff"


def pieces(upload: Upload, rules: Rules, piece_bytes: int) -> Iterator[CellsPiece]:
    """Rows of about `piece_bytes` together. Raises UploadError for a wrong header."""
    with storage("the upload"), open_at(upload.url) as handle:
        rows = read_rows(handle, upload.name)
        names = header(rows, upload.name)
        try:
            layout(names, rules.product)
        except UploadError as error:
            raise error.at(Place(upload.name, 1)) from None
        yield from _gather(rows, names, piece_bytes)


def load(piece: CellsPiece, rules: Rules) -> Loaded:
    """The records of the rows."""
    table = layout(piece.names, rules.product)
    problems: list[Problem] = []
    numbers: list[int] = []
    values: list[JsonObject] = []
    for line, cells in piece.rows:
        try:
            if isinstance(cells, Problem):
                problems.append(cells)
            else:
                named = dict(zip(piece.names, cells, strict=True))
                values.append(document_of_cells(named, table, rules.product))
                numbers.append(line)
        except InputError as error:
            problems.append(Problem.of(error, line))
    loaded = accept_values(values, numbers, rules)
    problems = sorted([*problems, *loaded.problems], key=lambda problem: problem.line or 0)
    return replace(loaded, problems=tuple(problems), lines=len(piece.rows))


def header(rows: Iterator[tuple[int, tuple[str, ...] | Problem]], name: str) -> tuple[str, ...]:
    """The column names. Raises UploadError."""
    first = next(rows, None)
    if first is None:
        raise UploadError("the file has no header line", place=Place(name, 1))
    cells = first[1]
    if isinstance(cells, Problem):
        raise cells.error(name)
    if cells and cells[0].startswith(_BOM):
        raise UploadError("the file starts with a byte order mark", expected="UTF-8 without one", place=Place(name, 1))
    return cells


def read_rows(handle: IO[bytes], name: str) -> Iterator[tuple[int, tuple[str, ...] | Problem]]:
    """Each row with the line it begins at. Raises UploadError where what follows can not be told: encoding, quoting."""
    csv.field_size_limit(DOCUMENT_LIMITS.max_bytes)
    reader = csv.reader(_lines(handle, name), strict=True)
    width: int | None = None
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            torn = "unexpected end" in str(error)
            message = "the file ends in the middle of a quoted cell" if torn else "not well-formed CSV"
            raise UploadError(message, found=str(error), place=Place(name, line)) from error
        if row is None:
            return
        width = len(row) if width is None else width
        if len(row) == width:
            yield line, tuple(row)
        else:
            message = "the line is empty" if not row else "the row has another number of cells than the header"
            yield line, Problem(line, None, message, f"{width} cells", f"{len(row)} cells")


def _gather(
    rows: Iterable[tuple[int, tuple[str, ...] | Problem]], names: tuple[str, ...], piece_bytes: int
) -> Iterator[CellsPiece]:
    gathered: list[tuple[int, tuple[str, ...] | Problem]] = []
    size = 0
    for line, cells in rows:
        gathered.append((line, cells))
        size += len(names) if isinstance(cells, Problem) else sum(map(len, cells)) + len(cells)
        if size >= piece_bytes:
            yield CellsPiece(names, tuple(gathered), size)
            gathered, size = [], 0
    if gathered:
        yield CellsPiece(names, tuple(gathered), size)


def _lines(handle: IO[bytes], name: str) -> Iterator[str]:
    for number, line in enumerate(handle, 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UploadError(
                "the line is not UTF-8", found=f"byte {error.start} of the line", place=Place(name, number)
            ) from None
