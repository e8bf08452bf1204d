"""reportLoans: once a month, corrections explicit."""

from datetime import datetime, timedelta, timezone

import pytest
from brownie import accounts
from consent_world import World, digest, entry_bodies, key, next_block_at, now, packed, reverts
from world import LOAN, cell_key, written

from creditchain.log.entries import LoansBody
from creditchain.vocabulary import EntryKind, Role

MONTH = 202601


def _report(world: World, month=MONTH, revision=0, count=12, amount=3_600_000_00, name="bank", **changes):
    values = (changes.get("institution", world.bank), month, revision, count, amount, digest("queries"))
    return values, world.ledger.reportLoans(values, {"from": accounts.add(key(name).key)})


def _check(world: World, values, tx) -> None:
    entry = world.log.size() - 1
    assert entry_bodies(tx) == [(EntryKind.LOANS, LoansBody(*values).body_hash())]
    assert set(tx.events.keys()) == {"Appended"}
    ((key, _, word),) = written(tx)
    assert key == cell_key(LOAN, values[0] << 24 | values[1])
    assert word == packed((values[4], 128), (values[3], 32), (values[2] + 1, 16)) << 56 | entry
    assert tuple(world.ledger.loansOf(values[0], values[1])) == (values[4], values[3], values[2] + 1, entry)


def test_a_report(world: World) -> None:
    _check(world, *_report(world))


def test_a_month_without_loans_is_reported_too(world: World) -> None:
    _check(world, *_report(world, count=0, amount=0))


def test_the_host_reports_for_a_virtual_institution(world: World) -> None:
    hosted = world.admit("hosted bank", Role.INSTITUTION, host=world.platform)
    _check(world, *_report(world, name="platform", institution=hosted))


def test_corrections_are_numbered(world: World) -> None:
    _report(world)
    _check(world, *_report(world, revision=1, count=11, amount=3_500_000_00))
    _check(world, *_report(world, revision=2, count=0, amount=0))
    for revision in (0, 1, 2, 4):
        with reverts("QueryLedgerRevision", 3, revision):
            _report(world, revision=revision)


def test_a_correction_needs_a_report(world: World) -> None:
    with reverts("QueryLedgerRevision", 0, 1):
        _report(world, revision=1)


def test_months_and_institutions_are_apart(world: World) -> None:
    for month in (202512, 202601):
        _check(world, *_report(world, month))
    _check(world, *_report(world, name="other bank", institution=world.other_bank))


@pytest.mark.parametrize("month", [0, 202600, 202613, 196912, 209901, 2**24 - 1, 12])
def test_no_month_or_one_to_come(world: World, month: int) -> None:
    with reverts("QueryLedgerMonth", month):
        _report(world, month)


#: Months, and the days on which they are over: with and without 29 February, and a century without.
ENDS = {203001: (2030, 2), 203002: (2030, 3), 203112: (2032, 1), 203202: (2032, 3), 210002: (2100, 3)}


@pytest.mark.parametrize("month", ENDS)
def test_a_month_is_over_at_midnight_in_china(world: World, month: int) -> None:
    end = int(datetime(*ENDS[month], 1, tzinfo=timezone(timedelta(hours=8))).timestamp())
    next_block_at(end - 1)
    with reverts("QueryLedgerMonth", month):
        _report(world, month)
    next_block_at(end)
    _check(world, *_report(world, month))
    assert now() == end


@pytest.mark.parametrize(("count", "amount"), [(0, 1), (1, 0)])
def test_amount_and_count_go_together(world: World, count: int, amount: int) -> None:
    with reverts("QueryLedgerAmount", count, amount):
        _report(world, count=count, amount=amount)


@pytest.mark.parametrize("name", ["other bank", "platform", "nobody"])
def test_nobody_else_reports(world: World, name: str) -> None:
    with reverts("NodeRegistryNotOperator", key(name).address, world.bank):
        _report(world, name=name)


def test_only_institutions_report(world: World) -> None:
    with reverts("NodeRegistryRole", world.bureau, Role.INSTITUTION.value, Role.BUREAU.value):
        _report(world, name="bureau", institution=world.bureau)


def test_a_suspended_institution_does_not_report(world: World) -> None:
    world.nodes.suspend(world.bank, {"from": world.governor})
    with reverts("NodeRegistryInactive", world.bank, 2, 0):
        _report(world)
