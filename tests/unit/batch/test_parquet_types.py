"""Columns of Parquet as databases and data frames write them, and files that unpack to gigabytes."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import RULES, document, rows

from creditchain.batch.errors import UploadError
from creditchain.batch.readers import load, parquet_sizes, pieces
from creditchain.batch.readers.upload import find_upload

COUNT = 20
DAYS = [f"2004-05-{day + 1:02}" for day in range(COUNT)]


def table() -> pa.Table:
    made = rows([document(record) for record in range(COUNT)])
    for day, row in zip(DAYS, made, strict=True):
        row["established_on"] = day
    return pa.Table.from_pylist(made)


def loaded(made: pa.Table, folder: Path, **options: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    path = folder / "t.parquet"
    pq.write_table(made, path, **options)
    found = [part for piece in pieces(find_upload(path), RULES, lambda _: 1 << 20) for part in load(piece, RULES)]
    records = sorted((row for part in found for row in part.records.to_pylist()), key=lambda row: row["line"])
    return records, [problem for part in found for problem in part.problems]


def with_column(name: str, column: pa.Array) -> pa.Table:
    made = table()
    if name in made.schema.names:
        return made.set_column(made.schema.get_field_index(name), name, column)
    return made.append_column(name, column)


def days() -> pa.Array:
    return pa.array([datetime.date.fromisoformat(day) for day in DAYS], pa.date32())


CAPITALS = [record * 100 for record in range(COUNT)]
ALIKE: dict[str, Callable[[], tuple[str, pa.Array]]] = {
    "date32": lambda: ("established_on", days()),
    "date64": lambda: ("established_on", days().cast(pa.date64())),
    "timestamps in seconds": lambda: ("established_on", days().cast(pa.timestamp("s"))),
    "timestamps in nanoseconds": lambda: ("established_on", days().cast(pa.timestamp("ns"))),
    "timestamps in China": lambda: (
        "established_on",
        pa.compute.assume_timezone(days().cast(pa.timestamp("us")), "Asia/Shanghai"),
    ),
    "dates of few values": lambda: ("established_on", days().dictionary_encode()),
    "decimals": lambda: ("capital_fen", pa.array(map(Decimal, CAPITALS), pa.decimal128(20, 2))),
    "wide decimals": lambda: ("capital_fen", pa.array(map(Decimal, CAPITALS), pa.decimal256(50, 0))),
    "unsigned": lambda: ("capital_fen", pa.array(CAPITALS, pa.uint64())),
    "nothing at all": lambda: ("term_ends_on", pa.nulls(COUNT)),
    "string views": lambda: ("name", table().column("name").combine_chunks().cast(pa.string_view())),
    "large strings": lambda: ("name", table().column("name").cast(pa.large_string())),
}


@pytest.mark.parametrize("name", ALIKE)
def test_a_column_of_another_form_says_the_same(name: str, tmp_path: Path) -> None:
    assert loaded(with_column(*ALIKE[name]()), tmp_path) == loaded(table(), tmp_path)
    assert len(loaded(with_column(*ALIKE[name]()), tmp_path)[0]) == COUNT


def test_days_of_the_envelope_too(tmp_path: Path) -> None:
    as_of = [datetime.date.fromisoformat(day) for day in table().column("as_of").to_pylist()]
    assert loaded(with_column("as_of", pa.array(as_of)), tmp_path) == loaded(table(), tmp_path)


def test_a_time_of_day_is_refused_by_row(tmp_path: Path) -> None:
    moments = [datetime.datetime.fromisoformat(day) for day in DAYS]
    moments[7] += datetime.timedelta(hours=8)
    records, problems = loaded(with_column("term_ends_on", pa.array(moments)), tmp_path)
    assert [row["line"] for row in records] == [line for line in range(1, COUNT + 1) if line != 8]
    assert [(problem.line, problem.field, problem.expected) for problem in problems] == [
        (8, "term_ends_on", "a date, or a timestamp at midnight")
    ]


def test_a_fraction_and_a_number_too_large_are_refused_by_row(tmp_path: Path) -> None:
    values = [Decimal(value) for value in CAPITALS]
    values[3], values[4], values[5] = Decimal("0.50"), Decimal(2**53), Decimal(10**17)
    records, problems = loaded(with_column("capital_fen", pa.array(values, pa.decimal128(30, 2))), tmp_path)
    assert len(records) == COUNT - 3
    assert [(problem.line, problem.message) for problem in problems] == [
        (line, "a decimal that is no whole number") for line in (4, 5, 6)
    ]


def test_floats_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="wrong type") as refused:
        loaded(with_column("capital_fen", pa.array(map(float, CAPITALS))), tmp_path)
    assert "Int64" in (refused.value.hint or "")


def test_the_index_of_pandas_is_no_column(tmp_path: Path) -> None:
    made = with_column("__index_level_0__", pa.array(range(COUNT)))
    told = {"index_columns": ["__index_level_0__"], "columns": []}
    marked = made.replace_schema_metadata({"pandas": json.dumps(told)})
    assert loaded(marked, tmp_path) == loaded(table(), tmp_path)
    with pytest.raises(UploadError, match="no field") as refused:
        loaded(made, tmp_path)
    assert refused.value.place is not None
    assert refused.value.place.field == "__index_level_0__"


def coded(value: str, count: int) -> pa.Array:
    """One value in a dictionary, and many rows that have it."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value]))


def repeated(count: int, **columns: pa.Array) -> pa.Table:
    row = rows([document(1)])[0]
    plain = {
        name: coded(value, count) if isinstance(value, str) else pa.repeat(value, count) for name, value in row.items()
    }
    return pa.table({**plain, **columns})


BOMBS: dict[str, Callable[[Path], None]] = {
    "one long value that compresses well": lambda path: pq.write_table(
        repeated(1, name=pa.array(["0" * (200 << 20)])), path, compression="zstd", use_dictionary=False
    ),
    "one long value in a dictionary": lambda path: pq.write_table(
        repeated(100_000, name=coded("字" * 20_000, 100_000)), path
    ),
    "one long value in a dictionary, as documents": lambda path: pq.write_table(
        pa.table({"document": coded("字" * 20_000, 100_000)}), path
    ),
}
CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from making import RULES, SEALS, TERMS
from creditchain.batch.errors import UploadError
from creditchain.batch.making.pipeline import prepare
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
try:
    limits = BatchLimits(workers=1)
    prepare(find_upload(sys.argv[2]), RULES, SEALS, TERMS, Path(sys.argv[3]), name="bomb", limits=limits)
except UploadError as error:
    # Not `ru_maxrss`, which a child takes over from its parent.
    status = Path("/proc/self/status").read_text().split()
    print(status[status.index("VmHWM:") + 1], len(str(error)))
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_of_gigabytes_gets_one_error_within_a_gigabyte(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.parquet"
    BOMBS[name](path)
    assert path.stat().st_size < 200_000
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, here, str(path), str(tmp_path / "b")], capture_output=True, text=True, check=True
    )
    peak, length = map(int, done.stdout.split())
    assert peak * 1024 < 1 << 30
    assert length < 2_000


def test_values_that_share_their_beginnings_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    names = pa.array([f"{'x' * 1_000_000}{number}" for number in range(100)])
    pq.write_table(pa.table({"name": names}), path, use_dictionary=False, column_encoding={"name": "DELTA_BYTE_ARRAY"})
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert parquet_sizes.rows_of([group]) <= 134
