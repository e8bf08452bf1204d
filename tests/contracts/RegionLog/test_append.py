"""Appending: who may append, what an entry holds, what the root covers."""

import pytest
import reference
from brownie import accounts, chain
from reading import load
from world import Kind, all_entries, assert_logged, body_hash, deploy, number_hash, refused, word


def empty_log():
    return deploy("RegionLog", deploy("AccessManager", accounts[0]), word(b"JJJ"))


@pytest.fixture(scope="module")
def log(_module):
    """A separate log; the fixture `writer` authorises the first writer."""
    return empty_log()


@pytest.fixture(scope="module")
def writer(log):
    wallet = deploy("Wallet", accounts[1])
    log.setWriter(wallet, True)
    return wallet


def append(log, writer, kind, body):
    return writer.execute(log, log.append.encode_input(kind, body), {"from": accounts[1]})


def test_identity(log):
    expected = reference.keccak(
        reference.words([("uint256", chain.id), ("address", log.address), ("bytes32", word(b"JJJ"))])
    )
    assert log.logId() == "0x" + expected.hex()
    assert log.region() == "0x" + word(b"JJJ").hex()


def test_an_empty_log():
    log = empty_log()
    assert (log.size(), log.sealedAt(), log.keyEpoch()) == (0, 0, 0)
    assert log.root() == "0x" + reference.keccak(b"").hex()
    assert log.frontier() == ()


@pytest.mark.parametrize("caller", [0, 1, 9])
def test_only_writers_append(log, writer, caller):
    with refused("RegionLogNotWriter", accounts[caller]):
        log.append(1, number_hash("body", 1), {"from": accounts[caller]})
    with refused("RegionLogNotWriter", accounts[caller]):
        log.appendUnderEpoch(1, 1, number_hash("body", 1), {"from": accounts[caller]})


def test_append(region):
    tx = region.nodes.setProfile(1, number_hash("profile", 1))
    info = region.nodes.node(1).dict()
    assert region.log.size() == tx.events["Appended"]["index"] + 1
    assert info["profileDigest"] == "0x" + number_hash("profile", 1).hex()


def test_each_append_changes_size_root_and_frontier(log, writer):
    hashes = all_entries(log)
    for number in range(40):
        body = number_hash("body", number)
        tx = append(log, writer, 1 + number % 12, body)
        event = tx.events["Appended"]
        assert event["index"] == len(hashes)
        assert event["kind"] == 1 + number % 12
        assert event["writer"] == writer.address
        assert event["time"] == chain[tx.block_number].timestamp
        assert event["bodyHash"] == "0x" + body.hex()
        hashes = all_entries(log)
        assert log.size() == len(hashes)
        assert log.root() == "0x" + reference.mth(hashes).hex()
        assert list(log.frontier()) == ["0x" + peak.hex() for peak in peaks(hashes)]


def test_entry_hashes_of_the_vectors():
    """The Python reference that these tests rely on reproduces the published vectors."""
    for entry in load("entries")["log"]:
        assert reference.keccak(entry["body"]) == entry["body_hash"]


def test_a_key_epoch_entry_opens_the_next_epoch(log, writer):
    for epoch in (1, 2):
        append(log, writer, Kind.TAG_KEY_EPOCH, number_hash("epoch", epoch))
        assert log.keyEpoch() == epoch
    append(log, writer, Kind.ANCHOR, number_hash("body", 1))
    assert log.keyEpoch() == 2


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_append_under_another_epoch(log, writer, epoch):
    for opened in (1, 2):
        append(log, writer, Kind.TAG_KEY_EPOCH, number_hash("epoch", opened))
    call = log.appendUnderEpoch.encode_input(epoch, Kind.ANCHOR, number_hash("body", 1))
    size = log.size()
    with refused("WalletCallFailed", refusal(log, "RegionLogKeyEpoch(uint32,uint32)", 2, epoch)):
        writer.execute(log, call, {"from": accounts[1]})
    assert log.size() == size


def test_append_under_no_epoch(log, writer):
    call = log.appendUnderEpoch.encode_input(0, Kind.ANCHOR, number_hash("body", 1))
    with refused("WalletCallFailed", refusal(log, "RegionLogKeyEpoch(uint32,uint32)", 0, 0)):
        writer.execute(log, call, {"from": accounts[1]})


def test_append_under_the_current_epoch(log, writer):
    append(log, writer, Kind.TAG_KEY_EPOCH, number_hash("epoch", 1))
    call = log.appendUnderEpoch.encode_input(1, Kind.ANCHOR, number_hash("body", 1))
    tx = writer.execute(log, call, {"from": accounts[1]})
    assert tx.events["Appended"]["kind"] == Kind.ANCHOR
    assert log.keyEpoch() == 1


def test_a_writer_without_its_right_is_refused_although_it_wrote_last(log, writer):
    """The log remembers the last writer; withdrawing its authorisation must make the log forget it."""
    append(log, writer, 1, number_hash("body", 1))
    tx = log.setWriter(writer, False)
    body = body_hash(("address", writer.address), ("bool", False))
    assert tx.events["Appended"]["bodyHash"] == "0x" + body.hex()
    with refused("WalletCallFailed", refusal(log, "RegionLogNotWriter(address)", int(writer.address, 16))):
        append(log, writer, 1, number_hash("body", 2))


def test_entries_of_a_region_add_up(region):
    """Deployment of a region: two writers, six nodes, one key epoch."""
    assert region.log.size() == 9
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()


def test_every_writer_appends_to_the_same_log(region):
    tx = region.anchors.openKeyEpoch(number_hash("epoch", 2))
    body = body_hash(("uint32", 2), ("bytes32", number_hash("epoch", 2)))
    assert_logged(region, tx, region.anchors, (Kind.TAG_KEY_EPOCH, body))
    tx = region.log.setWriter(region.anchors, False)
    body = body_hash(("address", region.anchors.address), ("bool", False))
    assert_logged(region, tx, region.log, (Kind.WRITER, body))
    assert region.log.root() == "0x" + reference.mth(all_entries(region.log)).hex()


def peaks(leaves):
    """Roots of the perfect subtrees, the largest first."""
    found, rest = [], leaves
    while rest:
        count = 1 << (len(rest).bit_length() - 1)
        found.append(reference.mth(rest[:count]))
        rest = rest[count:]
    return found


def refusal(log, signature, *values):
    """Revert data of a custom error with static values."""
    return reference.keccak(signature.encode())[:4] + b"".join(value.to_bytes(32, "big") for value in values)
