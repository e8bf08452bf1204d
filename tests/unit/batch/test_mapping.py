"""Mappings: an institution's own columns become the product's fields, by declared conversions only."""

from __future__ import annotations

import csv
import datetime
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import PRODUCT, RULES, SEALS, TERMS, document, made, write_csv

from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.making.pipeline import Prepared, prepare
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.readers.conversions import ConversionError, Conversions, day, day_of_month, fen
from creditchain.batch.readers.mapping import MappingError, parse_mapping
from creditchain.batch.readers.reading import Reading
from creditchain.batch.readers.upload import find_upload, upload_digest
from creditchain.catalogue.products import load_product

GOOD = [document(record) for record in range(12)]
MAPPING = """
product = "registry-basic/1"

[fields.subject_number]
column = "主体"
split = { at = ":", part = 2 }
trim = true
upper = true

[fields.subject_scheme]
column = "主体"
split = { at = ":", part = 1 }

[fields.section]
constant = "basic"

[fields.domain]
constant = "registry"

[fields.as_of]
column = "数据月份"
month = ["YYYY年M月", "YYYYMM"]
day = "first"

[fields.record_id]
column = "编号"

[fields.name]
column = "企业 名称"
trim = true

[fields.type]
column = "类型"
lookup = { "有限责任公司" = "limited", "股份有限公司" = "stock" }

[fields.status]
constant = "operating"

[fields.established_on]
column = "成立日期"
date = ["YYYY年M月D日", "YYYYMMDD", "YYYY/M/D"]

[fields.capital_fen]
column = "注册资本（元）"
thousands = true
unit = "yuan"

[fields.division]
column = "区划"
half_width = true

[fields.industry]
constant = "C3911"

[fields.address]
column = "住所"

[fields.authority]
constant = "上海市市场监督管理局"

[fields.term_ends_on]
column = "期限"
empty = ["-", "无"]
date = "YYYY-MM-DD"
"""
FORMS = ("{0.year}年{0.month}月{0.day}日", "{0.year}{0.month:02}{0.day:02}", "{0.year}/{0.month}/{0.day}")


def own_rows() -> list[dict[str, str]]:
    """The good documents as an institution keeps them."""
    table = []
    for at, one in enumerate(GOOD):
        data = one["data"]
        day_of = datetime.date.fromisoformat(one["as_of"])
        begun = datetime.date.fromisoformat(data["established_on"])
        table.append(
            {
                "序号": str(at),
                "主体": f"USCC: {one['subject']['number'].lower()}　",
                "数据月份": f"{day_of.year}年{day_of.month}月" if at % 2 else f"{day_of.year}{day_of.month:02}",
                "编号": data["record_id"],
                "企业 名称": f" {data['name']}\t",
                "类型": "有限责任公司",
                "成立日期": FORMS[at % 3].format(begun),
                "注册资本（元）": f"{Decimal(data['capital_fen'] * 1_000_001) / 100:,.2f}",
                "区划": "３１００００",
                "住所": data["address"],
                "期限": "-" if at % 2 else "",
            }
        )
    return table


def expected_documents() -> list[dict[str, Any]]:
    return [
        {
            **one,
            "as_of": one["as_of"][:8] + "01",
            "data": {**one["data"], "capital_fen": one["data"]["capital_fen"] * 1_000_001},
        }
        for one in GOOD
    ]


def mapping(text: str = MAPPING) -> Reading:
    return Reading(mapping=parse_mapping(text.encode(), PRODUCT, "own.toml"))


def write_own(path: Path, table: list[dict[str, str]] | None = None) -> Path:
    table = own_rows() if table is None else table
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.append(list(table[0]))
        for row in table:
            book.active.append(list(row.values()))
        book.save(path)
        return path
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table), "utf-8")
        return path
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(table), path)
        return path
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def read(
    path: Path, dest: Path, reading: Reading, faults: Faults | None = None, limits: BatchLimits | None = None
) -> Prepared:
    upload, limits = find_upload(path, reading), limits or BatchLimits()
    return prepare(upload, RULES, SEALS, TERMS, dest, name="test", limits=limits, faults=faults or Faults())


@pytest.mark.parametrize("name", ["own.csv", "own.xlsx", "own.jsonl", "own.parquet"])
def test_own_columns_give_the_batch_of_the_product_s_columns(name: str, tmp_path: Path) -> None:
    expected = made(write_csv(tmp_path / "plain.csv", expected_documents()), tmp_path / "expected")
    assert read(write_own(tmp_path / name), tmp_path / "found", mapping()).root == expected.root


def typed_rows() -> list[dict[str, Any]]:
    """The rows with numbers, dates and decimals in place of texts."""
    return [
        {
            **row,
            "序号": at,
            "成立日期": datetime.date(2004, 5, 6),
            "注册资本（元）": Decimal(GOOD[at]["data"]["capital_fen"] * 1_000_001) / 100,
            "区划": 310000,
            "期限": None,
        }
        for at, row in enumerate(own_rows())
    ]


def test_typed_columns_of_parquet_and_numbers_of_json_are_exact(tmp_path: Path) -> None:
    reading = mapping(MAPPING.replace("YYYY/M/D", "YYYY-MM-DD"))
    expected = made(write_csv(tmp_path / "plain.csv", expected_documents()), tmp_path / "expected").root
    pq.write_table(pa.Table.from_pylist(typed_rows()), tmp_path / "own.parquet")
    assert read(tmp_path / "own.parquet", tmp_path / "parquet", reading).root == expected
    text = "".join(
        json.dumps({**row, "注册资本（元）": "@", "成立日期": "2004-05-06"}, ensure_ascii=False, default=str).replace(
            '"@"', format(row["注册资本（元）"], "f")
        )
        + "\n"
        for row in typed_rows()
    )
    for name, encoding in (("own.jsonl", "utf-8"), ("gbk.jsonl", "gb18030")):
        (tmp_path / name).write_text(text, encoding)
        chosen = replace(reading, encoding=encoding)
        assert read(tmp_path / name, tmp_path / encoding, chosen).root == expected


@pytest.mark.parametrize("piece_bytes", [300, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_lines_that_are_no_flat_objects(encoding: str, piece_bytes: int, tmp_path: Path) -> None:
    path = write_own(tmp_path / "own.jsonl")
    with path.open("a", encoding="utf-8") as handle:
        handle.write('[]\n{"a": 1, "a": 2}\n{\n\n')
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    problems: list[Problem] = []
    reading = replace(mapping(), encoding=encoding)
    with pytest.raises(UploadError, match="first of 4 faults"):
        read(path, tmp_path / "no", reading, Faults(report=problems.append), BatchLimits(piece_bytes=piece_bytes))
    assert [problem.line for problem in problems] == [13, 14, 15, 16]


def test_a_fault_names_field_and_column(tmp_path: Path) -> None:
    table = own_rows()
    table[3] |= {"成立日期": "5.6.2004", "注册资本（元）": "12.345", "类型": "firm", "企业 名称": "#N/A"}
    table[5] |= {"主体": "USCC", "区划": "31"}
    problems: list[Problem] = []
    with pytest.raises(UploadError, match="first of 6 faults"):
        read(write_own(tmp_path / "own.csv", table), tmp_path / "no", mapping(), Faults(report=problems.append))
    told = {(problem.line, problem.field): problem.column for problem in problems}
    assert told == {
        (5, "data.established_on"): "成立日期",
        (5, "data.capital_fen"): "注册资本（元）",
        (5, "data.type"): "类型",
        (5, "data.name"): "企业 名称",
        (7, "subject_number"): "主体",
        (7, "data.division"): "区划",
    }
    for problem in problems:
        assert "5.6.2004" not in str(problem)
        assert "firm" not in str(problem)
        json.dumps(problem.as_json("own.csv"))


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    table = [{name: cell for name, cell in row.items() if name not in ("类型", "住所")} for row in own_rows()]
    with pytest.raises(UploadError) as caught:
        read(write_own(tmp_path / "own.csv", table), tmp_path / "no", mapping())
    assert caught.value.expected == "类型, 住所"
    assert caught.value.place is not None
    assert caught.value.place.line == 1


def test_another_mapping_is_another_upload(tmp_path: Path) -> None:
    """Comments and blanks do not change the digest; what is mapped does."""
    path = write_own(tmp_path / "own.csv")
    digests = [
        upload_digest(find_upload(path, reading))
        for reading in (
            mapping(),
            mapping("# a note\n" + MAPPING.replace(" = ", "  =  ")),
            mapping(MAPPING.replace('"first"', '"last"')),
            Reading(),
        )
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert Reading.of_kept(json.loads(json.dumps(mapping().kept())), PRODUCT).described() == mapping().described()


WRONG: dict[str, tuple[str, str, str]] = {
    "another product": ('"registry-basic/1"', '"tax-payment/1"', "product"),
    "an unknown key at the top": ('product = "', 'colour = "red"\nproduct = "', "colour"),
    "an unknown key of a field": ('column = "编号"', 'column = "编号"\ncolour = "red"', "fields.record_id.colour"),
    "an unknown field": ("[fields.record_id]", "[fields.colour]", "fields.colour"),
    "neither column nor constant": ('column = "编号"', "trim = true", "fields.record_id"),
    "column and constant": ('column = "编号"', 'column = "编号"\nconstant = "x"', "fields.record_id"),
    "a conversion of a constant": ('constant = "C3911"', 'constant = "C3911"\ntrim = true', "fields.industry.trim"),
    "a constant that is no text": ('constant = "C3911"', "constant = 3911", "fields.industry.constant"),
    "a form that is not known": ('date = "YYYY-MM-DD"', 'date = "DD.MM.YYYY"', "fields.term_ends_on.date"),
    "a unit that is not known": ('unit = "yuan"', 'unit = "万元"', "fields.capital_fen.unit"),
    "a month without its day": ('day = "first"', "", "fields.as_of.day"),
    "another day of the month": ('"first"', '"15"', "fields.as_of.day"),
    "two kinds of value": ('unit = "yuan"', 'unit = "yuan"\ndate = "YYYYMMDD"', "fields.capital_fen.date"),
    "a lookup that is empty": (
        '{ "有限责任公司" = "limited", "股份有限公司" = "stock" }',
        "{}",
        "fields.type.lookup",
    ),
    "a split without its part": ('{ at = ":", part = 1 }', '{ at = ":" }', "fields.subject_scheme.split"),
    "a part below the first": ('{ at = ":", part = 1 }', '{ at = ":", part = 0 }', "fields.subject_scheme.split.part"),
    "a switch that is no switch": ("half_width = true", 'half_width = "yes"', "fields.division.half_width"),
    "a list with a number": ('empty = ["-", "无"]', "empty = [0]", "fields.term_ends_on.empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_is_told_with_line_and_field(name: str) -> None:
    before, after, field = WRONG[name]
    text = MAPPING.replace(before, after, 1)
    assert text != MAPPING
    with pytest.raises(MappingError) as caught:
        mapping(text)
    place = caught.value.place
    assert place is not None
    assert (place.file, place.field) == ("own.toml", field)
    line = text.splitlines()[(place.line or 0) - 1]
    assert field.split(".")[-1] in line or field.split(".")[1] in line


def test_a_required_field_that_is_missing() -> None:
    with pytest.raises(MappingError) as caught:
        mapping(MAPPING.replace('[fields.record_id]\ncolumn = "编号"\n', ""))
    assert caught.value.expected == "record_id"


def test_what_is_not_toml() -> None:
    with pytest.raises(MappingError) as caught:
        mapping(MAPPING + "\n[fields\n")
    assert caught.value.place is not None
    assert caught.value.place.line == len(MAPPING.splitlines()) + 2


# Conversions.


@given(st.integers(-(10**15), 10**15))
def test_yuan_to_fen_is_exact(amount: int) -> None:
    text = format(Decimal(amount) / 100, "f")
    assert fen(text) == str(amount)
    if amount % 100 == 0:
        assert fen(text.split(".")[0]) == str(amount)


@pytest.mark.parametrize("text", ["", "1e3", "1.005", "1,000", "NaN", "１", "1..2", "0x10", "1" * 30 + ".00", " 1"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ConversionError) as caught:
        fen(text)
    assert text == "" or text not in str(caught.value).replace("1234.56", "")


@given(st.dates())
def test_dates_in_their_forms(wanted: datetime.date) -> None:
    texts = {
        "YYYY-MM-DD": wanted.isoformat(),
        "YYYYMMDD": f"{wanted.year:04}{wanted.month:02}{wanted.day:02}",
        "YYYY/M/D": f"{wanted.year:04}/{wanted.month}/{wanted.day}",
        "YYYY年M月D日": f"{wanted.year:04}年{wanted.month}月{wanted.day}日",
        "YYYY.M.D": f"{wanted.year:04}.{wanted.month}.{wanted.day} 00:00:00",
    }
    for form, text in texts.items():
        assert day(text, (form,)) == wanted.isoformat()
        assert day(text, tuple(texts)) == wanted.isoformat()
    month = f"{wanted.year:04}年{wanted.month}月"
    first, last = (day_of_month(month, ("YYYY年M月",), last=last) for last in (False, True))
    assert first <= wanted.isoformat() <= last
    assert first.endswith("-01")


@pytest.mark.parametrize("text", ["2023-02-29", "2023-13-01", "20230230", "0000-01-01", "2023-5", "2023-05-05 08:00"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ConversionError):
        day(text, ("YYYY-MM-DD", "YYYYMMDD"))


def test_conversions_are_made_in_their_order() -> None:
    made = Conversions(split=(":", 2), trim=True, half_width=True, upper=True, lookup={"AB1": "x"})
    assert made.apply("y:　ａb１ ") == "x"
    assert Conversions(empty=("无",), dates=("YYYYMMDD",)).apply("无") == ""
    assert Conversions(thousands=True, yuan=True).apply("1,234,567.8") == "123456780"
    with pytest.raises(ConversionError, match="thousands"):
        Conversions(thousands=True).apply("12,34")


def test_the_mapping_in_the_documentation_parses() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "uploads.md").read_text("utf-8")
    example = page.split("```toml\n", 1)[1].split("```", 1)[0]
    found = parse_mapping(example.encode(), load_product("tax-payment/1"), "uploads.md")
    assert "销售额（元）" in found.columns
    for key in ("split", "trim", "half_width", "upper", "empty", "thousands", "unit", "date", "month", "lookup"):
        assert f"| `{key} = " in page
