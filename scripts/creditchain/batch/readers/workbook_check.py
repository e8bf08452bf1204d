"""Checks of a workbook (.xlsx) before a reader that trusts its input gets it: sizes, cells, and what the reader drops.

A workbook is a zip archive of XML. calamine inflates a part whatever size the archive tells, makes one dense table from
the first cell to the last, and gives error values and formulas without a result as empty cells. So every part is
inflated here first, piece by piece and never kept; the cells of each sheet are counted; and cells that calamine would
drop are noted by their place.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from creditchain.batch.errors import UploadError

_CHUNK = 256 << 10
_LOCAL_HEADER = struct.Struct("<4s22x2H")
_ERROR, _NO_RESULT = "#N/A", "="
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_NOT_WHOLE = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, EOFError, ValueError, OverflowError)
_SMALLER = "Save the sheet as CSV (UTF-8), or send it in parts."
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """What a workbook may take."""

    entries: int = 1_000  #: parts of the archive
    unpacked: int = 1 << 30  #: bytes of all parts together, unpacked; they are not held
    strings: int = 128 << 20  #: bytes of the table of shared texts, which is held
    cells: int = 6_000_000  #: cells from the first to the last of a sheet, empty ones too: all are held


@dataclass(slots=True)
class SheetCells:
    """Where the cells of a sheet are; rows and columns count from 0."""

    cells: int = 0
    low: tuple[int, int] = (1 << 30, 1 << 30)
    high: tuple[int, int] = (-1, -1)
    #: Cells that the reader gives as empty though something is in them, and what stands for it.
    dropped: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def area(self) -> int:
        """Cells of the smallest table that holds all of them."""
        if self.high[0] < 0:
            return 0
        return (self.high[0] - self.low[0] + 1) * (self.high[1] - self.low[1] + 1)


def check_workbook(handle: IO[bytes], limits: WorkbookLimits = WorkbookLimits()) -> list[SheetCells]:
    """The cells of each sheet, in the workbook's order. Raises UploadError for what is too large or no workbook."""
    try:
        with zipfile.ZipFile(handle) as archive:
            entries = archive.infolist()
            _check_directory(entries, limits)
            if _BOOK not in archive.namelist():
                raise UploadError("not an Excel workbook", expected=".xlsx", hint="Save it as an Excel workbook.")
            parts = {}
            for entry in entries:
                chunks = _unpacked(handle, entry)
                parts[entry.filename] = _scan(chunks, limits) if _is_sheet(entry.filename) else _through(chunks)
            return [parts.get(part, SheetCells()) for part in _sheet_parts(archive)]
    except _NOT_WHOLE as error:
        raise UploadError("not a whole Excel workbook", expected=".xlsx", hint="Send the upload again.") from error
    except expat.ExpatError as error:
        raise UploadError("a part of the workbook is not well-formed XML", hint="Open and save it again.") from error


def _sheet_parts(archive: zipfile.ZipFile) -> list[str]:
    """The names of the parts that hold the sheets, in the order of the workbook."""
    sheets: list[str] = []
    targets: dict[str, str] = {}

    def on_sheet(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet":
            sheets.append(next((value for key, value in attributes.items() if _local(key) == "id"), ""))

    def on_relation(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    for part, handler in ((_BOOK, on_sheet), (_RELATIONS, on_relation)):
        if part not in archive.namelist():
            continue
        parser = _parser()
        parser.StartElementHandler = handler
        parser.Parse(archive.read(part), True)
    return [targets.get(sheet, "") for sheet in sheets]


def _check_directory(entries: list[zipfile.ZipInfo], limits: WorkbookLimits) -> None:
    total = sum(entry.file_size for entry in entries)
    strings = max((entry.file_size for entry in entries if entry.filename.endswith("sharedStrings.xml")), default=0)
    if len({entry.filename for entry in entries}) != len(entries) or any(entry.flag_bits & 1 for entry in entries):
        raise UploadError("not a workbook that can be read: encrypted, or with parts that occur twice")
    for found, limit, what in (
        (len(entries), limits.entries, "parts"),
        (total, limits.unpacked, "bytes when unpacked"),
        (strings, limits.strings, "bytes of text"),
    ):
        if found > limit:
            raise _too_large(f"{limit} {what}", f"{found} {what}")


def _too_large(expected: str, found: str) -> UploadError:
    return UploadError("the workbook is too large", expected=f"at most {expected}", found=found, hint=_SMALLER)


def _unpacked(handle: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part's bytes as its stream gives them. Raises UploadError where they are more than the archive tells.

    Python's zipfile stops at the size that the archive tells, and would not see that more follows.
    """
    handle.seek(entry.header_offset)
    signature, name, extra = _LOCAL_HEADER.unpack(handle.read(_LOCAL_HEADER.size))
    if signature != b"PK\x03\x04" or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile
    at, left, size = handle.tell() + name + extra, entry.compress_size, 0
    inflate = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left:
        handle.seek(at)  # whoever reads the parts in turns moves the handle
        packed = handle.read(min(left, _CHUNK))
        if not packed:
            raise EOFError
        at, left = at + len(packed), left - len(packed)
        while packed:
            chunk = packed if inflate is None else inflate.decompress(packed, _CHUNK)
            packed = b"" if inflate is None else inflate.unconsumed_tail
            size += len(chunk)
            if size > entry.file_size:
                raise UploadError("the workbook unpacks to more than it says", hint="Open and save it again.")
            yield chunk
    if size != entry.file_size:
        raise zipfile.BadZipFile


def _is_sheet(part: str) -> bool:
    return part.endswith(".xml") and not part.endswith(("sharedStrings.xml", "styles.xml"))


def _through(chunks: Iterator[bytes]) -> SheetCells:
    for _ in chunks:
        pass
    return SheetCells()


def _scan(chunks: Iterator[bytes], limits: WorkbookLimits) -> SheetCells:
    scan = _Scan(limits)
    parser = _parser()
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)
    return scan.found


class _Scan:
    """Follows the elements of a sheet: `row`, `c` (a cell), `f` (its formula), `v` and `is` (its value)."""

    def __init__(self, limits: WorkbookLimits) -> None:
        self.found = SheetCells()
        self._limits = limits
        self._row, self._column = -1, -1
        self._kind, self._inside = "", ""
        self._formula = self._value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = _local(name)
        if tag == "c":
            self._cell(attributes)
        elif tag == "row":
            self._row, self._column = int(attributes.get("r", self._row + 2)) - 1, -1
        elif tag == "f":
            self._formula = True
        self._inside = tag

    def text(self, _: str) -> None:
        """Text inside an element."""
        if self._inside in ("v", "t"):
            self._value = True

    def end(self, name: str) -> None:
        """An element ends."""
        self._inside = ""
        if _local(name) != "c":
            return
        place = (self._row, self._column)
        if self._kind == "e":
            self.found.dropped[place] = _ERROR
        elif self._formula and not self._value and self._kind != "str":  # `str`: the result is the empty text
            self.found.dropped[place] = _NO_RESULT

    def _cell(self, attributes: dict[str, str]) -> None:
        found = self.found
        self._column += 1
        if match := _CELL.fullmatch(attributes.get("r", "")):
            self._row, self._column = int(match[2]) - 1, _column(match[1])
        self._kind = attributes.get("t", "")
        self._formula = self._value = False
        found.cells += 1
        found.low = (min(found.low[0], self._row), min(found.low[1], self._column))
        found.high = (max(found.high[0], self._row), max(found.high[1], self._column))
        if found.area > self._limits.cells or found.cells > self._limits.cells:
            raise _too_large(f"{self._limits.cells} cells from the first to the last of a sheet", "more")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def _parser() -> expat.XMLParserType:
    """A parser that takes no document type: entities could grow without end."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise UploadError("a part of the workbook has a document type", hint="Open and save it again.")

    parser.StartDoctypeDeclHandler = refuse
    return parser
