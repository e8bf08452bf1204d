"""The two kinds of files of queries say the same, however many rows there are."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields

import pyarrow.parquet as pq
import pytest

from creditchain.store import query_files
from creditchain.store.query_files import QueryFileKind, QueryRow, write_queries

NAMES = [one.name for one in fields(QueryRow)]


def row(number: int) -> QueryRow:
    texts = {one.name: f"{one.name}, {number}" for one in fields(QueryRow) if one.type == "str"}
    numbers = {one.name: number for one in fields(QueryRow) if one.type == "int"}
    return QueryRow(**texts, **numbers)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_both_kinds_hold_the_same_rows(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_files, "_TOGETHER", 3)
    made = [row(number) for number in range(count)]
    files = {kind: io.BytesIO() for kind in QueryFileKind}
    for kind, file in files.items():
        assert write_queries(kind, iter(made), file) == count
        file.seek(0)
    lines = list(csv.reader(io.TextIOWrapper(files[QueryFileKind.CSV], "utf-8", newline="")))
    assert lines[0] == NAMES
    assert lines[1:] == [[str(value) for value in asdict(one).values()] for one in made]
    table = pq.read_table(files[QueryFileKind.PARQUET])
    assert table.column_names == NAMES
    assert table.to_pylist() == [asdict(one) for one in made]


def test_lines_end_as_rfc_4180_says() -> None:
    file = io.BytesIO()
    write_queries(QueryFileKind.CSV, [row(1)], file)
    assert file.getvalue().count(b"\r\n") == 2
