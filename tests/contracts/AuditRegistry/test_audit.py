"""Audits of books by regulators."""

import pytest
from brownie import accounts
from consent_world import next_block_at
from world import (
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    PLATFORM,
    REGULATOR,
    SOURCE,
    Kind,
    Role,
    Status,
    admission,
    assert_logged,
    body_hash,
    declare_stolen,
    enter,
    index_of,
    leaf_opening,
    node_count,
    now,
    number_hash,
    publish,
    refused,
    shown,
    shown_leaf,
    time_of,
    wait,
)

REPORT = number_hash("report", 1)
LEAVES = [leaf_opening(n) for n in range(9)]
NOTHING = {
    "audited": False, "broken": False, "annulled": False, "restored": False, "since": 0, "previous": 0,
    "auditedBy": NO_ADDRESS, "auditedAt": 0,
}  # fmt: skip


def audit(region, entered, *, restored=False, auditor=REGULATOR):
    return region.audits.attestAudit(auditor, shown(region, entered), restored, REPORT, {"from": accounts[auditor]})


def flags(region, tx):
    return region.audits.flagsOf(index_of(tx)).dict()


def after(tx, **more):
    """What the flags of a book are after this audit."""
    return {**NOTHING, "audited": True, "auditedBy": str(tx.sender), "auditedAt": time_of(tx), **more}


def another_regulator(region):
    region.nodes.admit(admission(accounts[8], Role.REGULATOR))
    return node_count(region)


def last_audited(region):
    return region.anchors.published(SOURCE, 1).dict()["auditedBook"]


@pytest.fixture
def entered(region):
    publish(region, LEAVES[:4])
    return enter(region, LEAVES[:4])


@pytest.mark.parametrize("restored", [False, True])
def test_attest_audit(region, entered, restored):
    tx = audit(region, entered, restored=restored)
    book = index_of(entered)
    body = body_hash(
        ("uint24", REGULATOR),
        ("uint24", SOURCE),
        ("uint32", 1),
        ("uint64", book),
        ("bool", restored),
        ("bytes32", REPORT),
    )
    assert_logged(region, tx, region.audits, (Kind.AUDIT, body))
    assert flags(region, entered) == after(tx, restored=restored)
    assert last_audited(region) == book


def test_an_audit_counts_for_its_book_only(region, entered):
    """A later book is its publisher's word until it is audited too."""
    audit(region, entered)
    publish(region, LEAVES[4:])
    second = enter(region, LEAVES)
    assert flags(region, second) == NOTHING
    assert last_audited(region) == index_of(entered)
    tx = audit(region, second)
    assert flags(region, second) == after(tx, previous=index_of(entered))
    assert last_audited(region) == index_of(second)


@pytest.mark.parametrize("restored", [False, True])
def test_audit_again(region, entered, restored):
    """The last audit counts: who attested it, when, what it found. It never names its own book as the one before."""
    audit(region, entered, restored=not restored)
    wait(10)
    tx = audit(region, entered, restored=restored)
    assert flags(region, entered) == after(tx, restored=restored)
    assert last_audited(region) == index_of(entered)
    publish(region, LEAVES[4:])
    second = enter(region, LEAVES)
    for again in (audit(region, second), audit(region, second, restored=restored)):
        book = after(again, previous=index_of(entered))
    assert flags(region, second) == {**book, "restored": restored}


def test_another_regulator_audits_anew_what_a_thief_attested(region, entered):
    """Declared later, the theft leaves the audit with the thief's name; another regulator puts its own in its place."""
    other = another_regulator(region)
    audit(region, entered)
    wait(10)
    second = enter(region, LEAVES[:4])
    stolen = audit(region, second, restored=True)
    wait(10)
    declare_stolen(region, accounts[REGULATOR], (time_of(stolen), 0))
    book = after(stolen, previous=index_of(entered), restored=True)
    assert flags(region, second) == book
    tx = region.audits.attestAudit(other, shown(region, second), False, REPORT, {"from": accounts[8]})
    assert flags(region, second) == after(tx, previous=index_of(entered))
    assert last_audited(region) == index_of(second)


def test_the_host_of_a_regulator_attests(region, entered):
    """It is the key that acted which may turn out to be stolen."""
    region.nodes.admit(admission(NO_ADDRESS, Role.REGULATOR, host=PLATFORM))
    hosted = node_count(region)
    tx = region.audits.attestAudit(hosted, shown(region, entered), False, REPORT, {"from": accounts[PLATFORM]})
    assert flags(region, entered) == after(tx)


def test_an_older_book_than_the_last_audited_one(region, entered):
    second = enter(region, LEAVES[:4])
    audit(region, second)
    with refused("AuditRegistryAudited", index_of(entered), index_of(second)):
        audit(region, entered)


@pytest.mark.parametrize("auditor", [PLATFORM, BUREAU, SOURCE, INSTITUTION])
def test_only_regulators_audit(region, entered, auditor):
    with refused("NodeRegistryRole", auditor, Role.REGULATOR, Role(auditor)):
        audit(region, entered, auditor=auditor)


def test_an_audit_by_a_stolen_key(region, entered):
    """While the regulator's key is in other hands, and in the last second of that too."""
    thief = accounts[REGULATOR]
    wait(100)
    until = now() + 50
    next_block_at(until)
    declare_stolen(region, thief, (until - 10, until))
    next_block_at(until)
    with refused("NodeRegistryStolenKey", thief, REGULATOR):
        audit(region, entered)
    assert now() == until
    declare_stolen(region, thief, (until - 10, 0))
    with refused("NodeRegistryInactive", REGULATOR, Status.SUSPENDED, 0):
        audit(region, entered)
    assert last_audited(region) == 0


def test_a_broken_book_is_not_audited(region):
    publish(region, LEAVES[:4])
    wrong = [LEAVES[1], LEAVES[0], *LEAVES[2:4]]
    entered = enter(region, wrong)
    region.audits.proveDisorderInBook(shown(region, entered), shown_leaf(wrong, 0), shown_leaf(wrong, 1))
    with refused("AuditRegistrySpoiled", index_of(entered)):
        audit(region, entered)


def test_audit_of_what_is_no_book(region, entered):
    """What is shown must be an entry of the log, with this index, writer, time, body and writes."""
    book, entry = shown(region, entered)
    index = entry[0]
    forged = [
        ((*book[:4], number_hash("root", 1)), entry),
        ((BUREAU, *book[1:]), entry),
        (book, (entry[0], region.audits.address, *entry[2:])),
        (book, (*entry[:2], entry[2] + 1, *entry[3:])),
        (book, (*entry[:3], REPORT, entry[4])),
        (book, (*entry[:4], [*entry[4], REPORT])),
        (book, (*entry[:4], [REPORT] * max(1, len(entry[4])))),
    ]
    for one in forged:
        with refused("OpeningWrong", index):
            region.audits.attestAudit(REGULATOR, one, False, REPORT, {"from": accounts[REGULATOR]})
    with refused("OpeningWrong", index - 1):
        one = (book, (index - 1, *entry[1:]))
        region.audits.attestAudit(REGULATOR, one, False, REPORT, {"from": accounts[REGULATOR]})
    size = region.log.size()
    with refused("RegionLogNoEntry", size):
        one = (book, (size, *entry[1:]))
        region.audits.attestAudit(REGULATOR, one, False, REPORT, {"from": accounts[REGULATOR]})


def test_a_proof_stays_good_while_others_append(region, entered):
    """It ends at the subtree that holds the entry, not at the root, which any entry changes."""
    while region.log.size() % 4:
        region.nodes.setProfile(REGULATOR, REPORT)
    made = shown(region, entered)
    region.nodes.setProfile(REGULATOR, REPORT)
    region.audits.attestAudit(REGULATOR, made, False, REPORT, {"from": accounts[REGULATOR]})
    assert flags(region, entered)["audited"]


def test_nothing_became_of_it(region, entered):
    assert flags(region, entered) == NOTHING
    assert region.audits.flagsOf(2**40).dict() == NOTHING
