"""Packages made to keep their verifier busy: refused by a limit, or as cheap as they are small. Work is counted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from memory_facts import MemoryFacts
from report_world import CATALOGUE, REGISTRY, Region, region

from creditchain.log.allowance import Allowance, AskingLimits
from creditchain.log.facts import EntryPlace, MissingFactError
from creditchain.packages.fields import PackageError
from creditchain.packages.report_package import (
    MOST_ENTRIES,
    MOST_LEAVES,
    MOST_RANGES,
    EpochTag,
    ReportPackage,
    parse_report_package,
)
from creditchain.verification.lives import Lives, RecordKey, Successions
from creditchain.verification.report import verify_report
from creditchain.verification.shelves import Mentioned, read_shelves
from creditchain.vocabulary import Life


@pytest.fixture(scope="module")
def honest() -> ReportPackage:
    return region().honest()


def parsed(package: ReportPackage, bend: Any) -> ReportPackage:
    value = deepcopy(package.as_json())
    bend(value)
    return parse_report_package(json.dumps(value).encode())


def leaves(first: int, count: int) -> str:
    row = (b"\1" + (17).to_bytes(4, "big") + (first + at).to_bytes(32, "big") for at in range(count))
    return base64.b64encode(b"".join(row)).decode()


def test_too_many_leaves_in_all_ranges_together(honest: ReportPackage) -> None:
    """Each would be hashed, and its life and disputes be looked up."""
    opened = sum(len(one.proof.leaves) for one in honest.ranges)

    def add(more: int) -> Any:
        def bend(value: Any) -> None:
            for at, first in enumerate(range(0, more, 2000)):
                one = {**value["ranges"][0], "entry": 1000 + at, "leaves": leaves(first, min(2000, more - first))}
                value["ranges"].append(one)

        return bend

    assert len(parsed(honest, add(MOST_LEAVES - opened)).ranges) == len(honest.ranges) + 10
    with pytest.raises(PackageError) as caught:
        parsed(honest, add(MOST_LEAVES - opened + 1))
    assert caught.value.place is not None
    assert caught.value.place.field == f"ranges[{len(honest.ranges) + 9}].leaves"
    assert (caught.value.expected, caught.value.found) == (
        f"at most {MOST_LEAVES} in all ranges together", f"{MOST_LEAVES + 1} up to this range",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("field", "bend"),
    [
        ("ranges", lambda value: value.update(ranges=value["ranges"][:1] * (MOST_RANGES + 1))),
        ("reads.entries", lambda value: value["reads"].update(entries=[[1, 1]] * (MOST_ENTRIES + 1))),
    ],
)
def test_too_many_ranges_or_entries_to_ask_for(honest: ReportPackage, field: str, bend: Any) -> None:
    with pytest.raises(PackageError) as caught:
        parsed(honest, bend)
    assert caught.value.place is not None
    assert caught.value.place.field == field


class Counted(tuple[Any, ...]):
    """A tuple that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()


def test_a_tag_of_a_thousand_is_found_at_once(honest: ReportPackage) -> None:
    tags = Counted(EpochTag(epoch, honest.tags[0].tag) for epoch in range(1, 1001))
    package = replace(honest, tags=tags)
    before = tags.times
    assert [package.tag(epoch) is None for epoch in range(1, 1002)] == [False] * 1000 + [True]
    assert tags.times - before == 1


class CountedPlace(EntryPlace):
    """Where a range belongs; counts how often its entry is asked for."""

    asked = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "index":
            CountedPlace.asked += 1
        return super().__getattribute__(name)


def test_each_range_is_looked_at_so_many_times_whatever_must_be_shown() -> None:
    """A hundred ranges of entries that there are not, beside five or twenty batches that must be shown."""

    def asked(batches: int) -> int:
        here = region()
        for _ in range(batches):
            here.publish(REGISTRY, "registry-basic/1", [])
        package = here.honest()
        seen, one = here.evidence(package), package.ranges[0]
        beside = tuple(replace(one, place=CountedPlace(1000 + at, 0)) for at in range(100))
        CountedPlace.asked = 0
        verify_report(replace(package, ranges=(*package.ranges, *beside)), seen, catalogue=CATALOGUE)
        return CountedPlace.asked

    assert 0 < asked(0) == asked(15)


class CountedLives(dict[RecordKey, Life]):
    """Counts look-ups."""

    asked = 0

    def get(self, key: RecordKey, default: Any = None) -> Any:
        self.asked += 1
        return super().get(key, default)


def chain(length: int) -> list[RecordKey]:
    return [(7, at.to_bytes(32, "big")) for at in range(length)]


def test_a_long_chain_of_supersession_costs_as_much_as_it_is_long() -> None:
    """Each record of it is in the package, so each is followed to the end."""
    records = chain(3000)
    lives = CountedLives(dict.fromkeys(records[:-1], Life.SUPERSEDED))
    after = {one: records[at + 1][1] for at, one in enumerate(records[:-1])}
    stolen = list[RecordKey]()

    def is_stolen(record: RecordKey) -> bool:
        stolen.append(record)
        return record == records[2000]

    chains = Successions(Lives(lives, after), is_stolen)
    assert [chains.end(one) for one in records] == [records[-1]] * 3000
    assert [chains.is_doubted(one) for one in records] == [True] * 2000 + [False] * 1000
    assert max(lives.asked, len(stolen)) <= 3000


def test_records_that_supersede_each_other_in_a_circle() -> None:
    """Two lead into a circle of three."""
    records = chain(5)
    after = {one: records[at + 1][1] for at, one in enumerate(records[:-1])} | {records[4]: records[2][1]}
    lives = Lives(dict.fromkeys(records, Life.SUPERSEDED), after)
    for thief in range(5):
        chains = Successions(lives, lambda record, thief=thief: record == records[thief])  # type: ignore[misc]
        assert [chains.end(one) for one in records] == [None] * 5
        # Whoever is in the circle, or leads to the thief's, is doubted.
        assert [chains.is_doubted(one) for one in records] == [thief > 0, *[thief > 1] * 4]


def published_late(here: Region, count: int) -> None:
    """So many books after the report, by everybody."""
    for _ in range(count):
        here.publish(REGISTRY, "registry-basic/1", [])
        here.enter_book(REGISTRY, 1)


def rounds(here: Region) -> int:
    facts = MemoryFacts(here.entries, here.block)
    facts.known = set(range(len(here.entries)))  # an index has all entries
    read_shelves(facts, here.members, Mentioned(frozenset(), frozenset(), here.block.time - 86_400 * 3650))
    return facts.rounds


def test_what_came_after_a_report_takes_no_round_trip_each() -> None:
    """A report that says it is from long ago has all entries since then walked through."""
    here = region()
    published_late(here, 2)
    few = rounds(here)
    published_late(here, 30)
    assert rounds(here) == few


def test_an_allowance_is_for_each_package() -> None:
    allowance = Allowance(AskingLimits(exchanges=2, read=10, searches=1))
    for _ in range(2):
        allowance.renew()
        allowance.exchange()
        allowance.exchange()
        allowance.read(10)
        allowance.search()
        for spend, what in (
            (allowance.exchange, "2 exchanges with an endpoint"),
            (lambda: allowance.read(1), "10 entries of the log"),
            (allowance.search, "1 searches of all blocks"),
        ):
            with pytest.raises(MissingFactError, match=f"would take more than {what}"):
                spend()
            allowance.renew()
            for _ in range(2):
                allowance.exchange()
            allowance.read(10)
            allowance.search()
