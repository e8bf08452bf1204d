"""What is in cells, and that another version of the contract finds it there."""

import reference
from brownie import accounts
from world import (
    ANCHOR_SPACE,
    EPOCH_SPACE,
    NO_WORD,
    RECORD_SPACE,
    REGULATOR,
    RIGHTS,
    SERIES_SPACE,
    SOURCE,
    WHOLE_SPACE,
    batch,
    batch_tree,
    bits,
    cell_key,
    deploy,
    leaf_opening,
    number_hash,
    refused,
    time_of,
    writer_id,
    written,
)

LEAF, REASON, PRODUCT = number_hash("leaf", 1), number_hash("reason", 1), b"\x33" * 32
OPENINGS = [leaf_opening(2), leaf_opening(1)]
LEAVES = batch_tree(OPENINGS)
ROOT = reference.mth(LEAVES)


def place(space, node, digest):
    hashed = reference.keccak(reference.words([("uint24", node), ("bytes32", digest)]))
    return cell_key(space, int.from_bytes(hashed[1:], "big"))


def values(tx):
    return {key: new >> 56 for key, _, new in written(tx)}


def test_key_epoch(region):
    digest = b"\xfe" * 32
    tx = region.anchors.openKeyEpoch(digest)
    number = int.from_bytes(digest, "big")
    assert values(tx) == {
        cell_key(EPOCH_SPACE, 0): 2,
        cell_key(EPOCH_SPACE, (1 << 32) + 2): number & 2**200 - 1,
        cell_key(EPOCH_SPACE, (2 << 32) + 2): number >> 200,
        cell_key(EPOCH_SPACE, (1 << 247) + (number & 2**247 - 1)): 2,
    }
    assert region.anchors.keyEpochDigest(2) == "0x" + digest.hex()


def test_anchor_audit_and_proof_of_disorder(region):
    tx = region.anchors.anchor(batch(1, ROOT, size=2), {"from": accounts[SOURCE]})
    key, entry = place(ANCHOR_SPACE, SOURCE, ROOT), tx.events["Anchored"]["entry"]
    value = 2 | time_of(tx) << 40 | 1 << 80 | entry << 112
    assert values(tx) == {place(SERIES_SPACE, SOURCE, PRODUCT): 1, key: value}
    tx = region.anchors.attestAudit(REGULATOR, SOURCE, ROOT, REASON, {"from": accounts[REGULATOR]})
    assert values(tx) == {key: value | 1 << 152}
    proofs = [reference.path(i, LEAVES) for i in (0, 1)]
    tx = region.anchors.proveDisorder(SOURCE, ROOT, 0, *OPENINGS, *proofs)
    assert values(tx) == {key: value | 3 << 152}
    assert region.anchors.anchorOf(SOURCE, ROOT).dict()["entry"] == entry


def test_life(region):
    key = place(RECORD_SPACE, SOURCE, LEAF)
    for life in (2, 3):
        tx = region.anchors.setLife(SOURCE, LEAF, life, NO_WORD, REASON, {"from": accounts[SOURCE]})
        assert values(tx) == {key: life | time_of(tx) << 2}


def test_another_version_in_its_place(region):
    """Numbers go on, nothing is anchored twice, records keep their life, and the old version can do nothing more."""
    old, log = region.anchors, region.log
    old.openKeyEpoch(number_hash("epoch", 2))
    old.anchor(batch(1, ROOT, size=2, epoch=2), {"from": accounts[SOURCE]})
    old.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})
    new = deploy("AnchorRegistry", region.manager, log)
    kinds, spaces = RIGHTS["AnchorRegistry"]
    log.setWriter(writer_id(log, old), new, bits(*kinds), [(space, WHOLE_SPACE) for space in spaces])

    for view in ((old.currentKeyEpoch, new.currentKeyEpoch, ()), (old.keyEpochDigest, new.keyEpochDigest, (2,))):
        assert view[0](*view[2]) == view[1](*view[2])
    assert new.anchorOf(SOURCE, ROOT) == old.anchorOf(SOURCE, ROOT)
    assert new.recordOf(SOURCE, LEAF) == old.recordOf(SOURCE, LEAF)
    with refused("AnchorRegistryNumber", 2, 1):
        new.anchor(batch(1, number_hash("root", 2), epoch=2), {"from": accounts[SOURCE]})
    with refused("AnchorRegistryRootTaken", ROOT, SOURCE):
        new.anchor(batch(2, ROOT, size=2, epoch=2), {"from": accounts[SOURCE]})
    with refused("AnchorRegistryLife", 2, 2):
        new.setLife(SOURCE, LEAF, 2, NO_WORD, REASON, {"from": accounts[SOURCE]})
    with refused("AnchorRegistryEpochReused", number_hash("epoch", 2), 2):
        new.openKeyEpoch(number_hash("epoch", 2))
    with refused("RegionLogNotWriter", old):
        old.anchor(batch(2, number_hash("root", 2), epoch=2), {"from": accounts[SOURCE]})
    new.anchor(batch(2, number_hash("root", 2), epoch=2), {"from": accounts[SOURCE]})
    assert (new.seriesLength(SOURCE, PRODUCT), old.seriesLength(SOURCE, PRODUCT)) == (2, 2)
