"""CSV (RFC 4180) with a header line: cells between commas, or between tabs where the header has tabs and no comma.

Quoted cells may hold line ends, so rows are cut in order.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError, storage
from creditchain.batch.readers import rows
from creditchain.batch.readers.encodings import UTF_8, decoded_lines
from creditchain.batch.readers.pieces import CellsPiece, Row
from creditchain.batch.readers.upload import Upload, open_at
from creditchain.documents import DOCUMENT_LIMITS
from creditchain.errors import Place

_OTHER_DELIMITERS = ";；，|"


def pieces(upload: Upload, rules: Rules, piece_bytes: int) -> Iterator[CellsPiece]:
    """Rows of about `piece_bytes` together. Raises UploadError for a wrong header."""
    reading = upload.reading
    with storage("the upload"), open_at(upload.url) as handle:
        read = read_rows(handle, upload.name, reading.encoding, reading.header_row)
        names = header(read, upload.name, reading.header_row)
        try:
            rows.check_columns(names, rules, reading.mapping)
        except UploadError as error:
            raise _with_delimiter(error, names).at(Place(upload.name, reading.header_row)) from None
        yield from rows.gather(read, names, piece_bytes, reading.mapping)


def column_names(upload: Upload) -> tuple[str, ...]:
    """The header's names. Raises UploadError."""
    reading = upload.reading
    with storage("the upload"), open_at(upload.url) as handle:
        return header(
            read_rows(handle, upload.name, reading.encoding, reading.header_row), upload.name, reading.header_row
        )


def header(read: Iterator[tuple[int, Row]], name: str, line: int = 1) -> tuple[str, ...]:
    """The column names. Raises UploadError."""
    first = next(read, None)
    if first is None:
        raise UploadError("the file has no header line", place=Place(name, line))
    cells = first[1]
    if isinstance(cells, Problem):
        raise cells.error(name)
    return cells


def read_rows(handle: IO[bytes], name: str, encoding: str = UTF_8, header_row: int = 1) -> Iterator[tuple[int, Row]]:
    """Each row from the header on, with the line it begins at.

    Raises UploadError where what follows cannot be told: encoding, quoting.
    """
    csv.field_size_limit(DOCUMENT_LIMITS.max_bytes)
    lines = decoded_lines(handle, encoding, name)
    first = next(islice(lines, header_row - 1, None), None)
    if first is None:
        return
    before = header_row - 1
    reader = csv.reader(chain([first], lines), strict=True, delimiter=_delimiter(first))
    width: int | None = None
    while True:
        line = reader.line_num + 1 + before
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise _malformed(str(error), Place(name, line)) from error
        if row is None:
            return
        width = len(row) if width is None else width
        yield line, _checked(tuple(row), width, line)


def _malformed(reason: str, place: Place) -> UploadError:
    """What the csv module found, in our words."""
    if "unexpected end" in reason:
        hint = "A quotation mark at the start of a cell needs its partner at the end. Or was the file cut off?"
        return UploadError("the file ends in the middle of a quoted cell", hint=hint, place=place)
    if "new-line character" in reason:
        hint = "Save the file with the line ends of Windows (CRLF) or of Unix (LF)."
        return UploadError("a carriage return without a line feed", hint=hint, place=place)
    if "field limit" in reason:
        hint = "Is a quotation mark missing at its end?"
        limit = f"at most {DOCUMENT_LIMITS.max_bytes} characters"
        return UploadError("a cell that is too long", expected=limit, hint=hint, place=place)
    return UploadError("not well-formed CSV", found=reason, place=place)


def _checked(row: tuple[str, ...], width: int, line: int) -> Row:
    if not any(row):
        return Problem(line, None, "the line is empty", hint="Take it out.")
    if len(row) != width:
        message = "the row has another number of cells than the header"
        hint = "A comma inside a cell needs quotes around the cell." if len(row) > width else None
        return Problem(line, None, message, f"{width} cells", f"{len(row)} cells", hint)
    return row


def _delimiter(header_line: str) -> str:
    return "\t" if "\t" in header_line and "," not in header_line else ","


def _with_delimiter(error: UploadError, names: tuple[str, ...]) -> UploadError:
    """The error, with what to do where the whole header became one cell."""
    if len(names) == 1 and any(each in names[0] for each in _OTHER_DELIMITERS):
        error.found, error.hint = "one cell that holds the whole header", "Put commas (,) between the cells."
    return error
