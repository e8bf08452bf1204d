"""Anchoring, and the key epochs that anchors name."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    INSTITUTION,
    NO_WORD,
    PLATFORM,
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
    time_of,
)

ROOT = number_hash("root", 1)
PRODUCT = number_hash("product", 1)
BATCH_TYPES = ("uint24", "bytes32", "uint64", "bytes32", "uint32", "uint8", "uint32", "uint64", "uint32")


def anchor(region, given, caller=SOURCE):
    return region.anchors.anchor(given, {"from": accounts[caller]})


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize(("node", "caller"), [(SOURCE, SOURCE), (BUREAU, BUREAU), (VIRTUAL, PLATFORM)])
def test_anchor(region, node, caller, kind):
    given = batch(1, ROOT, node=node, size=2**40 - 1, product=PRODUCT, kind=kind, domains=3, subjects=2**33)
    tx = anchor(region, given, caller)
    (entry,) = assert_logged(
        region, tx, region.anchors, (Kind.ANCHOR, body_hash(*zip(BATCH_TYPES, given, strict=True)))
    )
    assert tx.return_value == entry
    assert region.anchors.anchorOf(node, ROOT).dict() == {
        "node": node,
        "size": 2**40 - 1,
        "time": time_of(tx),
        "entry": entry,
        "keyEpoch": 1,
        "audited": False,
        "broken": False,
    }
    assert region.anchors.seriesLength(node, PRODUCT) == 1
    assert dict(tx.events["Anchored"]) == {
        "node": node,
        "root": "0x" + ROOT.hex(),
        "product": "0x" + PRODUCT.hex(),
        "size": 2**40 - 1,
        "number": 1,
        "kind": kind,
        "domains": 3,
        "subjects": 2**33,
        "keyEpoch": 1,
        "entry": entry,
    }
    assert set(tx.events.keys()) == {"Appended", "Anchored"}


def test_a_series_has_no_gap(region):
    for number in (1, 2, 3):
        for wrong in {0, number - 1, number + 1, 2**32 - 1} - {number}:
            with refused("AnchorRegistryNumber", number, wrong):
                anchor(region, batch(wrong, number_hash("root", number)))
        anchor(region, batch(number, number_hash("root", number)))
        assert region.anchors.seriesLength(SOURCE, b"\x33" * 32) == number


def test_series_are_apart(region):
    anchor(region, batch(1, number_hash("root", 1)))
    anchor(region, batch(1, number_hash("root", 2), product=PRODUCT))
    anchor(region, batch(1, number_hash("root", 3), node=BUREAU), BUREAU)
    anchor(region, batch(2, number_hash("root", 4)))
    lengths = [region.anchors.seriesLength(*key) for key in ((SOURCE, b"\x33" * 32), (SOURCE, PRODUCT))]
    assert lengths == [2, 1]


@pytest.mark.parametrize("product", [b"\x33" * 32, PRODUCT])
def test_a_root_is_anchored_once_by_a_node(region, product):
    anchor(region, batch(1, ROOT))
    before = region.anchors.anchorOf(SOURCE, ROOT)
    number = region.anchors.seriesLength(SOURCE, product) + 1
    with refused("AnchorRegistryRootTaken", ROOT, SOURCE):
        anchor(region, batch(number, ROOT, product=product, size=6))
    assert region.anchors.anchorOf(SOURCE, ROOT) == before
    assert region.anchors.seriesLength(SOURCE, product) == number - 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"root": NO_WORD},
        {"product": NO_WORD},
        {"domains": 0},
        {"size": 0, "subjects": 0},
        {"size": 0, "subjects": 1},
        {"subjects": 0},
        {"size": 5, "subjects": 6},
        # A thief's batch that no list could ever hold.
        {"size": 2**40},
        {"size": 2**63},
    ],
)
def test_an_incomplete_batch(region, wrong):
    values = {"root": ROOT, "size": 5, "product": PRODUCT, "domains": 1, "subjects": 2, **wrong}
    expected = [values[name] for name in ("root", "product", "domains", "size", "subjects")]
    with refused("AnchorRegistryBatch", *expected):
        anchor(region, batch(1, values.pop("root"), **values))


def test_a_kind_that_is_none(region):
    with refused(""):
        anchor(region, batch(1, ROOT, kind=2))


@pytest.mark.parametrize("epoch", [0, 2])
def test_another_key_epoch(region, epoch):
    with refused("AnchorRegistryKeyEpoch", 1, epoch):
        anchor(region, batch(1, ROOT, epoch=epoch))


def test_a_former_key_epoch(region):
    region.anchors.openKeyEpoch(number_hash("epoch", 2))
    with refused("AnchorRegistryKeyEpoch", 2, 1):
        anchor(region, batch(1, ROOT))
    anchor(region, batch(1, ROOT, epoch=2))
    assert region.anchors.anchorOf(SOURCE, ROOT).dict()["keyEpoch"] == 2


def test_open_key_epoch(region):
    digest = number_hash("epoch", 2)
    tx = region.anchors.openKeyEpoch(digest)
    body = body_hash(("uint32", 2), ("bytes32", digest))
    (entry,) = assert_logged(region, tx, region.anchors, (Kind.TAG_KEY_EPOCH, body))
    assert tx.return_value == region.anchors.currentKeyEpoch() == 2
    assert region.anchors.keyEpochDigest(2) == "0x" + digest.hex()
    assert region.anchors.keyEpochDigest(1) == "0x" + number_hash("epoch", 1).hex()
    assert region.anchors.keyEpochDigest(3) == "0x" + "00" * 32
    event = {"epoch": 2, "epochDigest": "0x" + digest.hex(), "entry": entry}
    assert dict(tx.events["KeyEpochOpened"]) == event


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
    with refused("NodeRegistryUnknown", 7):
        anchor(region, batch(1, ROOT, node=7))
    with refused("NodeRegistryUnknown", 0):
        anchor(region, batch(1, ROOT, node=0))


def test_no_anchor(region):
    assert set(region.anchors.anchorOf(SOURCE, ROOT)) == {0}
    assert region.anchors.seriesLength(SOURCE, PRODUCT) == 0


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
