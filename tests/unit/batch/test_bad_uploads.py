"""Each way in which an upload can be wrong: one clear error with its place, and nothing left behind."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import PRODUCT, document, lines, made, number, rows, write_csv, write_parquet

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.errors import Problem, StorageError, UploadError
from creditchain.batch.making import pipeline
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.documents import Domain, domain_mask

GOOD = [document(record) for record in range(20)]


def refused(path: Path, tmp_path: Path, **more: Any) -> UploadError:
    """The error, after checking that nothing was made."""
    with pytest.raises(UploadError) as caught:
        made(path, tmp_path / "batches", **more)
    assert not (tmp_path / "batches").exists() or not list((tmp_path / "batches").iterdir())
    error = caught.value
    for one in GOOD:
        assert one["subject"]["number"] not in str(error)
        assert one["data"]["name"] not in str(error)
    return error


def with_line(text: bytes, at: int = 7) -> bytes:
    """Good lines with line `at` replaced."""
    all_lines = lines(GOOD).splitlines(keepends=True)
    all_lines[at - 1] = text + b"\n"
    return b"".join(all_lines)


def text(**changes: Any) -> bytes:
    """A good document with changes, as a line."""
    return json.dumps(document(6, **changes), ensure_ascii=False).encode()


def data(**changes: Any) -> bytes:
    """A good document with changes of its data, as a line."""
    return text(data={**document(6)["data"], **changes})


def wrong_check_digit() -> str:
    right = number(3)
    return right[:17] + ("0" if right[17] != "0" else "1")


BAD_LINES: dict[str, tuple[bytes, str | None, str]] = {
    "not JSON": (b"{", None, "not JSON"),
    "empty": (b"", None, "empty"),
    "an array": (b"[]", None, "object"),
    "another encoding": (text().decode().encode("gb18030"), None, "UTF-8"),
    "duplicate name": (text()[:-1] + b',"section":"basic"}', "section", "twice"),
    "duplicate name inside": (text().replace(b'"record_id"', b'"name":"x","record_id"'), "data.name", "twice"),
    "a float": (data(capital_fen=1.0), "data.capital_fen", "fraction"),
    "an exponent": (data(capital_fen=7777).replace(b"7777", b"1e3"), "data.capital_fen", "fraction"),
    "past 2^53": (data(capital_fen=2**53), "data.capital_fen", "too large"),
    "far past 2^53": (data(capital_fen=2**90), "data.capital_fen", "too large"),
    "half a surrogate": (data(name="AA").replace(b"AA", b"\\ud800"), "data.name", "surrogate"),
    "check digit": (text(subject={"scheme": "USCC", "number": wrong_check_digit()}), "subject.number", "check"),
    "unknown scheme": (text(subject={"scheme": "EIN", "number": "1"}), "subject.scheme", "scheme"),
    "unknown section": (text(section="basics"), "section", "section"),
    "section of another product": (text(section="carbon"), "section", "product"),
    "domain of another product": (text(domain="tax"), "domain", "product"),
    "another product": (text(product="tax-payment/1"), "product", "another product"),
    "no such day": (text(as_of="2024-02-30"), "as_of", "calendar"),
    "extra member": (text(note="x"), "note", "place"),
    "missing member": (text().replace(b'"as_of": "2024-07-07", ', b""), "as_of", "missing"),
    "field the product lacks": (data(colour="red"), "data.colour", "product"),
    "too deep": (data(name=[[]]).replace(b"[[]]", b"[" * 40 + b"]" * 40), None, "deep"),
    "too large": (data(name="x" * (1 << 20)), None, "too large"),
}


@pytest.mark.parametrize("name", BAD_LINES)
@pytest.mark.parametrize("piece_bytes", [500, 1 << 20])
def test_bad_line(name: str, piece_bytes: int, tmp_path: Path) -> None:
    line, field, message = BAD_LINES[name]
    path = tmp_path / "upload.jsonl"
    path.write_bytes(with_line(line))
    error = refused(path, tmp_path, limits=BatchLimits(piece_bytes=piece_bytes))
    assert error.place is not None
    assert (error.place.file, error.place.line) == ("upload.jsonl", 7)
    assert error.place.field == field
    assert message in error.message


def test_every_fault_of_a_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "upload.jsonl"
    wrong = {**document(6)["data"], "established_on": "2004/5/6", "capital_fen": -1, "type": "firm", "colour": "red"}
    del wrong["authority"]
    path.write_bytes(with_line(text(data=wrong, section="carbon", as_of="2024")))
    problems: list[Problem] = []
    error = refused(path, tmp_path, faults=Faults(report=problems.append))
    assert "the first of 7 faults" in error.message
    assert {problem.line for problem in problems} == {7}
    told = {problem.field: (problem.expected, problem.found) for problem in problems}
    assert told == {
        "as_of": ("a date such as 2023-05-05", None),
        "section": ("basic", "carbon"),
        "data.authority": (None, None),
        "data.colour": (None, None),
        "data.established_on": ("a date such as 2023-05-05", "a text of 8 characters"),
        "data.capital_fen": ("0 or more", "a negative whole number of 1 digit"),
        "data.type": (told["data.type"][0], "a text of 4 characters"),
    }
    assert "one of limited" in str(told["data.type"][0])
    hint = next(problem.hint for problem in problems if problem.field == "data.established_on")
    assert hint == "Write the date as year-month-day with hyphens, such as 2023-05-05."


def test_bad_line_is_found_by_worker_processes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "SMALL_BYTES", 0)
    path = tmp_path / "upload.jsonl"
    path.write_bytes(with_line(data(capital_fen=0.5), 19))
    error = refused(path, tmp_path, limits=BatchLimits(piece_bytes=1_000, workers=2))
    assert error.place is not None
    assert (error.place.line, error.place.field) == (19, "data.capital_fen")


def test_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "upload.jsonl"
    path.write_bytes(lines(GOOD)[:-40])
    error = refused(path, tmp_path)
    assert error.place is not None
    assert error.place.line == 20
    assert "torn" in error.message


def test_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(GOOD).decode().encode("utf-16"))
    error = refused(path, tmp_path)
    assert "UTF-8" in error.message
    assert "--encoding utf-16" in str(error.hint)


def test_domain_that_the_node_may_not_publish(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(GOOD))
    error = refused(path, tmp_path, rules=Rules(PRODUCT, domain_mask([Domain.TAX, Domain.POWER])))
    assert error.place is not None
    assert (error.place.line, error.place.field) == (1, "domain")
    assert "may not publish" in error.message
    assert error.expected == "power, tax"


@pytest.mark.parametrize("piece_bytes", [500, 1 << 20])
def test_the_same_document_twice(tmp_path: Path, piece_bytes: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines([*GOOD, GOOD[4]]))
    error = refused(path, tmp_path, limits=BatchLimits(piece_bytes=piece_bytes))
    assert error.place is not None
    assert error.place.line == 21
    assert error.found == "lines 5 and 21"


def test_one_file_for_one_subject_in_two_sections(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "manifest.csv").write_text(
        "file,number,section,domain,media_type\n"
        + "".join(f"a.pdf,{number(1)},{section},registry,application/pdf\n" for section in ("basic", "basic"))
    )
    assert refused(folder, tmp_path).found == "lines 2 and 3"


def test_report_gets_every_problem(tmp_path: Path) -> None:
    all_lines = lines(GOOD).splitlines(keepends=True)
    all_lines[3] = b"{\n"
    all_lines[8] = data(capital_fen=1.5) + b"\n"
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join([*all_lines, all_lines[0]]))
    told: list[Problem] = []
    error = refused(path, tmp_path, faults=Faults(report=told.append), limits=BatchLimits(piece_bytes=700))
    assert [problem.line for problem in told] == [4, 9, 21]
    assert "the first of 2 faults" in error.message
    assert told[1].as_json("a.jsonl")["field"] == "data.capital_fen"


def csv_text(change: Callable[[list[list[str]]], None]) -> str:
    table = [list(rows(GOOD)[0]), *[[str(cell) for cell in row.values()] for row in rows(GOOD)]]
    change(table)
    return "".join(",".join(row) + "\n" for row in table)


def drop_column(table: list[list[str]]) -> None:
    at = table[0].index("as_of")
    for row in table:
        del row[at]


def wrong_integer(table: list[list[str]]) -> None:
    table[3][table[0].index("capital_fen")] = "1000.00"


def short_row(table: list[list[str]]) -> None:
    table[3].pop()


def extra_column(table: list[list[str]]) -> None:
    for row in table:
        row.append("colour")


@pytest.mark.parametrize(
    ("change", "line", "field", "message"),
    [
        (drop_column, 1, "as_of", "lacks a column"),
        (extra_column, 1, "colour", "no field"),
        (wrong_integer, 4, "data.capital_fen", "not an integer"),
        (short_row, 4, None, "another number of cells"),
    ],
)
def test_bad_csv(change: Any, line: int, field: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(change), encoding="utf-8")
    error = refused(path, tmp_path)
    assert error.place is not None
    assert (error.place.line, error.place.field) == (line, field)
    assert message in error.message


def test_csv_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(write_csv(tmp_path / "b.csv", GOOD).read_text(encoding="utf-8").encode("gb18030"))
    error = refused(path, tmp_path)
    assert error.place is not None
    assert (error.place.line, error.message) == (2, "the line is not UTF-8")


def test_csv_that_ends_in_a_quoted_cell(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(lambda table: table.append(['"open'])), encoding="utf-8")
    assert "middle of a quoted cell" in refused(path, tmp_path).message


def test_truncated_parquet(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", GOOD)
    path.write_bytes(path.read_bytes()[:-100])
    assert "not a whole Parquet file" in refused(path, tmp_path).message


def test_damaged_parquet_pages(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "a.parquet", GOOD, compression="snappy", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    raw[4:400] = b"\xff" * 396
    path.write_bytes(bytes(raw))
    assert "damaged" in refused(path, tmp_path).message


def test_parquet_of_floats(tmp_path: Path) -> None:
    table = rows(GOOD)
    for row in table:
        row["capital_fen"] = float(row["capital_fen"])
    pq.write_table(pa.Table.from_pylist(table), tmp_path / "a.parquet")
    error = refused(tmp_path / "a.parquet", tmp_path)
    assert error.place is not None
    assert (error.place.field, error.expected, error.found) == ("capital_fen", "integer", "double")


def test_parquet_row_that_does_not_fit(tmp_path: Path) -> None:
    table = rows(GOOD)
    table[11]["industry"] = "carbon"
    pq.write_table(pa.Table.from_pylist(table), tmp_path / "a.parquet", row_group_size=5)
    error = refused(tmp_path / "a.parquet", tmp_path)
    assert error.place is not None
    assert (error.place.line, error.place.field) == (12, "data.industry")


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ("missing.pdf,{n},basic,registry,application/pdf", "file", "no such file"),
        ("../upload.jsonl,{n},basic,registry,application/pdf", "file", "not a path inside"),
        ("/etc/hostname,{n},basic,registry,application/pdf", "file", "not a path inside"),
        ("a.pdf,{n},basics,registry,application/pdf", "section", "no such section"),
        ("a.pdf,{n},basic,tax,application/pdf", "domain", "no such domain"),
        ("a.pdf,{w},basic,registry,application/pdf", "number", "check"),
        ("a.pdf,{n},basic,registry,PDF", None, "media type"),
        ("empty.pdf,{n},basic,registry,application/pdf", "file", "empty"),
    ],
)
def test_bad_manifest_line(line: str, field: str | None, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "empty.pdf").write_bytes(b"")
    filled = line.format(n=number(1), w=wrong_check_digit())
    (folder / "manifest.csv").write_text(f"file,number,section,domain,media_type\n{filled}\n")
    error = refused(folder, tmp_path)
    assert error.place is not None
    assert (error.place.line, error.place.field) == (2, field)
    assert message in error.message


def test_unknown_and_missing_uploads(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"PK")
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    assert "kind" in refused(tmp_path / "a.xls", tmp_path).message
    assert "empty" in refused(tmp_path / "empty.jsonl", tmp_path).message
    assert "manifest" in refused(tmp_path / "folder", tmp_path).message
    with pytest.raises(StorageError):
        made(tmp_path / "none.jsonl", tmp_path / "batches")


SMALL_DISK = """
import subprocess, sys
from pathlib import Path
upload, disk, making, workers = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", disk], check=True)
sys.path.insert(0, making)
from creditchain.batch.errors import StorageError
from creditchain.batch.making import pipeline
from creditchain.batch.making.task import BatchLimits
from making import made
pipeline.SMALL_BYTES = 0
try:
    made(Path(upload), Path(disk) / "batches", limits=BatchLimits(workers=int(workers), piece_bytes=50_000))
except StorageError as error:
    assert "disk is full" in str(error), error
    assert not list((Path(disk) / "batches").iterdir())
    print("refused")
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_fills_up_in_the_middle(tmp_path: Path, workers: int) -> None:
    """Runs on a file system of 600 KB, in a separate mount namespace."""
    inside = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small file system")
    upload, disk = tmp_path / "a.jsonl", tmp_path / "disk"
    disk.mkdir()
    upload.write_bytes(lines([document(record) for record in range(2_000)]))
    told = [str(upload), str(disk), str(Path(__file__).parent), str(workers)]
    done = subprocess.run(
        [*inside, sys.executable, "-c", SMALL_DISK, *told], check=True, capture_output=True, text=True
    )
    assert done.stdout == "refused\n"
