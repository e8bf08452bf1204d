"""From uploads to batch folders, compared with a straightforward pipeline that uses the same libraries."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import orjson
import sha3

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.folder.opened import BatchFolder, open_batch
from creditchain.batch.making.pipeline import Prepared, prepare
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.documents.texts import IMPROPER as IMPROPER_RUNS
from creditchain.hashing import keccak256
from creditchain.identifiers import Subject, parse_subject, subject_tag
from creditchain.merkle import inclusion_path, prove_range
from creditchain.products import Product
from creditchain.products.dates import FIRST_DAY, LAST_DAY
from creditchain.sample import Form, Sample, write_sample
from tools.bench import Row

RUNS = 5
RECORDS = 1_000_000
PLAIN_RECORDS = 100_000  # the straightforward pipeline's rate does not depend on the number
MANY = 10_000_000  # measured with CREDITCHAIN_BENCH_LARGE=1: writes about 20 GB
PRODUCT = "utilities-usage/1"  # its records have about 350 bytes
SEALS = Seals(tag_key=keccak256(b"tag key of the benchmark"), secret=keccak256(b"secret of the benchmark"))
#: The characters that no text may hold; control characters stand in JSON as escapes.
_RUNS = "".join(f"{chr(first)}-{chr(last)}" for first, last, _ in IMPROPER_RUNS if last > 0x20)
IMPROPER = re.compile(f"[{_RUNS}]" + r'|\\[^\\"]')
SECTION_BYTE = {"report": 0, "basic": 1, "operating": 2, "enhancement": 3, "warning": 4, "asset": 5, "carbon": 6}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: seconds, and the peak memory of this process and its workers in bytes."""

    seconds: float
    peak: int
    prepared: Prepared


def measure() -> list[Row]:
    """Rows of group `batch`."""
    product = load_product(PRODUCT)
    with tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as name:
        folder = Path(name)
        lines, table = _sample(product, folder, RECORDS, Form.JSONL), _sample(product, folder, RECORDS, Form.PARQUET)
        few = _sample(product, folder, PLAIN_RECORDS, Form.JSONL)
        rows, smaller = _beside_the_plain_one(product, folder, lines, table, few)
        if os.environ.get("CREDITCHAIN_BENCH_LARGE"):
            rows += _large(product, folder, smaller)
    return rows


def _beside_the_plain_one(
    product: Product, folder: Path, lines: Path, table: Path, few: Path
) -> tuple[list[Row], tuple[float, float]]:
    """Rows, and the seconds for each record of 100 k and of 1 M.

    The runs alternate with the straightforward pipeline, so that a busy moment of the machine, and the state in which
    it leaves memory, affect all of them.
    """
    plain: list[float] = []
    quick: list[Measured] = []
    columns: list[Measured] = []
    short: list[Measured] = []
    for _ in range(RUNS):
        for path, runs in ((lines, quick), (table, columns), (few, short)):
            plain.append(_plain_seconds(few, product, folder) / PLAIN_RECORDS)
            runs.append(_run(path, product, folder))
    beside = statistics.median(plain)
    each = statistics.median(run.seconds for run in quick) / RECORDS
    column = statistics.median(run.seconds for run in columns) / RECORDS
    peak = max(_run(path, product, folder, memory=True).peak for path in (lines, table))
    size = lines.stat().st_size / RECORDS
    if len({run.prepared.root for run in (*quick, *columns)}) != 1:
        raise AssertionError("JSON Lines and Parquet differ in the root")
    what = f"1 M JSON Lines records of {size:.0f} bytes, file to root"
    plain_rate = f"straightforward pipeline, {1 / beside:,.0f} records/s"
    rows = [
        Row("batch", what, 1 / each, "records/s", plain_rate, beside / each, "≥ 9 ×", beside / each >= 9),
        Row("batch", f"{what}, as a guide", 1 / each, "records/s", None, None, "≥ 200,000", 1 / each >= 200_000),
        Row(
            "batch",
            "the same from Parquet",
            1 / column,
            "records/s",
            plain_rate,
            beside / column,
            "≥ 14 ×",
            beside / column >= 14,
        ),
        Row("batch", "peak memory, 1 M records", peak / 1e9, "GB", None, None, "≤ 1 GB", peak <= 1e9),
    ]
    small = statistics.median(run.seconds for run in short) / PLAIN_RECORDS
    return rows, (small, each)


def _large(product: Product, folder: Path, smaller: tuple[float, float]) -> list[Row]:
    """Measure 10 M records: whether time is linear, memory bounded, and proofs as fast as with fewer records.

    `smaller` holds the seconds for each record of 100 k and of 1 M.
    """
    path = _sample(product, folder, MANY, Form.JSONL)
    peak = _run(path, product, folder, memory=True).peak
    many = _run(path, product, folder, keep=True)
    path.unlink()
    each, (small, middle) = many.seconds / MANY, smaller
    growth = each / min(small, middle)
    with open_batch(many.prepared.path) as opened:
        first, all_of_first = _proofs(opened)  # the documents have left memory by now
        one, all_of_one = _proofs(opened)
    return [
        Row("batch", "peak memory, 10 M records", peak / 1e9, "GB", None, None, "≤ 3 GB", peak <= 3e9),
        Row(
            "batch",
            "10 M records, a record",
            each * 1e6,
            "µs",
            f"100 k: {small * 1e6:.2f} µs, 1 M: {middle * 1e6:.2f} µs a record",
            growth,
            "≤ 1.2 × of the least",
            growth <= 1.2,
        ),
        Row("batch", "prove one record of 10 M, warm", one * 1e6, "µs", None, None, "≤ 1,000 µs", one <= 1e-3),
        Row(
            "batch",
            "prove all records of one enterprise of 10 M, warm",
            all_of_one * 1e6,
            "µs",
            None,
            None,
            "≤ 5,000 µs",
            all_of_one <= 5e-3,
        ),
        Row("batch", "… its document from the disk", first * 1e6, "µs", None, None, None, None),
        Row(
            "batch", "… all documents of one enterprise from the disk", all_of_first * 1e6, "µs", None, None, None, None
        ),
    ]


def _proofs(folder: BatchFolder) -> tuple[float, float]:
    """Seconds to prove one record, and all records of one enterprise, from an open folder; medians of 200."""
    alone, together = [], []
    for place in range(0, len(folder.leaves), len(folder.leaves) // 200):
        leaf = folder.leaves[place]
        folder.find(leaf.tag)
        began = time.perf_counter()
        found = folder.find(leaf.tag).start
        folder.document(found)
        inclusion_path(folder.tree, found)
        alone.append(time.perf_counter() - began)
        began = time.perf_counter()
        for found in folder.find(leaf.tag):
            folder.document(found)
        prove_range(folder.tree, folder.leaves, leaf.tag, leaf.section)
        together.append(time.perf_counter() - began)
    return statistics.median(alone), statistics.median(together)


def _sample(product: Product, folder: Path, records: int, form: Form) -> Path:
    path = folder / f"{records}.{form}"
    if not path.exists():
        write_sample(Sample(product, records, max(1, records // 8), 1), path, form)
    return path


def _run(path: Path, product: Product, folder: Path, *, keep: bool = False, memory: bool = False) -> Measured:
    """Make one batch. Watching the memory slows it down, so timed runs do not."""
    dest = folder / "batches"
    shutil.rmtree(dest, ignore_errors=True)
    terms = Terms(bytes(32), 1, "0x" + "00" * 20, 1, product.ref, product.digest, product.number, 1, bytes(32))
    with _peak_memory() if memory else nullcontext([0]) as peak:
        began = time.perf_counter()
        prepared = prepare(find_upload(path), Rules(product), SEALS, terms, dest, name="bench", limits=BatchLimits())
        seconds = time.perf_counter() - began
    if not keep:
        shutil.rmtree(dest)
    return Measured(seconds, peak[0], prepared)


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """The largest sum of the memory (proportional set size) of this process and its descendants, every 100 ms."""
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            peak[0] = max(peak[0], sum(map(_memory, _family(os.getpid()))))

    if not sys.platform.startswith("linux"):
        yield peak
        return
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def _family(process: int) -> list[int]:
    found = [process]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def _memory(process: int) -> int:
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _plain_seconds(path: Path, product: Product, folder: Path) -> float:
    """Seconds of the straightforward pipeline, in a separate process so that it leaves nothing in this one's memory."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_timed, path, product, folder / "plain").result()


def _timed(path: Path, product: Product, dest: Path) -> float:
    product.validator()
    began = time.perf_counter()
    straightforward(path, product, dest)
    return time.perf_counter() - began


def straightforward(path: Path, product: Product, dest: Path) -> bytes:
    """What a user would write with orjson, jsonschema-rs, safe-pysha3, re and sorted, in one process. Returns the root.

    It checks what the pipeline checks: schema, numbers, characters, days, and that no record id repeats. It writes
    everything that the batch folder holds (documents with salts, leaves, every level), synced and digested.
    """
    keccak, schema = sha3.keccak_256, product.validator()

    @cache
    def tag_of(scheme: str, number: str) -> bytes:
        parse_subject(scheme, number)
        return subject_tag(SEALS.tag_key, Subject(scheme, number))

    records, ids = [], set[bytes]()
    with path.open("rb") as upload:
        for line in upload:
            document = orjson.loads(line)
            schema.validate(document)
            if IMPROPER.search(line.decode()) is not None or not FIRST_DAY <= document["as_of"] <= LAST_DAY:
                raise ValueError("a character or a day that cannot be right")
            content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
            tag = tag_of(**document["subject"])
            digest = keccak(content).digest()
            salt = keccak(b"\x04" + SEALS.secret + tag + digest).digest()
            commitment = keccak(b"\x03" + salt + b"application/json\x00" + content).digest()
            record_id = keccak(SEALS.secret + document["data"]["record_id"].encode()).digest()[:16]
            if record_id in ids:
                raise ValueError("a record id that repeats")
            ids.add(record_id)
            records.append((tag, SECTION_BYTE[document["section"]], commitment, salt, content))
    records.sort()
    shutil.rmtree(dest, ignore_errors=True)
    dest.mkdir()
    level = [keccak(b"\x00" + tag + bytes([section]) + made).digest() for tag, section, made, _, _ in records]
    tree = [b"".join(level)]
    while len(level) > 1:
        above = [keccak(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = above + level[2 * len(above) :]
        tree.append(b"".join(level))
    _write(dest / "leaves", b"".join(tag + bytes([section]) + made for tag, section, made, _, _ in records))
    _write(dest / "documents", b"\n".join(salt + content for *_, salt, content in records))
    _write(dest / "levels", b"".join(tree))
    _write(dest / "ids", b"".join(sorted(ids)))
    root: bytes = level[0]
    return root


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    path.with_suffix(".sha256").write_text(sha256(data).hexdigest())
