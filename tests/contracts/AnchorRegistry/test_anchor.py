"""Anchoring, and the key epochs that anchors name."""

import pytest
from brownie import accounts
from world import (
    BATCH_TYPES,
    BUREAU,
    INSTITUTION,
    NO_WORD,
    PLATFORM,
    PRODUCTS,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    Kind,
    Role,
    Status,
    assert_logged,
    batch,
    body_hash,
    number_hash,
    refused,
)

ROOT = number_hash("root", 1)
NOTHING = {"batches": 0, "leaves": 0, "gone": 0, "lastEntry": 0, "book": 0, "auditedBook": 0}


def anchor(region, given, caller=SOURCE):
    return region.anchors.anchor(given, {"from": accounts[caller]})


def published(region, node=SOURCE, epoch=1):
    return region.anchors.published(node, epoch).dict()


@pytest.mark.parametrize(("node", "caller"), [(SOURCE, SOURCE), (BUREAU, BUREAU), (VIRTUAL, PLATFORM)])
def test_anchor(region, node, caller):
    given = batch(1, ROOT, node=node, size=2**40 - 1, product=PRODUCTS[1], domains=3, subjects=2**33)
    tx = anchor(region, given, caller)
    body = body_hash(*zip(BATCH_TYPES, given, strict=True))
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.ANCHOR, body))
    assert tx.return_value == entry
    assert published(region, node) == {**NOTHING, "batches": 1, "leaves": 2**40 - 1, "lastEntry": entry}
    assert set(tx.events.keys()) == {"Appended"}


def test_the_batches_of_a_node_have_no_gap(region):
    """So a batch that is withheld is seen, and a transaction that is sent twice takes effect once."""
    for number in (1, 2, 3):
        for wrong in {0, number - 1, number + 1, 2**32 - 1} - {number}:
            with refused("AnchorRegistryNumber", number, wrong):
                anchor(region, batch(wrong, number_hash("root", number)))
        anchor(region, batch(number, number_hash("root", number), product=PRODUCTS[number % 2]))
        assert published(region)["batches"] == number


def test_nodes_and_key_epochs_count_apart(region):
    anchor(region, batch(1, ROOT))
    anchor(region, batch(1, ROOT, node=BUREAU, size=7), BUREAU)
    anchor(region, batch(2, ROOT))
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    anchor(region, batch(1, ROOT, epoch=2, size=9))
    found = [published(region, *key) for key in ((SOURCE, 1), (BUREAU, 1), (SOURCE, 2))]
    assert [(one["batches"], one["leaves"]) for one in found] == [(2, 10), (1, 7), (1, 9)]


def test_publishers_are_listed_once(region):
    assert list(region.anchors.publishers(1, 10)) == []
    for node, caller in ((BUREAU, BUREAU), (SOURCE, SOURCE), (BUREAU, BUREAU), (VIRTUAL, PLATFORM)):
        anchor(region, batch(published(region, node)["batches"] + 1, ROOT, node=node), caller)
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    anchor(region, batch(1, ROOT, epoch=2))
    assert list(region.anchors.publishers(1, 10)) == [BUREAU, SOURCE, VIRTUAL]
    assert list(region.anchors.publishers(2, 1)) == [SOURCE]
    assert list(region.anchors.publishers(0, 10)) == list(region.anchors.publishers(4, 10)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"root": NO_WORD},
        {"domains": 0},
        {"size": 0, "subjects": 0},
        {"size": 0, "subjects": 1},
        {"subjects": 0},
        {"size": 5, "subjects": 6},
        {"size": 2**40},
    ],
)
def test_an_incomplete_batch(region, wrong):
    values = {"root": ROOT, "domains": 1, "size": 5, "subjects": 2, **wrong}
    expected = [values[name] for name in ("root", "domains", "size", "subjects")]
    with refused("AnchorRegistryBatch", *expected):
        anchor(region, batch(1, values.pop("root"), **values))


def test_a_thiefs_batch_that_no_list_could_hold(region):
    """It would make the node's book impossible for ever. Nor do many batches add up to that."""
    with refused("AnchorRegistryBatch", ROOT, 1, 2**63, 2):
        anchor(region, batch(1, ROOT, size=2**63))
    anchor(region, batch(1, ROOT, size=2**40 - 1))
    with refused("AnchorRegistryFull", SOURCE, 2**40):
        anchor(region, batch(2, ROOT, size=1, subjects=1))
    assert published(region)["leaves"] == 2**40 - 1


@pytest.mark.parametrize("epoch", [0, 2])
def test_another_key_epoch(region, epoch):
    with refused("AnchorRegistryKeyEpoch", 1, epoch):
        anchor(region, batch(1, ROOT, epoch=epoch))


def test_a_former_key_epoch(region):
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    with refused("AnchorRegistryKeyEpoch", 2, 1):
        anchor(region, batch(1, ROOT))
    anchor(region, batch(1, ROOT, epoch=2))


def test_open_key_epoch(region):
    digest = number_hash("epoch", 2)
    tx = region.anchors.openKeyEpoch(digest)
    body = body_hash(("uint32", 2), ("bytes32", digest))
    assert_logged(region, tx, region.anchors, (Kind.TAG_KEY_EPOCH, body))
    assert tx.return_value == region.anchors.currentKeyEpoch() == 2
    assert region.anchors.keyEpochDigest(2) == "0x" + digest.hex()
    assert region.anchors.keyEpochDigest(1) == "0x" + number_hash("epoch", 1).hex()
    assert region.anchors.keyEpochDigest(3) == "0x" + "00" * 32


def test_a_key_epoch_has_a_digest_of_its_own(region):
    with refused("AnchorRegistryNoDigest"):
        region.anchors.openKeyEpoch(NO_WORD)
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    for epoch in (1, 2):
        with refused("AnchorRegistryEpochReused", number_hash("epoch", epoch), epoch):
            region.anchors.openKeyEpoch(number_hash("epoch", epoch))


@pytest.mark.parametrize("caller", [0, PLATFORM, BUREAU, 9])
def test_in_the_name_of_another(region, caller):
    with refused("NodeRegistryNotOperator", accounts[caller], SOURCE):
        anchor(region, batch(1, ROOT), caller)


@pytest.mark.parametrize(("node", "role"), [(REGULATOR, Role.REGULATOR), (INSTITUTION, Role.INSTITUTION)])
def test_by_a_role_that_does_not_publish(region, node, role):
    with refused("NodeRegistryNotPublisher", node, role):
        anchor(region, batch(1, ROOT, node=node), node)


def test_outside_its_domains(region):
    with refused("NodeRegistryDomains", VIRTUAL, 0b11, 0b110):
        anchor(region, batch(1, ROOT, node=VIRTUAL, domains=0b110), PLATFORM)
    region.nodes.setDomains(VIRTUAL, 0b111)
    anchor(region, batch(1, ROOT, node=VIRTUAL, domains=0b110), PLATFORM)


def test_while_suspended(region):
    region.nodes.suspend(SOURCE)
    with refused("NodeRegistryInactive", SOURCE, Status.SUSPENDED, 0):
        anchor(region, batch(1, ROOT))
    region.nodes.reinstate(SOURCE)
    anchor(region, batch(1, ROOT))


def test_while_its_host_is_suspended(region):
    region.nodes.suspend(PLATFORM)
    with refused("NodeRegistryInactive", PLATFORM, Status.SUSPENDED, 0):
        anchor(region, batch(1, ROOT, node=VIRTUAL), PLATFORM)


def test_by_a_node_that_is_none(region):
    for node in (7, 0):
        with refused("NodeRegistryUnknown", node):
            anchor(region, batch(1, ROOT, node=node))


def test_nothing_published(region):
    assert published(region) == NOTHING


def test_before_the_first_key_epoch():
    from world import admission, admit_writer, deploy, word

    manager = deploy("AccessManager", accounts[0])
    log = deploy("RegionLog", manager, word(b"PRD"))
    nodes = deploy("NodeRegistry", manager, log)
    anchors = deploy("AnchorRegistry", manager, log)
    admit_writer(log, nodes, "NodeRegistry")
    admit_writer(log, anchors, "AnchorRegistry")
    nodes.admit(admission(accounts[1], Role.SOURCE, domains=1))
    assert anchors.currentKeyEpoch() == 0
    for epoch in (0, 1):
        with refused("AnchorRegistryKeyEpoch", 0, epoch):
            anchors.anchor(batch(1, ROOT, node=1, epoch=epoch), {"from": accounts[1]})
