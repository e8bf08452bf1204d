"""Step 11 of a report with a score: whoever has the scorecard computes the score again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from report_world import CATALOGUE, REPORT, Region, region

from creditchain.catalogue.products import load_scorecard
from creditchain.documents import canonical_bytes
from creditchain.figures import OwnWordError
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.report import verify_report
from creditchain.verification.verdict import Outcome, Status, Step, Verdict

CARD = load_scorecard("example-working-capital/1", REPORT)


def scored(here: Region, bend: Callable[[dict[str, Any]], object] = lambda data: None) -> ReportPackage:
    """A delivered report with a score; `bend` changes its data before."""
    package = here.assemble(scorecard=CARD).package
    value = json.loads(package.report.content)
    bend(value["data"])
    package = replace(package, report=replace(package.report, content=canonical_bytes(value)))
    return here.deliver(package, here.consents())


def step(verdict: Verdict) -> Step:
    return verdict.step(11)


def test_the_score_follows_from_the_figures() -> None:
    here = region()
    package = scored(here)
    data = json.loads(package.report.content)["data"]
    # Usage fell by all of it, rating A, nothing late; no consistency, as it is a ratio over no usage; no month.
    points = {one["of"]: one["points"] for one in data["factors"]}
    assert points == {"usage_change": -120, "rating": 100, "late_payments": 40, "consistency": 0, "months": 340}
    assert data["score"] == {"value": 360, "grade": "B", "model": CARD.model}
    verdict = here.verify(package)
    assert verdict.status is Status.VALID
    assert "scored by example-working-capital/1" in step(verdict).reason.en
    assert step(verdict).details["own_words"] == ["issued_on", "report_id", "suggested_fen"]


@pytest.mark.parametrize(
    ("bend", "wrong"),
    [
        (lambda data: data["score"].update(value=900), ["score.value"]),
        (lambda data: data["score"].update(grade="AAA"), ["score.grade"]),
        (lambda data: data["factors"].pop(), ["factors"]),
        (lambda data: data["score"]["model"].update(name="better-card/1"), ["score.model.name"]),
        (lambda data: data.update(months=12), ["months"]),
    ],
    ids=["value", "grade", "factor", "name", "figure"],
)
def test_a_score_that_contradicts_its_card(bend: Callable[[dict[str, Any]], object], wrong: list[str]) -> None:
    here = region()
    verdict = here.verify(scored(here, bend))
    assert [one.number for one in verdict.failed] == [11]
    assert [one["figure"] for one in step(verdict).details["figures"]] == wrong


def test_a_scorecard_that_the_verifier_does_not_have_is_the_issuers_word() -> None:
    here = region()
    package = scored(here, lambda data: data["score"].update(value=900))
    bare = {**CATALOGUE, REPORT.ref: replace(REPORT, scorecards=())}
    verdict = verify_report(package, here.evidence(package), catalogue=bare)
    assert verdict.status is Status.VALID
    assert {"factors", "score.grade", "score.value"} < set(step(verdict).details["own_words"])


def test_nobody_types_the_score_of_a_card() -> None:
    for words in ({"score": {"value": 900}}, {"score": {"model": CARD.model}}):
        with pytest.raises(OwnWordError):
            region().assemble(scorecard=CARD, words=words)


def test_a_score_of_the_issuers_own_is_its_word() -> None:
    here = region()
    words = {"score": {"value": 900, "model": {"name": "own/1", "digest": "0x" + "11" * 32}}}
    package = here.deliver(here.assemble(words=words).package, here.consents())
    verdict = here.verify(package)
    assert step(verdict).outcome is Outcome.PASSED
    assert "score.value" in step(verdict).details["own_words"]
