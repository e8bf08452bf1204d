"""Attacks by name. The verifier's tests show what stops the same attacks outside the chain."""

import reference
from brownie import accounts
from world import (
    BUREAU,
    NO_WORD,
    SOURCE,
    batch,
    batch_tree,
    declare_stolen,
    leaf_opening,
    number_hash,
    refused,
)

OPENINGS = [leaf_opening(n) for n in range(8)]
LEAVES = batch_tree(OPENINGS)
ROOT = reference.mth(LEAVES)
LEAF, REASON = number_hash("leaf", 1), number_hash("reason", 1)


def test_root_squatting(region):
    """Whoever sees a root in the mempool and anchors it first only anchors it for himself."""
    region.anchors.anchor(batch(1, ROOT, node=BUREAU, size=1, subjects=1), {"from": accounts[BUREAU]})
    region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]})
    sizes = [region.anchors.anchorOf(node, ROOT).dict()["size"] for node in (BUREAU, SOURCE)]
    assert sizes == [1, 8]


def test_split_leaf(region):
    """A leaf of 69 bytes that looks like an inner node: prefixes keep the two apart, whatever the bytes."""
    left, right = LEAVES[0], LEAVES[1]
    posing = (left, right[0], int.from_bytes(right[1:5], "big"), right[5:] + bytes(5))
    assert reference.leaf(*posing) != reference.keccak(b"\x01", left, right)
    region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]})
    inner = [reference.keccak(b"\x01", LEAVES[i], LEAVES[i + 1]) for i in range(0, 8, 2)]
    proofs = [reference.path(0, inner), reference.path(1, inner)]
    with refused("AnchorRegistryInclusion", ROOT, 0, reference.leaf(*posing)):
        region.anchors.proveDisorder(SOURCE, ROOT, 0, posing, (NO_WORD, 0, 0, NO_WORD), *proofs)


def test_reordered_leaves(region):
    """If a publisher hides a record out of order, whoever sees two neighbours can break its batch."""
    openings = [*OPENINGS[:2], OPENINGS[6], *OPENINGS[3:6], OPENINGS[2], OPENINGS[7]]
    leaves = batch_tree(openings)
    root = reference.mth(leaves)
    region.anchors.anchor(batch(1, root, size=8), {"from": accounts[SOURCE]})
    proofs = [reference.path(i, leaves) for i in (2, 3)]
    region.anchors.proveDisorder(SOURCE, root, 2, openings[2], openings[3], *proofs, {"from": accounts[9]})
    assert region.anchors.anchorOf(SOURCE, root).dict()["broken"]


def test_a_smaller_size_hides_no_leaves(region):
    """Declaring fewer leaves than the tree has makes proofs of the others fail, too."""
    openings = [*OPENINGS[:6], OPENINGS[7], OPENINGS[6]]
    leaves = batch_tree(openings)
    root = reference.mth(leaves)
    region.anchors.anchor(batch(1, root, size=7), {"from": accounts[SOURCE]})
    proofs = [reference.path(i, leaves) for i in (6, 7)]
    with refused("AnchorRegistryInclusion", root, 6, leaves[6]):
        region.anchors.proveDisorder(SOURCE, root, 6, openings[6], openings[7], *proofs)


def test_skipped_batch(region):
    """A withheld batch leaves a gap in its series, which the contract does not allow."""
    region.anchors.anchor(batch(1, number_hash("root", 1)), {"from": accounts[SOURCE]})
    with refused("AnchorRegistryNumber", 2, 3):
        region.anchors.anchor(batch(3, number_hash("root", 3)), {"from": accounts[SOURCE]})


def test_stolen_key_after_suspension(region):
    """What the thief does from then on is refused; what was done before is recognised by its time."""
    tx = region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]})
    anchored_at = region.anchors.anchorOf(SOURCE, ROOT).dict()["time"]
    assert tx.status == 1
    declare_stolen(region, accounts[SOURCE], (anchored_at, 0))
    assert region.members.wasStolen(accounts[SOURCE], anchored_at)
    with refused("NodeRegistryInactive", SOURCE, 2, 0):
        region.anchors.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})


def test_undoing_a_revocation(region):
    region.anchors.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})
    for life, successor in ((0, NO_WORD), (1, LEAVES[0]), (2, NO_WORD)):
        with refused("AnchorRegistryLife", 2, life):
            region.anchors.setLife(SOURCE, LEAF, life, successor, REASON, {"from": accounts[SOURCE]})
