"""What governors do about stolen keys and silent nodes."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    PLATFORM,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    Kind,
    acceptance,
    assert_logged,
    body_hash,
    book,
    declare_stolen,
    enter,
    index_of,
    leaf_opening,
    new_key,
    now,
    number_hash,
    publish,
    refused,
    shown,
    time_of,
    wait,
)

REASON = number_hash("reason", 1)
LEAVES = [leaf_opening(n) for n in range(9)]


def flags(region, tx):
    return region.audits.flagsOf(index_of(tx)).dict()


def published(region, node=SOURCE):
    return region.anchors.published(node, 1).dict()


def body_of(tx, key, node=SOURCE):
    return body_hash(("uint24", node), ("uint32", 1), ("uint64", index_of(tx)), ("address", key), ("bytes32", REASON))


def steal(region, tx, node=SOURCE):
    """The key was stolen when this was done; from then on the node has another. The stolen key's address."""
    declare_stolen(region, accounts[node], (time_of(tx), 0))
    wait(10)
    key, operator = new_key(node)
    deadline = now() + 100
    region.nodes.replaceOperator(node, operator, deadline, acceptance(region.nodes, node, key, deadline))
    return accounts[node].address


def test_a_batch_of_a_thief_is_annulled(region):
    """Its leaves leave the book, for ever, whatever is later found about the key."""
    publish(region, LEAVES[:4])
    wait(10)
    stolen = publish(region, LEAVES[4:])
    key = steal(region, stolen)
    tx = region.audits.annulBatch(shown(region, stolen), key, REASON)
    (entry,) = assert_logged(region, tx, region.audits, (Kind.ANNULLED, body_of(stolen, key)))
    assert flags(region, stolen) == {
        "audited": False, "broken": False, "annulled": True, "restored": False, "since": entry, "previous": 0,
    }  # fmt: skip
    assert (published(region)["leaves"], published(region)["gone"]) == (9, 5)
    with refused("AuditRegistrySpoiled", index_of(stolen)):
        region.audits.annulBatch(shown(region, stolen), key, REASON)


def test_a_book_with_a_thiefs_batch_in(region):
    """Once a batch is annulled, a book with its leaves has too many."""
    publish(region, LEAVES[:4])
    stolen = publish(region, LEAVES[4:])
    key = steal(region, stolen)
    region.nodes.reinstate(SOURCE)
    region.audits.annulBatch(shown(region, stolen), key, REASON)
    operator = new_key(SOURCE)[0]
    accounts.add(operator)
    accounts[0].transfer(accounts[-1], 10**18)
    with refused("AnchorRegistryBook", 2, 4, 2, 9):
        region.anchors.enterBook(book(2, 9, number_hash("root", 1)), {"from": accounts[-1]})
    region.anchors.enterBook(book(2, 4, number_hash("root", 1)), {"from": accounts[-1]})
    accounts.remove(accounts[-1])


def test_a_book_of_a_thief_is_annulled(region):
    publish(region, LEAVES)
    sound = enter(region, LEAVES)
    wait(10)
    stolen = enter(region, LEAVES)
    for entered in (sound, stolen):
        arguments = (REGULATOR, shown(region, entered), False, REASON)
        region.audits.attestAudit(*arguments, {"from": accounts[REGULATOR]})
    key = steal(region, stolen)
    tx = region.audits.annulBook(shown(region, stolen), key, REASON)
    assert_logged(region, tx, region.audits, (Kind.ANNULLED, body_of(stolen, key)))
    assert flags(region, stolen)["annulled"]
    assert (published(region)["gone"], published(region)["auditedBook"]) == (0, index_of(sound))


def test_a_hosts_stolen_key(region):
    stolen = publish(region, LEAVES, node=VIRTUAL)
    key = steal(region, stolen, PLATFORM)
    region.audits.annulBatch(shown(region, stolen), key, REASON)
    assert flags(region, stolen)["annulled"]


def test_governors_annul_nothing_of_a_sound_key(region):
    tx = publish(region, LEAVES)
    key = accounts[SOURCE].address
    with refused("AuditRegistryKeySound", key, SOURCE, time_of(tx)):
        region.audits.annulBatch(shown(region, tx), key, REASON)
    wait(10)
    declare_stolen(region, key, (now(), 0))
    with refused("AuditRegistryKeySound", key, SOURCE, time_of(tx)):
        region.audits.annulBatch(shown(region, tx), key, REASON)
    assert not flags(region, tx)["annulled"]


def test_a_stolen_key_of_somebody_else_annuls_nothing(region):
    tx = publish(region, LEAVES)
    key = accounts[BUREAU].address
    declare_stolen(region, key, (time_of(tx), 0))
    for wrong in (key, accounts[9].address):
        with refused("AuditRegistryKeySound", wrong, SOURCE, time_of(tx)):
            region.audits.annulBatch(shown(region, tx), wrong, REASON)


def test_a_batch_that_is_broken_and_annulled_leaves_once(region):
    from world import shown_leaf

    openings = [LEAVES[1], LEAVES[0]]
    stolen = publish(region, openings)
    key = steal(region, stolen)
    broken = region.audits.proveDisorder(shown(region, stolen), shown_leaf(openings, 0), shown_leaf(openings, 1))
    region.audits.annulBatch(shown(region, stolen), key, REASON)
    found = flags(region, stolen)
    assert (found["broken"], found["annulled"], found["since"]) == (True, True, index_of(broken))
    assert published(region)["gone"] == 2


@pytest.mark.parametrize("caller", [SOURCE, REGULATOR, 9])
def test_only_governors(region, caller):
    stolen = publish(region, LEAVES)
    key = steal(region, stolen)
    by = {"from": accounts[caller]}
    with refused("AccessManagedUnauthorized", accounts[caller]):
        region.audits.annulBatch(shown(region, stolen), key, REASON, by)
    with refused("AccessManagedUnauthorized", accounts[caller]):
        region.audits.closeNode(SOURCE, 1, REASON, by)


def test_close_and_open_again(region):
    publish(region, LEAVES[:4])
    silent = index_of(publish(region, LEAVES[4:]))
    for since in (silent, 0, silent - 1):
        tx = region.audits.closeNode(SOURCE, since, REASON)
        body = body_hash(("uint24", SOURCE), ("uint64", since), ("bytes32", REASON))
        assert_logged(region, tx, region.audits, (Kind.CLOSED, body))
        assert region.audits.closedFrom(SOURCE) == since
    assert region.audits.closedFrom(BUREAU) == 0


def test_closing_changes_something(region):
    with refused("AuditRegistryClosed", SOURCE, 0):
        region.audits.closeNode(SOURCE, 0, REASON)
    region.audits.closeNode(SOURCE, 1, REASON)
    with refused("AuditRegistryClosed", SOURCE, 1):
        region.audits.closeNode(SOURCE, 1, REASON)
    size = region.log.size()
    with refused("AuditRegistryClosed", SOURCE, size):
        region.audits.closeNode(SOURCE, size, REASON)
