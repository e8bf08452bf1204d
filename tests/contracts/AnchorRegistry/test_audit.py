"""Audits by regulators, and proofs of disorder by anybody."""

import pytest
import reference
from brownie import accounts
from world import (
    BUREAU,
    INSTITUTION,
    PLATFORM,
    REGULATOR,
    SOURCE,
    Kind,
    Role,
    assert_logged,
    batch,
    batch_tree,
    body_hash,
    leaf_opening,
    number_hash,
    refused,
)

REPORT = number_hash("report", 1)
SORTED = [leaf_opening(n) for n in range(9)]


def publish(region, openings):
    """Anchors a batch of these leaves. Returns its root."""
    leaves = batch_tree(openings)
    root = reference.mth(leaves)
    number = region.anchors.seriesLength(SOURCE, b"\x33" * 32) + 1
    region.anchors.anchor(batch(number, root, size=len(leaves)), {"from": accounts[SOURCE]})
    return root


def prove(region, root, openings, index, claimed=None, caller=9):
    """Proves disorder between the leaves at `index` and the next one; `claimed` are other openings to show."""
    leaves = batch_tree(openings)
    shown = claimed or (openings[index], openings[index + 1])
    proofs = [reference.path(i, leaves) for i in (index, index + 1)]
    return region.anchors.proveDisorder(SOURCE, root, index, *shown, *proofs, {"from": accounts[caller]})


def swapped(openings, index):
    return [*openings[:index], openings[index + 1], openings[index], *openings[index + 2 :]]


def test_attest_audit(region):
    root = publish(region, SORTED)
    before = region.anchors.anchorOf(SOURCE, root).dict()
    tx = region.anchors.attestAudit(REGULATOR, SOURCE, root, REPORT, {"from": accounts[REGULATOR]})
    body = body_hash(
        ("uint24", REGULATOR), ("uint24", SOURCE), ("bytes32", root), ("uint64", len(SORTED)), ("bytes32", REPORT)
    )
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.AUDIT, body))
    assert region.anchors.anchorOf(SOURCE, root).dict() == {**before, "audited": True}
    assert dict(tx.events["AuditAttested"]) == {
        "auditor": REGULATOR,
        "node": SOURCE,
        "root": "0x" + root.hex(),
        "size": len(SORTED),
        "reportDigest": "0x" + REPORT.hex(),
        "entry": entry,
    }


def test_audit_again(region):
    root = publish(region, SORTED)
    for report in (1, 2):
        arguments = (REGULATOR, SOURCE, root, number_hash("report", report))
        region.anchors.attestAudit(*arguments, {"from": accounts[REGULATOR]})
    assert region.anchors.anchorOf(SOURCE, root).dict()["audited"]


@pytest.mark.parametrize("auditor", [PLATFORM, BUREAU, SOURCE, INSTITUTION])
def test_only_regulators_audit(region, auditor):
    root = publish(region, SORTED)
    with refused("NodeRegistryRole", auditor, Role.REGULATOR, Role(auditor)):
        region.anchors.attestAudit(auditor, SOURCE, root, REPORT, {"from": accounts[auditor]})


def test_audit_what_was_not_anchored(region):
    root = number_hash("root", 1)
    with refused("AnchorRegistryNoAnchor", SOURCE, root):
        region.anchors.attestAudit(REGULATOR, SOURCE, root, REPORT, {"from": accounts[REGULATOR]})


@pytest.mark.parametrize("index", range(8))
def test_prove_disorder(region, index):
    openings = swapped(SORTED, index)
    root = publish(region, openings)
    before = region.anchors.anchorOf(SOURCE, root).dict()
    tx = prove(region, root, openings, index)
    body = body_hash(("uint24", SOURCE), ("bytes32", root), ("uint64", index))
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.BROKEN, body))
    assert region.anchors.anchorOf(SOURCE, root).dict() == {**before, "broken": True}
    assert dict(tx.events["DisorderProven"]) == {
        "node": SOURCE,
        "root": "0x" + root.hex(),
        "prover": accounts[9].address,
        "index": index,
        "entry": entry,
    }
    assert set(tx.events.keys()) == {"Appended", "DisorderProven"}


@pytest.mark.parametrize(
    "second",
    [
        SORTED[4],
        (SORTED[4][0], 0, 255, SORTED[4][3]),
        (SORTED[4][0], 1, 16, b"\xff" * 32),
        (SORTED[4][0], 1, 17, bytes(32)),
        (bytes(31) + b"\x03", 6, 255, b"\xff" * 32),
    ],
    ids=["the same leaf twice", "a lower section", "a lower product", "a lower commitment", "a lower tag"],
)
def test_disorder_by_each_part_of_the_key(region, second):
    openings = [*SORTED[:5], second, *SORTED[6:]]
    root = publish(region, openings)
    prove(region, root, openings, 4)
    assert region.anchors.anchorOf(SOURCE, root).dict()["broken"]


@pytest.mark.parametrize(
    "second",
    [
        SORTED[5],
        (SORTED[4][0], 2, 1, bytes(32)),
        (SORTED[4][0], 1, 18, bytes(32)),
        (SORTED[4][0], 1, 17, b"\xff" * 32),
        (bytes(31) + b"\x05", 0, 1, bytes(32)),
    ],
    ids=["the next leaf", "a higher section", "a higher product", "a higher commitment", "a higher tag"],
)
def test_leaves_that_ascend(region, second):
    openings = [*SORTED[:5], second, *SORTED[6:]]
    root = publish(region, openings)
    with refused("AnchorRegistryOrdered", root, 4):
        prove(region, root, openings, 4)


def test_disorder_is_proven(region):
    openings = swapped(SORTED, 3)
    root = publish(region, openings)
    wrong = (openings[3], (*openings[4][:3], bytes(32)))
    with refused("AnchorRegistryInclusion", root, 4, reference.leaf(*wrong[1])):
        prove(region, root, openings, 3, wrong)
    wrong = ((*openings[3][:3], b"\xff" * 32), openings[4])
    with refused("AnchorRegistryInclusion", root, 3, reference.leaf(*wrong[0])):
        prove(region, root, openings, 3, wrong)


def test_disorder_of_leaves_that_are_not_neighbours(region):
    """If two ordered leaves are shown in the wrong order, one of the two proofs fails."""
    root = publish(region, SORTED)
    leaves = batch_tree(SORTED)
    proofs = [reference.path(i, leaves) for i in (5, 3)]
    with refused("AnchorRegistryInclusion", root, 3, leaves[5]):
        region.anchors.proveDisorder(SOURCE, root, 3, SORTED[5], SORTED[3], *proofs)
    with refused("AnchorRegistryInclusion", root, 6, leaves[3]):
        region.anchors.proveDisorder(SOURCE, root, 5, SORTED[5], SORTED[3], *proofs)


def test_the_last_index_has_no_neighbour(region):
    root = publish(region, SORTED)
    leaves = batch_tree(SORTED)
    proofs = [reference.path(i, leaves) for i in (8, 0)]
    with refused("AnchorRegistryInclusion", root, 9, leaves[0]):
        region.anchors.proveDisorder(SOURCE, root, 8, SORTED[8], SORTED[0], *proofs)


def test_broken_is_for_ever(region):
    openings = swapped(SORTED, 3)
    root = publish(region, openings)
    region.anchors.attestAudit(REGULATOR, SOURCE, root, REPORT, {"from": accounts[REGULATOR]})
    prove(region, root, openings, 3)
    after = region.anchors.anchorOf(SOURCE, root).dict()
    assert (after["audited"], after["broken"]) == (True, True)
    with refused("AnchorRegistryBroken", SOURCE, root):
        prove(region, root, openings, 3)
    with refused("AnchorRegistryBroken", SOURCE, root):
        region.anchors.attestAudit(REGULATOR, SOURCE, root, REPORT, {"from": accounts[REGULATOR]})


def test_disorder_of_what_was_not_anchored(region):
    root = number_hash("root", 1)
    with refused("AnchorRegistryNoAnchor", SOURCE, root):
        prove(region, root, swapped(SORTED, 3), 3)
