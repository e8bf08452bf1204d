"""Whether an answer `corrected` keeps its word, for whoever is shown both records (docs/format.md, section 8, step 6).

The chain sees two leaf hashes. That the correcting record was anchored after the filing, lives, and is about the same
subject and section, only their packages show.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.log.disputes import LoggedDispute
from creditchain.log.views import AnchorInfo
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.evidence import Evidence
from creditchain.verification.lives import Lives, RecordKey, Successions
from creditchain.verification.steps import leaf_of
from creditchain.verification.verdict import Outcome, Step, Verdict, failed, not_verified, passed, worst_fault
from creditchain.vocabulary import DisputeState


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record that is shown: its package, the chain's facts about it, and the verdict on it."""

    package: RecordPackage
    evidence: Evidence
    verdict: Verdict

    @property
    def key(self) -> RecordKey:
        """Node and leaf hash."""
        return self.package.batch.node, leaf_of(self.package)


def check_correction(filing: LoggedDispute, disputed: ShownRecord, correcting: ShownRecord, lives: Lives) -> Step:
    """Whether `correcting` is what took the disputed record's place by the answer to `filing`; as a step 6.

    `lives` are those of the records that the answer leads to, as of a final block.
    """
    fault = _not_answered(filing, disputed) or _not_named(filing, correcting, lives)
    fault = fault or worst_fault(
        _not_alike(disputed, correcting), _not_newer(filing, correcting), _own_fault(disputed, correcting)
    )
    if fault is not None:
        return fault
    return passed(
        6, "corrected by a later record", "已由其后锚定的记录更正", filing=filing.number, leaf=correcting.key[1]
    )


def _not_answered(filing: LoggedDispute, disputed: ShownRecord) -> Step | None:
    if (filing.node, filing.leaf) != disputed.key:
        return not_verified(6, "the filing is about another record", "异议针对其他记录")
    if filing.state is not DisputeState.CORRECTED or filing.successor is None:
        return failed(6, f"the filing is {filing.state.label}, not corrected", f"该异议{filing.state.zh}，并非已更正")
    return None


def _not_named(filing: LoggedDispute, correcting: ShownRecord, lives: Lives) -> Step | None:
    """The answer names this record, or one that it superseded, directly or not."""
    end = Successions(lives).end((filing.node, filing.successor or b""))
    if end is None:
        return failed(6, "the records supersede each other in a circle", "更正记录循环取代")
    if end != correcting.key:
        return failed(
            6, "the answer names another record", "答复所指为其他记录", expected=end[1], found=correcting.key[1]
        )
    return None


def _not_alike(disputed: ShownRecord, correcting: ShownRecord) -> Step | None:
    before, after = disputed.package.record, correcting.package.record
    if before.subject != after.subject:
        return failed(6, "the correcting record is about another subject", "更正记录的主体不同")
    if before.section != after.section:
        return failed(6, "the correcting record is of another section", "更正记录的信息类别不同")
    return None


def _not_newer(filing: LoggedDispute, correcting: ShownRecord) -> Step | None:
    anchor = correcting.evidence.anchor
    if not isinstance(anchor, AnchorInfo):
        return not_verified(6, "the anchor of the correcting record is not known", "更正记录的锚定未知")
    if anchor.entry < filing.entry:
        return failed(
            6,
            "the correcting record was anchored before the dispute",
            "更正记录早于异议锚定",
            anchored=anchor.entry,
            filed=filing.entry,
        )
    return None


def _own_fault(disputed: ShownRecord, correcting: ShownRecord) -> Step | None:
    """Steps 1 to 5 of the disputed record and 1 to 6 of the correcting one; that the first is not live is expected."""
    steps = [*correcting.verdict.steps[:6], *disputed.verdict.steps[:5]]
    bad = worst_fault(*(step for step in steps if step.outcome is not Outcome.PASSED))
    return None if bad is None else Step(6, bad.outcome, bad.reason, {"step": bad.number})
