"""What is counted in columns is what counting entry by entry gives."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations
from random import Random
from typing import Any

import numpy as np
import pytest
from counted_world import (
    BANK,
    BUREAU,
    DAY,
    INSURER,
    OTHER,
    PLATFORM,
    PRODUCTS,
    SOURCE,
    START,
    KnownProfiles,
    World,
    consent,
    item,
    random_item,
)

from creditchain.acts.counting import Counted, CountWanted, count
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.index.opening import region_log
from creditchain.log.entries import QueriesBody, QueryItem, parse_body
from creditchain.packages.loan_list import Breakdown, LoanList, LoanSum
from creditchain.statistics.dimensions import SECTIONS
from creditchain.statistics.folding import ALL_MONTHS, MonthRange, Sums
from creditchain.statistics.months import month_ends, month_of, months_of, read_month
from creditchain.statistics.telling import Names
from creditchain.vocabulary import EntryKind

CHINA = timezone(timedelta(hours=8))
MEMBERS = (BANK, INSURER, OTHER, PLATFORM, BUREAU, SOURCE)


def counted(world: World, section: str, *by: str, months: MonthRange = ALL_MONTHS, **more: Any) -> Counted:
    return count(world.region(), KnownProfiles(), CountWanted(SECTIONS[section], by, months, **more))


def naive_month(time: int) -> int:
    return int(datetime.fromtimestamp(time, CHINA).strftime("%Y%m"))


@pytest.fixture(scope="module")
def called() -> tuple[World, list[QueryItem]]:
    """300 entries with up to nine calls each, and others between them."""
    random, world, nonce = Random(3), World(), 0  # noqa: S311 - not for keys
    for number in MEMBERS:
        world.admit(number)
    for _ in range(300):
        world.time += random.randrange(DAY)
        world.meter(*(random_item(random, nonce + n, world.time) for n in range(random.randrange(1, 10))))
        nonce += 10
        if random.random() < 0.3:
            world.anchor(SOURCE, 1, 5, 3)
    bodies = [parse_body(entry.kind, entry.body) for entry in world.entries]
    return world, [one for body in bodies if isinstance(body, QueriesBody) for one in body.items]


OWN = ("month", "institution", "provider", "via", "product", "purpose")


@pytest.mark.parametrize("by", [*combinations(OWN, 1), *combinations(OWN, 2), OWN], ids="+".join)
def test_calls_by_every_dimension(called: tuple[World, list[QueryItem]], by: tuple[str, ...]) -> None:
    world, items = called
    values = {name: (lambda one, name=name: getattr(one, name)) for name in OWN}
    values["month"] = lambda one: naive_month(one.delivered_at)
    expected = Counter(tuple(values[name](one) for name in by) for one in items)
    found = counted(world, "calls", *by)
    assert {tuple(row[name] for name in by): row["queries"] for row in found.rows} == expected
    assert [tuple(row[name] for name in by) for row in found.rows] == sorted(expected)
    assert found.total["queries"] == len(items)


def test_flags_are_counted_each(called: tuple[World, list[QueryItem]]) -> None:
    world, items = called
    names = {"overdrawn": 1, "late": 2, "without_consent": 4, "old": 8, "paused": 16}
    expected = {name: sum(1 for one in items if one.flags & bit) for name, bit in names.items()}
    assert counted(world, "calls", "month").total == {"queries": len(items)} | expected


def test_region_division_and_kind_are_the_institutions(called: tuple[World, list[QueryItem]]) -> None:
    world, items = called
    each = Counter(one.institution for one in items)
    found = counted(world, "calls", "region", "division", "kind")
    assert [(row["region"], row["division"], row["kind"], row["queries"]) for row in found.rows] == [
        ("JJJ", 110000, "insurer", each[INSURER]),
        ("YRD", 320500, "bank", each[BANK]),
        (None, 650000, None, each[OTHER]),
    ]


def test_only_the_months_asked_for(called: tuple[World, list[QueryItem]]) -> None:
    world, items = called
    months = Counter(naive_month(one.delivered_at) for one in items)
    assert len(months) >= 4
    first, second, third, *_ = sorted(months)
    found = counted(world, "calls", "month", months=MonthRange(second, third))
    assert {row["month"]: row["queries"] for row in found.rows} == {one: months[one] for one in (second, third)}
    assert counted(world, "calls", "month", months=MonthRange(None, first)).total["queries"] == months[first]
    none = counted(world, "calls", "provider", months=MonthRange(209901))
    assert (none.rows, none.total["queries"]) == ((), 0)


def test_a_dimension_that_the_section_does_not_have(called: tuple[World, list[QueryItem]]) -> None:
    world, _ = called
    with pytest.raises(InputError) as caught:
        counted(world, "batches", "month", "purpose")
    assert (caught.value.expected, caught.value.found) == ("month, node, product, region, division", "purpose")


def test_a_body_of_an_unknown_form_holds_no_calls() -> None:
    world = World()
    world.meter(item(1))
    world.add(EntryKind.QUERIES, bytes(223))
    world.add(EntryKind.QUERIES, b"")
    world.meter(item(2), item(3))
    assert counted(world, "calls", "month").total["queries"] == 3


def test_only_parts_that_hold_what_is_counted_are_read() -> None:
    """Blocks of 1,024 entries without a call are left out; those that follow each other are one part."""
    world = World()
    for place in range(5000):
        if place in (0, 1500, 4100, 4700):
            world.meter(item(place))
        else:
            world.add(EntryKind.ANCHOR, b"")
    log = region_log(world.region())
    parts = [(int(part.indices[0]), len(part)) for part in log.parts_with(EntryKind.QUERIES)]
    assert parts == [(0, 2048), (4096, 905)]
    assert [len(part) for part in log.parts_with(EntryKind.QUERIES, stop=1300)] == [1024]
    assert list(log.parts_with(EntryKind.LOANS)) == []
    assert counted(world, "calls", "month").total["queries"] == 4


def test_sums_of_many_parts_are_the_sums_of_all() -> None:
    random = np.random.default_rng(1)
    fold, expected = Sums(("month", "key"), ("n",)), Counter[tuple[int, int]]()
    for _ in range(70):
        months, keys, numbers = (random.integers(1, 4, 50) for _ in range(3))
        fold.add({"month": months, "key": keys, "n": numbers})
        for month, key, number in zip(months.tolist(), keys.tolist(), numbers.tolist(), strict=True):
            expected[month, key] += number
    assert {(row["month"], row["key"]): row["n"] for row in fold.rows()} == expected


def test_batches_and_what_of_them_counts_no_more() -> None:
    world = World()
    world.admit(SOURCE)
    first = world.anchor(SOURCE, 7, 100, 60)
    broken = world.anchor(SOURCE, 8, 50, 50)
    world.time += 40 * DAY
    annulled = world.anchor(SOURCE, 7, 20, 5)
    world.spoil(broken, annulled=False)
    world.spoil(annulled, annulled=True)
    world.spoil(9_999, annulled=False)  # a book
    rows = counted(world, "batches", "month", "product", "node", "region").rows
    months = month_of(START), month_of(START + 40 * DAY)
    told = [
        (row["month"], row["product"], row["records"], row["declared_enterprises"], row["spoiled_records"])
        for row in rows
    ]
    assert first < broken
    assert told == [(months[0], 7, 100, 60, 0), (months[0], 8, 50, 50, 50), (months[1], 7, 20, 5, 20)]
    total = counted(world, "batches", "region").total
    assert (total["batches"], total["spoiled_batches"], total["records"]) == (3, 2, 170)
    assert counted(world, "batches", "region").rows[0]["region"] == "YRD"


def test_consents_are_counted_when_they_happen_and_by_what_their_grants_say() -> None:
    world = World()
    for number in MEMBERS:
        world.admit(number)
    signed = world.grant(consent(1))
    on_paper = world.grant(consent(2, institution=INSURER, purpose=8, key="0x" + "00" * 20, paper=keccak256(b"paper")))
    world.grant(consent(3, uses=9))
    world.time += 40 * DAY
    world.pause(signed, 1)
    world.pause(signed, 2)
    world.pause(on_paper, 1)
    world.revoke(on_paper, INSURER)
    world.revoke(keccak256(b"never granted"), BANK)
    months = month_of(START), month_of(START + 40 * DAY)
    rows = counted(world, "consents", "month", "institution", "platform", "purpose").rows
    told = {
        (row["month"], row["institution"], row["platform"], row["purpose"]): {
            name: row[name] for name in SECTIONS["consents"].measures if row[name]
        }
        for row in rows
    }
    assert told == {
        (months[0], BANK, PLATFORM, 1): {"granted": 2, "uses_granted": 12},
        (months[0], INSURER, PLATFORM, 8): {"granted": 1, "on_paper": 1, "uses_granted": 3},
        (months[1], BANK, 0, 0): {"taken_back": 1},
        (months[1], BANK, PLATFORM, 1): {"paused": 1, "resumed": 1},
        (months[1], INSURER, PLATFORM, 8): {"paused": 1, "revoked": 1},
    }


def test_consents_that_were_never_turned() -> None:
    world = World()
    world.grant(consent(1))
    assert counted(world, "consents", "purpose").total["granted"] == 1


DIGESTS = [LoanList(keccak256(bytes([n])), ()).digest for n in range(3)]
PARTS = Breakdown(LoanSum(3, 30_000), LoanSum(1, 5), LoanSum(0, 0))


def lent() -> World:
    world = World()
    for number in MEMBERS:
        world.admit(number)
    world.lend(BANK, 202511, 0, 9, 900_000, DIGESTS[0])
    world.lend(INSURER, 202511, 0, 1, 2**127, DIGESTS[1])
    world.lend(BANK, 202511, 1, 4, 40_000, LoanList(keccak256(b"salt"), (), PARTS).digest)
    world.lend(BANK, 202512, 0, 0, 0, DIGESTS[2])
    return world


def test_the_last_report_of_a_month_counts_and_lists_break_it_down() -> None:
    world, listed = lent(), LoanList(keccak256(b"salt"), (), PARTS)
    plain = counted(world, "loans", "month", "institution").rows
    assert [(row["month"], row["institution"], row["loans"], row["amount_fen"], row["reports"]) for row in plain] == [
        (202511, BANK, 4, 40_000, 2),
        (202511, INSURER, 1, 2**127, 1),
        (202512, BANK, 0, 0, 1),
    ]
    total = counted(world, "loans", "kind", lists=(listed,)).rows[0]
    assert (total["kind"], total["broken_down_loans"]) == ("bank", 4)
    assert (total["small_loans"], total["small_fen"]) == (3, 30_000)
    assert (total["first_time_loans"], total["first_time_fen"], total["unsecured_loans"]) == (1, 5, 0)


def test_a_list_that_is_not_of_a_report_is_refused() -> None:
    forged = LoanList(keccak256(b"salt"), (), Breakdown(LoanSum(4, 40_000), LoanSum(1, 5), LoanSum(0, 0)))
    with pytest.raises(InputError, match="list 1 is not that of any report"):
        counted(lent(), "loans", "month", lists=(forged,))


@pytest.mark.parametrize(
    "time", [0, START, 1_767_196_799, 1_767_196_800, 1_709_222_399, 951_753_600, 253_402_271_999, 4_102_415_999]
)
def test_months_are_those_of_china(time: int) -> None:
    assert month_of(time) == naive_month(time)


def test_a_time_beyond_the_calendar_is_in_its_last_month() -> None:
    assert months_of(np.array([2**64 - 1, 2**63, 2**40], np.uint64)).tolist() == [999912, 999912, 999912]


def test_when_a_month_ends() -> None:
    for month in (202512, 202601, 202402):
        end = datetime.fromtimestamp(month_ends(month), UTC).astimezone(CHINA)
        assert (end.day, end.hour) == (1, 0)
        assert (month_of(month_ends(month) - 1), month_of(month_ends(month))) == (
            month,
            month + 1 if month % 100 < 12 else month + 89,
        )


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "202613", "26-01", "2026-1", "二〇二六", ""])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(InputError):
        read_month(text)
    assert read_month("2026-01") == read_month("202601") == 202601


def test_names_stand_beside_numbers(called: tuple[World, list[QueryItem]]) -> None:
    found = counted(called[0], "calls", "institution", "division", "purpose", "month", "product")
    names = Names(found.members, ())
    row = next(row for row in found.rows if row["institution"] == BANK and row["purpose"] == 1)
    assert names.called("institution", BANK).told == "1 Suzhou commercial bank 苏州商业银行"
    assert names.called("division", 320500).told == "320500 Suzhou (Jiangsu) 苏州市"
    assert names.called("kind", "lessor").told == "lessor 融资租赁公司"
    assert names.called("via", 0).told == "–"
    assert names.called("product", PRODUCTS[0]).told == "0x" + PRODUCTS[0].hex()
    shown = names.named(row, found.by)
    assert (shown["institution_name_zh"], shown["purpose"], shown["purpose_name_zh"]) == (
        "苏州商业银行",
        "loan_application",
        "贷前审查",
    )
    assert shown["month"][4] == "-"
