"""Range proofs: vectors with their attacks, every batch against a plain search, every byte flipped."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditchain.hashing import keccak256
from creditchain.merkle import (
    Leaf,
    MemoryTree,
    RangeFault,
    RangeProof,
    RangeVerdict,
    find_range,
    prove_range,
    run_proof,
    tree_root,
    verify_range,
)
from vectors.reading import load

VECTORS = load("ranges")
HONEST = [case for case in VECTORS["cases"] if case["holds"]]
ATTACKS = [case for case in VECTORS["cases"] if not case["holds"]]


def _leaf(shown: dict) -> Leaf:
    return Leaf(shown["tag"], shown["section"], shown["product"], shown["commitment"])


def _neighbour(shown: dict | None) -> Leaf | None:
    return _leaf(shown) if shown else None


def _proof(case: dict) -> RangeProof:
    return RangeProof(
        first=case["first"],
        leaves=tuple(map(_leaf, case["leaves"])),
        left=_neighbour(case["left"]),
        right=_neighbour(case["right"]),
        proof=tuple(case["proof"]),
    )


BATCH = [_leaf(shown) for shown in VECTORS["leaves"]]
TREE = MemoryTree([leaf.hash() for leaf in BATCH])
ROOT = tree_root(TREE)
# A key with leaves on both sides, and the faults the named attacks must end in.
TAG, SECTION = BATCH[5].tag, BATCH[5].section
FAULTS = {
    "withheld first leaf": RangeFault.NOT_OUTSIDE,
    "withheld last leaf": RangeFault.NOT_OUTSIDE,
    "withheld leaf inside": RangeFault.NOT_INCLUDED,
    "withheld leaf, first not moved": RangeFault.NOT_INCLUDED,
    "withheld neighbour left": RangeFault.LEFT_MISSING,
    "withheld neighbour right": RangeFault.RIGHT_MISSING,
    "withheld everything": RangeFault.NOT_OUTSIDE,
    "withheld everything, neighbours apart": RangeFault.NOT_INCLUDED,
    "reordered leaves": RangeFault.ORDER,
    "split leaf, shown from its copy": RangeFault.ORDER,
    "absence shown at another place": RangeFault.ORDER,
    "other section among the leaves": RangeFault.OTHER_KEY,
    "one section for the whole tag": RangeFault.NOT_OUTSIDE,
    "the whole tag for one section": RangeFault.OTHER_KEY,
    "one hash too few": RangeFault.NOT_INCLUDED,
    "one hash too many": RangeFault.NOT_INCLUDED,
    "hashes in another order": RangeFault.NOT_INCLUDED,
    "left neighbour from further away": RangeFault.NOT_INCLUDED,
    "first past the end": RangeFault.BOUNDS,
    "negative first": RangeFault.BOUNDS,
}


@pytest.mark.parametrize("case", HONEST, ids=lambda case: case["name"])
def test_honest_proofs_hold(case: dict) -> None:
    assert verify_range(_proof(case), case["tag"], case["section"], case["size"], case["root"])
    if case["root"] == ROOT:
        assert prove_range(TREE, BATCH, case["tag"], case["section"]) == _proof(case)


@pytest.mark.parametrize(
    "case", [case for case in VECTORS["cases"] if not case["holds"]], ids=lambda case: case["name"]
)
def test_attacks_fail_and_say_why(case: dict) -> None:
    verdict = verify_range(_proof(case), case["tag"], case["section"], case["size"], case["root"])
    assert not verdict
    assert verdict.fault is FAULTS[case["name"]]


def test_every_attack_is_in_the_vectors() -> None:
    assert {case["name"] for case in ATTACKS} == set(FAULTS)


def test_split_leaf_is_what_only_disorder_shows() -> None:
    # The range holds where it was shown; the copy further on breaks the order, which two adjacent leaves prove.
    split = [*BATCH, Leaf(TAG, SECTION, 12, bytes(32))]
    tree = MemoryTree([leaf.hash() for leaf in split])
    proof = prove_range(tree, [*split[:-1], Leaf(b"\xff" * 32, 255, 1, bytes(32))], TAG, SECTION)
    assert verify_range(proof, TAG, SECTION, len(split), tree_root(tree))
    assert not split[-2] < split[-1]


def _of_run(tree: MemoryTree, leaves: list[Leaf], first: int, count: int) -> RangeProof:
    """A proof whose parts are all in the tree, for a range that may be wrong."""
    shown = range(max(first - 1, 0), min(first + count + 1, len(leaves)))
    return RangeProof(
        first=first,
        leaves=tuple(leaves[first : first + count]),
        left=leaves[first - 1] if first else None,
        right=leaves[first + count] if first + count < len(leaves) else None,
        proof=tuple(run_proof(tree, shown.start, len(shown))),
    )


@pytest.mark.parametrize("key", sorted({(leaf.tag, leaf.section) for leaf in BATCH} | {(TAG, 0), (bytes(32), 0)}))
def test_withheld_leaf_of_all_ranges_of_the_batch_only_the_true_one_holds(key: tuple[bytes, int]) -> None:
    true = [i for i, leaf in enumerate(BATCH) if leaf[:2] == key]
    place = sum(leaf[:2] < key for leaf in BATCH)
    for first in range(len(BATCH) + 1):
        for count in range(len(BATCH) - first + 1):
            verdict = verify_range(_of_run(TREE, BATCH, first, count), *key, len(BATCH), ROOT)
            assert bool(verdict) is ((first, count) == (place, len(true)))


def _flips(value: Any) -> list[Any]:
    """`value` with one byte changed, everywhere in turn (one bit of each byte of a hash; a number by one)."""
    if isinstance(value, bytes):
        return [value[:i] + bytes([value[i] ^ 4]) + value[i + 1 :] for i in range(len(value))]
    if isinstance(value, int):
        return [value - 1, value + 1]
    if isinstance(value, Leaf):
        fields = zip(value._fields, value, strict=True)
        return [value._replace(**{name: flip}) for name, item in fields for flip in _flips(item)]
    if isinstance(value, tuple):
        return [(*value[:i], flip, *value[i + 1 :]) for i, item in enumerate(value) for flip in _flips(item)]
    assert isinstance(value, RangeProof)
    names = ("first", "leaves", "left", "right", "proof")
    return [replace(value, **{name: flip}) for name in names for flip in _flips(getattr(value, name) or ())]


def test_each_byte_of_a_proof_flipped_fails() -> None:
    proof = prove_range(TREE, BATCH, TAG, SECTION)
    flips = _flips(proof)
    assert len(flips) > 400
    for flip in flips:
        assert not verify_range(flip, TAG, SECTION, len(BATCH), ROOT)


def test_wrong_root_size_tag_and_section_fail() -> None:
    proof = prove_range(TREE, BATCH, TAG, SECTION)
    for root in _flips(ROOT):
        assert not verify_range(proof, TAG, SECTION, len(BATCH), root)
    # Sizes that leave the shape of every path shown as it is cannot fail here: the anchor binds size and root.
    for size in (0, -1, proof.first + len(proof.leaves), 16, 17, 2**32, 2**64):
        assert not verify_range(proof, TAG, SECTION, size, ROOT)
    for tag in _flips(TAG):
        assert not verify_range(proof, tag, SECTION, len(BATCH), ROOT)
    assert not verify_range(proof, TAG, SECTION + 1, len(BATCH), ROOT)


def test_size_zero_proves_nothing() -> None:
    empty = RangeProof(first=0, leaves=(), left=None, right=None, proof=())
    assert verify_range(empty, TAG, SECTION, 0, ROOT) == RangeVerdict(RangeFault.BOUNDS)


def test_neighbours_too_many() -> None:
    whole = prove_range(TREE, BATCH, BATCH[0].tag, BATCH[0].section)
    assert (
        verify_range(replace(whole, left=whole.right), *BATCH[0][:2], len(BATCH), ROOT).fault is RangeFault.LEFT_EXTRA
    )
    end = prove_range(TREE, BATCH, b"\xff" * 32, 255)
    assert (
        verify_range(replace(end, right=end.left), b"\xff" * 32, 255, len(BATCH), ROOT).fault is RangeFault.RIGHT_EXTRA
    )


@pytest.mark.parametrize(
    "leaf",
    [Leaf(b"", 4, 1, bytes(32)), Leaf(bytes(33), 4, 1, bytes(32)), Leaf(bytes(32), 256, 1, bytes(32)),
     Leaf(TAG, -1, 1, bytes(32)), Leaf(TAG, SECTION, -1, bytes(32)), Leaf(TAG, SECTION, 2**32, bytes(32)),
     Leaf(TAG, SECTION, 1, bytes(31))],
)  # fmt: skip
def test_malformed_leaves_are_a_fault_and_never_raise(leaf: Leaf) -> None:
    proof = prove_range(TREE, BATCH, TAG, SECTION)
    for changed in (
        replace(proof, leaves=(leaf, *proof.leaves[1:])),
        replace(proof, left=leaf),
        replace(proof, right=leaf),
    ):
        assert verify_range(changed, TAG, SECTION, len(BATCH), ROOT).fault is RangeFault.MALFORMED


KEYS = st.tuples(st.integers(0, 4), st.integers(0, 2))


@given(st.sets(st.tuples(KEYS, st.integers(0, 5)), min_size=1, max_size=40), KEYS)
@settings(max_examples=150, deadline=None)
def test_any_batch_any_key(chosen: set[tuple[tuple[int, int], int]], asked: tuple[int, int]) -> None:
    leaves = sorted(Leaf(bytes([tag]) * 32, section, n % 3, keccak256(bytes([n]))) for (tag, section), n in chosen)
    tree = MemoryTree([leaf.hash() for leaf in leaves])
    tag, section = bytes([asked[0]]) * 32, asked[1]
    proof = prove_range(tree, leaves, tag, section)
    assert list(proof.leaves) == [leaf for leaf in leaves if leaf[:2] == (tag, section)]
    assert list(proof.leaves) == [leaves[i] for i in find_range(leaves, tag, section)]
    assert verify_range(proof, tag, section, len(leaves), tree_root(tree)) == RangeVerdict()
    for drop in range(len(proof.leaves)):
        withheld = replace(proof, leaves=proof.leaves[:drop] + proof.leaves[drop + 1 :])
        assert not verify_range(withheld, tag, section, len(leaves), tree_root(tree))


def test_leaves_and_tree_must_belong_together() -> None:
    with pytest.raises(ValueError, match="10 leaves for a tree of 11"):
        prove_range(TREE, BATCH[1:], TAG, SECTION)


#: Leaves of tags with one to four sections, of one to three products, so that ranges of every length occur.
GROWN = sorted(
    Leaf(keccak256(bytes([n % 7])), n % 4, n % 3, keccak256(bytes([n]))) for n in range(33)
)  # fmt: skip
GROWN_TREES = {size: MemoryTree([leaf.hash() for leaf in GROWN[:size]]) for size in range(1, 34)}


def _asked(size: int) -> list[tuple[bytes, int | None]]:
    """Every tag and every (tag, section) of the leaves, and some that have none, before, between and behind them."""
    there = {(leaf.tag, section) for leaf in GROWN[:size] for section in (leaf.section, None)}
    absent = {(tag, section) for tag in (bytes(32), b"\xff" * 32) for section in (0, None)}
    return sorted(there | absent | {(GROWN[0].tag, 9)}, key=lambda key: (key[0], -1 if key[1] is None else key[1]))


def _changed(proof: RangeProof, size: int) -> Iterator[RangeProof]:
    """Every part left out, doubled, exchanged for another leaf or hash, moved, or swapped with the next."""
    others = [leaf for leaf in GROWN[:size] if leaf not in (*proof.leaves, proof.left, proof.right)][:2]
    for name, other in (("leaves", others[0] if others else GROWN[0]), ("proof", keccak256(b"other"))):
        items = getattr(proof, name)
        for at in range(len(items)):
            for changed in (items[:at] + items[at + 1 :], items[: at + 1] + items[at:],
                            (*items[:at], other, *items[at + 1 :])):  # fmt: skip
                yield replace(proof, **{name: changed})
        for at in range(len(items) - 1):
            yield replace(proof, **{name: (*items[:at], items[at + 1], items[at], *items[at + 2 :])})
        yield replace(proof, **{name: (*items, other)})
        yield replace(proof, **{name: (other, *items)})
    for shift in (-1, 1):
        yield replace(proof, first=proof.first + shift)
    for side in ("left", "right"):
        for other in (None, *others, *proof.leaves[:1], *proof.leaves[-1:]):
            yield replace(proof, **{side: other})


@pytest.mark.parametrize("size", [n if n <= 17 else pytest.param(n, marks=pytest.mark.slow) for n in GROWN_TREES])
def test_every_tampered_range_of_every_tree_up_to_33_leaves_is_refused(size: int) -> None:
    tree, leaves = GROWN_TREES[size], GROWN[:size]
    root = tree_root(tree)
    for tag, section in _asked(size):
        proof = prove_range(tree, leaves, tag, section)
        assert verify_range(proof, tag, section, size, root) == RangeVerdict()
        wanted = [leaf for leaf in leaves if leaf.tag == tag and section in (leaf.section, None)]
        assert list(proof.leaves) == wanted
        for changed in _changed(proof, size):
            assert changed == proof or not verify_range(changed, tag, section, size, root), (tag, section, changed)
        for first in range(size + 1):
            for count in range(size - first + 1):
                if (first, count) != (proof.first, len(wanted)):
                    honest = _of_run(tree, leaves, first, count)
                    assert not verify_range(honest, tag, section, size, root), (tag, section, first, count)


def test_a_range_is_bound_to_the_size_and_root_of_its_tree() -> None:
    for size in range(1, 33):
        for tag, section in _asked(size):
            proof = prove_range(GROWN_TREES[size], GROWN[:size], tag, section)
            for other in {1, size - 1, size + 1, 33} - {0, size}:
                assert not verify_range(proof, tag, section, other, tree_root(GROWN_TREES[other]))


def test_a_range_of_one_section_is_not_one_of_the_tag() -> None:
    tag = next(leaf.tag for leaf in GROWN if leaf.section != GROWN[0].section)
    whole, part = (prove_range(GROWN_TREES[33], GROWN, tag, section) for section in (None, GROWN[0].section))
    root = tree_root(GROWN_TREES[33])
    assert verify_range(part, tag, None, 33, root).fault is RangeFault.NOT_OUTSIDE
    assert verify_range(whole, tag, GROWN[0].section, 33, root).fault is RangeFault.OTHER_KEY
