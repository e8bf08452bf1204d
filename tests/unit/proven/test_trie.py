"""Proofs of presence and absence in tries that py-trie makes; and every way to alter one is refused."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import rlp
from trie import HexaryTrie

from creditchain.hashing import keccak256
from creditchain.proven.errors import StateProofError
from creditchain.proven.trie import EMPTY_NODE, EMPTY_TRIE_ROOT, proven_value

WHAT = "the proof"


def secure_trie(keys: list[bytes]) -> tuple[HexaryTrie, dict[bytes, bytes]]:
    """A trie with a value of 1 to 40 bytes under each key."""
    values = {key: rlp.encode(key[: 1 + i % 39].ljust(1, b"\1")) for i, key in enumerate(keys)}
    made = HexaryTrie({})
    for key, value in values.items():
        made[keccak256(key)] = value
    return made, values


def proof_of(made: HexaryTrie, key: bytes) -> list[bytes]:
    return [rlp.encode(node) for node in made.get_proof(keccak256(key))]


def random_keys(count: int, seed: int) -> list[bytes]:
    source = random.Random(seed)  # noqa: S311 - keys of a test
    return [source.randbytes(32) for _ in range(count)]


@pytest.mark.parametrize("count", [*range(1, 34), 200, 2000])
def test_what_is_there_and_what_is_not(count: int) -> None:
    made, values = secure_trie(random_keys(count, count))
    for key in list(values)[:100]:
        assert proven_value(made.root_hash, key, proof_of(made, key), WHAT) == values[key]
    for key in random_keys(100, 10_000 + count):
        assert proven_value(made.root_hash, key, proof_of(made, key), WHAT) is None


def test_the_empty_trie() -> None:
    assert HexaryTrie({}).root_hash == EMPTY_TRIE_ROOT
    for nodes in ([], [EMPTY_NODE]):
        assert proven_value(EMPTY_TRIE_ROOT, b"key", nodes, WHAT) is None
    with pytest.raises(StateProofError, match="expected no nodes, since the trie is empty; found 2 nodes"):
        proven_value(EMPTY_TRIE_ROOT, b"key", [EMPTY_NODE] * 2, WHAT)
    with pytest.raises(StateProofError):
        proven_value(bytes(32), b"key", [EMPTY_NODE], WHAT)


def bent(proof: list[bytes], other: list[bytes]) -> Iterator[list[bytes]]:
    """The proof in every way but its own. `other` is an honest proof of another key."""
    for place, node in enumerate(proof):
        before, after = proof[:place], proof[place + 1 :]
        yield [*before, *after]
        yield [*before, node, node, *after]
        yield [*before, b"", *after]
        yield [*before, node[:-1], *after]
        yield [*before, node + b"\0", *after]
        for at in range(len(node)):
            yield [*before, node[:at] + bytes([node[at] ^ 1]) + node[at + 1 :], *after]
    for end in range(len(proof)):
        yield proof[:end]
    for node in [*other, EMPTY_NODE, b""]:
        yield [*proof, node]
        yield [node, *proof]
    if len(proof) > 1:
        yield proof[::-1]
    yield other


@pytest.mark.parametrize("present", [True, False])
def test_every_altered_proof_is_refused(present: bool) -> None:
    made, values = secure_trie(random_keys(40, 7))
    keys = list(values)[:8] if present else random_keys(8, 8)
    tried, believed = 0, []
    for key, another in zip(keys, reversed(keys), strict=True):
        honest, other = proof_of(made, key), proof_of(made, another)
        for proof in bent(honest, other):
            if proof == honest:
                continue
            tried += 1
            try:
                believed.append((key, proven_value(made.root_hash, key, proof, WHAT)))
            except StateProofError:
                continue
    assert believed == []
    assert tried > 4000


def test_a_proof_under_another_root() -> None:
    made, values = secure_trie(random_keys(40, 7))
    older, _ = secure_trie(random_keys(39, 7))
    key = next(iter(values))
    with pytest.raises(StateProofError, match="node 0 of the proof does not hold"):
        proven_value(made.root_hash, key, proof_of(older, key), WHAT)


@pytest.mark.parametrize(
    "node",
    [
        rlp.encode(b"text"),
        rlp.encode([b""] * 16),
        rlp.encode([b"\x40" + bytes(32), b"value"]),  # neither leaf nor extension
        rlp.encode([b"\x21", b"value"]),  # a leaf with padding that is not zero
        rlp.encode([b"", b"value"]),  # no path
        rlp.encode([b"\x00", bytes(32)]),  # an extension by nothing
        rlp.encode([[b"\x20"], b"value"]),
        rlp.encode([b"\x20" + keccak256(b"key"), b""]),  # a leaf with nothing in it
        rlp.encode([b"\x20" + keccak256(b"key"), [b"value"]]),
        rlp.encode([b"\x00" + keccak256(b"key")[:1], b"short"]),  # a child that is no hash
        rlp.encode([b"\x00" + keccak256(b"key"), [b""] * 17]),  # a path that ends in a branch
        rlp.encode([b"\1" * 32] * 17) + b"\0",
        b"\xb8\x01a",  # RLP with a length that is not the shortest
        b"\xf9\xff\xff",
    ],
)
def test_what_is_no_node(node: bytes) -> None:
    with pytest.raises(StateProofError, match="node 0 of the proof does not hold; expected a node of a trie"):
        proven_value(keccak256(node), b"key", [node], WHAT)


def test_a_short_node_stands_in_its_parent() -> None:
    nibbles = keccak256(b"key").hex()
    leaf = [bytes.fromhex("3" + nibbles[63]), b"\1"]
    branch = [b""] * 17
    branch[int(nibbles[62], 16)] = leaf  # type: ignore[call-overload]
    root = rlp.encode([b"\x00" + bytes.fromhex(nibbles[:62]), branch])
    assert proven_value(keccak256(root), b"key", [root], WHAT) == b"\1"
