"""What governors do about stolen keys and silent nodes."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    NO_ADDRESS,
    PLATFORM,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    Kind,
    Role,
    acceptance,
    admission,
    assert_logged,
    body_hash,
    book,
    declare_stolen,
    enter,
    index_of,
    leaf_opening,
    new_key,
    node_count,
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
        "auditedBy": NO_ADDRESS, "auditedAt": 0,
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


def audited(region, book):
    wait(10)
    return region.audits.attestAudit(REGULATOR, shown(region, book), False, REASON, {"from": accounts[REGULATOR]})


def audited_by_a_thief(region):
    """Three audited books, of which a thief audited the last two, and the stolen key."""
    publish(region, LEAVES)
    sound, first, second = (enter(region, LEAVES) for _ in range(3))
    audited(region, sound)
    theft = time_of(audited(region, first))
    audited(region, second)
    key = accounts[REGULATOR].address
    declare_stolen(region, key, (theft, 0))
    return sound, first, second, key


def test_a_book_that_a_thief_audited_is_annulled(region):
    """The last sound audited book before it takes its place; where the thief audited that too, it is annulled too."""
    sound, first, second, key = audited_by_a_thief(region)
    tx = region.audits.annulBook(shown(region, second), key, REASON)
    assert_logged(region, tx, region.audits, (Kind.ANNULLED, body_of(second, key)))
    assert flags(region, second)["annulled"]
    assert published(region)["auditedBook"] == index_of(first)
    region.audits.annulBook(shown(region, first), key, REASON)
    assert published(region)["auditedBook"] == index_of(sound)
    assert flags(region, sound)["previous"] == 0
    region.nodes.admit(admission(accounts[8], Role.REGULATOR))
    with refused("AuditRegistrySpoiled", index_of(second)):
        region.audits.attestAudit(node_count(region), shown(region, second), False, REASON, {"from": accounts[8]})


def test_the_book_before_is_annulled_first(region):
    """Then the one after it falls back past it."""
    sound, first, second, key = audited_by_a_thief(region)
    region.audits.annulBook(shown(region, first), key, REASON)
    assert published(region)["auditedBook"] == index_of(second)
    region.audits.annulBook(shown(region, second), key, REASON)
    assert published(region)["auditedBook"] == index_of(sound)


def test_a_book_that_an_auditor_with_a_sound_key_audited_stands(region):
    """Neither a theft before or after the audit, nor one of a regulator that did not attest it, is a reason."""
    publish(region, LEAVES)
    entered = enter(region, LEAVES)
    region.nodes.admit(admission(accounts[8], Role.REGULATOR))
    wait(100)
    at = time_of(audited(region, entered))
    wait(100)
    other, key = accounts[8].address, accounts[REGULATOR].address
    declare_stolen(region, other, (at, 0))
    with refused("AuditRegistryKeySound", other, SOURCE, time_of(entered)):
        region.audits.annulBook(shown(region, entered), other, REASON)
    declare_stolen(region, key, (at - 50, at - 1), (at + 1, 0))
    with refused("AuditRegistryKeySound", key, SOURCE, time_of(entered)):
        region.audits.annulBook(shown(region, entered), key, REASON)
    unaudited = enter(region, LEAVES)
    with refused("AuditRegistryKeySound", NO_ADDRESS, SOURCE, time_of(unaudited)):
        region.audits.annulBook(shown(region, unaudited), NO_ADDRESS, REASON)
    assert published(region)["auditedBook"] == index_of(entered)


def test_a_book_that_was_audited_anew_is_not_annulled_for_the_thief(region):
    publish(region, LEAVES)
    entered = enter(region, LEAVES)
    region.nodes.admit(admission(accounts[8], Role.REGULATOR))
    other, key = node_count(region), accounts[REGULATOR].address
    declare_stolen(region, key, (time_of(audited(region, entered)), 0))
    region.audits.attestAudit(other, shown(region, entered), False, REASON, {"from": accounts[8]})
    with refused("AuditRegistryKeySound", key, SOURCE, time_of(entered)):
        region.audits.annulBook(shown(region, entered), key, REASON)


def test_an_auditors_stolen_key_annuls_no_batch(region):
    batch = publish(region, LEAVES)
    entered = enter(region, LEAVES)
    key = accounts[REGULATOR].address
    declare_stolen(region, key, (time_of(audited(region, entered)), 0))
    with refused("AuditRegistryKeySound", key, SOURCE, time_of(batch)):
        region.audits.annulBatch(shown(region, batch), key, REASON)


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
