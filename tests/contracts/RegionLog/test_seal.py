"""Closing a log."""

import reference
from brownie import accounts
from world import (
    SOURCE,
    Kind,
    all_entries,
    append,
    assert_logged,
    batch,
    bits,
    body_hash,
    cell_key,
    number_hash,
    refused,
    refused_inside,
    time_of,
    writer_for,
    writer_id,
    written,
)


def test_seal(region):
    tx = region.log.seal()
    (entry,) = assert_logged(region, tx, region.log, (Kind.SEALED, body_hash(("address", region.governor.address))))
    assert region.log.sealedAt() == time_of(tx)
    assert written(tx) == [(cell_key(0, 1 << 240), 0, time_of(tx) << 56 | entry)]
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()


def test_afterwards_only_revocations_are_taken(region):
    both = writer_for(region.log, bits(Kind.CONSENT, Kind.REVOCATION), [(16, 1)])
    append(region.log, both, Kind.CONSENT, b"", [])
    sealed_at = time_of(region.log.seal())
    size, root = region.log.size(), region.log.root()
    with refused("RegionLogSealed", sealed_at):
        region.log.seal()
    with refused("RegionLogSealed", sealed_at):
        region.nodes.suspend(SOURCE)
    with refused("RegionLogSealed", sealed_at):
        region.anchors.anchor(batch(1, number_hash("root", 1)), {"from": accounts[SOURCE]})
    with refused_inside(region.log, "RegionLogSealed(uint40)", sealed_at):
        append(region.log, both, Kind.CONSENT, b"", [])
    assert (region.log.size(), region.log.root()) == (size, root)
    assert region.members.isActive(SOURCE)
    for _ in range(2):
        append(region.log, both, Kind.REVOCATION, b"", [(cell_key(16, 1), 1)])
        with refused_inside(region.log, "RegionLogSealed(uint40)", sealed_at):
            append(region.log, both, Kind.CONSENT, b"", [])
    assert region.log.size() == size + 2


def test_a_seal_leaves_the_log_repairable(region):
    """The contract that takes revocations can be replaced afterwards; its successor gets no more than it had."""
    old = writer_for(region.log, bits(Kind.REVOCATION), [])
    sealed_at = time_of(region.log.seal())
    region.log.setWriter(writer_id(region.log, old), "0x" + "00" * 20, 0, [])
    new = writer_for(region.log, bits(Kind.CONSENT, Kind.REVOCATION), [])
    append(region.log, new, Kind.REVOCATION, b"", [])
    with refused_inside(region.log, "RegionLogSealed(uint40)", sealed_at):
        append(region.log, new, Kind.CONSENT, b"", [])


def test_only_governors(region):
    with refused("AccessManagedUnauthorized", region.outsider):
        region.log.seal({"from": region.outsider})
    assert region.log.sealedAt() == 0
