"""A correction by a later, living record of the same subject and section counts; no other does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from verification_world import CATALOGUE, NOW, SOURCE, anchored, record_state, world

from creditchain.documents import Section
from creditchain.log.disputes import LoggedDispute
from creditchain.log.views import AnchorInfo
from creditchain.verification.corrections import ShownRecord, check_correction
from creditchain.verification.evidence import NOT_ASKED
from creditchain.verification.lives import Lives
from creditchain.verification.policy import Policy
from creditchain.verification.steps import verify_record
from creditchain.verification.verdict import Outcome, Step
from creditchain.vocabulary import DisputeState, Life

FILED = 39  # the world's batch is entry 40
THIRD = b"\x03" * 32


def shown(position: int, *, life: Life = Life.LIVE, **changes: Any) -> ShownRecord:
    """The record at a position of the world's batch; 3, 4 and 5 are of one subject."""
    made = world(position=position)
    evidence = replace(made.evidence, record=record_state(made.leaves[position], life=life), **changes)
    return ShownRecord(made.package, evidence, verify_record(made.package, evidence, Policy(), catalogue=CATALOGUE))


DISPUTED, CORRECTING = shown(3, life=Life.SUPERSEDED), shown(4)


def chain(*successors: tuple[bytes, bytes]) -> Lives:
    """After these records of the source were superseded, each by the other."""
    lives = {(SOURCE, leaf): Life.SUPERSEDED for leaf, _ in successors}
    return Lives(lives, {(SOURCE, leaf): later for leaf, later in successors})


def filing(**changes: Any) -> LoggedDispute:
    answered = LoggedDispute(*DISPUTED.key, 1, 2, FILED, NOW - 99, DisputeState.CORRECTED, NOW - 5, CORRECTING.key[1])
    return replace(answered, **changes)


def check(correcting: ShownRecord = CORRECTING, log: Lives | None = None, **changes: Any) -> Step:
    log = chain((DISPUTED.key[1], CORRECTING.key[1])) if log is None else log
    return check_correction(filing(**changes), DISPUTED, correcting, log)


def refused(step: Step, reason: str, outcome: Outcome = Outcome.FAILED) -> None:
    assert (step.outcome, step.reason.en) == (outcome, reason)


def test_a_later_record_of_the_same_subject_and_section() -> None:
    assert check().outcome is Outcome.PASSED


def test_a_correction_that_was_corrected_again() -> None:
    """The record that is shown is the end of the chain that the answer began."""
    log = chain((DISPUTED.key[1], THIRD), (THIRD, CORRECTING.key[1]))
    assert check(successor=THIRD, log=log).outcome is Outcome.PASSED


@pytest.mark.parametrize("life", [Life.REVOKED, Life.ERASED])
def test_a_correction_by_an_erased_record(life: Life) -> None:
    refused(check(shown(4, life=life)), f"{life.label} by its publisher")


def test_a_correction_of_another_subject() -> None:
    stranger = shown(8)
    log = chain((DISPUTED.key[1], stranger.key[1]))
    refused(check(stranger, log, successor=stranger.key[1]), "the correcting record is about another subject")


def test_a_correction_of_another_section() -> None:
    made = anchored(4, section="operating")
    record = replace(made.package.record, section=Section.OPERATING)
    package = replace(made.package, record=record)
    other = ShownRecord(package, made.evidence, CORRECTING.verdict)
    log = chain((DISPUTED.key[1], other.key[1]))
    refused(check(other, log, successor=other.key[1]), "the correcting record is of another section")


def test_a_correction_anchored_before_the_dispute() -> None:
    refused(check(entry=41), "the correcting record was anchored before the dispute")


def test_corrections_in_a_circle() -> None:
    log = chain((DISPUTED.key[1], CORRECTING.key[1]), (CORRECTING.key[1], DISPUTED.key[1]))
    refused(check(log=log), "the records supersede each other in a circle")


def test_another_record_than_the_answer_names() -> None:
    refused(check(shown(5)), "the answer names another record")


@pytest.mark.parametrize("state", [DisputeState.OPEN, DisputeState.UPHELD, DisputeState.UNRESOLVED])
def test_an_answer_that_is_no_correction(state: DisputeState) -> None:
    refused(check(state=state, successor=None), f"the filing is {state.label}, not corrected")


def test_a_filing_about_another_record() -> None:
    refused(check(leaf=bytes(32)), "the filing is about another record", Outcome.NOT_VERIFIED)


def test_what_is_not_known_is_never_passed() -> None:
    refused(check(shown(4, anchor=NOT_ASKED)), "the anchor of the correcting record is not known", Outcome.NOT_VERIFIED)


def test_a_correction_in_a_broken_batch() -> None:
    anchor = CORRECTING.evidence.anchor
    assert isinstance(anchor, AnchorInfo)
    step = check(shown(4, anchor=replace(anchor, broken=True)))
    assert (step.outcome, step.details["step"]) == (Outcome.FAILED, 5)
