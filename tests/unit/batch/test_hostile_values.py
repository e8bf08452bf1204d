"""Values that nobody meant to send: each is a fault of its line, told alike by check and by making, never a crash."""

from __future__ import annotations

import json
import os
import re
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import PRODUCT, RULES, document, made, number, rows, write_csv

from creditchain.acts.checking_uploads import CheckedUpload, check_upload
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.accepting.table import typed
from creditchain.batch.errors import UploadError
from creditchain.batch.readers.conversions import ConversionError, fen, looked_up
from creditchain.batch.readers.mapping import MappingError, UploadMapping, parse_mapping
from creditchain.batch.readers.reading import MAX_HEADER_ROW, USUAL, Reading
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.products import load_product
from creditchain.catalogue.regions import _parse as parse_regions
from creditchain.chain.networks import _tables as parse_networks
from creditchain.errors import CreditchainError, UsageError
from creditchain.products.reading import parse_product
from creditchain.verification.policy import parse_policy

DOCUMENTS = [document(record) for record in range(6)]
COUNT = len(DOCUMENTS)


def checked(path: Path, reading: Reading = USUAL, rules: Rules = RULES) -> CheckedUpload:
    """What check finds; making must agree with it on whether the upload is good."""
    found = check_upload(find_upload(path, reading), rules)
    if reading == USUAL:
        dest = path.parent / "batches"
        if found.clean:
            made(path, dest, rules=rules)
        else:
            with pytest.raises(UploadError):
                made(path, dest, rules=rules)
    return found


def with_column(path: Path, name: str, values: pa.Array) -> Path:
    table = pa.Table.from_pylist(rows(DOCUMENTS))
    pq.write_table(table.set_column(table.schema.get_field_index(name), name, values), path)
    return path


def own_columns() -> UploadMapping:
    """A mapping from columns with the fields' own names."""
    text = "\n".join(f'[fields.{name}]\ncolumn = "{name}"' for name in rows(DOCUMENTS)[0])
    return parse_mapping(f'product = "{PRODUCT.ref}"\n{text}\n'.encode(), PRODUCT, "m.toml")


def not_utf_8() -> pa.Array:
    offsets = b"".join((2 * place).to_bytes(4, "little") for place in range(COUNT + 1))
    return pa.Array.from_buffers(pa.string(), COUNT, [None, pa.py_buffer(offsets), pa.py_buffer(b"\xff\xfe" * COUNT)])


DECIMALS = {
    "many places": pa.array([Decimal("5")] * COUNT, pa.decimal128(38, 30)),
    "only places": pa.array([Decimal("0.5")] * COUNT, pa.decimal128(38, 38)),
    "the most places": pa.array([Decimal("0.5")] * COUNT, pa.decimal256(70, 70)),
    "many whole digits": pa.array([Decimal(10) ** 70] * COUNT, pa.decimal256(76, 0)),
}


@pytest.mark.parametrize("name", DECIMALS)
def test_decimals_of_any_precision(name: str, tmp_path: Path) -> None:
    found = checked(with_column(tmp_path / "a.parquet", "capital_fen", DECIMALS[name]))
    assert found.clean == (name == "many places")
    assert found.fault_count in (0, COUNT)


@pytest.mark.parametrize("zone", [None, "+08:00"])
def test_a_day_of_the_far_future_does_not_come_back_as_one_of_ours(zone: str | None, tmp_path: Path) -> None:
    moments = pa.array([86_400_000 * (2**32 + 19_000)] * COUNT, pa.int64())
    found = checked(with_column(tmp_path / "a.parquet", "as_of", moments.cast(pa.timestamp("ms", tz=zone))))
    assert found.bad_lines == COUNT
    assert {fault.field for fault in found.faults} == {"as_of"}


def test_json_texts_in_parquet_that_are_not_utf_8(tmp_path: Path) -> None:
    pq.write_table(pa.table({"document": not_utf_8()}), tmp_path / "a.parquet")
    assert "not UTF-8" in checked(tmp_path / "a.parquet").faults[0].message


@pytest.mark.parametrize(
    "told", [b'{"index_columns": 7}', b"[" * 100_000, b'{"index_columns": [null, {}]}'], ids=range(3)
)
def test_what_others_write_where_pandas_names_its_index(told: bytes, tmp_path: Path) -> None:
    table = pa.Table.from_pylist(rows(DOCUMENTS)).replace_schema_metadata({b"pandas": told})
    pq.write_table(table, tmp_path / "a.parquet")
    assert checked(tmp_path / "a.parquet").clean


def test_a_column_name_in_parquet_that_is_not_utf_8(tmp_path: Path) -> None:
    path = with_column(tmp_path / "a.parquet", "authority", pa.array(["某市监局"] * COUNT))
    path.write_bytes(path.read_bytes().replace(b"authority", b"autho\xc2ity"))
    assert "Parquet" in checked(path).faults[0].message


UNFIT = {
    "not a number": ("capital_fen", pa.array([float("nan")] * COUNT)),
    "infinite": ("capital_fen", pa.array([float("inf")] * COUNT)),
    "not UTF-8": ("name", not_utf_8()),
    "nanoseconds": ("as_of", pa.array([1_704_067_200_000_000_001] * COUNT, pa.timestamp("ns"))),
    "a year past 9999": ("as_of", pa.array([2**31 - 1] * COUNT, pa.int32()).cast(pa.date32())),
    "a moment past 9999": ("as_of", pa.array([2**62] * COUNT, pa.timestamp("ms"))),
    "a time zone that nobody knows": ("as_of", pa.array([0] * COUNT, pa.timestamp("ms", tz="Mars/Phobos"))),
}


@pytest.mark.parametrize("name", UNFIT)
def test_values_without_a_text_under_a_mapping(name: str, tmp_path: Path) -> None:
    column, values = UNFIT[name]
    found = checked(with_column(tmp_path / "a.parquet", column, values), Reading(mapping=own_columns()))
    assert (found.bad_lines, found.records) == (COUNT, 0)


@pytest.mark.parametrize(
    "values",
    [pa.array([b"abc"] * COUNT), pa.array([10] * COUNT, pa.duration("s")), pa.array([[b"abc"]] * COUNT)],
    ids=["bytes", "a span of time", "a list of bytes"],
)
def test_types_without_a_text_are_refused_by_column(values: pa.Array, tmp_path: Path) -> None:
    found = checked(with_column(tmp_path / "a.parquet", "name", values), Reading(mapping=own_columns()))
    assert [(fault.field, fault.message) for fault in found.faults] == [("name", "the column has a wrong type")]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", '"a\\ud800"', '["\\udc00", NaN]'])
def test_json_lines_under_a_mapping_that_hold_no_json(value: str, tmp_path: Path) -> None:
    own = [json.dumps(row, ensure_ascii=False) for row in rows(DOCUMENTS)]
    own[2] = re.sub(r'"name": "[^"]*"', lambda _: f'"name": {value}', own[2])
    (tmp_path / "a.jsonl").write_text("\n".join(own) + "\n", "utf-8")
    found = checked(tmp_path / "a.jsonl", Reading(mapping=own_columns()))
    assert [fault.line for fault in found.faults] == [3]


@pytest.mark.parametrize("value", ["NaN", "1e999", "-1e999"])
def test_cells_of_a_workbook_that_are_no_numbers(value: str, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    table = rows(DOCUMENTS)
    for row in ([*table[0]], *([*each.values()] for each in table)):
        book.active.append(row)
    book.save(tmp_path / "good.xlsx")
    column = openpyxl.utils.get_column_letter([*table[0]].index("capital_fen") + 1)
    with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bad:
        for part in good.namelist():
            cell = rf'(<c r="{column}3"[^>]*><v>)[^<]*'.encode()
            bad.writestr(part, re.sub(cell, rb"\g<1>" + value.encode(), good.read(part)))
    found = checked(tmp_path / "a.xlsx")
    assert [(fault.line, fault.field) for fault in found.faults] == [(3, "data.capital_fen")]
    assert "error value" in str(found.faults[0].found)
    with pytest.raises(UploadError):
        made(tmp_path / "a.xlsx", tmp_path / "no")


def test_one_json_value_a_cell() -> None:
    assert typed("records", "[1]", "json") == [1]
    for cell in ('[1],"more":2', '1,"value":2', "1}", "", "[1] [2]"):
        with pytest.raises(UploadError, match="not JSON"):
            typed("records", cell, "json")


DEEP = {"nested": "a = " + "[" * 5_000 + "]" * 5_000, "endless": "a = " + "9" * 10_000}


@pytest.mark.parametrize("name", DEEP)
def test_toml_without_end(name: str) -> None:
    def mapping(text: str) -> Any:
        return parse_mapping(text.encode(), PRODUCT, "m.toml")

    def product(text: str) -> Any:
        return parse_product(text, load_product)

    for parse in (
        mapping,
        product,
        parse_policy,
        lambda text: parse_regions(text, "r"),
        lambda t: parse_networks(t, "n"),
    ):
        # Where py-evm was loaded, the process has a higher limit of recursion, and what is nested is only a wrong key.
        with pytest.raises(CreditchainError, match="TOML" if name == "endless" else None):
            parse(DEEP[name])


def test_values_of_a_lookup_table_stay_out_of_errors() -> None:
    secret = number(5)
    with pytest.raises(ConversionError) as converted:
        looked_up("x", {secret: "y"})
    text = f'product = "{PRODUCT.ref}"\n[fields.name]\ncolumn = "n"\nlookup = {{ "{secret}" = 1 }}\n'
    others = [name for name in rows(DOCUMENTS)[0] if name != "name"]
    text += "\n".join(f'[fields.{name}]\ncolumn = "{name}"' for name in others)
    with pytest.raises(MappingError) as parsed:
        parse_mapping(text.encode(), PRODUCT, "m.toml")
    assert secret not in f"{converted.value} {parsed.value}"


def test_amounts_of_many_digits_are_called_too_long() -> None:
    assert fen("9" * 24) == "9" * 24 + "00"
    with pytest.raises(ConversionError, match="too long"):
        fen("9" * 25)


def test_a_header_row_past_all_rows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", DOCUMENTS)
    assert "no header line" in checked(path, Reading(header_row=MAX_HEADER_ROW)).faults[0].message
    with pytest.raises(UsageError, match="row of a header"):
        Reading(header_row=10**30)


def test_a_sheet_number_of_many_digits(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "x"
    book.save(tmp_path / "a.xlsx")
    found = checked(tmp_path / "a.xlsx", Reading(sheet="9" * 5_000))
    assert "no such sheet" in found.faults[0].message


def test_wrong_utf_16_is_told_at_its_line(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", [document(record) for record in range(40)]).read_text("utf-8")
    at = text.index("示例", text.index("R000000020"))
    half = text[:at] + "\ud800" + text[at:]
    (tmp_path / "b.csv").write_bytes(half.encode("utf-16-le", "surrogatepass"))
    found = checked(tmp_path / "b.csv", Reading(encoding="utf-16-le"))
    assert found.faults[0].line == text[:at].count("\n") + 1


def test_a_few_bytes_at_the_end_tell_no_encoding(tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", DOCUMENTS).read_text("utf-8")
    (tmp_path / "b.csv").write_bytes(text.encode("utf-16-le")[:-1])
    found = checked(tmp_path / "b.csv", Reading(encoding="utf-16-le"))
    assert "looks like" not in str(found.faults[0].hint)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_line_without_end(encoding: str, tmp_path: Path) -> None:
    text = write_csv(tmp_path / "a.csv", DOCUMENTS).read_text("utf-8").encode(encoding)
    (tmp_path / "b.csv").write_bytes(text + ("x" * (17 << 20)).encode(encoding))
    found = checked(tmp_path / "b.csv", Reading(encoding=encoding))
    assert "the line is too long" in found.faults[0].message


def test_carriage_returns_alone(tmp_path: Path) -> None:
    raw = write_csv(tmp_path / "a.csv", DOCUMENTS).read_bytes().replace(b"\r\n", b"\r")
    (tmp_path / "b.csv").write_bytes(raw)
    found = checked(tmp_path / "b.csv")
    assert found.faults[0].message == "a carriage return without a line feed"
    assert "CRLF" in str(found.faults[0].hint)


@pytest.mark.parametrize(
    ("name", "found"), [("上海\u200b示例", "U+200B"), ("\u200b示例", "blanks"), ("示例\t", "a tab")]
)
def test_invisible_characters_are_told_where_they_are(name: str, found: str, tmp_path: Path) -> None:
    one = document(1)
    path = write_csv(tmp_path / "a.csv", [{**one, "data": {**one["data"], "name": name}}])
    assert found in str(checked(path).faults[0].found)


FILES = Rules(load_product("credit-loan/1"))


def folder(path: Path, *named: str) -> Path:
    path.mkdir()
    subject = f"{number(1)},operating,credit"
    entries = [f"{name},{subject},application/pdf" for name in named]
    (path / "manifest.csv").write_text("\n".join(["file,number,section,domain,media_type", *entries]) + "\n", "utf-8")
    (path / "good.pdf").write_bytes(b"%PDF-1.7")
    return path


@pytest.mark.parametrize("name", ["good.pdf/x", "x" * 300, "file://etc/passwd", "loop", "away", "pipe"])
def test_names_in_a_manifest_that_are_no_files_of_the_folder(name: str, tmp_path: Path) -> None:
    made_folder = folder(tmp_path / "upload", "good.pdf", name)
    (tmp_path / "secret").write_bytes(b"not in the upload")
    (made_folder / "loop").symlink_to("loop")
    (made_folder / "away").symlink_to(tmp_path / "secret")
    os.mkfifo(made_folder / "pipe")
    found = checked(made_folder, rules=FILES)
    assert [fault.line for fault in found.faults] == [3]


def test_equal_bytes_of_two_media_types_are_two_documents(tmp_path: Path) -> None:
    made_folder = folder(tmp_path / "upload", "good.pdf")
    manifest = made_folder / "manifest.csv"
    line = manifest.read_text("utf-8").splitlines()[1]
    manifest.write_text(manifest.read_text("utf-8") + line.replace("application/pdf", "text/plain") + "\n", "utf-8")
    assert checked(made_folder, rules=FILES).clean


def test_columns_that_a_manifest_cannot_have_are_not_quoted(tmp_path: Path) -> None:
    made_folder = folder(tmp_path / "upload", "good.pdf")
    manifest = made_folder / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace("\n", f",{number(3)}\n", 1), "utf-8")
    fault = checked(made_folder, rules=FILES).faults[0]
    assert number(3) not in str(fault)
