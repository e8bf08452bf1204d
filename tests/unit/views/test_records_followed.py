"""Notes on figures: which records each follows from, what is the issuer's own word, what contradicts records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from report_world import CATALOGUE, Region
from shown_world import records, region_of, view

from creditchain.documents import canonical_bytes
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.verdict import Outcome, Text
from creditchain.views.following import _runs
from creditchain.views.shown import ReportView


@pytest.fixture(scope="module")
def region() -> Region:
    return region_of(6, 4)


def notes(shown: ReportView) -> dict[str, Text | None]:
    """Notes by the English titles of their rows."""
    groups = (*shown.summary, *(group for part in shown.parts for group in part.groups))
    return {row.title.en: row.note for group in groups for row in group.rows}


def test_a_figure_names_the_records_that_it_follows_from(region: Region):
    shown = view(region, region.honest())
    tax = [one.number for one in records(shown) if one.title.en == CATALOGUE["tax-payment/1"].title]
    sales = notes(shown)["Sales"]
    assert sales is not None
    assert numbers(sales)
    assert set(numbers(sales)) <= set(tax)


def test_a_figure_of_no_record_says_so(region: Region):
    assert notes(view(region, region.honest()))["Usage (kWh)"] == ("there is no such record", "无此类记录")


def numbers(note: Text) -> list[int]:
    """The numbers of records in a note."""
    found = []
    for run in note.zh.removeprefix("依据记录 ").split("、"):
        first, _, last = run.partition("–")
        found += range(int(first), int(last or first) + 1)
    return found


def test_what_no_rule_gives_is_the_issuers_own_word(region: Region):
    own = {
        name
        for name, note in notes(view(region, region.honest())).items()
        if note == ("the issuer's own word", "机构自述")
    }
    assert "Suggested" in own
    assert "Usage (kWh)" not in own


def test_every_figure_of_the_issuer_has_a_note(region: Region):
    assert [name for name, note in notes(view(region, region.honest())).items() if note is None] == []


def test_a_figure_that_contradicts_the_records_says_so(region: Region):
    made = region.assemble().package
    value = json.loads(made.report.content)
    value["data"]["usage_kwh"] += 1
    bent: ReportPackage = replace(made, report=replace(made.report, content=canonical_bytes(value)))
    shown = view(region, region.deliver(bent, region.consents()))
    assert shown.verdict.step(11).outcome is Outcome.FAILED
    wrong = [name for name, note in notes(shown).items() if note == ("this is not what the records say", "与记录不符")]
    assert wrong == ["Usage (kWh)"]


def test_without_the_chain_no_figure_is_said_to_follow(region: Region):
    shown = view(region, region.assemble().package)  # not delivered: nobody knows what was asked for
    assert set(notes(shown).values()) == {None}


@pytest.mark.parametrize(
    ("given", "runs"), [([], []), ([3], ["3"]), ([1, 2, 3, 5, 7, 8], ["1–3", "5", "7–8"]), ([2, 3], ["2–3"])]
)
def test_runs(given: list[int], runs: list[str]):
    assert list(_runs(given)) == runs
