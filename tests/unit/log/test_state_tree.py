"""The state tree and its proofs: vectors, all trees of up to 33 cells, and every way to tamper."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import creditchain
from creditchain.hashing import keccak256
from creditchain.log.cell_columns import NO_CELLS, CellColumns
from creditchain.log.cells import Cell, CellError, cell_key, cell_word
from creditchain.log.state_proofs import (
    CellFault,
    CellRange,
    CellRun,
    KeyRange,
    prefix_range,
    single_key,
    verify_absence,
    verify_cell,
    verify_cell_range,
    verify_cells,
)
from creditchain.log.state_tree import NO_STATE, StateTree
from creditchain.merkle import EMPTY_ROOT, MemoryTree, inclusion_path, verify_inclusion
from vectors.reading import load

VECTORS = load("cells")
CELLS = [Cell(case["key"], case["word"]) for case in VECTORS["cells"]]
TREES = {size: StateTree(CellColumns.of(CELLS[:size])) for size in range(34)}
SIZES = pytest.mark.parametrize("size", [n if n <= 9 else pytest.param(n, marks=pytest.mark.slow) for n in TREES])
EVERYTHING = KeyRange(bytes(32), b"\xff" * 32)


def points(size: int) -> list[bytes]:
    """Every key of a tree, and a key between any two, before the first and after the last."""
    keys = [cell.key for cell in CELLS[:size]]
    after = [(int.from_bytes(key) + 1).to_bytes(32) for key in keys]
    return sorted({bytes(32), *keys, *after, b"\xff" * 32})


def ranges(size: int) -> list[KeyRange]:
    some = points(size)
    return [KeyRange(low, high) for place, low in enumerate(some) for high in some[place:]]


def test_roots_of_the_vectors():
    assert {str(size): tree.root for size, tree in TREES.items()} == VECTORS["roots"]


def test_it_is_the_tree_over_the_leaf_hashes():
    for size, tree in TREES.items():
        plain = MemoryTree([cell.hash() for cell in CELLS[:size]])
        for level in range((size - 1).bit_length() + 1 if size else 0):
            for index in range((size + (1 << level) - 1) >> level):
                assert tree.node(level, index) == plain.node(level, index)


def test_nodes_outside_the_tree():
    for level, index in [(0, 5), (0, -1), (-1, 0), (4, 0), (3, 1)]:
        with pytest.raises(IndexError):
            TREES[5].node(level, index)


def test_updated_is_the_tree_of_all_cells():
    for size, tree in TREES.items():
        for step in (1, 2, 3, 40):
            changes = [Cell(cell.key, cell_word(5, 99)) for cell in CELLS[::step]]
            known = {cell.key: cell for cell in [*CELLS[:size], *changes]}
            made = tree.updated(CellColumns.of(changes))
            assert made.root == StateTree(CellColumns.of(known.values())).root
            assert [*made.cells] == sorted(known.values(), key=lambda cell: cell.key)
            assert tree.root == VECTORS["roots"][str(size)]


def test_no_change_changes_nothing():
    assert TREES[33].updated(NO_CELLS).root == TREES[33].root
    assert NO_STATE.updated(NO_CELLS).root == EMPTY_ROOT


def test_cells_that_do_not_ascend():
    backwards = CellColumns(CellColumns.of(CELLS).keys[::-1], CellColumns.of(CELLS).words[::-1])
    for make in (lambda: StateTree(backwards), lambda: NO_STATE.updated(backwards)):
        with pytest.raises(CellError, match="ascend"):
            make()


def case_range(case: dict[str, Any]) -> CellRange:
    left, right = (None if case[side] is None else Cell(**case[side]) for side in ("left", "right"))
    return CellRange(case["first"], tuple(Cell(**cell) for cell in case["cells"]), left, right, tuple(case["proof"]))


@pytest.mark.parametrize("case", VECTORS["ranges"], ids=lambda case: case["name"])
def test_ranges_of_the_vectors(case: dict[str, Any]):
    keys, proof = KeyRange(case["low"], case["high"]), case_range(case)
    assert bool(verify_cell_range(proof, keys, case["size"], case["root"])) is case["holds"]
    if case["holds"]:
        assert StateTree(CellColumns.of(CELLS[: case["size"]])).prove_range(keys) == proof


@SIZES
def test_every_range_of_every_tree_holds(size: int):
    tree = TREES[size]
    for keys in ranges(size):
        proof = tree.prove_range(keys)
        assert verify_cell_range(proof, keys, size, tree.root)
        assert list(proof.cells) == [cell for cell in CELLS[:size] if keys.low <= cell.key <= keys.high]
        assert len(proof.proof) <= 2 * max(size - 1, 0).bit_length()


def test_every_cell_is_shown_and_every_other_key_is_absent():
    for size, tree in TREES.items():
        words = {cell.key: cell for cell in CELLS[:size]}
        for key in points(size):
            proof = tree.prove_range(single_key(key))
            absent = verify_absence(proof, key, size, tree.root)
            assert bool(absent) is (key not in words)
            if key in words:
                assert absent.fault is CellFault.PRESENT
                run = tree.prove_cell(key)
                assert run.cells == (words[key],)
                assert verify_cell(run, key, size, tree.root)
                assert list(run.proof) == inclusion_path(tree, run.first)
                assert verify_inclusion(words[key].hash(), run.first, size, run.proof, tree.root)
            else:
                with pytest.raises(KeyError, match=key.hex()):
                    tree.prove_cell(key)


def test_every_run_of_every_tree_holds():
    for size, tree in TREES.items():
        for first in range(size):
            for count in range(1, size - first + 1):
                run = tree.prove_cells(first, count)
                assert verify_cells(run, size, tree.root)
                assert list(run.cells) == CELLS[first : first + count]


@pytest.mark.parametrize(("first", "count"), [(0, 0), (-1, 1), (0, 6), (5, 1)])
def test_only_runs_of_the_tree_are_proven(first: int, count: int):
    with pytest.raises(IndexError, match=f"no run of {count} leaves from {first}"):
        TREES[5].prove_cells(first, count)


def flipped(value: bytes) -> Iterator[bytes]:
    for at in range(len(value)):
        yield value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]


def other_cells(cell: Cell) -> Iterator[Cell]:
    """The cell with each byte of key and word changed."""
    yield from (Cell(key, cell.word) for key in flipped(cell.key))
    yield from (Cell(cell.key, word) for word in flipped(cell.word) if any(word[-7:]))


def tampered_cells(cells: tuple[Cell, ...]) -> Iterator[tuple[Cell, ...]]:
    for at, cell in enumerate(cells):
        yield (*cells[:at], *cells[at + 1 :])
        yield (*cells[: at + 1], *cells[at:])
        yield from ((*cells[:at], other, *cells[at + 1 :]) for other in other_cells(cell))
    for at in range(len(cells) - 1):
        yield (*cells[:at], cells[at + 1], cells[at], *cells[at + 2 :])


def tampered_hashes(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    yield (*proof, bytes(32))
    for at, one in enumerate(proof):
        yield (*proof[:at], *proof[at + 1 :])
        yield (*proof[: at + 1], *proof[at:])
        yield from ((*proof[:at], other, *proof[at + 1 :]) for other in (bytes(32), one[:-1], next(flipped(one))))


def tampered(proof: CellRange) -> Iterator[CellRange]:
    """Every part left out, doubled, changed or moved."""
    yield from (replace(proof, first=proof.first + step) for step in (-1, 1, 2**64))
    yield from (replace(proof, cells=cells) for cells in tampered_cells(proof.cells))
    yield from (replace(proof, proof=hashes) for hashes in tampered_hashes(proof.proof))
    for side, cell in (("left", proof.left), ("right", proof.right)):
        others = [None, *other_cells(cell)] if cell else CELLS
        yield from (replace(proof, **{side: other}) for other in others)
    if proof.cells:  # what stands at the end of the range is passed off as its neighbour
        yield replace(proof, cells=proof.cells[1:], first=proof.first + 1, left=proof.cells[0])
        yield replace(proof, cells=proof.cells[:-1], right=proof.cells[-1])
    if proof.left:
        yield replace(proof, cells=(proof.left, *proof.cells), first=proof.first - 1, left=None)
    if proof.right:
        yield replace(proof, cells=(*proof.cells, proof.right), right=None)


@pytest.mark.parametrize(
    "size", [n if n in (0, 1, 2, 3) else pytest.param(n, marks=pytest.mark.slow) for n in range(9)]
)
def test_every_tampered_range_is_refused(size: int):
    tree = TREES[size]
    for keys in ranges(size):
        for changed in tampered(tree.prove_range(keys)):
            assert not verify_cell_range(changed, keys, size, tree.root)


@pytest.mark.parametrize("size", [5, 17, 33])
def test_tampered_ranges_of_larger_trees_are_refused(size: int):
    tree = TREES[size]
    for keys in ranges(size)[:: size * 11]:
        for changed in tampered(tree.prove_range(keys)):
            assert not verify_cell_range(changed, keys, size, tree.root)


def test_a_range_under_another_root_or_of_a_smaller_or_larger_tree():
    for size, tree in TREES.items():
        proof = tree.prove_range(EVERYTHING)
        assert not verify_cell_range(proof, EVERYTHING, size, keccak256(b"other"))
        for other in {0, size - 1, size + 1, 2 * size, 2**64} - {size}:
            assert not verify_cell_range(proof, EVERYTHING, other, tree.root)


def test_a_proof_of_another_range():
    tree = TREES[33]
    for first in range(4):
        proof = tree.prove_range(prefix_range(first))
        for other in range(5):
            verdict = verify_cell_range(proof, prefix_range(other), 33, tree.root)
            assert bool(verdict) is (first == other)
            # Spaces 0 and 4 have no cells, so that only the neighbours give them away.
            if not proof.cells and not verdict:
                assert verdict.fault is CellFault.NOT_OUTSIDE


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"first": 2**64}, CellFault.BOUNDS),
        ({"left": None}, CellFault.LEFT_MISSING),
        ({"right": None}, CellFault.RIGHT_MISSING),
        ({"proof": ()}, CellFault.NOT_INCLUDED),
    ],
)
def test_the_verdict_names_the_fault(change: dict[str, Any], fault: CellFault):
    tree, keys = TREES[33], prefix_range(2)
    assert verify_cell_range(replace(tree.prove_range(keys), **change), keys, 33, tree.root).fault is fault


def test_the_verdict_names_extra_neighbours():
    tree = TREES[33]
    proof = tree.prove_range(EVERYTHING)
    assert verify_cell_range(replace(proof, left=CELLS[0]), EVERYTHING, 33, tree.root).fault is CellFault.LEFT_EXTRA
    assert verify_cell_range(replace(proof, right=CELLS[0]), EVERYTHING, 33, tree.root).fault is CellFault.RIGHT_EXTRA


def test_the_verdict_names_the_cell_that_is_out_of_order():
    cells = [*CELLS[:3], CELLS[4], CELLS[3], *CELLS[5:8]]
    tree = MemoryTree([cell.hash() for cell in cells])
    shown = CellRange(0, tuple(cells), None, None, ())
    verdict = verify_cell_range(shown, EVERYTHING, 8, tree.node(3, 0))
    assert (verdict.fault, verdict.index) == (CellFault.ORDER, 4)


def test_another_cell_is_not_the_one_asked_for():
    tree = TREES[33]
    run = tree.prove_cell(CELLS[3].key)
    assert not verify_cell(run, CELLS[4].key, 33, tree.root)
    assert not verify_cell(tree.prove_cells(3, 2), CELLS[3].key, 33, tree.root)
    assert not verify_cells(CellRun(0, (), ()), 33, tree.root)


def test_the_empty_tree():
    proof = NO_STATE.prove_range(EVERYTHING)
    assert proof == CellRange(0, (), None, None, ())
    assert verify_cell_range(proof, EVERYTHING, 0, EMPTY_ROOT)
    assert verify_absence(proof, bytes(32), 0, EMPTY_ROOT)
    assert not verify_cell_range(proof, EVERYTHING, 0, TREES[1].root)
    assert not verify_cell_range(replace(proof, proof=(bytes(32),)), EVERYTHING, 0, EMPTY_ROOT)


def test_prefixes():
    assert prefix_range(2, b"\x00\x01") == KeyRange(b"\x02\x00\x01" + bytes(29), b"\x02\x00\x01" + b"\xff" * 29)
    assert prefix_range(255) == KeyRange(b"\xff" + bytes(31), b"\xff" * 32)
    assert prefix_range(0, b"\x07" * 31) == single_key(cell_key(0, int.from_bytes(b"\x07" * 31)))


def test_ranges_that_cannot_be():
    for make, match in (
        (lambda: prefix_range(256), "expected 0 to 255; found 256"),
        (lambda: prefix_range(0, bytes(32)), "expected at most 31 bytes; found 32 bytes"),
        (lambda: single_key(bytes(31)), "expected 32 bytes; found 31 bytes"),
        (lambda: KeyRange(bytes(31) + b"\x01", bytes(32)), "ends before it starts"),
    ):
        with pytest.raises(CellError, match=match):
            make()


def test_a_verifier_needs_neither_numpy_nor_kernels():
    program = "import sys; from creditchain.log import appended, cells, state_proofs; print('numpy' in sys.modules)"
    environment = {"PYTHONPATH": str(Path(creditchain.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
