"""Showing a package: it is judged as `verifying` does it, and made a view that terminal, HTML, PDF and pages show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from creditchain.acts.verifying import Connect, Judge, TrustedSigners, ask, ask_signed, not_asked, packaged
from creditchain.chain.region import Region
from creditchain.checkpoints.facts import facts_of
from creditchain.errors import InputError, Place, UnavailableError
from creditchain.evidence.record import EvidenceFetcher
from creditchain.evidence.report import ReportEvidenceFetcher
from creditchain.packages.fields import PackageError
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import REPORT_FORMAT, ReportPackage, parse_any
from creditchain.verification.evidence import Evidence, Missing, NodeHistory, Origin
from creditchain.verification.report import JudgedReport, judge_report
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.steps import malformed, unreachable, verify_record
from creditchain.verification.verdict import Text, Verdict
from creditchain.views.record import record_view_of
from creditchain.views.report import view_of
from creditchain.views.shown import ReportView

#: The names of a node by the digest of its profile; None if they are not known here.
NameOf = Callable[[bytes], Text | None]


def view_report(
    content: bytes, judge: Judge, source: Connect | TrustedSigners, name_of: NameOf
) -> tuple[ReportView, bytes]:
    """The view of a report package, with the verdict that `verify` gives; and the package's bytes.

    Args:
        content: the bytes of the package file, or of a PDF that carries it.
        source: connects to the region; or signers whose checkpoints count, and nobody is asked.
    Raises:
        PackageError: it is no report package. ConfigError, WrongChainError: as `verify_packages`.
    """
    raw = packaged(content)
    package = _report(raw)
    judged = _signed(package, judge, source) if isinstance(source, TrustedSigners) else _asked(package, judge, source)
    return view_of(judged, raw, _names(judged, name_of)), raw


@dataclass(frozen=True, slots=True)
class Viewed:
    """What somebody handed in. `view`: None if it is no package, which the verdict says."""

    verdict: Verdict
    view: ReportView | None


def view_package(content: bytes, judge: Judge, region: Region, name_of: NameOf) -> Viewed:
    """The verdict that `verify` gives on any file, and the view of the report or the record in it.

    Args:
        content: the bytes of the file: a package, or a PDF that carries one, or anything else.
    Raises:
        ConfigError: the policy names nodes that the region does not have.
    """
    try:
        raw = packaged(content)
        package = parse_any(raw)
        facts_of(package.facts)
    except InputError as error:
        return Viewed(malformed(error, judge.policy), None)
    try:
        judge, records = ask(region, judge, [package] if isinstance(package, RecordPackage) else [])
    except UnavailableError as error:
        view = _unasked(package, judge, not_asked(error), raw)
    else:
        view = _view(package, judge, records, raw, name_of)
    return Viewed(view.verdict, view)


def _unasked(package: RecordPackage | ReportPackage, judge: Judge, why: Text, raw: bytes) -> ReportView:
    if isinstance(package, ReportPackage):
        return view_of(_unjudged(package, judge, why), raw)
    absent = Evidence.absent(Origin(0, "", package.batch.log_id), why)
    return record_view_of(package, unreachable(why, judge.policy, package), absent, judge.products, raw)


def _view(
    package: RecordPackage | ReportPackage, judge: Judge, records: EvidenceFetcher, raw: bytes, name_of: NameOf
) -> ReportView:
    if isinstance(package, ReportPackage):
        judged = _judged(package, judge, records)
        return view_of(judged, raw, _names(judged, name_of))
    evidence = records.fetch(package)
    verdict = verify_record(package, evidence, judge.policy, tag_key=judge.tag_key, catalogue=judge.products)
    publisher = evidence.publisher
    name = name_of(publisher.info.profile_digest) if isinstance(publisher, NodeHistory) else None
    return record_view_of(package, verdict, evidence, judge.products, raw, name)


def _report(raw: bytes) -> ReportPackage:
    package = parse_any(raw)
    if not isinstance(package, ReportPackage):
        raise PackageError(
            "this is the package of a record",
            expected=REPORT_FORMAT,
            hint="`creditchain verify` checks records; a report shows them.",
            place=Place(field="format"),
        )
    facts_of(package.facts)
    return package


def _asked(package: ReportPackage, judge: Judge, connect: Connect) -> JudgedReport:
    try:
        with connect() as region:
            return _judged(package, *ask(region, judge))
    except UnavailableError as error:
        return _unjudged(package, judge, not_asked(error))


def _signed(package: ReportPackage, judge: Judge, signing: TrustedSigners) -> JudgedReport:
    asked = ask_signed(package, judge, signing)
    return _unjudged(package, judge, asked) if isinstance(asked, Text) else _judged(package, *asked)


def _judged(package: ReportPackage, judge: Judge, records: EvidenceFetcher) -> JudgedReport:
    evidence = ReportEvidenceFetcher(records).fetch(package)
    return judge_report(package, evidence, judge.policy, tag_key=judge.tag_key, catalogue=judge.products)


def _unjudged(package: ReportPackage, judge: Judge, why: Text) -> JudgedReport:
    """The report with the verdict of one about which nobody could be asked."""
    entries, epochs = [one.index for one in package.named_entries], [one.key_epoch for one in package.tags]
    evidence = ReportEvidence.absent(Origin(0, "", package.log_id), entries, epochs, why)
    judged = judge_report(package, evidence, judge.policy, tag_key=judge.tag_key, catalogue=judge.products)
    return replace(judged, verdict=unreachable(why, judge.policy, package))


def _names(judged: JudgedReport, name_of: NameOf) -> Mapping[int, Text]:
    members = judged.case.evidence.members
    if isinstance(members, Missing):
        return {}
    named = {number: name_of(member.info.profile_digest) for number, member in members.items()}
    return {number: name for number, name in named.items() if name is not None}
