"""Who may write."""

from brownie import accounts
from world import Kind, assert_logged, body_hash, deploy, refused


def test_set_writer(region):
    writer = deploy("Wallet", accounts[1])
    assert not region.log.isWriter(writer)
    for authorised in (True, False):
        tx = region.log.setWriter(writer, authorised)
        assert region.log.isWriter(writer) is authorised
        body = body_hash(("address", writer.address), ("bool", authorised))
        (entry,) = assert_logged(region, tx, region.log, (Kind.WRITER, body))
        event = tx.events["WriterSet"]
        assert (event["writer"], event["authorised"], event["entry"]) == (writer.address, authorised, entry)


def test_unchanged(region):
    with refused("RegionLogWriterUnchanged", region.nodes, True):
        region.log.setWriter(region.nodes, True)
    with refused("RegionLogWriterUnchanged", accounts[7], False):
        region.log.setWriter(accounts[7], False)


def test_a_writer_is_a_contract(region):
    with refused("RegionLogWriterNotContract", accounts[7]):
        region.log.setWriter(accounts[7], True)


def test_only_governors(region):
    with refused("AccessManagedUnauthorized", region.outsider):
        region.log.setWriter(region.nodes, False, {"from": region.outsider})
    assert region.log.isWriter(region.nodes)
