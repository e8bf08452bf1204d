"""Uploads as institutions send them: byte order marks, other encodings, tabs. The documents are the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import PRODUCT, RULES, SEALS, TERMS, document, lines, made, write_csv

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.making.pipeline import Prepared, prepare
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.readers.encodings import ENCODINGS, likely_encoding
from creditchain.batch.readers.reading import Reading
from creditchain.batch.readers.upload import find_upload, upload_digest
from creditchain.catalogue.products import load_product
from creditchain.errors import UsageError

DATA = Path(__file__).resolve().parents[2] / "data" / "uploads"
GOOD = [document(record) for record in range(40)]
#: Names in the characters that each encoding has.
TAIWAN = [{**one, "data": {**one["data"], "name": "臺北市範例股份有限公司"}} for one in GOOD]


def read_as(path: Path, dest: Path, reading: Reading, **more: object) -> Prepared:
    """The batch of an upload that is read in some way."""
    return prepare(find_upload(path, reading), RULES, SEALS, TERMS, dest, name="test", limits=BatchLimits(**more))  # type: ignore[arg-type]


def encoded(text: str, encoding: str, *, mark: bool = False) -> bytes:
    return ("\ufeff" * mark + text).encode(ENCODINGS[encoding])


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("piece_bytes", [700, 1 << 20])
@pytest.mark.parametrize("encoding", [*ENCODINGS, "utf-8 with mark", "utf-16-le with mark"])
def test_other_encodings_give_the_same_batch(encoding: str, piece_bytes: int, kind: str, tmp_path: Path) -> None:
    documents = TAIWAN if encoding.startswith("big5") else GOOD
    if encoding.startswith("big5"):  # simplified characters are not in it
        documents = [{**one, "data": {**one["data"], "address": "臺北市", "authority": "經濟部"}} for one in documents]
    plain = tmp_path / "plain.jsonl"
    plain.write_bytes(lines(documents))
    text = lines(documents).decode() if kind == "jsonl" else write_csv(tmp_path / "a.csv", documents).read_text("utf-8")
    other = tmp_path / f"other.{kind}"
    name, _, mark = encoding.partition(" ")
    other.write_bytes(encoded(text, name, mark=bool(mark)))
    expected = made(plain, tmp_path / "expected")
    found = read_as(other, tmp_path / "found", Reading(encoding=name), piece_bytes=piece_bytes)
    assert found.root == expected.root


def test_byte_order_mark_of_an_institution(tmp_path: Path) -> None:
    assert made(DATA / "utf8-bom.csv", tmp_path).size == 1


def test_gbk_is_refused_with_its_name_and_read_when_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UploadError) as caught:
        made(DATA / "gbk.csv", tmp_path)
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert "--encoding gb18030" in str(caught.value.hint)
    read = read_as(DATA / "gbk.csv", tmp_path, Reading.parse("GBK", None, 1))
    assert read.size == 1


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("合肥示例商贸有限公司,合肥市示例路1号", "gb18030"),
        ("杭州示例电力", "gb18030"),
        ("臺北市範例股份有限公司,中華民國", "big5"),
        ("範例公司", "big5"),
        ("name,合肥市示例公司\n", "utf-16"),
        ("name,合肥市示例公司,and,some,more,columns\n", "utf-16-le"),
        ("name,合肥市示例公司,and,some,more,columns\n", "utf-16-be"),
        ("合肥示例商贸有限公司", "utf-8"),
        ("plain", "utf-8"),
    ],
)
def test_the_likely_encoding(text: str, encoding: str) -> None:
    assert likely_encoding(text.encode(ENCODINGS[encoding])) == encoding


def test_no_encoding_is_named_for_noise() -> None:
    assert likely_encoding(bytes(range(129, 256)) * 3) is None


def test_lines_in_another_encoding_later_in_the_file(tmp_path: Path) -> None:
    """Broken UTF-16, and text that is not GB18030: the error names the line."""
    text = write_csv(tmp_path / "a.csv", GOOD).read_text("utf-8")
    path = tmp_path / "broken.csv"
    path.write_bytes(encoded(text, "gb18030").replace(b"R000000020", b"R00000\x81\x20020"))
    with pytest.raises(UploadError) as caught:
        read_as(path, tmp_path / "batches", Reading(encoding="gb18030"))
    assert caught.value.place is not None
    assert caught.value.place.line == 22


def test_an_encoding_that_is_not_known() -> None:
    with pytest.raises(UsageError, match="gb18030"):
        Reading.parse("ebcdic", None, 1)


def test_tabs_between_cells(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", GOOD).read_text("utf-8").replace(",", "\t")
    path = tmp_path / "a.txt"
    path.write_bytes(encoded(text, "utf-16", mark=False))
    found = read_as(path, tmp_path / "found", Reading(encoding="utf-16"))
    assert found.root == made(tmp_path / "a.csv", tmp_path / "expected").root


def test_other_delimiters_are_named(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", GOOD).read_text("utf-8").replace(",", ";")
    path = tmp_path / "b.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(UploadError) as caught:
        made(path, tmp_path / "batches")
    assert "commas" in str(caught.value.hint)


def test_a_header_that_is_not_in_the_first_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", GOOD)
    path = tmp_path / "b.csv"
    path.write_text("登记信息,2024\n\n" + (tmp_path / "a.csv").read_text("utf-8"), "utf-8")
    assert read_as(path, tmp_path / "b", Reading(header_row=3)).root == made(tmp_path / "a.csv", tmp_path / "a").root
    with path.open("a", encoding="utf-8") as handle:
        handle.write("x\n")
    with pytest.raises(UploadError) as caught:
        read_as(path, tmp_path / "c", Reading(header_row=3))
    assert caught.value.place is not None
    assert caught.value.place.line == len(GOOD) + 4


def test_another_reading_is_another_upload() -> None:
    """The default reading keeps the file's own digest; any other reading gives another digest."""
    path = DATA / "gbk.csv"
    readings = [Reading(), Reading(encoding="gb18030"), Reading(header_row=2), Reading(sheet="1")]
    assert len({upload_digest(find_upload(path, reading)) for reading in readings}) == len(readings)
    kept = Reading(encoding="gb18030", sheet="x", header_row=4)
    assert Reading.of_kept(kept.kept(), PRODUCT) == kept


LEFT = {
    "a formula": ("name", '="上海示例有限公司"', "formula"),
    "an error": ("name", "#REF!", "error value"),
    "a shortened number": ("subject_number", "9.2E+17", "turned into a short one"),
    "a tab": ("record_id", "R000000001\t", "tab"),
    "full width": ("division", "３１００００", "full-width"),
    "full width letters": ("subject_number", "９１３１００００ＹＸ", "full-width"),
    "an apostrophe": ("subject_number", "'91310000YX0000016M", "apostrophe"),
    "separators": ("capital_fen", "1,234,567", "thousands"),
    "currency": ("capital_fen", "￥100", "currency"),
    "a fraction": ("capital_fen", "77.34", "fraction"),
    "a point": ("capital_fen", "900.0", "decimal point"),
    "slashes": ("established_on", "2004/5/6", "another form"),
    "eight digits": ("established_on", "20040506", "another form"),
    "Chinese date": ("as_of", "2004年5月6日", "another form"),
    "Excel's day": ("established_on", "38113", "number of days"),
    "a time": ("as_of", "2004-05-06 10:00:00", "time of day"),
    "hashes": ("name", "########", "too narrow"),
    "no result": ("name", "=", "result"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_spreadsheets_leave_is_told_by_name(name: str, tmp_path: Path) -> None:
    column, cell, word = LEFT[name]
    path = write_csv(tmp_path / "a.csv", GOOD)
    rows = path.read_text("utf-8").splitlines()
    at = rows[0].split(",").index(column)
    cells = rows[5].split(",")
    cells[at] = '"' + cell.replace('"', '""') + '"'
    rows[5] = ",".join(cells)
    path.write_text("\n".join(rows) + "\n", "utf-8")
    problems: list[Problem] = []
    with pytest.raises(UploadError):
        made(path, tmp_path / "batches", faults=Faults(report=problems.append))
    assert len(problems) == 1
    problem = problems[0]
    assert problem.line == 6
    assert (problem.field or "").replace("subject.number", "subject_number").removeprefix("data.") == column
    assert word in (problem.found or "")
    assert problem.hint
    assert cell == "=" or cell not in str(problem)


def test_all_four_faults_of_a_row(tmp_path: Path) -> None:
    problems: list[Problem] = []
    tax = Rules(load_product("tax-payment/1"))
    with pytest.raises(UploadError, match="first of 4 faults"):
        made(DATA / "wrongtwo.csv", tmp_path, rules=tax, faults=Faults(report=problems.append))
    told = {problem.field: problem.expected for problem in problems}
    assert told["data.period_from"] == told["data.paid_on"] == "a date such as 2023-05-05"
    assert "vat" in str(told["data.tax"])
    assert str(told["data.rating"]).startswith("one of A, B")


def test_empty_rows_are_one_fault_each(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", GOOD)
    width = path.read_text("utf-8").split("\n", 1)[0].count(",")
    with path.open("a", encoding="utf-8") as handle:
        handle.write("," * width + "\n\n")
    problems: list[Problem] = []
    with pytest.raises(UploadError):
        made(path, tmp_path / "batches", faults=Faults(report=problems.append))
    assert [(problem.line, problem.message) for problem in problems] == [
        (len(GOOD) + 2, "the line is empty"),
        (len(GOOD) + 3, "the line is empty"),
    ]
