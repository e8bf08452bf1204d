"""Attacks by name. The verifier's tests show what stops the same attacks outside the chain."""

import reference
from brownie import accounts
from consent_world import next_block_at
from world import (
    BUREAU,
    NO_WORD,
    SOURCE,
    batch,
    batch_tree,
    declare_stolen,
    leaf_opening,
    now,
    number_hash,
    publish,
    refused,
    shown,
    time_of,
    wait,
)

OPENINGS = [leaf_opening(n) for n in range(8)]
LEAVES = batch_tree(OPENINGS)
ROOT = reference.mth(LEAVES)
LEAF, REASON = number_hash("leaf", 1), number_hash("reason", 1)


def test_root_squatting(region):
    """Whoever sees a root in the mempool and anchors it first only anchors it for himself."""
    region.anchors.anchor(batch(1, ROOT, node=BUREAU, size=1, subjects=1), {"from": accounts[BUREAU]})
    region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]})
    leaves = [region.anchors.published(node, 1).dict()["leaves"] for node in (BUREAU, SOURCE)]
    assert leaves == [1, 8]


def test_split_leaf(region):
    """A leaf that looks like an inner node: prefixes and lengths keep the two apart, whatever the bytes."""
    tx = region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]})
    left, right = LEAVES[0], LEAVES[1]
    posing = ((left, right[0], int.from_bytes(right[1:5], "big"), right[5:] + bytes(5)), 0, [])
    other = ((NO_WORD, 0, 0, NO_WORD), 1, [])
    hashed = reference.leaf(*posing[0])
    assert hashed != reference.keccak(b"\x01", left, right)
    inner = [reference.keccak(b"\x01", LEAVES[i], LEAVES[i + 1]) for i in range(0, 8, 2)]
    leaves = [(*one[:2], reference.path(one[1], inner)) for one in (posing, other)]
    with refused("AuditRegistryInclusion", ROOT, 0, hashed):
        region.audits.proveDisorder(shown(region, tx), *leaves)


def test_reordered_leaves(region):
    """If a publisher hides a record out of order, whoever sees two neighbours can break its batch."""
    openings = [*OPENINGS[:2], OPENINGS[6], *OPENINGS[3:6], OPENINGS[2], OPENINGS[7]]
    tx = publish(region, openings)
    leaves = batch_tree(openings)
    shown_leaves = [(openings[i], i, reference.path(i, leaves)) for i in (2, 3)]
    region.audits.proveDisorder(shown(region, tx), *shown_leaves, {"from": accounts[9]})
    assert region.anchors.published(SOURCE, 1).dict()["gone"] == 8


def test_skipped_batch(region):
    """A withheld batch leaves a gap in the numbers, which the contract does not allow."""
    region.anchors.anchor(batch(1, number_hash("root", 1)), {"from": accounts[SOURCE]})
    with refused("AnchorRegistryNumber", 2, 3):
        region.anchors.anchor(batch(3, number_hash("root", 3)), {"from": accounts[SOURCE]})


def test_a_doubled_send(region):
    """The same transaction under another nonce takes no effect: its number is taken."""
    given = batch(1, ROOT)
    region.anchors.anchor(given, {"from": accounts[SOURCE]})
    with refused("AnchorRegistryNumber", 2, 1):
        region.anchors.anchor(given, {"from": accounts[SOURCE]})


def test_stolen_key_after_suspension(region):
    """What the thief does from then on is refused; what was done before is recognised by its time."""
    anchored_at = time_of(region.anchors.anchor(batch(1, ROOT, size=8), {"from": accounts[SOURCE]}))
    declare_stolen(region, accounts[SOURCE], (anchored_at, 0))
    assert region.members.wasStolen(accounts[SOURCE], anchored_at)
    with refused("NodeRegistryInactive", SOURCE, 2, 0):
        region.anchors.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})


def test_an_erasure_by_a_stolen_key(region):
    """While the publisher's key is in other hands, and in the last second of that too."""
    thief = accounts[SOURCE]
    wait(100)
    until = now() + 50
    next_block_at(until)
    declare_stolen(region, thief, (until - 10, until))
    next_block_at(until)
    with refused("NodeRegistryStolenKey", thief, SOURCE):
        region.anchors.setLife(SOURCE, LEAF, 3, NO_WORD, REASON, {"from": thief})
    assert now() == until
    declare_stolen(region, thief, (until - 10, 0))
    with refused("NodeRegistryInactive", SOURCE, 2, 0):
        region.anchors.setLife(SOURCE, LEAF, 3, NO_WORD, REASON, {"from": thief})
    assert region.anchors.recordOf(SOURCE, LEAF).dict()["life"] == 0


def test_undoing_a_revocation(region):
    region.anchors.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})
    for life, successor in ((0, NO_WORD), (1, LEAVES[0]), (2, NO_WORD)):
        with refused("AnchorRegistryLife", 2, life):
            region.anchors.setLife(SOURCE, LEAF, life, successor, REASON, {"from": accounts[SOURCE]})
