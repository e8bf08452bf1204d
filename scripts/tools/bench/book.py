"""A book of ten million leaves: grown by a day's batches, written and synced; and range proofs from it.

Times are judged as ratios to hashing as many leaves, and to writing and syncing as many bytes, in the same run. Each
bound is what the goal in seconds comes to on the quiet machine of docs/benchmarks.md.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from creditchain.batch.book import making
from creditchain.batch.book.making import make_book
from creditchain.batch.book.manifest import BookBatch, BookTerms
from creditchain.batch.book.opened import BookFolder, open_book
from creditchain.batch.book.sources import BatchSource
from creditchain.batch.folder.leaf_list import write_list
from creditchain.hashing import keccak256
from creditchain.merkle import RangeProof, lanes, verify_range
from creditchain.merkle.order import leaf_order
from creditchain.merkle.rows import KEY_BYTES, Rows, leaf_keys
from creditchain.verification.book_audit import list_root
from tools.bench import Row

LEAVES, ADDED = 10_000_000, 100_000
RUN = 22  #: leaves of one enterprise and section
RUNS, PROOFS = 3, 2_000
TERMS = BookTerms(bytes(32), 1, "0x" + "00" * 20, 1, 1)
#: Leaves that are hashed at a time for comparison.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Grown:
    """One run: seconds, the most anonymous memory of the process in bytes, and the book."""

    seconds: float
    anonymous: int
    path: Path


def measure() -> list[Row]:
    """Rows of group `book`."""
    lanes.load_fastest()
    with tempfile.TemporaryDirectory(
        prefix="creditchain-bench-", dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")
    ) as place:
        folder = Path(place)
        base, batch = _base(folder)
        rows = _growing(folder, base, batch)
        with open_book(base) as book:
            rows += _proofs(book)
        return rows


def random_keys(count: int, seed: int) -> Rows:
    """Keys of leaves in order; of each enterprise, 22 of one section."""
    random = np.random.default_rng(seed)

    def digests(number: int) -> Rows:
        return np.frombuffer(random.bytes(32 * number), np.uint8).reshape(number, 32)

    tags = np.repeat(digests(-(-count // RUN)), RUN, axis=0)[:count]
    products = random.integers(1, 24, count).astype(np.uint32)
    keys = leaf_keys(tags, np.full(count, 2, np.uint8), products, digests(count))
    return keys[leaf_order(keys)]


def _source(folder: Path, number: int, count: int) -> BatchSource:
    keys, path = random_keys(count, number), folder / f"{number}.leaves"
    write_list(path, [keys])
    return BatchSource(BookBatch(number, list_root(keys), count), path)


def _base(folder: Path) -> tuple[Path, BatchSource]:
    """A book of ten million leaves, made at once since it is not what is measured, and the batch to be added."""
    whole, batch = _source(folder, 1, LEAVES), _source(folder, 2, ADDED)
    making.RUN_LEAVES = LEAVES + ADDED
    made = make_book(folder / "books", TERMS, [whole])
    whole.path.unlink()
    return made.path, batch


def _growing(folder: Path, base: Path, batch: BatchSource) -> list[Row]:
    """The book with the batch added, warm and from the disk, in turn with what it is compared with."""
    warm, cold, hashing, writing = list[Grown](), list[Grown](), list[float](), list[float]()
    written = sum(path.stat().st_size for path in base.rglob("*.bin")) * (LEAVES + ADDED) // LEAVES
    for run in range(RUNS + 1):
        grown = _grown(base, batch, folder / "warm")
        hashed, wrote = _hashing(base), _writing(folder / "plain", written)
        _forget(base)
        from_disk = _grown(base, batch, folder / "cold")
        if run:  # the first of each is not counted
            warm.append(grown)
            cold.append(from_disk)
            hashing.append(hashed)
            writing.append(wrote)
    hashed, wrote = statistics.median(hashing), statistics.median(writing)
    rows = []
    for what, runs, goal, most in (("warm", warm, 4.0, 3.0), ("from the disk", cold, 6.0, 4.0)):
        seconds = statistics.median(one.seconds for one in runs)
        name = f"book of 10 M leaves and 100 k more, written and synced, {what}"
        beside = f"hashing as many leaves, {hashed:.2f} s"
        rows.append(_at_most(name, seconds, "s", beside, seconds / hashed, 3.75 * goal, goal))
        beside = f"writing and syncing as many bytes, {wrote:.2f} s"
        rows.append(_at_most("…", seconds, "s", beside, seconds / wrote, most, goal))
    peak = max(one.anonymous for one in (*warm, *cold)) / 2**20
    rows.append(Row("book", "… anonymous memory", peak, "MB", target="≤ 256 MB", ok=peak <= 256))
    return rows


def _grown(base: Path, batch: BatchSource, dest: Path) -> Grown:
    """Grow the book in a process of its own, whose memory is only this."""
    shutil.rmtree(dest, ignore_errors=True)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_grow, base, batch, dest).result()


def _grow(base: Path, batch: BatchSource, dest: Path) -> Grown:
    lanes.load_fastest()
    with _most_anonymous() as peak:
        start = time.perf_counter()
        with open_book(base) as book:
            path = make_book(dest, TERMS, [batch], base=book).path
        seconds = time.perf_counter() - start
    return Grown(seconds, peak[0], path)


@contextmanager
def _most_anonymous() -> Iterator[list[int]]:
    """The most anonymous memory of this process in bytes while the context runs, looked at every 10 ms."""
    peak, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            lines = Path("/proc/self/status").read_text().splitlines()
            found = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            peak[0] = max(peak[0], found << 10)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def _hashing(base: Path) -> float:
    """Seconds that the leaf hashes alone take, on all cores."""
    seconds = 0.0
    with open_book(base) as book:
        keys = np.concatenate([part.keys for part in book.parts])
    for at in range(0, LEAVES + ADDED, _BLOCK):
        some = keys[at : at + _BLOCK]
        start = time.perf_counter()
        lanes.leaf_rows(some)
        seconds += time.perf_counter() - start
    return seconds


def _writing(path: Path, size: int) -> float:
    """Seconds that it takes to write as many bytes to one file and sync it."""
    block = memoryview(os.urandom(1 << 24))
    start = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for at in range(0, size, len(block)):
            file.write(block[: min(len(block), size - at)])
        os.fsync(file.fileno())
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def _forget(base: Path) -> None:
    """Have the system drop what it holds of the book's files."""
    for path in base.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def _proofs(book: BookFolder) -> list[Row]:
    """Range proofs of all leaves of one enterprise and section at random places."""
    random, root = Random(6), book.manifest.root  # noqa: S311 - not for keys
    making_times, checking, plain, proofs = list[float](), list[float](), list[float](), list[RangeProof]()
    for _ in range(PROOFS):
        tag = book.leaves[random.randrange(LEAVES)].tag
        start = time.perf_counter()
        proofs.append(book.prove(tag, 2))
        making_times.append(time.perf_counter() - start)
    for proof in proofs:
        start = time.perf_counter()
        good = verify_range(proof, proof.leaves[0].tag, 2, book.manifest.size, root)
        checking.append(time.perf_counter() - start)
        plain.append(_as_many(proof))
        if not good:
            raise AssertionError("a proof does not hold")
    hashes = [len(proof.proof) for proof in proofs]
    check, alone = (1e6 * statistics.median(times) for times in (checking, plain))
    make, most = 1e6 * statistics.median(making_times), max(hashes)
    within = sum(count <= 36 for count in hashes) / len(hashes)
    return [
        Row(
            "book",
            f"range proof of {RUN} of 10 M leaves, hashes beside them",
            statistics.median(hashes),
            "",
            f"at most {most}; {within:.2%} have ≤ 36",
            None,
            "≤ 36",
            statistics.median(hashes) <= 36,
        ),
        _at_most(
            "… checked", check, "µs", f"hashing as many leaves and nodes, {alone:.0f} µs", check / alone, 2.5, 100
        ),
        Row("book", "… made from the mapped book", make, "µs"),
    ]


def _as_many(proof: RangeProof) -> float:
    """Seconds for as many hashes of 70 and 65 bytes as checking this proof takes, and nothing else."""
    shown = len(proof.leaves) + (proof.left is not None) + (proof.right is not None)
    key, pair = bytes(KEY_BYTES + 1), bytes(65)
    start = time.perf_counter()
    for _ in range(shown):
        keccak256(key)
    for _ in range(shown - 1 + len(proof.proof)):
        keccak256(pair)
    return time.perf_counter() - start


def _at_most(name: str, value: float, unit: str, beside: str, ratio: float, most: float, goal: float) -> Row:
    """A row that is judged by its ratio; `goal` is what the bound comes to on a quiet machine."""
    return Row("book", name, value, unit, beside, ratio, f"≤ {most:g} × (≤ {goal:g} {unit} when quiet)", ratio <= most)
