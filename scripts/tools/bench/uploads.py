"""From tables to batch folders: CSV and Excel workbooks with the same records, and checking them."""

from __future__ import annotations

import csv
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import openpyxl

from creditchain.acts.checking_uploads import check_upload
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.making.pipeline import prepare
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.hashing import keccak256
from creditchain.products import Product
from creditchain.sample import Form, Sample, write_sample
from tools.bench import Row

RUNS = 3
RECORDS = 100_000
PRODUCT = "utilities-usage/1"
SEALS = Seals(tag_key=keccak256(b"tag key of the benchmark"), secret=keccak256(b"secret of the benchmark"))


def measure() -> list[Row]:
    """Rows of group `batch`. They have no target and are only shown."""
    product = load_product(PRODUCT)
    with tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as name:
        folder = Path(name)
        table = folder / "records.csv"
        write_sample(Sample(product, RECORDS, RECORDS // 8, 1), table, Form.CSV)
        book = write_workbook(table, folder / "records.xlsx")
        (slow, first), (text, second) = (_anchored(path, product, folder) for path in (book, table))
        if first != second:
            raise AssertionError("the workbook and the CSV file differ in the root")
        checked = statistics.median(_checked(table, product) for _ in range(RUNS))
    beside = f"CSV, {RECORDS / text:,.0f} records/s"
    found = (("100 k records as .xlsx, file to root", slow), ("upload check, 100 k records as CSV", checked))
    return [
        Row("batch", what, RECORDS / seconds, "records/s", beside, text / seconds, None, None)
        for what, seconds in found
    ]


def write_workbook(table: Path, path: Path) -> Path:
    """Write a CSV file as a workbook in which all cells are texts."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("records")
    with table.open(encoding="utf-8", newline="") as handle:
        for row in csv.reader(handle):
            sheet.append(row)
    book.save(path)
    return path


def _anchored(path: Path, product: Product, folder: Path) -> tuple[float, bytes]:
    """Seconds from file to root (median), and the root."""
    terms = Terms(bytes(32), 1, "0x" + "00" * 20, 1, product.ref, product.digest, product.number, 1, bytes(32))
    seconds = []
    for _ in range(RUNS):
        dest = folder / "batches"
        shutil.rmtree(dest, ignore_errors=True)
        began = time.perf_counter()
        made = prepare(find_upload(path), Rules(product), SEALS, terms, dest, name="bench", limits=BatchLimits())
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), made.root


def _checked(path: Path, product: Product) -> float:
    began = time.perf_counter()
    if not check_upload(find_upload(path), Rules(product)).clean:
        raise AssertionError("the sample has faults")
    return time.perf_counter() - began
