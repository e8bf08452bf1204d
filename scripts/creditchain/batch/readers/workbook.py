"""Excel workbooks (.xlsx): one sheet as rows of texts. Cells keep what they hold, not how they are shown.

A text stays as it is. Numbers are written with all digits and no artefacts of floating point, dates as 2023-05-05,
truth values as true and false, a formula's result as it was saved. Excel keeps 15 digits of a number: longer ones have
lost the rest, and are written short (9.1E+17), so that they are refused by name.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import python_calamine as calamine

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers import rows
from creditchain.batch.readers.pieces import CellsPiece, Row
from creditchain.batch.readers.texts import as_text, decimal_text
from creditchain.batch.readers.upload import Upload, open_at
from creditchain.batch.readers.workbook_check import SheetCells, check_workbook
from creditchain.errors import Place

#: Largest workbook, bytes: it is held while it is read.
MAX_BYTES = 256 << 20
_EXACT = 10**15
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_NO_NUMBER = "#NUM!"
_READER_ERRORS = (calamine.CalamineError, calamine.XmlError, calamine.ZipError, calamine.WorksheetNotFound, OSError)


def pieces(upload: Upload, rules: Rules, piece_bytes: Callable[[int], int]) -> Iterator[CellsPiece]:
    """Rows of the sheet, some together. Raises UploadError: no such sheet, too large, a wrong header."""
    reading = upload.reading
    place = Place(upload.name)
    try:
        sheet, cells = _open(upload)
        read = _rows(sheet, cells, reading.header_row - 1)
        names = _names(next(read, None))
        rows.check_columns(names, rules, reading.mapping)
    except UploadError as error:
        raise error.at(replace(place, line=reading.header_row)) from None
    height = max(1, cells.high[0] - reading.header_row + 1)
    limit = piece_bytes(max(1, cells.cells) * 16)
    for piece in rows.gather(_table(read, len(names)), names, limit, reading.mapping):
        yield replace(piece, size=max(1, upload.size * len(piece.rows) // height))


def column_names(upload: Upload) -> tuple[str, ...]:
    """The header's names. Raises UploadError."""
    try:
        sheet, cells = _open(upload)
        return _names(next(_rows(sheet, cells, upload.reading.header_row - 1), None))
    except UploadError as error:
        raise error.at(Place(upload.name, upload.reading.header_row)) from None


def _open(upload: Upload) -> tuple[Any, SheetCells]:
    """The sheet that is meant, and where its cells are."""
    with storage("the upload"), open_at(upload.url) as handle:
        raw = handle.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise UploadError("the workbook is too large", expected=f"at most {MAX_BYTES} bytes")
    cells = check_workbook(io.BytesIO(raw))
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        number = _number_of(book.sheets_metadata, upload.reading.sheet, cells)
        sheet = book.get_sheet_by_index(number)
    except _READER_ERRORS as error:
        raise UploadError("not a workbook that can be read", hint="Open it in Excel and save it again.") from error
    if sheet.start is None or not cells[number].cells:
        raise UploadError("the sheet is empty")
    return sheet, cells[number]


def _number_of(sheets: list[Any], wanted: str | None, cells: list[SheetCells]) -> int:
    """Which sheet is meant, from 0. Raises UploadError; sheets are counted, not named, for a name may be content."""
    listed = [sheet.name for sheet in sheets]
    if len(listed) != len(cells):
        raise UploadError("the sheets of the workbook cannot be told apart", hint="Open it in Excel and save it again.")
    if wanted is not None:
        if wanted in listed:
            return listed.index(wanted)
        if _NUMBER.fullmatch(wanted) and 1 <= int(wanted) <= len(listed):
            return int(wanted) - 1
        raise UploadError("the workbook has no such sheet", expected=f"a name, or a number from 1 to {len(listed)}")
    visible = [
        number
        for number, sheet in enumerate(sheets)
        if sheet.visible == calamine.SheetVisibleEnum.Visible and cells[number].cells
    ]
    if len(visible) == 1:
        return visible[0]
    raise UploadError(
        "the workbook has several sheets" if visible else "the workbook has no visible sheet with cells",
        found=f"{len(visible)} sheets with cells",
        hint="Say which with --sheet, by name or number from 1." if visible else None,
    )


def _rows(sheet: Any, cells: SheetCells, first: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each row from row `first` (from 0) on as texts, from column A, with its line number."""
    # The reader gives rows from the sheet's first on, and columns from the first that has a cell.
    left = ("",) * sheet.start[1]
    for number, row in enumerate(sheet.iter_rows()):
        if number < first:
            continue
        texts = [*left, *map(cell_text, row)]
        for place in range(len(texts)) if cells.dropped else ():
            texts[place] = cells.dropped.get((number, place), texts[place])
        yield number + 1, tuple(texts)


def _names(header: tuple[int, tuple[str, ...]] | None) -> tuple[str, ...]:
    """The column names. Raises UploadError for a column without one."""
    cells = header[1] if header is not None else ()
    width = max((place + 1 for place, cell in enumerate(cells) if cell), default=0)
    if not width:
        raise UploadError("the header row is empty", hint="Say which row it is with --header-row.")
    if "" in cells[:width]:
        raise UploadError(
            "a column has no name", found=f"column {cells.index('') + 1}", hint="Or say the row with --header-row."
        )
    return cells[:width]


def _table(read: Iterator[tuple[int, tuple[str, ...]]], width: int) -> Iterator[tuple[int, Row]]:
    """Rows as wide as the header; rows without any value are left out, as Excel keeps such."""
    for line, cells in read:
        if any(cells[width:]):
            yield (
                line,
                Problem(line, None, "a cell beside the table", f"{width} columns", hint="Clear what stands there."),
            )
        elif any(cells):
            yield line, cells[:width] + ("",) * (width - len(cells))


def cell_text(cell: Any) -> str:
    """A cell's value as the text that documents are made of."""
    return number_text(cell) if type(cell) in (int, float) else as_text(cell)


def number_text(number: float) -> str:
    """A number with all its digits; one that Excel has shortened in its shortened form; Excel's error for no number."""
    if not math.isfinite(number):
        return _NO_NUMBER
    return f"{number:.2E}" if abs(number) >= _EXACT else decimal_text(number)
