"""Closing a log for ever."""

import reference
from world import (
    SOURCE,
    Kind,
    all_entries,
    assert_logged,
    batch,
    body_hash,
    number_hash,
    refused,
    time_of,
)


def test_seal(region):
    tx = region.log.seal()
    (entry,) = assert_logged(region, tx, region.log, (Kind.SEALED, body_hash(("address", region.governor.address))))
    assert region.log.sealedAt() == time_of(tx)
    assert (tx.events["Sealed"]["by"], tx.events["Sealed"]["entry"]) == (region.governor.address, entry)
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()


def test_nothing_is_appended_afterwards(region, accounts):
    sealed_at = time_of(region.log.seal())
    size, root = region.log.size(), region.log.root()
    with refused("RegionLogSealed", sealed_at):
        region.log.seal()
    with refused("RegionLogSealed", sealed_at):
        region.log.setWriter(region.nodes, False)
    with refused("RegionLogSealed", sealed_at):
        region.nodes.suspend(SOURCE)
    with refused("RegionLogSealed", sealed_at):
        region.anchors.anchor(batch(1, number_hash("root", 1)), {"from": accounts[SOURCE]})
    assert (region.log.size(), region.log.root()) == (size, root)
    assert region.nodes.isActive(SOURCE)


def test_only_governors(region):
    with refused("AccessManagedUnauthorized", region.outsider):
        region.log.seal({"from": region.outsider})
    assert region.log.sealedAt() == 0
