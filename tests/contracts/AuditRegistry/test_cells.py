"""What is in cells, and that another version of the contracts finds it there."""

import reference
from brownie import accounts
from world import (
    AUDIT_SPACE,
    BOOK_SPACE,
    PRODUCT_SPACE,
    PUBLISHER_SPACE,
    REGULATOR,
    SOURCE,
    admit_writer,
    batch,
    batch_tree,
    cell_key,
    deploy,
    enter,
    index_of,
    leaf_opening,
    number_hash,
    publish,
    refused,
    shown,
    shown_leaf,
    time_of,
    written,
)

REASON, DIGEST = number_hash("reason", 1), number_hash("product", 9)
OPENINGS = [leaf_opening(2), leaf_opening(1)]
ROOT = reference.mth(batch_tree(OPENINGS))
BOOK = cell_key(BOOK_SPACE, SOURCE << 32 | 1)
TOTAL = cell_key(AUDIT_SPACE, 1 << 64 | SOURCE << 32 | 1)


def values(tx):
    return {key: new >> 56 for key, _, new in written(tx)}


def audit(region, entered, restored=False):
    arguments = (REGULATOR, shown(region, entered), restored, REASON)
    return region.audits.attestAudit(*arguments, {"from": accounts[REGULATOR]})


def auditor_key(book):
    return cell_key(AUDIT_SPACE, 3 << 64 | book)


def auditor(tx):
    return time_of(tx) << 160 | int(str(tx.sender), 16)


def test_product(region):
    number = int.from_bytes(DIGEST[:24], "big") << 8
    place = cell_key(PRODUCT_SPACE, (1 << 32) + 9)
    assert values(region.anchors.launchProduct(9, DIGEST)) == {
        cell_key(PRODUCT_SPACE, 0): 3,
        cell_key(PRODUCT_SPACE, 3): 9,
        place: number | 1,
    }
    assert values(region.anchors.withdrawProduct(9)) == {place: number | 2}


def test_anchor_and_book(region):
    assert values(publish(region, OPENINGS)) == {
        BOOK: 2 << 32 | 1,
        cell_key(PUBLISHER_SPACE, 0): 1,
        cell_key(PUBLISHER_SPACE, 1): SOURCE,
        cell_key(PUBLISHER_SPACE, (1 << 32) + SOURCE): 1,
    }
    assert values(publish(region, OPENINGS)) == {BOOK: 4 << 32 | 2}
    tx = enter(region, [*OPENINGS, *OPENINGS])
    assert values(tx) == {BOOK: index_of(tx) << 72 | 4 << 32 | 2}
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    assert values(publish(region, OPENINGS, epoch=2)) == {BOOK + 1: 2 << 32 | 1}


def test_audit_and_breaking(region):
    tx = publish(region, OPENINGS)
    first, second = enter(region, OPENINGS), enter(region, OPENINGS)
    flags = [cell_key(AUDIT_SPACE, index_of(one)) for one in (tx, first, second)]
    a, b = index_of(first), index_of(second)
    tx_a, tx_b = audit(region, first), audit(region, second, True)
    assert values(tx_a) == {flags[1]: 1, TOTAL: a, auditor_key(a): auditor(tx_a)}
    assert values(tx_b) == {flags[2]: a << 44 | 9, TOTAL: b, auditor_key(b): auditor(tx_b)}
    leaves = (shown_leaf(OPENINGS, 0), shown_leaf(OPENINGS, 1))
    proven = region.audits.proveDisorderInBook(shown(region, second), *leaves)
    assert values(proven) == {flags[2]: a << 44 | index_of(proven) << 4 | 11, TOTAL: a}
    proven = region.audits.proveDisorder(shown(region, tx), *leaves)
    assert values(proven) == {flags[0]: index_of(proven) << 4 | 2, TOTAL: 2 << 40 | a}


def test_closing(region):
    assert values(region.audits.closeNode(SOURCE, 5, REASON)) == {cell_key(AUDIT_SPACE, 2 << 64 | SOURCE): 5}


def test_every_batch_since_a_book_is_found_by_walking_back(region):
    """Each anchor and each book writes the cell, so its old words name the entry before."""
    txs = [publish(region, OPENINGS) for _ in range(3)]
    txs += [enter(region, OPENINGS * 3), publish(region, OPENINGS)]
    olds = {new & 2**56 - 1: old & 2**56 - 1 for tx in txs for key, old, new in written(tx) if key == BOOK}
    entry, walked = region.anchors.published(SOURCE, 1).dict()["lastEntry"], []
    while entry:
        walked.append(entry)
        entry = olds[entry]
    assert walked == [index_of(tx) for tx in reversed(txs)]


def test_other_versions_in_their_place(region):
    """Numbers, products, books and flags go on, nothing is anchored twice, and the old versions can do nothing more."""
    old, audits, log = region.anchors, region.audits, region.log
    old.openKeyEpoch(number_hash("epoch", 2))
    old.launchProduct(9, DIGEST)
    old.withdrawProduct(9)
    wrong = publish(region, OPENINGS, epoch=2)
    new = deploy("AnchorRegistry", region.manager, log)
    new_audits = deploy("AuditRegistry", region.manager, log)
    admit_writer(log, new, "AnchorRegistry", instead_of=old)
    admit_writer(log, new_audits, "AuditRegistry", instead_of=audits)

    views = (
        ("currentKeyEpoch",),
        ("keyEpochDigest", 2),
        ("published", SOURCE, 2),
        ("publishers", 1, 9),
        ("products", 1, 9),
        ("productOf", 9),
    )
    for view, *arguments in views:
        assert getattr(new, view)(*arguments) == getattr(old, view)(*arguments)
    by = {"from": accounts[SOURCE]}
    with refused("AnchorRegistryNumber", 2, 1):
        new.anchor(batch(1, ROOT, size=2, epoch=2), by)
    with refused("AnchorRegistryProduct", 9, 2):
        new.anchor(batch(2, ROOT, size=2, epoch=2, product=9), by)
    with refused("RegionLogNotWriter", old):
        old.anchor(batch(2, ROOT, size=2, epoch=2), by)
    leaves = (shown_leaf(OPENINGS, 0), shown_leaf(OPENINGS, 1))
    with refused("RegionLogNotWriter", audits):
        audits.proveDisorder(shown(region, wrong), *leaves)
    new_audits.proveDisorder(shown(region, wrong), *leaves)
    new.anchor(batch(2, ROOT, size=3, epoch=2), by)
    entered = new.enterBook((SOURCE, 2, 2, 3, ROOT), by)
    new_audits.attestAudit(REGULATOR, shown(region, entered), False, REASON, {"from": accounts[REGULATOR]})
    assert new.published(SOURCE, 2).dict() == {
        "batches": 2,
        "leaves": 5,
        "gone": 2,
        "lastEntry": index_of(entered),
        "book": index_of(entered),
        "auditedBook": index_of(entered),
    }
