"""Inclusion proofs: vectors, every size from 1 to 33 with every index, and the attacks."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from creditchain.documents import leaf_hash
from creditchain.hashing import keccak256
from creditchain.merkle import (
    MAX_SIZE,
    MemoryTree,
    inclusion_path,
    inclusion_proof,
    node_hash,
    root,
    tree_root,
    verify_inclusion,
)
from vectors.reading import load

VECTORS = load("merkle")
LEAVES = VECTORS["leaves"]
CASES = VECTORS["inclusion"]
SIZES = range(1, 34)


def _holds(case: dict, **changes: object) -> bool:
    values = {name: case[name] for name in ("index", "size", "proof", "root")} | {"leaf_hash": case["leaf"]}
    return verify_inclusion(**{**values, **changes})


def _of_size(size: int) -> Iterator[dict]:
    return (case for case in CASES if case["size"] == size)


def test_roots() -> None:
    for size, expected in VECTORS["roots"].items():
        assert root(LEAVES[: int(size)]) == expected


def test_proofs_equal_the_recursive_definition() -> None:
    for case in CASES:
        assert inclusion_proof(LEAVES[: case["size"]], case["index"]) == case["proof"]
        assert _holds(case)


def test_the_vectors_cover_every_size_and_index() -> None:
    covered = {(case["size"], case["index"]) for case in CASES}
    assert covered >= {(size, index) for size in SIZES for index in range(size)}


@pytest.mark.parametrize("size", SIZES)
def test_every_other_index_fails(size: int) -> None:
    for case in _of_size(size):
        wrong = [i for i in (*range(size), -1, size, size + 1, case["index"] + 2**64) if i != case["index"]]
        assert not any(_holds(case, index=index) for index in wrong)


@pytest.mark.parametrize("size", SIZES)
def test_a_wrong_size_fails_wherever_the_path_has_another_shape(size: int) -> None:
    # A leaf's path may be the same in trees of two sizes; then the root alone, which the anchor binds to its size,
    # tells them apart. Sizes that give a path of another shape must fail.
    for case in _of_size(size):
        for other in (0, case["index"], size + 2**32, 2**64, -size):
            assert not _holds(case, size=other)
        for other in range(1, 70):
            if _shape(case["index"], other) != _shape(case["index"], size):
                assert not _holds(case, size=other)


def _shape(index: int, size: int) -> list[str] | None:
    """On which side each sibling stands, lowest first; None outside the tree."""
    if index >= size:
        return None
    sides, last = [], size - 1
    while last:
        if index & 1:
            sides.append("left")
        elif index < last:
            sides.append("right")
        index, last = index >> 1, last >> 1
    return sides


@pytest.mark.parametrize("size", SIZES)
def test_each_byte_of_a_proof_flipped_fails(size: int) -> None:
    for case in _of_size(size):
        for step, item in enumerate(case["proof"]):
            for at in range(32):
                flipped = item[:at] + bytes([item[at] ^ 1]) + item[at + 1 :]
                assert not _holds(case, proof=[*case["proof"][:step], flipped, *case["proof"][step + 1 :]])


@pytest.mark.parametrize("size", SIZES)
def test_each_byte_of_leaf_and_root_flipped_fails(size: int) -> None:
    for case in _of_size(size):
        for at in range(32):
            mask = bytes(at) + b"\x80" + bytes(31 - at)
            for name, value in (("leaf_hash", case["leaf"]), ("root", case["root"])):
                assert not _holds(case, **{name: bytes(a ^ b for a, b in zip(value, mask, strict=True))})


@pytest.mark.parametrize("size", SIZES)
def test_padded_and_truncated_paths_fail(size: int) -> None:
    for case in _of_size(size):
        proof = case["proof"]
        padded = [
            [*proof, bytes(32)],
            [bytes(32), *proof],
            [*proof, *proof[-1:]] or [bytes(32)],
            [*proof, case["root"]],
        ]
        truncated = [proof[:-1], proof[1:], []]
        assert not any(_holds(case, proof=other) for other in [*padded, *truncated] if other != proof)
        assert not _holds(case, proof=[*proof, *[bytes(32)] * (65 - len(proof))])


@pytest.mark.parametrize("size", range(2, 34))
def test_an_inner_node_posing_as_a_leaf_fails(size: int) -> None:
    leaves = LEAVES[:size]
    tree = MemoryTree(leaves)
    for index in range(size):
        proof = inclusion_path(tree, index)
        computed = leaves[index]
        for level, sibling in enumerate(proof[:-1]):
            left = (index >> level) & 1
            computed = node_hash(sibling, computed) if left else node_hash(computed, sibling)
            if computed == tree.node(level + 1, index >> (level + 1)):
                shorter = proof[level + 1 :]
                for position in range(size):
                    assert not verify_inclusion(computed, position, size, shorter, tree_root(tree))


def test_second_preimage_a_leaf_made_of_two_nodes_has_another_hash() -> None:
    # Whoever shows left || right of an inner node as a leaf does not get the node's hash: the prefixes differ, and a
    # leaf is 70 bytes long where a node is 65.
    left, right = LEAVES[:2]
    node = node_hash(left, right)
    assert keccak256(b"\x00" + left + right) != node
    assert leaf_hash(left, right[0], int.from_bytes(right[1:5], "big"), right) != node


def test_second_preimage_a_tree_of_nodes_has_the_same_root_but_another_size() -> None:
    # The tree over the inner nodes of one level has the root of the whole. Size and index, which come from the anchor,
    # are what keeps its "leaves" out.
    tree = MemoryTree(LEAVES[:8])
    nodes = [tree.node(1, i) for i in range(4)]
    assert root(nodes) == tree_root(tree)
    assert verify_inclusion(nodes[1], 1, 4, inclusion_proof(nodes, 1), tree_root(tree))
    assert not verify_inclusion(nodes[1], 1, 8, inclusion_proof(nodes, 1), tree_root(tree))


@pytest.mark.parametrize(
    "proof",
    [
        [b""], [bytes(31)], [bytes(33)], [bytes(64)], ["00" * 32], [None], None, "x" * 32, b"\x00" * 32, 7,
        [bytearray(32)], [[bytes(32)]],
    ],
)  # fmt: skip
def test_malformed_paths_are_false_and_never_raise(proof: object) -> None:
    assert verify_inclusion(LEAVES[0], 0, 2, proof, root(LEAVES[:2])) is False  # type: ignore[arg-type]


def test_hashes_of_another_length_are_false() -> None:
    assert not verify_inclusion(b"", 0, 1, [], b"")
    assert not verify_inclusion(bytes(33), 0, 1, [], bytes(33))
    assert not verify_inclusion(bytes(32), 0, 1, [], bytes(31))


def test_the_largest_sizes() -> None:
    # A path of 64 in a tree of 2^64 - 1 leaves, computed from one made-up side.
    siblings = [keccak256(bytes([i])) for i in range(64)]
    computed = LEAVES[0]
    for sibling in siblings:
        computed = node_hash(computed, sibling)
    assert verify_inclusion(LEAVES[0], 0, MAX_SIZE, siblings, computed)
    assert not verify_inclusion(LEAVES[0], 0, MAX_SIZE + 1, siblings, computed)


@given(st.data(), st.integers(1, 600))
@settings(max_examples=60, deadline=None)
def test_larger_trees(data: st.DataObject, size: int) -> None:
    leaves = [keccak256(i.to_bytes(4, "big")) for i in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index, size, proof, root(leaves))
    other = data.draw(st.integers(0, size + 5))
    assert verify_inclusion(leaves[index], other, size, proof, root(leaves)) is (other == index)


@pytest.mark.parametrize("index", [-1, 3, 2**64])
def test_no_proof_outside_the_tree(index: int) -> None:
    with pytest.raises(IndexError, match=f"no leaf {index} in a tree of 3"):
        inclusion_proof(LEAVES[:3], index)


def test_no_node_outside_the_tree() -> None:
    tree = MemoryTree(LEAVES[:5])
    for level, index in ((0, 5), (0, -1), (1, 3), (3, 1), (4, 0), (-1, 0)):
        with pytest.raises(IndexError):
            tree.node(level, index)


def test_leaf_hashes_of_another_length_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="leaf hash must be 32 bytes"):
        root([bytes(32), bytes(31)])


@pytest.mark.parametrize("case", VECTORS["inclusion_refused"], ids=lambda case: case["why"])
def test_proofs_that_must_fail(case: dict) -> None:
    assert _holds(case, index=int(case["index"]), size=int(case["size"])) is False
