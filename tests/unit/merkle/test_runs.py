"""Runs of leaves: vectors from a construction of their own, every run of every small tree, every way to tamper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from creditchain.hashing import keccak256
from creditchain.merkle import (
    MAX_SIZE,
    MemoryTree,
    inclusion_path,
    root,
    run_proof,
    runs_proof,
    tree_root,
    verify_run,
    verify_runs,
)
from vectors.reading import load

LEAVES = [keccak256(bytes([index])) for index in range(33)]
TREES = {size: MemoryTree(LEAVES[:size]) for size in range(1, 34)}
RUNS = [(size, first, count) for size in TREES for first in range(size) for count in range(1, size - first + 1)]


def test_vectors():
    cases = load("ranges")["runs"]
    assert len(cases) > 400
    for case in cases:
        size, first, count = case["size"], case["first"], case["count"]
        assert run_proof(TREES[size], first, count) == case["proof"]
        assert verify_run(LEAVES[first : first + count], first, size, case["proof"], case["root"])


def test_every_run_of_every_tree_holds():
    for size, first, count in RUNS:
        proof = run_proof(TREES[size], first, count)
        assert verify_run(LEAVES[first : first + count], first, size, proof, tree_root(TREES[size]))


def test_a_run_of_one_is_an_inclusion_proof():
    for size, tree in TREES.items():
        for index in range(size):
            assert run_proof(tree, index, 1) == inclusion_path(tree, index)


def test_a_run_of_all_needs_no_hash():
    assert all(run_proof(tree, 0, size) == [] for size, tree in TREES.items())


def tampered(run: list[bytes], first: int, proof: list[bytes]) -> Iterator[tuple[list[bytes], int, list[bytes]]]:
    """Every part left out, doubled, changed, moved or swapped with the next."""
    other = keccak256(b"other")
    for at in range(len(run)):
        yield [*run[:at], *run[at + 1 :]], first, proof
        yield [*run[: at + 1], *run[at:]], first, proof
        yield [*run[:at], other, *run[at + 1 :]], first, proof
    for at in range(len(proof)):
        yield run, first, [*proof[:at], *proof[at + 1 :]]
        yield run, first, [*proof[: at + 1], *proof[at:]]
        yield run, first, [*proof[:at], other, *proof[at + 1 :]]
    for at in range(len(run) - 1):
        yield [*run[:at], run[at + 1], run[at], *run[at + 2 :]], first, proof
    for at in range(len(proof) - 1):
        yield run, first, [*proof[:at], proof[at + 1], proof[at], *proof[at + 2 :]]
    yield run, first - 1, proof
    yield run, first + 1, proof
    yield run, first, [*proof, other]


@pytest.mark.parametrize("size", [n if n <= 17 else pytest.param(n, marks=pytest.mark.slow) for n in TREES])
def test_every_tampered_run_of_every_tree_up_to_33_leaves_is_refused(size: int):
    for first, count in [(first, count) for of, first, count in RUNS if of == size]:
        run, proof, expected = LEAVES[first : first + count], run_proof(TREES[size], first, count), root(LEAVES[:size])
        for changed in tampered(run, first, proof):
            assert not verify_run(changed[0], changed[1], size, changed[2], expected), (size, first, count)


def test_another_tree_has_another_root():
    for size, first, count in RUNS:
        if size < 33:
            proof = run_proof(TREES[size], first, count)
            assert not verify_run(LEAVES[first : first + count], first, size, proof, root(LEAVES[: size + 1]))


@pytest.mark.parametrize(
    ("first", "size"), [(0, 0), (-1, 4), (3, 4), (4, 4), (0, MAX_SIZE + 1), (MAX_SIZE, MAX_SIZE), (0, -1)]
)
def test_a_run_outside_the_tree_is_refused(first: int, size: int):
    assert not verify_run(LEAVES[:2], first, size, [], root(LEAVES[:2]))


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), None, "0x"])
def test_malformed_hashes_are_refused_and_never_raise(wrong: object):
    assert not verify_run([wrong], 0, 1, [], LEAVES[0])  # type: ignore[list-item]
    assert not verify_run(LEAVES[:1], 0, 2, [wrong], root(LEAVES[:2]))  # type: ignore[list-item]


def test_too_many_hashes_are_refused_before_any_is_hashed():
    assert not verify_run(LEAVES[:1], 0, 2, [bytes(32)] * 129, root(LEAVES[:2]))


def test_no_leaf_is_no_run():
    assert not verify_run([], 0, 1, [], LEAVES[0])


@pytest.mark.parametrize(("first", "count"), [(0, 0), (-1, 1), (0, 6), (5, 1)])
def test_only_runs_of_the_tree_are_proven(first: int, count: int):
    with pytest.raises(IndexError, match=f"no run of {count} leaves from {first} in a tree of 5"):
        run_proof(TREES[5], first, count)


def test_at_most_two_hashes_a_level():
    for size, first, count in RUNS:
        assert len(run_proof(TREES[size], first, count)) <= 2 * (size - 1).bit_length()


def runs_of(mask: int, size: int, cut: int) -> list[tuple[int, int]]:
    """The leaves whose bit is set, as runs; where a bit of `cut` is set, a run ends though the next leaf follows."""
    found: list[tuple[int, int]] = []
    for index in range(size):
        if mask >> index & 1:
            first, count = found[-1] if found else (-2, 0)
            if first + count == index and not cut >> index & 1:
                found[-1] = first, count + 1
            else:
                found.append((index, 1))
    return found


#: Every choice of leaves of every tree of up to 9, cut into runs in several ways.
SEVERAL = [
    (size, runs_of(mask, size, cut))
    for size in range(1, 10)
    for mask in range(1, 1 << size)
    for cut in (0, 0b10110100, -1)
]


def rows_of(runs: list[tuple[int, int]]) -> list[tuple[int, list[bytes]]]:
    return [(first, LEAVES[first : first + count]) for first, count in runs]


def test_several_runs_of_every_tree_hold_with_one_proof():
    for size, runs in SEVERAL:
        tree = TREES[size]
        proof = runs_proof(tree, runs)
        assert verify_runs(rows_of(runs), size, proof, tree_root(tree))
        assert len(proof) <= sum(len(run_proof(tree, *run)) for run in runs)
        if len(runs) == 1:
            assert proof == run_proof(tree, *runs[0])


def test_several_runs_tampered_with_are_refused():
    other = keccak256(b"other")
    for size, runs in SEVERAL:
        top, proof, rows = tree_root(TREES[size]), runs_proof(TREES[size], runs), rows_of(runs)
        bad = [(rows, [*proof, other]), (rows[::-1], proof) if len(rows) > 1 else (rows, [*proof, other])]
        for at in range(len(proof)):
            bad.append((rows, [*proof[:at], *proof[at + 1 :]]))
            bad.append((rows, [*proof[:at], other, *proof[at + 1 :]]))
        for at, (first, row) in enumerate(rows):
            bad.append(([*rows[:at], (first, [other, *row[1:]]), *rows[at + 1 :]], proof))
            bad.append(([*rows[:at], (first + 1, row), *rows[at + 1 :]], proof))
            bad.append(([*rows[:at], (first, []), *rows[at + 1 :]], proof))
            bad.append(([*rows[: at + 1], *rows[at:]], proof))
        for shown, hashes in bad:
            assert not verify_runs(shown, size, hashes, top)
        for wrong in (sum(runs[-1]) - 1, MAX_SIZE + 1):
            assert not verify_runs(rows, wrong, proof, top)


def test_runs_that_are_none():
    tree = TREES[9]
    assert not verify_runs([], 9, [], tree_root(tree))
    for runs in ([(0, 0)], [(8, 2)], [(2, 2), (3, 1)], [(4, 1), (1, 1)], [(-1, 2)]):
        with pytest.raises(IndexError):
            runs_proof(tree, runs)
