"""Appending: who may append, what an entry holds, what the root covers."""

import pytest
import reference
from brownie import RegionLog, accounts, chain, web3
from log_model import perfect
from reading import load
from world import (
    PRODUCTS,
    WHOLE_SPACE,
    Kind,
    all_entries,
    append,
    appended,
    assert_logged,
    body_hash,
    cell_key,
    deploy,
    number_hash,
    refused,
    refused_inside,
    word,
    writer_for,
    written,
)

ALL_KINDS = 2**32 - 1 - sum(1 << kind for kind in (0, Kind.SEALED, Kind.WRITER, Kind.REGION, Kind.AUTHORITY))


@pytest.fixture(scope="module")
def log(_module):
    """A log of its own."""
    return deploy("RegionLog", deploy("AccessManager", accounts[0]), word(b"JJJ"))


@pytest.fixture(scope="module")
def writer(log):
    """May append all kinds, write all of spaces 1 and 23, and the low byte of space 2."""
    return writer_for(log, ALL_KINDS, [(1, WHOLE_SPACE), (23, WHOLE_SPACE), (2, 0xFF)])


def test_identity_and_first_entry(log):
    created = web3.eth.get_transaction_receipt(log.tx.txid)["blockNumber"]
    parent = bytes(web3.eth.get_block(created - 1)["hash"])
    origin = [("uint256", chain.id), ("address", log.address), ("bytes32", word(b"JJJ")), ("bytes32", parent)]
    identity = reference.keccak(reference.words(origin))
    assert log.logId() == "0x" + identity.hex()
    assert log.region() == "0x" + word(b"JJJ").hex()
    slot = int.from_bytes(reference.keccak(b"creditchain.RegionLog.logId"), "big")
    assert bytes(web3.eth.get_storage_at(log.address, slot)) == identity

    (first,) = appended(log.tx)
    body = [("uint256", chain.id), ("bytes32", word(b"JJJ")), ("bytes32", parent), ("address", log.authority())]
    assert (first["index"], first["kind"], first["writer"]) == (0, Kind.REGION, log.address)
    assert first["body"] == reference.words(body)
    assert first["writes"] == b""
    fresh = deploy("RegionLog", log.authority(), word(b"JJJ"))
    assert (fresh.size(), fresh.sealedAt()) == (1, 0)
    assert list(fresh.frontier()) == [fresh.root()] == ["0x" + all_entries(fresh)[0].hex()]


def test_the_same_log_id_between_twins(log):
    """Two logs of one region in one block, so with one block before them: the address sets them apart."""
    creation = RegionLog.deploy.encode_input(log.authority(), word(b"JJJ"))
    web3.provider.make_request("evm_setAutomine", [False])
    sent = {"from": accounts[1].address, "data": creation, "gas": 6_000_000}
    hashes = [web3.eth.send_transaction(sent) for _ in range(2)]
    web3.provider.make_request("evm_setAutomine", [True])
    chain.mine()
    receipts = [web3.eth.get_transaction_receipt(one) for one in hashes]
    assert receipts[0]["blockNumber"] == receipts[1]["blockNumber"]
    assert len({str(RegionLog.at(one["contractAddress"]).logId()) for one in receipts}) == 2


def test_the_same_log_id_after_a_chain_started_anew(log):
    """Chain, address and region are the same; the block before is not, and everything signed for the one is void."""
    manager = log.authority()
    chain.snapshot()
    before = deploy("RegionLog", manager, word(b"JJJ"))
    address, identity = str(before), str(before.logId())
    chain.revert()
    chain.sleep(100)
    chain.mine()
    again = deploy("RegionLog", manager, word(b"JJJ"))
    assert str(again) == address
    assert str(again.logId()) != identity


@pytest.mark.parametrize("caller", [0, 1, 9])
def test_only_writers_append(log, writer, caller):
    with refused("RegionLogNotWriter", accounts[caller]):
        log.append(1, b"body", [], {"from": accounts[caller]})


@pytest.mark.parametrize("kind", [0, Kind.SEALED, Kind.WRITER, Kind.REGION, Kind.AUTHORITY, 32, 40, 255])
def test_kinds_of_the_log_itself_and_kinds_that_are_none(log, writer, kind):
    with refused_inside(log, "RegionLogKind(address,uint8)", int(writer.address, 16), kind):
        append(log, writer, kind, b"body", [])


def test_a_kind_that_was_not_granted(log):
    one = writer_for(log, 1 << 5, [])
    append(log, one, 5, b"body", [])
    for kind in (4, 6):
        with refused_inside(log, "RegionLogKind(address,uint8)", int(one.address, 16), kind):
            append(log, one, kind, b"body", [])


def test_each_append_changes_size_root_and_frontier(log, writer):
    hashes = all_entries(log)
    for number in range(40):
        body = number_hash("body", number)[: number % 33]
        kind = 1 + number % 12
        tx = append(log, writer, kind, body, [(cell_key(1, number % 3), number)] if number % 2 else [])
        (event,) = appended(tx)
        assert (event["index"], event["kind"], event["writer"]) == (len(hashes), kind, writer.address)
        assert event["time"] == chain[tx.block_number].timestamp
        assert event["body"] == body
        hashes = all_entries(log)
        assert log.size() == len(hashes)
        assert log.root() == "0x" + reference.mth(hashes).hex()
        assert list(log.frontier()) == ["0x" + peak.hex() for peak in perfect(hashes)]


def test_a_cell_holds_its_value_and_the_entry_that_wrote_it(log, writer):
    keys = [cell_key(1, 7), cell_key(23, 2**248 - 1)]
    assert list(log.read(keys)[0]) == [0, 0]
    words = [0, 0]
    for value in (5, 0, WHOLE_SPACE, 5):
        tx = append(log, writer, 1, b"", [(key, value) for key in keys])
        index = tx.events["Appended"]["index"]
        assert written(tx) == [(key, old, value << 56 | index) for key, old in zip(keys, words, strict=True)]
        words = [value << 56 | index] * 2
        assert list(log.read(keys)[0]) == words


def test_read_says_as_of_when(log):
    words, size, number, parent = log.read([])
    assert (list(words), size) == ([], log.size())
    # A call is answered as in the newest block, or as in the one to come.
    assert number in (web3.eth.block_number, web3.eth.block_number + 1)
    assert bytes(web3.eth.get_block(number - 1)["hash"]).hex() == str(parent).removeprefix("0x")


def test_a_value_of_more_than_200_bits(log, writer):
    key = cell_key(1, 1)
    for value in (2**200, 2**256 - 1):
        with refused_inside(log, "RegionLogValue(uint256,uint256)", key, value):
            append(log, writer, 1, b"", [(key, value)])


@pytest.mark.parametrize("others", [0, 1, 5])
def test_a_key_twice_in_one_append(log, writer, others):
    """Otherwise the old word of the second write would be a word that no entry left."""
    key = cell_key(1, 99)
    between = [(cell_key(23, n), 1) for n in range(others)]
    with refused_inside(log, "RegionLogWrittenTwice(uint256)", key):
        append(log, writer, 1, b"", [(key, 1), *between, (key, 1)])
    append(log, writer, 1, b"", [(key, 1), *between])
    append(log, writer, 1, b"", [(key, 1), *between])


@pytest.mark.parametrize("space", [0, 3, 22, 24, 255])
def test_a_space_that_was_not_granted(log, writer, space):
    with refused_inside(log, "RegionLogSpace(address,uint8)", int(writer.address, 16), space):
        append(log, writer, 1, b"", [(cell_key(1, 1), 1), (cell_key(space, 0), 1)])
    assert list(log.read([cell_key(1, 1), cell_key(space, 0)])[0])[1] == 0


def test_bits_of_a_shared_space(log, writer):
    """Two writers of one space: each changes its own bits and sees, but cannot change, the other's."""
    other = writer_for(log, 1 << 1, [(2, 0xFF00)])
    key = cell_key(2, 4)
    append(log, writer, 1, b"", [(key, 0x12)])
    append(log, other, 1, b"", [(key, 0x3412)])
    for author, value, allowed, changed in (
        (writer, 0x3512, 0xFF, 0x100),
        (writer, 0x0012, 0xFF, 0x3400),
        (other, 0x3413, 0xFF00, 0x01),
        (other, 0, 0xFF00, 0x3412),
        (other, 1 << 199, 0xFF00, 1 << 199 | 0x3412),
    ):
        with refused_inside(log, "RegionLogBits(uint256,uint200,uint200)", key, allowed, changed):
            append(log, author, 1, b"", [(key, value)])
    append(log, writer, 1, b"", [(key, 0x3400)])
    assert next(iter(log.read([key])[0])) >> 56 == 0x3400


def test_entry_hashes_of_the_vectors():
    """The Python reference that these tests rely on reproduces the published vectors."""
    for entry in load("entries")["log"]:
        assert reference.keccak(entry["body"]) == entry["body_hash"]


def test_entries_of_a_region_add_up(region):
    """Deployment of a region: the log itself, five writers, the founder, six nodes, one key epoch, its products."""
    assert region.log.size() == 1 + 5 + 1 + 6 + 1 + len(PRODUCTS)
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()


def test_every_writer_appends_to_the_same_log(region):
    tx = region.anchors.openKeyEpoch(number_hash("epoch", 2))
    body = body_hash(("uint32", 2), ("bytes32", number_hash("epoch", 2)))
    assert_logged(region, tx, region.anchors, (Kind.TAG_KEY_EPOCH, body))
    assert (cell_key(3, 0), 2) in [(key, new >> 56) for key, _, new in written(tx)]
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()
