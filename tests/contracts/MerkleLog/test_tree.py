"""The tree in Solidity against a recursive reference in Python, for every size and index."""

import pytest
import reference
from reading import load
from world import deploy, number_hash

SIZES = range(1, 34)
LEAVES = [number_hash("leaf", i) for i in range(max(SIZES))]
EMPTY_ROOT = reference.keccak(b"")


@pytest.fixture(scope="module")
def tree(_module):
    return deploy("MerkleLogHarness")


class Checks:
    """Collects checks and runs them on the contract in few calls."""

    def __init__(self, tree):
        self._tree, self._calls, self._expected = tree, [], []

    def inclusion(self, expected, *arguments):
        self._add(expected, self._tree.verifyInclusion, arguments)

    def consistency(self, expected, *arguments):
        self._add(expected, self._tree.verifyConsistency, arguments)

    def run(self):
        for start in range(0, len(self._calls), 200):
            answers = self._tree.checkAll(self._calls[start : start + 200])
            assert list(answers) == self._expected[start : start + 200]

    def _add(self, expected, function, arguments):
        self._calls.append(function.encode_input(*arguments))
        self._expected.append(expected)


@pytest.fixture
def checks(tree):
    """Collects a test's checks and runs them at its end."""
    collected = Checks(tree)
    yield collected
    collected.run()


def test_vectors(checks):
    vectors = load("merkle")
    for case in vectors["inclusion"]:
        checks.inclusion(True, case["leaf"], case["index"], case["size"], case["proof"], case["root"])
    for case in vectors["consistency"]:
        arguments = (case["old_size"], case["old_root"], case["new_size"], case["new_root"], case["proof"])
        checks.consistency(True, *arguments)


def test_append_gives_the_root_of_every_size(tree):
    assert tree.root() == "0x" + EMPTY_ROOT.hex()
    for size in SIZES:
        tree.append([LEAVES[size - 1]])
        assert tree.size() == size
        assert tree.root() == "0x" + reference.mth(LEAVES[:size]).hex()


def test_append_many_leaves_at_once(tree):
    leaves = [number_hash("leaf", i) for i in range(150)]
    for chunk in (leaves[:1], leaves[1:64], leaves[64:127], leaves[127:]):
        tree.append(chunk)
        assert tree.root() == "0x" + reference.mth(leaves[: tree.size()]).hex()


def test_count_bits(tree):
    for number in (0, 1, 2, 3, 2**20, 2**20 - 1, 0x5555555555555555, 0xAAAAAAAAAAAAAAAA, 2**63, 2**64 - 1):
        assert tree.countBits(number) == number.bit_count()


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_of_every_index(checks, size):
    leaves, root = LEAVES[:size], reference.mth(LEAVES[:size])
    for index in range(size):
        path = reference.path(index, leaves)
        checks.inclusion(True, leaves[index], index, size, path, root)
        for wrong in {0, index - 1, index + 1, size, 2**64 - 1} - {index, -1}:
            checks.inclusion(False, leaves[index], wrong, size, path, root)
        checks.inclusion(False, leaves[index], index, size, [*path, root], root)
        if path:
            checks.inclusion(False, leaves[index], index, size, path[:-1], root)


@pytest.mark.parametrize("size", [*range(1, 18), 32, 33])
def test_inclusion_is_bound_to_the_size(checks, size):
    """A proof fails for another size whenever the path to the index has another shape there."""
    leaves, root = LEAVES[:size], reference.mth(LEAVES[:size])
    for index in {0, size // 2, size - 1}:
        path = reference.path(index, leaves)
        for other in range(index + 1, 34):
            shape = [len(reference.path(i, [b""] * n)) for i, n in ((index, size), (index, other))]
            if shape[0] != shape[1]:
                checks.inclusion(False, leaves[index], index, other, path, root)


@pytest.mark.parametrize("size", SIZES)
def test_consistency_from_every_size(checks, size):
    root = reference.mth(LEAVES[:size])
    for old in range(1, size + 1):
        old_root = reference.mth(LEAVES[:old])
        proof = reference.proof(old, LEAVES[:size])
        checks.consistency(True, old, old_root, size, root, proof)
        checks.consistency(False, old, EMPTY_ROOT, size, root, proof)
        checks.consistency(False, old, old_root, size, EMPTY_ROOT, proof)
        checks.consistency(False, old, old_root, size, root, [*proof, root])
        if old < size:
            checks.consistency(False, old, old_root, size, root, [])
        if proof:
            checks.consistency(False, old, old_root, size, root, proof[:-1])
            checks.consistency(False, size, root, old, old_root, proof)


def test_consistency_with_the_empty_tree(checks):
    root = reference.mth(LEAVES[:5])
    checks.consistency(True, 0, EMPTY_ROOT, 5, root, [])
    checks.consistency(True, 0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    checks.consistency(False, 0, root, 5, root, [])
    checks.consistency(False, 0, EMPTY_ROOT, 5, root, [root])
    checks.consistency(False, 5, root, 0, EMPTY_ROOT, [])


@pytest.mark.parametrize("size", [2, 7, 33])
def test_each_byte_of_a_proof_flipped(checks, size):
    leaves, root = LEAVES[:size], reference.mth(LEAVES[:size])
    index, old = size // 2, size - 1
    path, proof = reference.path(index, leaves), reference.proof(old, leaves)
    for flipped in _flips(path):
        checks.inclusion(False, leaves[index], index, size, flipped, root)
    for flipped in _flips(proof):
        checks.consistency(False, old, reference.mth(LEAVES[:old]), size, root, flipped)


def test_a_proof_has_a_depth_limit(checks):
    leaf = hash_ = LEAVES[0]
    path = []
    for level in range(64):
        path.append(LEAVES[level % 33])
        hash_ = reference.keccak(b"\x01", hash_, path[-1])
    checks.inclusion(True, leaf, 0, 2**64, path, hash_)
    deeper = reference.keccak(b"\x01", hash_, leaf)
    checks.inclusion(False, leaf, 0, 2**65, [*path, leaf], deeper)
    checks.consistency(False, 1, leaf, 2**65, deeper, [*path, leaf])


def _flips(proof):
    """The proof with one bit of one byte changed, every byte in turn."""
    for item, hash_ in enumerate(proof):
        for byte in range(32):
            changed = hash_[:byte] + bytes([hash_[byte] ^ 1 << byte % 8]) + hash_[byte + 1 :]
            yield [*proof[:item], changed, *proof[item + 1 :]]
