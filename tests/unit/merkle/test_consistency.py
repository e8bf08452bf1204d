"""Consistency proofs and frontiers: vectors, every pair of sizes up to 33, and the attacks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditchain.hashing import keccak256
from creditchain.merkle import EMPTY_ROOT, Frontier, consistency_proof, root, verify_consistency
from vectors.reading import load

VECTORS = load("merkle")
LEAVES = VECTORS["leaves"]
CASES = VECTORS["consistency"]
SIZES = range(1, 34)
NAMES = ("old_size", "old_root", "new_size", "new_root", "proof")


def _holds(case: dict, **changes: object) -> bool:
    return verify_consistency(**{**{name: case[name] for name in NAMES}, **changes})


def _to_size(size: int) -> list[dict]:
    return [case for case in CASES if case["new_size"] == size]


def test_proofs_equal_the_recursive_definition() -> None:
    for case in CASES:
        assert consistency_proof(LEAVES[: case["new_size"]], case["old_size"]) == case["proof"]
        assert _holds(case)


def test_the_vectors_cover_every_pair_of_sizes() -> None:
    covered = {(case["old_size"], case["new_size"]) for case in CASES}
    assert covered >= {(old, new) for new in SIZES for old in range(1, new + 1)}


@pytest.mark.parametrize("size", SIZES)
def test_each_byte_flipped_fails(size: int) -> None:
    for case in _to_size(size):
        for step, item in enumerate(case["proof"]):
            for at in range(32):
                flipped = item[:at] + bytes([item[at] ^ 1]) + item[at + 1 :]
                assert not _holds(case, proof=[*case["proof"][:step], flipped, *case["proof"][step + 1 :]])
        for name in ("old_root", "new_root"):
            for at in range(32):
                value = case[name]
                assert not _holds(case, **{name: value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]})


@pytest.mark.parametrize("size", SIZES)
def test_padded_and_truncated_paths_fail(size: int) -> None:
    for case in _to_size(size):
        proof = case["proof"]
        others = [[*proof, bytes(32)], [bytes(32), *proof], [*proof, *proof[-1:]], [case["old_root"], *proof]]
        others += [proof[:-1], proof[1:]]
        assert not any(_holds(case, proof=other) for other in others if other != proof)


@pytest.mark.parametrize("size", SIZES)
def test_a_rewritten_past_fails(size: int) -> None:
    # The new tree has another leaf among the old ones; its honest proof speaks of another old root.
    for old in range(1, size):
        for changed in range(old):
            leaves = [*LEAVES[:changed], bytes(32), *LEAVES[changed + 1 : size]]
            assert not verify_consistency(old, root(LEAVES[:old]), size, root(leaves), consistency_proof(leaves, old))


@pytest.mark.parametrize("size", SIZES)
def test_wrong_sizes_fail(size: int) -> None:
    for case in _to_size(size):
        old = case["old_size"]
        if old < size:
            assert not _holds(case, old_size=size)
            assert not _holds(case, new_size=old)
        for changes in ({"old_size": -old}, {"new_size": 2**64}, {"new_size": size + 2**40}, {"old_size": size + 1}):
            assert not _holds(case, **changes)
        assert not _holds(case, old_size=0)


@pytest.mark.parametrize("case", VECTORS["consistency_refused"], ids=lambda case: case["why"])
def test_proofs_that_must_fail(case: dict) -> None:
    sizes = {name: int(case[name]) for name in ("old_size", "new_size")}
    assert verify_consistency(**{**{name: case[name] for name in NAMES}, **sizes}) is False


def test_equal_sizes_need_equal_roots_and_an_empty_proof() -> None:
    for size in SIZES:
        whole = root(LEAVES[:size])
        assert verify_consistency(size, whole, size, whole, [])
        assert not verify_consistency(size, whole, size, bytes(32), [])
        assert not verify_consistency(size, whole, size, whole, [whole])


def test_every_tree_extends_the_empty_one() -> None:
    whole = root(LEAVES[:5])
    assert consistency_proof(LEAVES[:5], 0) == []
    assert verify_consistency(0, EMPTY_ROOT, 5, whole, [])
    assert verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not verify_consistency(0, EMPTY_ROOT, 0, whole, [])
    assert not verify_consistency(0, bytes(32), 5, whole, [])
    assert not verify_consistency(0, EMPTY_ROOT, 5, whole, [whole])


@pytest.mark.parametrize("proof", [[b""], [bytes(31)], [bytes(33)], [None], None, b"\x00" * 32, [bytes(32)] * 65])
def test_malformed_paths_are_false_and_never_raise(proof: object) -> None:
    assert verify_consistency(1, LEAVES[0], 2, root(LEAVES[:2]), proof) is False  # type: ignore[arg-type]


@pytest.mark.parametrize("old_size", [-1, 4])
def test_no_proof_from_a_larger_tree(old_size: int) -> None:
    with pytest.raises(ValueError, match=f"old_size {old_size} is not from 0 to 3"):
        consistency_proof(LEAVES[:3], old_size)


@given(st.integers(0, 400), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_larger_trees(first: int, second: int) -> None:
    old, new = sorted((first, second))
    leaves = [keccak256(i.to_bytes(4, "big")) for i in range(new)]
    assert verify_consistency(old, root(leaves[:old]), new, root(leaves), consistency_proof(leaves, old))


def test_a_frontier_has_the_root_of_its_leaves() -> None:
    frontier = Frontier()
    assert (frontier.size, frontier.root, frontier.peaks) == (0, EMPTY_ROOT, ())
    for index, leaf in enumerate(LEAVES):
        assert frontier.append(leaf) == index
        assert frontier.root == root(LEAVES[: index + 1])
        assert len(frontier.peaks) == frontier.size.bit_count()


def test_a_frontier_goes_on_from_its_peaks_and_its_copy_is_its_own() -> None:
    for size in range(40):
        frontier = Frontier()
        frontier.extend(LEAVES[:size])
        resumed, copied = Frontier.of(size, frontier.peaks), frontier.copy()
        resumed.append(LEAVES[size])
        copied.append(LEAVES[size])
        assert resumed.root == copied.root == root(LEAVES[: size + 1])
        assert frontier.root == root(LEAVES[:size])


@pytest.mark.parametrize(("size", "peaks"), [(1, 0), (0, 1), (3, 1), (4, 2), (-1, 1)])
def test_peaks_that_do_not_fit_the_size(size: int, peaks: int) -> None:
    with pytest.raises(ValueError, match="does not have"):
        Frontier.of(size, [bytes(32)] * peaks)
