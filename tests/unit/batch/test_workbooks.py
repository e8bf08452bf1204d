"""Excel workbooks: the same batch as the CSV file, cells by their type, hostile archives refused in bounded memory."""

from __future__ import annotations

import datetime
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from making import RULES, SEALS, TERMS, document, made, rows, write_csv

from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.making.pipeline import Prepared, prepare
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.readers.reading import USUAL, Reading
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.readers.workbook import number_text
from creditchain.batch.readers.workbook_check import WorkbookLimits, check_workbook

GOOD = [document(record) for record in range(30)]


def workbook(path: Path, change: Callable[[Any], None] | None = None, *, typed: bool = True) -> Path:
    """The good documents as a workbook, dates and numbers in cells of their kind."""
    book = openpyxl.Workbook()
    sheet = book.active
    table = rows(GOOD)
    sheet.append(list(table[0]))
    for row in table:
        dates = {name: datetime.date.fromisoformat(row[name]) for name in ("as_of", "established_on")}
        sheet.append(list({**row, **(dates if typed else {})}.values()))
    if change is not None:
        change(book)
    book.save(path)
    return path


def read(path: Path, dest: Path, reading: Reading = USUAL, faults: Faults | None = None) -> Prepared:
    upload = find_upload(path, reading)
    return prepare(upload, RULES, SEALS, TERMS, dest, name="test", limits=BatchLimits(), faults=faults or Faults())


@pytest.mark.parametrize("typed", [True, False])
def test_the_same_batch_as_csv(typed: bool, tmp_path: Path) -> None:
    expected = made(write_csv(tmp_path / "a.csv", GOOD), tmp_path / "expected")
    assert read(workbook(tmp_path / "a.xlsx", typed=typed), tmp_path / "found").root == expected.root


def test_the_sheet_that_is_asked_for(tmp_path: Path) -> None:
    def more(book: Any) -> None:
        book.active.title = "数据"
        book.create_sheet("说明", 0)["A1"] = "x"
        book.create_sheet("hidden").sheet_state = "hidden"
        book["hidden"]["A1"] = "x"

    path = workbook(tmp_path / "a.xlsx", more)
    expected = made(write_csv(tmp_path / "a.csv", GOOD), tmp_path / "expected").root
    for sheet in ("数据", "2"):
        assert read(path, tmp_path / sheet, Reading(sheet=sheet)).root == expected
    with pytest.raises(UploadError, match="several sheets") as caught:
        read(path, tmp_path / "no")
    assert "--sheet" in str(caught.value.hint)
    with pytest.raises(UploadError, match="no such sheet"):
        read(path, tmp_path / "no", Reading(sheet="数"))


def test_one_visible_sheet_needs_no_name(tmp_path: Path) -> None:
    def more(book: Any) -> None:
        book.create_sheet("empty")
        book.create_sheet("hidden").sheet_state = "hidden"
        book["hidden"]["A1"] = "x"

    assert read(workbook(tmp_path / "a.xlsx", more), tmp_path / "found").size == len(GOOD)


def test_a_title_above_empty_rows_and_columns_at_the_side(tmp_path: Path) -> None:
    def move(book: Any) -> None:
        book.active.insert_rows(1, 2)
        book.active["A1"] = "登记信息"
        book.active.insert_rows(10, 1)

    path = workbook(tmp_path / "a.xlsx", move)
    assert read(path, tmp_path / "found", Reading(header_row=3)).size == len(GOOD)

    def beside(book: Any) -> None:
        book.active.cell(row=5, column=40, value="note")

    problems: list[Problem] = []
    with pytest.raises(UploadError, match="beside the table"):
        read(workbook(tmp_path / "b.xlsx", beside), tmp_path / "no", faults=Faults(report=problems.append))
    assert [problem.line for problem in problems] == [5]


WRONG: dict[str, tuple[str, Any, str]] = {
    "an error value": ("name", "#N/A", "error value"),
    "a number that lost digits": ("subject_number", 913100000000000123, "short one"),
    "a formula that was never computed": ("name", '=A2&"x"', "formula"),
    "an amount in yuan": ("capital_fen", 1234.56, "fraction"),
    "a time of day": ("established_on", datetime.datetime(2004, 5, 6, 10, 30), "time of day"),
    "a tab": ("record_id", "R000000004\t", "tab"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_cell_holds_is_told_by_name(name: str, tmp_path: Path) -> None:
    column, value, word = WRONG[name]

    def change(book: Any) -> None:
        at = [cell.value for cell in book.active[1]].index(column)
        cell = book.active.cell(row=5, column=at + 1, value=value)
        if value == "#N/A":
            cell.data_type = "e"

    problems: list[Problem] = []
    with pytest.raises(UploadError):
        read(workbook(tmp_path / "a.xlsx", change), tmp_path / "no", faults=Faults(report=problems.append))
    assert [problem.line for problem in problems] == [5]
    assert word in (problems[0].found or "")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (1234.56, "1234.56"),
        (100.0, "100"),
        (-7, "-7"),
        (1e-7, "0.0000001"),
        (999_999_999_999_999.0, "999999999999999"),
        (1e15, "1.00E+15"),
        (9.1e17, "9.10E+17"),
    ],
)
def test_numbers_as_text(number: float, text: str) -> None:
    assert number_text(number) == text


# Archives that are not what they seem.

_SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)


#: A part: its beginning, how many blanks follow, its end.
Part = tuple[bytes, int, bytes]


def with_parts(path: Path, parts: dict[str, Part]) -> Path:
    """A small workbook with some of its parts replaced."""
    source = workbook(path.with_suffix(".good.xlsx"))
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in good.namelist():
            if name not in parts:
                bad.writestr(name, good.read(name))
        for name, (begin, blanks, end) in parts.items():
            with bad.open(name, "w", force_zip64=False) as part:
                part.write(begin)
                for _ in range(blanks >> 20):
                    part.write(b" " * (1 << 20))
                part.write(end)
    return path


def far_apart(path: Path) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with_parts(path, {"xl/worksheets/sheet1.xml": (_SHEET.format(cells).encode(), 0, b"")})


def entities(path: Path) -> None:
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 100}">' for n in range(10))
    sheet = f'<?xml version="1.0"?><!DOCTYPE worksheet [{inner}]><worksheet>&e9;</worksheet>'
    with_parts(path, {"xl/worksheets/sheet1.xml": (sheet.encode(), 0, b"")})


def many_texts(path: Path) -> None:
    with_parts(path, {"xl/sharedStrings.xml": (b"<sst><si><t>", 300 << 20, b"</t></si></sst>")})


def blanks(path: Path) -> None:
    with_parts(path, {"xl/worksheets/sheet1.xml": (b"<worksheet>", 1100 << 20, b"</worksheet>")})


def lying(path: Path) -> None:
    """The archive states a few bytes for the table of texts, but its stream has 400 MB."""
    with_parts(path, {"xl/sharedStrings.xml": (b"<sst>", 400 << 20, b"</sst>")})
    raw = bytearray(path.read_bytes())
    name = b"xl/sharedStrings.xml"
    for signature, size_at, name_at in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        at = raw.find(signature)
        while raw[at + name_at : at + name_at + len(name)] != name:
            at = raw.find(signature, at + 1)
        struct.pack_into("<I", raw, at + size_at, 5)
        struct.pack_into("<I", raw, at + size_at - 8, zlib.crc32(b"<sst>"))
    path.write_bytes(raw)


BOMBS = [far_apart, entities, many_texts, blanks, lying]
_MEASURE = """
import json, sys
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import UploadError
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.readers import pieces
from creditchain.catalogue.products import load_product
try:
    for _ in pieces(find_upload(sys.argv[1]), Rules(load_product("registry-basic/1")), lambda size: 1 << 20):
        pass
except UploadError as error:
    told = error.message
status = open("/proc/self/status").read()
print(json.dumps({"told": told, "peak": int(status.split("VmHWM:")[1].split()[0]) * 1024}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_one_error_within_a_gigabyte(bomb: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    bomb(path)
    assert path.stat().st_size < 2 << 20
    done = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    assert measured["told"]
    assert measured["peak"] < 1 << 30


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_cut_archives(cut: float, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * cut)])
    with pytest.raises(UploadError):
        read(path, tmp_path / "no")


def test_every_byte_may_be_wrong(tmp_path: Path) -> None:
    """A damaged workbook gives one error of ours, or is still the same workbook."""
    raw = workbook(tmp_path / "a.xlsx").read_bytes()
    root = read(tmp_path / "a.xlsx", tmp_path / "good").root
    for at in range(0, len(raw), 97):
        path = tmp_path / "b.xlsx"
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x55]) + raw[at + 1 :])
        try:
            assert read(path, tmp_path / "bad").root == root
        except UploadError:
            continue


def test_a_sheet_with_more_cells_than_the_limit(tmp_path: Path) -> None:
    raw = workbook(tmp_path / "a.xlsx").read_bytes()
    with pytest.raises(UploadError, match="too large"):
        check_workbook(io.BytesIO(raw), WorkbookLimits(cells=100))


def test_a_csv_with_the_name_of_a_workbook(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.xlsx", GOOD)
    with pytest.raises(UploadError, match="Excel"):
        read(path, tmp_path / "no")
