"""Judging and writing whole columns gives the same result as judging and writing each row."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import RULES, document, rows

from creditchain.batch.accepting.bulk_columns import ColumnAcceptor
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.accepting.typed_documents import UntranslatableError
from creditchain.batch.errors import UploadError
from creditchain.batch.readers import load, parquet, parquet_sizes, pieces
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.products import catalogue
from creditchain.sample import Form, Sample, write_sample

PIECE_BYTES = 8_192  # 16 rows
PRODUCTS = {product.ref: product for product in catalogue()}


def plainly(table: pa.Table, rules: Rules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The result of the plain way for a table."""

    def untranslatable(*_: object) -> None:
        raise UntranslatableError("test")

    with monkeypatch.context() as patched:
        patched.setattr(parquet, "column_acceptor", untranslatable)
        patched.setattr("creditchain.batch.accepting.lines.line_acceptor", lambda _: None)
        return loaded(table, rules, tmp_path)


def loaded(table: pa.Table, rules: Rules, tmp_path: Path, **options: Any) -> Any:
    path = tmp_path / "t.parquet"
    pq.write_table(table, path, **options)
    found = [part for piece in pieces(find_upload(path), rules, lambda _: PIECE_BYTES) for part in load(piece, rules)]
    records = sorted((row for part in found for row in part.records.to_pylist()), key=lambda row: row["line"])
    return records, [problem for part in found for problem in part.problems]


@pytest.mark.parametrize("ref", PRODUCTS)
def test_samples_of_every_product(ref: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules, path = Rules(PRODUCTS[ref]), tmp_path / "sample.parquet"
    write_sample(Sample(PRODUCTS[ref], 200, 50, 7), path, Form.PARQUET)
    table = pq.read_table(path)
    records, problems = loaded(table, rules, tmp_path)
    assert not problems
    assert (records, problems) == plainly(table, rules, monkeypatch, tmp_path)
    if PRODUCTS[ref].kind == "record":
        batch = table.combine_chunks().to_batches()[0]
        assert ColumnAcceptor(rules, table.schema.names).accept(batch).rest == []


CELLS: dict[str, list[Any]] = {
    "subject_number": [None, "", "123", "913100", "示例示例示例示例示例示例示例示例示例"],
    "section": [None, "", "carbon", "Basic"],
    "domain": [None, "tax", "registry "],
    "as_of": [None, "2024-02-30", "2024-2-03", "2024-02-29", "2023-02-29", "2024-01-01\n", "0000-01-01", "9999-12-31"],
    "record_id": [None, "r1", "R" * 33, "R00000001\n", "R0000000１"],
    "name": [
        None,
        "",
        "a",
        'He said "hi"',
        "back\\slash",
        "tab\there",
        "x\u2028\x7f/",
        "x\u2028",
        "x\x7f",
        "good·（）\ue000",
        "例\ufffd",
        "𠮷" * 100,
        "y" * 300,
    ],
    "type": [None, "Limited", ""],
    "established_on": [None, "2024-13-01", "1999-12-31", "1599-01-01", "2031-01-01"],
    "capital_fen": [None, -1, 0, 2**53 - 1, 2**53, 2**62],
    "division": [None, 1, 110000, 829999, 830000],
    "industry": [None, "C3911\n", "C１２", "Z12", "A0"],
    "term_ends_on": [None, "2024-02-30", "2030-01-01", "", "9999-12-31", "1999-12-31"],
}


@pytest.mark.parametrize("nulls", [True, False])
@pytest.mark.parametrize("coded_bytes", [0, 8, 1 << 20])
def test_cells_of_every_kind(coded_bytes: int, nulls: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result does not depend on which columns are judged value by value: none, repeating ones, all texts."""
    monkeypatch.setattr(parquet_sizes, "CODED_BYTES", coded_bytes)
    cells = {name: [value for value in values if nulls or value is not None] for name, values in CELLS.items()}
    end = None if nulls else "2030-01-01"
    table = []
    for name, values in cells.items():
        for value in values:
            row = {**rows([document(len(table))])[0], "term_ends_on": end, name: value}
            table.append(row)
    for _ in range(100):
        draw = random.Random(len(table))  # noqa: S311
        row = {**rows([document(len(table))])[0], "term_ends_on": end}
        for name in draw.sample(sorted(cells), draw.randint(0, 3)):
            row[name] = draw.choice(cells[name])
        table.append(row)
    made = pa.Table.from_pylist(table)
    records, problems = loaded(made, RULES, tmp_path)
    assert (records, problems) == plainly(made, RULES, monkeypatch, tmp_path)
    assert len(records) + len({problem.line for problem in problems}) == len(table)
    assert len(records) > 20
    assert len(problems) > 40


@pytest.mark.parametrize("group", [1, 7, 1000])
@pytest.mark.parametrize("limit", [3, 10, 1000])
def test_rows_are_found_however_they_are_grouped(
    group: int, limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_sizes, "ROWS", limit)
    table = rows([document(record) for record in range(40)])
    table[23]["industry"] = "no"
    records, problems = loaded(pa.Table.from_pylist(table), RULES, tmp_path, row_group_size=group)
    assert [row["line"] for row in records] == [line for line in range(1, 41) if line != 24]
    assert [(problem.line, problem.field) for problem in problems] == [(24, "data.industry")]


@pytest.mark.parametrize("kind", [pa.dictionary(pa.int32(), pa.string()), pa.large_string()])
def test_texts_may_be_dictionaries_or_large(kind: pa.DataType, tmp_path: Path) -> None:
    table = pa.Table.from_pylist(rows([document(record) for record in range(40)]))
    at = table.schema.get_field_index("name")
    expected = loaded(table, RULES, tmp_path)
    assert loaded(table.set_column(at, "name", table.column("name").cast(kind)), RULES, tmp_path) == expected


@pytest.mark.parametrize("coded_bytes", [0, 1 << 20])
def test_texts_that_are_not_utf_8(coded_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_sizes, "CODED_BYTES", coded_bytes)
    table = pa.Table.from_pylist(rows([document(record) for record in range(3)]))
    raw = pa.array([b"good", b"\xff\xfe", b"also good"])
    broken = pa.StringArray.from_buffers(3, *raw.buffers()[1:])
    records, problems = loaded(table.set_column(table.schema.get_field_index("name"), "name", broken), RULES, tmp_path)
    assert [row["line"] for row in records] == [1, 3]
    assert [(problem.line, problem.message) for problem in problems] == [(2, "a text of the row is not UTF-8")]


def test_documents_in_one_column_may_hold_line_feeds(tmp_path: Path) -> None:
    import json

    texts = [json.dumps(document(record), indent=2) for record in range(5)]
    records, problems = loaded(pa.table({"document": [*texts, None, "{"]}), RULES, tmp_path)
    assert [row["line"] for row in records] == [1, 2, 3, 4, 5]
    assert [problem.line for problem in problems] == [6, 7]


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(rows([document(1)]))
    at = table.schema.get_field_index("capital_fen")
    wrong = table.set_column(at, "capital_fen", table.column("capital_fen").cast(pa.string()))
    with pytest.raises(UploadError, match="wrong type"):
        loaded(wrong, RULES, tmp_path)


def test_one_long_value_of_a_whole_column_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MOST_BYTES", 20_000)
    table = rows([document(record) for record in range(400)])
    for row in table:
        row["name"] = "长" * 90
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_pylist(table), path)
    (piece,) = pieces(find_upload(path), RULES, lambda _: 1 << 20)
    blocks = list(load(piece, RULES))
    assert sum(len(block.records) for block in blocks) == 400
    assert max(block.records.column("content").nbytes for block in blocks) < 60_000
    assert [line for block in blocks for line in block.records.column("line").to_pylist()] == list(range(1, 401))
