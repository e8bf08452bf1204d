"""Writers: how they are admitted, replaced and removed, and what no writer can get."""

import itertools

import pytest
import reference
from brownie import accounts, web3
from world import (
    NO_ADDRESS,
    NO_WORD,
    WHOLE_SPACE,
    Kind,
    Region,
    admit_writer,
    append,
    assert_logged,
    bits,
    body_hash,
    cell_key,
    deploy,
    refused,
    refused_inside,
    word,
    writer_for,
    writer_id,
    written,
)

GRANTED = bits(20, 21)


@pytest.fixture(scope="module")
def region(_module):
    """A log with one writer, so that the spaces of these tests are free whatever other contracts write."""
    manager = deploy("AccessManager", accounts[0])
    log = deploy("RegionLog", manager, word(b"YRD"))
    nodes = deploy("NodeRegistry", manager, log)
    admit_writer(log, nodes, "NodeRegistry")
    return Region(manager, log, nodes, None, None, None, None)


def code_hash(contract):
    return reference.keccak(bytes(web3.eth.get_code(contract.address)))


def writer_entry(removed, added):
    """Body hash of a WRITER entry that admits `added` with kinds 20 and 21."""
    return body_hash(
        ("uint160", removed), ("address", added.address), ("bytes32", code_hash(added)), ("uint32", GRANTED)
    )


def test_admit(region):
    contract = deploy("Wallet", accounts[1])
    assert tuple(region.log.writer(contract)) == (0, 0)
    tx = region.log.setWriter(0, contract, GRANTED, [(5, WHOLE_SPACE), (6, 0xF0)])
    assert tuple(region.log.writer(contract)) == (GRANTED, 1 << 5)
    (entry,) = assert_logged(region, tx, region.log, (Kind.WRITER, writer_entry(0, contract)))
    identity = writer_id(region.log, contract)
    assert {key & (1 << 248) - 1: new >> 56 for key, _, new in written(tx)} == {
        identity: GRANTED | 1 << (32 + 5) | (6 | 4 << 8 | 4 << 16) << 56,
        6 << 160: WHOLE_SPACE,
        7 << 160: 0xF0,
        7 << 160 | identity: 0xF0,
    }
    assert {(key >> 248, old, new & 2**56 - 1) for key, old, new in written(tx)} == {(0, 0, entry)}


def test_remove(region):
    contract = writer_for(region.log, GRANTED, [(5, WHOLE_SPACE), (6, 0xF0)])
    append(region.log, contract, 20, b"", [(cell_key(5, 1), 9)])
    identity = writer_id(region.log, contract)
    tx = region.log.setWriter(identity, NO_ADDRESS, 0, [])
    body = body_hash(("uint160", identity), ("address", NO_ADDRESS), ("bytes32", NO_WORD), ("uint32", 0))
    assert_logged(region, tx, region.log, (Kind.WRITER, body))
    assert tuple(region.log.writer(contract)) == (0, 0)
    assert {new >> 56 for _, _, new in written(tx)} == {0}
    # It wrote last: the log must forget that it knew it.
    with refused_inside(region.log, "RegionLogNotWriter(address)", int(contract.address, 16)):
        append(region.log, contract, 20, b"", [])
    # Its shares are free again, and what it wrote stays.
    writer_for(region.log, GRANTED, [(5, WHOLE_SPACE), (6, 0xF0)])
    assert next(iter(region.log.read([cell_key(5, 1)])[0])) >> 56 == 9


def test_replace_in_one_entry(region):
    """An upgrade: the new contract finds all state where it was."""
    log = region.log
    old = writer_for(log, GRANTED, [(5, WHOLE_SPACE), (6, 0x0F)])
    append(log, old, 20, b"", [(cell_key(5, 1), 9), (cell_key(6, 1), 3)])
    new = deploy("Wallet", accounts[1])
    identity = writer_id(log, old)
    # A wallet with the same code: its address alone makes another id.
    assert identity != writer_id(log, new)
    tx = log.setWriter(identity, new, GRANTED, [(5, WHOLE_SPACE), (6, 0xFF)])
    assert_logged(region, tx, log, (Kind.WRITER, writer_entry(identity, new)))
    assert len({key for key, _, _ in written(tx)}) == len(written(tx))
    with refused_inside(log, "RegionLogNotWriter(address)", int(old.address, 16)):
        append(log, old, 20, b"", [])
    append(log, new, 20, b"", [(cell_key(5, 1), 10), (cell_key(6, 1), 0xF3)])
    assert [word >> 56 for word in log.read([cell_key(5, 1), cell_key(6, 1)])[0]] == [10, 0xF3]


def test_change_its_own_rights(region):
    contract = writer_for(region.log, GRANTED, [(5, WHOLE_SPACE)])
    region.log.setWriter(writer_id(region.log, contract), contract, bits(22), [(5, 1)])
    assert tuple(region.log.writer(contract)) == (bits(22), 0)
    with refused_inside(region.log, "RegionLogBits(uint256,uint200,uint200)", cell_key(5, 1), 1, 3):
        append(region.log, contract, 22, b"", [(cell_key(5, 1), 3)])


def test_two_writers_in_one_space(region):
    """No bit has two writers, in whatever pieces they ask for them."""
    log = region.log
    writer_for(log, GRANTED, [(5, WHOLE_SPACE), (6, 0xF0)])
    contract = deploy("Wallet", accounts[1])
    for space, wanted in ((5, WHOLE_SPACE), (5, 1), (6, WHOLE_SPACE), (6, 0x10), (6, 0xFF)):
        taken = WHOLE_SPACE if space == 5 else 0xF0
        with refused("RegionLogShareTaken", space, taken, wanted):
            log.setWriter(0, contract, GRANTED, [(space, wanted)])
    with refused("RegionLogShareTaken", 7, 3, 2):
        log.setWriter(0, contract, GRANTED, [(7, 3), (7, 2)])
    log.setWriter(0, contract, GRANTED, [(6, 0x0F)])


@pytest.mark.parametrize("kind", [None, 0, Kind.SEALED, Kind.WRITER, Kind.REGION, Kind.AUTHORITY])
def test_kinds_that_nobody_gets(region, kind):
    kinds = 0 if kind is None else bits(20, kind)
    with refused("RegionLogKinds", kinds):
        region.log.setWriter(0, deploy("Wallet", accounts[1]), kinds, [])


@pytest.mark.parametrize("known", [False, True])
def test_each_share_is_kept_to(region, known):
    """Of several, of which the log's head holds only one, whether or not the writer wrote last."""
    parts = {5: 1 << 199, 6: 0xF0, 7: 0b101, 8: WHOLE_SPACE >> 1}
    writer, other = writer_for(region.log, GRANTED, list(parts.items())), writer_for(region.log, GRANTED, [])
    for space, granted in parts.items():
        for value in (granted, granted & -granted, 0):
            append(region.log, writer if known else other, 20, b"", [])
            append(region.log, writer, 20, b"", [(cell_key(space, 1), value)])
        for bit in {0, 1, 3, 4, 7, 8, 198, 199} - {n for n in range(200) if granted >> n & 1}:
            append(region.log, writer if known else other, 20, b"", [])
            key, error = cell_key(space, 1), "RegionLogBits(uint256,uint200,uint200)"
            with refused_inside(region.log, error, key, granted, 1 << bit):
                append(region.log, writer, 20, b"", [(key, 1 << bit)])
    for space in (0, 9, 24, 255):
        with refused_inside(region.log, "RegionLogSpace(address,uint8)", int(writer.address, 16), space):
            append(region.log, writer, 20, b"", [(cell_key(space, 1), 1)])


def test_the_part_in_the_head(region):
    """The first share that is one run of bits, however long, and no other."""
    log = region.log
    for shares, part in (
        ([(7, 0b101)], 0),
        ([(7, 0b101), (8, 1), (9, 3)], 8 | 1 << 16),
        ([(9, 1 << 199)], 9 | 199 << 8 | 1 << 16),
        ([(9, WHOLE_SPACE >> 1)], 9 | 199 << 16),
        ([(9, WHOLE_SPACE), (10, WHOLE_SPACE ^ 1)], 10 | 1 << 8 | 199 << 16),
    ):
        contract = writer_for(log, GRANTED, shares)
        identity = writer_id(log, contract)
        assert next(iter(log.read([identity])[0])) >> 56 + 56 == part
        append(log, contract, 20, b"", [])
        head = int.from_bytes(web3.eth.get_storage_at(log.address, 1), "big")
        told = part << 96 | GRANTED << 64 | log.writer(contract)[1] << 40 | log.size()
        assert head == (identity << 120) % 2**256 | told
        log.setWriter(identity, NO_ADDRESS, 0, [])


def test_one_share_of_a_space(region):
    contract = deploy("Wallet", accounts[1])
    with refused("RegionLogShare", 5, 2):
        region.log.setWriter(0, contract, GRANTED, [(5, 1), (6, 1), (5, 2)])


@pytest.mark.parametrize("share", [(0, 1), (24, 1), (255, WHOLE_SPACE), (5, 0)])
def test_shares_that_nobody_gets(region, share):
    with refused("RegionLogShare", *share):
        region.log.setWriter(0, deploy("Wallet", accounts[1]), GRANTED, [share])


def test_what_changes_nothing_or_names_nobody(region):
    contract = writer_for(region.log, GRANTED, [])
    with refused("RegionLogKinds", 0):
        region.log.setWriter(0, NO_ADDRESS, 0, [])
    with refused("RegionLogKinds", GRANTED):
        region.log.setWriter(writer_id(region.log, contract), NO_ADDRESS, GRANTED, [])
    with refused("RegionLogKinds", 0):
        region.log.setWriter(writer_id(region.log, contract), NO_ADDRESS, 0, [(5, 1)])
    with refused("RegionLogWriterKnown", contract):
        region.log.setWriter(0, contract, GRANTED, [])
    with refused("RegionLogWriterUnknown", 5):
        region.log.setWriter(5, NO_ADDRESS, 0, [])
    with refused("RegionLogWriterNotContract", accounts[7]):
        region.log.setWriter(0, accounts[7], GRANTED, [])


def test_governance_cannot_lose_its_place(region):
    """Whoever governs would otherwise be able to leave a log that nobody can repair."""
    log = region.log
    log.setWriter(0, region.manager, bits(20), [(9, WHOLE_SPACE)])
    identity = writer_id(log, region.manager)
    for added, kinds in ((NO_ADDRESS, 0), (region.manager, bits(21)), (deploy("Wallet", accounts[1]), bits(20))):
        with refused("RegionLogAuthority", region.manager):
            log.setWriter(identity, added, kinds, [])
    assert tuple(log.writer(region.manager)) == (bits(20), 1 << 9)


def test_another_authority_is_an_entry(region):
    other = deploy("AccessManager", accounts[0])
    before = region.manager.address
    tx = region.manager.updateAuthority(region.log, other)
    body = body_hash(("address", before), ("address", other.address))
    assert_logged(region, tx, region.log, (Kind.AUTHORITY, body))
    assert region.log.authority() == other.address


def test_only_governors(region):
    with refused("AccessManagedUnauthorized", region.outsider):
        region.log.setWriter(writer_id(region.log, region.nodes), NO_ADDRESS, 0, [], {"from": region.outsider})
    assert region.log.writer(region.nodes)[0] == bits(Kind.NODE, Kind.COMPROMISE, Kind.ANSWERER)


def test_shares_never_overlap_whatever_is_done(region):
    """All sequences of three changes over two contracts and overlapping shares, against a model."""
    log = region.log
    wallets = [deploy("Wallet", accounts[1]) for _ in range(2)]
    shares = [(10, WHOLE_SPACE), (10, 0b01), (10, 0b10)]
    moves = [(who, share) for who in range(2) for share in [None, *shares]]
    held: dict[int, int] = {}
    for who, share in itertools.chain.from_iterable(itertools.product(moves, repeat=2)):
        identity = writer_id(log, wallets[who]) if who in held else 0
        others = sum(taken for other, taken in held.items() if other != who)
        if share is None:
            if who in held:
                log.setWriter(identity, NO_ADDRESS, 0, [])
                del held[who]
        elif share[1] & others:
            with refused("RegionLogShareTaken", 10, others, share[1]):
                log.setWriter(identity, wallets[who], GRANTED, [share])
        else:
            log.setWriter(identity, wallets[who], GRANTED, [share])
            held[who] = share[1]
        for number, wallet in enumerate(wallets):
            whole = held.get(number) == WHOLE_SPACE
            assert tuple(log.writer(wallet)) == (GRANTED if number in held else 0, whole << 10)
