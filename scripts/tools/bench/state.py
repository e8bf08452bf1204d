"""The state tree of ten million cells: built, changed, and opened by proofs.

Times are judged as ratios to hashing the leaves of the same tree, or to checking the same proof, in the same run. Each
bound is what the goal in seconds comes to on the quiet machine of docs/benchmarks.md.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from random import Random
from typing import TypeVar

import numpy as np

from creditchain.log.cell_columns import CellColumns, key_order
from creditchain.log.state_proofs import KeyRange, single_key, verify_absence, verify_cell_range
from creditchain.log.state_tree import StateTree
from creditchain.merkle import lanes
from creditchain.merkle.rows import Rows
from tools.bench import Row

_T = TypeVar("_T")

RUNS = 3
CELLS = 10_000_000
LARGE = 34_000_000  #: cells of a region after three years
LARGE_NEEDS = 12_000_000_000  #: bytes of memory that must be free for them
CHANGED, INSERTED = 10_000, 1_000
PROOFS = 1_000
SHOWN = 22  #: cells of a range proof
#: Shares of cells by space, as in a region where most cells are of consents and records.
SPACES = ((1, 0.3), (2, 0.3), (3, 0.1), (5, 0.1), (8, 0.1), (9, 0.05), (17, 0.05))


def measure() -> list[Row]:
    """Rows of group `state`."""
    lanes.load_fastest()
    cells, sorting = _sorted_cells(CELLS)
    rows = _built_and_changed(cells)
    rows.append(Row("state", "10 M cells brought into order, sorted and copied", sorting, "s"))
    rows += _proofs(StateTree(cells))
    if os.environ.get("CREDITCHAIN_BENCH_LARGE"):
        rows.append(_large())
    return rows


def random_rows(count: int, seed: int) -> Rows:
    """Rows of 32 random bytes (n, 32)."""
    return np.frombuffer(np.random.default_rng(seed).bytes(32 * count), np.uint8).reshape(count, 32).copy()


def random_keys(count: int, seed: int) -> Rows:
    """Keys of digests in the spaces of `SPACES` (n, 32), in no order."""
    keys = random_rows(count, seed)
    spaces, shares = zip(*SPACES, strict=True)
    keys[:, 0] = np.random.default_rng(seed).choice(np.array(spaces, np.uint8), count, p=shares)
    return keys


def _sorted_cells(count: int) -> tuple[CellColumns, float]:
    """Random cells, and the seconds that sorting them took."""
    keys, words = random_keys(count, 1), random_rows(count, 2)
    start = time.perf_counter()
    order = key_order(keys)
    cells = CellColumns(keys[order], words[order])
    return cells, time.perf_counter() - start


def _built_and_changed(cells: CellColumns) -> list[Row]:
    """Building the tree, and changing and inserting cells, in turn with hashing its leaves alone."""
    taken: dict[str, list[float]] = {"leaves": [], "built": [], "updated": []}
    changes = _changes(cells)
    for _ in range(RUNS + 1):  # the first of each is not counted
        _timed(taken["leaves"], lambda: lanes.cell_rows(cells.keys, cells.words))
        tree = _timed(taken["built"], lambda: StateTree(cells))
        _timed(taken["updated"], lambda tree=tree: tree.updated(changes))  # type: ignore[misc]
        del tree
    leaves, built, updated = (statistics.median(times[1:]) for times in taken.values())
    beside = f"hashing its leaves alone, {leaves:.2f} s"
    what = f"… with {CHANGED:,} cells changed and {INSERTED:,} inserted"
    return [
        _at_most("state tree of 10 M cells built", built, "s", beside, built / leaves, 8, "2 s"),
        _at_most(what, updated, "s", beside, updated / leaves, 4, "1 s"),
    ]


def _changes(cells: CellColumns) -> CellColumns:
    places = np.sort(np.random.default_rng(3).choice(len(cells), CHANGED, replace=False))
    keys = np.concatenate([cells.keys[places], random_keys(INSERTED, 4)])
    order = key_order(keys)
    return CellColumns(keys[order], random_rows(len(keys), 5)[order])


def _proofs(tree: StateTree) -> list[Row]:
    """Ranges of some cells, and absences, at random places."""
    root, random, rows = tree.root, Random(6), []  # noqa: S311 - not for keys
    firsts = [random.randrange(tree.size - SHOWN) for _ in range(PROOFS)]
    ranges = [KeyRange(tree.cells.key(first), tree.cells.key(first + SHOWN - 1)) for first in firsts]
    absent = [single_key(key.tobytes()) for key in random_keys(PROOFS, 7)]
    for what, wanted in ((f"range proof of {SHOWN} of 10 M cells made", ranges), ("… of an absence", absent)):
        making, checking = list[float](), list[float]()
        for keys in wanted:
            proof = _timed(making, lambda keys=keys: tree.prove_range(keys))  # type: ignore[misc]
            check = verify_cell_range if proof.cells else verify_absence
            asked = keys if proof.cells else keys.low
            if not _timed(checking, lambda: check(proof, asked, tree.size, root)):  # type: ignore[arg-type] # noqa: B023
                raise AssertionError("a proof does not hold")
        made, checked = (1000 * statistics.median(times) for times in (making, checking))
        beside = f"checking it, {checked:.3f} ms"
        rows.append(_at_most(what, made, "ms", beside, made / checked, 3, "0.3 ms"))
    return rows


def _large() -> Row:
    """The tree of as many cells as a region has after three years, once, if there is memory for it."""
    what = f"state tree of {LARGE // 10**6} M cells built"
    if os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") < LARGE_NEEDS:
        return Row("state", what, None, "s", target=f"needs {LARGE_NEEDS // 10**9} GB of free memory")
    cells, _ = _sorted_cells(LARGE)
    leaves, built = list[float](), list[float]()
    _timed(leaves, lambda: lanes.cell_rows(cells.keys, cells.words))
    _timed(built, lambda: StateTree(cells))
    return Row("state", what, built[0], "s", f"hashing its leaves alone, {leaves[0]:.2f} s", built[0] / leaves[0])


def _timed(times: list[float], action: Callable[[], _T]) -> _T:
    start = time.perf_counter()
    found = action()
    times.append(time.perf_counter() - start)
    return found


def _at_most(name: str, value: float, unit: str, beside: str, ratio: float, most: float, goal: str) -> Row:
    """A row that is judged by its ratio; `goal` is what the bound comes to on a quiet machine."""
    return Row("state", name, value, unit, beside, ratio, f"≤ {most:g} × (≤ {goal} when quiet)", ratio <= most)
