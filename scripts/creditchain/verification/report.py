"""The numbered steps for a report, as a pure function of the report package, the evidence and the verifier's policy.

 (1) the package parses within limits                      `report_package.parse_report_package`
 (2) to (6) hold for each record                           `ranged_records.judge_records`, added up here
 (2) the report itself; whose its tags are                 `_check_report`, `_check_tags`
 (7) consent covered the delivery                          `consented.check_consent`
 (8) the delivery is on the ledger                         `delivered.check_delivery`
 (9) nothing in the policy's scope was left out            `complete.check_completeness`
 (10) retention                                            `retained.check_retention`
 (11) figures follow from the records                      `figured.check_figures`

Nothing in the package decides what is required of it. A step that builds on a step which does not hold is *not
verified*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from creditchain.documents import JSON_MEDIA_TYPE, Document, Domain, Section, parse_document
from creditchain.errors import InputError
from creditchain.identifiers import epoch_digest
from creditchain.log.views import LogEntry
from creditchain.packages.report_package import EpochTag, PackagedRange, ReportPackage
from creditchain.products import Product, ProductKind
from creditchain.verification.case import Case, JudgedRecord
from creditchain.verification.complete import check_completeness
from creditchain.verification.consented import check_consent
from creditchain.verification.days import day_of
from creditchain.verification.delivered import check_delivery
from creditchain.verification.evidence import NOT_ASKED, Missing
from creditchain.verification.figured import check_figures
from creditchain.verification.lives import RecordKey
from creditchain.verification.policy import DEFAULT_POLICY, Policy
from creditchain.verification.ranged import ShownRange, judge_range, origin_holds
from creditchain.verification.ranged_records import RecordSteps, judge_records, shown_record
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.retained import check_retention
from creditchain.verification.subject import UNVOUCHED_TAG, TagClaim, TagKey, unvouched, vouch
from creditchain.verification.verdict import (
    WORST_FIRST,
    Outcome,
    Source,
    Step,
    Text,
    Verdict,
    Weakness,
    WeaknessKind,
    add_up,
    failed,
    not_applicable,
    not_verified,
    passed,
    worst_fault,
    worst_of,
)

#: How many records a step describes one by one.
_DESCRIBED = 20


@dataclass(frozen=True, slots=True)
class JudgedReport:
    """The verdict on a report, with what it was judged by: what somebody shows who shows the report itself."""

    case: Case
    records: tuple[RecordSteps, ...]  #: steps 2 to 6 of each record of the case
    verdict: Verdict


def verify_report(
    package: ReportPackage,
    evidence: ReportEvidence,
    policy: Policy = DEFAULT_POLICY,
    *,
    tag_key: TagKey | None = None,
    catalogue: Mapping[str, Product] | None = None,
) -> Verdict:
    """All eleven steps for one report package, as `judge_report`."""
    return judge_report(package, evidence, policy, tag_key=tag_key, catalogue=catalogue).verdict


def judge_report(
    package: ReportPackage,
    evidence: ReportEvidence,
    policy: Policy = DEFAULT_POLICY,
    *,
    tag_key: TagKey | None = None,
    catalogue: Mapping[str, Product] | None = None,
) -> JudgedReport:
    """All eleven steps for one report package, and the same of each record.

    `catalogue` holds the products that the verifier knows, by `name/version`. With `tag_key`, a verifier who holds an
    epoch's key computes that epoch's tag. Never raises because of a package's content.
    """
    source = evidence.source
    evidence = accepted_evidence(package, evidence, policy)
    vouchers = _vouched(package, evidence, tag_key)
    case = _case(package, evidence, policy, catalogue or {}, vouchers)
    records = judge_records(case)
    tags = _check_tags(case, vouchers)
    report = _check_report(case)
    second = _added_up(2, case, records, (report, tags))
    delivered, late = check_delivery(case)  # (8)
    complete, more, weak = check_completeness(case, delivered)  # (9)
    retained, kept = check_retention(case)  # (10)
    steps = [passed(1, "parsed", "已解析"), second]  # (1) (2)
    steps += [_added_up(number, case, records) for number in (3, 4, 5, 6)]
    steps += [check_consent(case), delivered, complete, retained]  # (7) to (10)
    steps.append(check_figures(case, report, complete))  # (11)
    notices = (*late, *more, *kept, *_counted(notice for one in records for notice in one.notices))
    weaknesses = _weaknesses(case, records, tags, weak, source)
    return JudgedReport(case, tuple(records), add_up(steps, policy.require_report, notices, weaknesses, source))


def accepted_evidence(package: ReportPackage, evidence: ReportEvidence, policy: Policy) -> ReportEvidence:
    """The evidence, all of it missing if the policy does not accept on whose word it is, or how old it is."""
    delivered_at = None if package.delivery is None else package.delivery.receipt.delivered_at
    refused = None if evidence.source is None else policy.facts.refused(evidence.source, delivered_at)
    if refused is None:
        return evidence
    epochs = [one.key_epoch for one in package.tags]
    return ReportEvidence.absent(evidence.origin, evidence.entries, epochs, refused)


def _case(
    package: ReportPackage,
    evidence: ReportEvidence,
    policy: Policy,
    catalogue: Mapping[str, Product],
    vouchers: Mapping[int, Step | None],
) -> Case:
    report = _document(package.report.media_type, package.report.content)
    size = 0 if isinstance(evidence.shelves, Missing) else evidence.shelves.size
    ranges = tuple(_shown(package, one, evidence, size) for one in package.ranges)
    records = [shown_record(package, one, ranges, evidence, catalogue) for one in package.records]
    product = catalogue.get(report.product) if report is not None else None
    return Case(
        package=package,
        evidence=evidence,
        policy=policy,
        catalogue=catalogue,
        report=report,
        product=product if product is not None and product.kind is ProductKind.REPORT else None,
        ranges=_by_entry(ranges),
        records=tuple(records),
        origins=dict(_origins(package, evidence)),
        vouched=frozenset(
            epoch for epoch, step in vouchers.items() if step is not None and step.outcome is Outcome.PASSED
        ),
    )


def _by_entry(ranges: Iterable[ShownRange]) -> dict[int, tuple[ShownRange, ...]]:
    found: dict[int, list[ShownRange]] = {}
    for one in ranges:
        found.setdefault(one.packaged.place.index, []).append(one)
    return {entry: tuple(listed) for entry, listed in found.items()}


def _shown(package: ReportPackage, one: PackagedRange, evidence: ReportEvidence, size: int) -> ShownRange:
    """A range, checked under the subject's tag; parsing refuses a range of an epoch without one."""
    tag = package.tag(one.key_epoch)
    if tag is None:
        raise KeyError(one.key_epoch)
    return judge_range(one, tag.subject_tag, evidence.entries.get(one.place.index, NOT_ASKED), size)


def _origins(package: ReportPackage, evidence: ReportEvidence) -> Iterator[tuple[RecordKey, LogEntry]]:
    """The anchor of the batch that holds a leaf, for each that the package shows."""
    for one in package.origins:
        entry = evidence.entries.get(one.place.index, NOT_ASKED)
        if isinstance(entry, LogEntry) and origin_holds(one, entry):
            yield (one.node, one.leaf), entry


def _document(media_type: str, content: bytes) -> Document | None:
    if media_type != JSON_MEDIA_TYPE:
        return None
    try:
        return parse_document(content)
    except InputError:
        return None


def _check_report(case: Case) -> Step:
    """(2) for the report: what it is, whom it is about, that it and its records are of its product."""
    report, product = case.report, case.product
    if report is None:
        return failed(2, "the report is no JSON document of the format", "报告不是符合格式的 JSON 文档")
    if case.package.report.section is not Section.REPORT or report.section is not Section.REPORT:
        return failed(2, "the report is of another section", "报告的信息类别不符", expected=Section.REPORT.label)
    if report.domain is not Domain.DERIVED:
        return failed(2, "the report is of another domain", "报告的数据域不符", expected=Domain.DERIVED.label)
    subjects = {report.subject, case.package.report.subject, *(one.record.subject for one in case.records)}
    if len(subjects) != 1:
        return failed(2, "report and records are about different subjects", "报告与记录的主体不一致")
    if product is None and report.product in case.catalogue:
        return failed(2, "the report names a product of records", "报告所称产品为记录产品", found=report.product)
    if product is None:
        return not_verified(2, "the report's product is not known here", "本地未知报告产品", found=report.product)
    if case.package.report.product != product.number:
        return failed(
            2, "the package's number of the report's product is another", "数据包所称报告产品编号不符",
            expected=product.number, found=case.package.report.product,
        )  # fmt: skip
    try:
        product.validate(report.value)
    except InputError as error:
        return failed(2, f"the report does not fit its product: {error}", "报告不符合其产品")
    fault = worst_fault(_day_fault(case, report), *(_product_fault(record, product) for record in case.records))
    return fault or passed(2, "the report fits its product", "报告符合其产品")


def _day_fault(case: Case, report: Document) -> Step | None:
    """Check that the report is not about a day after its delivery."""
    if case.time is None:
        return not_verified(2, "the time of the delivery is not known", "交付时间未知")
    latest = day_of(case.time)
    if report.as_of <= latest:
        return None
    return failed(
        2, "the report is about a day after its delivery", "报告所涉日期晚于交付日",
        expected=latest.isoformat(), found=report.as_of.isoformat(),
    )  # fmt: skip


def _product_fault(record: JudgedRecord, product: Product) -> Step | None:
    if record.product is None:
        return not_verified(2, "a record's product is not known here", "本地未知某记录的产品", leaf=record.leaf)
    if record.product.ref not in product.combines:
        return failed(
            2, "a record is of a product that this report does not combine", "报告不含某记录的产品",
            expected=list(product.combines), found=record.product.ref,
        )  # fmt: skip
    return None


def _vouched(package: ReportPackage, evidence: ReportEvidence, tag_key: TagKey | None) -> dict[int, Step | None]:
    """What statement and tag key say about each tag, by key epoch; None if there is neither."""
    found: dict[int, Step | None] = {}
    for one in package.tags:
        seen = evidence.tags.get(one.key_epoch)
        if seen is None:
            found[one.key_epoch] = not_verified(2, "a tag was not looked up", "未查询标签", key_epoch=one.key_epoch)
            continue
        key = _key_of(tag_key, seen.key_epoch_digest)
        found[one.key_epoch] = vouch(_claim(package, one), evidence.origin, seen, key)
    return found


def _claim(package: ReportPackage, one: EpochTag) -> TagClaim:
    own_word = package.report.media_type == JSON_MEDIA_TYPE
    return TagClaim(one.tag, package.report.subject, one.key_epoch, named_by_document=own_word)


def _check_tags(case: Case, vouchers: Mapping[int, Step | None]) -> Step:
    """(2) for every tag, also of epochs without records, because range proofs depend on these tags as well."""
    steps = [vouchers[one.key_epoch] or unvouched(_claim(case.package, one), case.policy) for one in case.package.tags]
    return worst_of((passed(2, "the tags hold", "标签成立"), *steps))


def _key_of(tag_key: TagKey | None, logged: bytes | Missing | None) -> TagKey | None:
    """The key if it is this epoch's; tags of other epochs need statements."""
    return tag_key if tag_key is not None and epoch_digest(tag_key.secret) == logged else None


def _added_up(number: int, case: Case, records: list[RecordSteps], own: Iterable[Step] = ()) -> Step:
    """One step of the report, from the same step of each record and from the report's own results."""
    listed = list(own)
    steps = [one.steps[number] for one in records]
    outcomes = [step.outcome for step in (*listed, *steps)]
    if not outcomes:
        return not_applicable(number, "the report rests on no record", "报告不依据任何记录")
    worst = min(outcomes, key=WORST_FIRST.index)
    if worst in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
        return passed(number, f"all {len(steps)} record(s)", f"全部 {len(steps)} 条记录", records=len(steps))
    for step in listed:
        if step.outcome is worst:
            return step
    bad = [(record, step) for record, step in zip(case.records, steps, strict=True) if step.outcome is worst]
    reason = bad[0][1].reason
    return Step(
        number,
        worst,
        Text(f"{len(bad)} of {len(steps)} record(s): {reason.en}", f"{len(steps)} 条记录中 {len(bad)} 条：{reason.zh}"),
        {
            "records": [
                {
                    "leaf": record.leaf,
                    "node": record.key[0],
                    "section": record.record.section.label,
                    "outcome": step.outcome.value,
                    "reason": step.reason.en,
                    **step.details,
                }
                for record, step in bad[:_DESCRIBED]
            ],
            "of": len(steps),
        },
    )


def _counted(texts: Iterable[Text]) -> list[Text]:
    """Each text once, with the number of records that it concerns."""
    said: dict[Text, int] = {}
    for text in texts:
        said[text] = said.get(text, 0) + 1
    return [Text(f"{en} ({count} record(s))", f"{zh}（{count} 条记录）") for (en, zh), count in said.items()]


def _weaknesses(
    case: Case, records: list[RecordSteps], tags: Step, scope: tuple[Weakness, ...], source: Source | None
) -> list[Weakness]:
    """What weakens the verdict: the policy, tags, completeness, unaudited batches of records, the source."""
    of_source = source.weaknesses() if source is not None else ()
    found = [*case.policy.report_weaknesses, *scope]
    if tags.outcome is Outcome.PASSED and len(case.vouched) < len(case.package.tags):
        found.append(UNVOUCHED_TAG)
    # Completeness counts all batches in scope. Where it was not judged, those of the records remain.
    if not any(one.kind is WeaknessKind.UNAUDITED for one in scope):
        own = [one for record in records for one in record.weaknesses if one.kind is WeaknessKind.UNAUDITED]
        found += [Weakness(WeaknessKind.UNAUDITED, text) for text in _counted(one.text for one in own)]
    return [*found, *of_source]
