"""The numbered steps for one record, as a pure function of the package, the evidence and the verifier's policy.

 (1) the package parses within limits                      `record_package.parse_package`, before evidence is fetched
 (2) the document, the product that the entry names        `content.check_document`, `content.check_product`
 (2) whose tag it is                                       `subject.check_subject`
 (3) inclusion in the batch root                           `_check_inclusion`
 (4) anchored on the configured chain                      `_check_anchor`
 (5) by a node that was entitled to                        `publisher.check_publisher`
 (6) live; disputes shown                                  `_check_record`
 (7) consent, (8) ledger, (10) retention, (11) figures     for reports; "not applicable" to a record
 (9) completeness in the policy's scope                    for reports; a single record cannot show it

A check that finds nothing wrong says what it established. What it could not see is "not verified", never "passed".
"""

from __future__ import annotations

from collections.abc import Mapping

from creditchain.documents import Document, leaf_hash
from creditchain.errors import InputError
from creditchain.log.views import AnchorInfo, BlockRef, RecordState
from creditchain.merkle import verify_inclusion
from creditchain.packages.record_package import PACKAGE_LIMITS, PackageLimits, RecordPackage
from creditchain.packages.report_package import ReportPackage
from creditchain.products import Product
from creditchain.verification.confirmed import block_details, check_depth, where
from creditchain.verification.content import check_document, check_product
from creditchain.verification.doubted import not_audited
from creditchain.verification.evidence import Evidence, Missing, NodeHistory
from creditchain.verification.policy import DEFAULT_POLICY, Policy
from creditchain.verification.publisher import check_publisher
from creditchain.verification.subject import UNVOUCHED_TAG, TagKey, check_subject
from creditchain.verification.verdict import (
    STEPS,
    Outcome,
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
    pending,
    weakness,
    worst_of,
)
from creditchain.vocabulary import DisputeState, Life


def leaf_of(package: RecordPackage) -> bytes:
    """The record's leaf hash, 32 bytes, from what the package shows; a package never states a leaf."""
    record = package.record
    return leaf_hash(package.tag.subject_tag, record.section, record.product, record.commitment)


def verify_record(
    package: RecordPackage,
    evidence: Evidence,
    policy: Policy = DEFAULT_POLICY,
    *,
    tag_key: TagKey | None = None,
    catalogue: Mapping[str, Product] | None = None,
) -> Verdict:
    """All eleven steps for one record package.

    With `tag_key`, a verifier who holds the key computes the tag. `catalogue` holds the products that the verifier
    knows, by `name/version`. Never raises because of a package's content.
    """
    source = evidence.source
    refused = None if source is None else policy.facts.refused(source)
    if refused is not None:
        evidence = Evidence.absent(evidence.origin, refused)
    steps = [passed(1, "parsed", "已解析")]  # (1)
    document, content = _check_content(package, evidence, policy, tag_key, catalogue or {})  # (2)
    steps.append(content)
    included = _check_inclusion(package, evidence)  # (3)
    anchored = _check_anchor(package, evidence, policy)  # (4)
    published, notices = check_publisher(package, document, evidence, policy, catalogue or {})  # (5)
    life, more = _check_record(package, evidence, policy)  # (6)
    # If the anchor or the record is not this package's, statements about it would be true but misleading.
    if _unsettled(anchored):
        published, notices = not_verified(5, "see step 4", "见步骤 4"), ()
    if _unsettled(anchored) or _unsettled(included):
        life, more = not_verified(6, "see steps 3 and 4", "见步骤 3 与 4"), ()
    steps += [included, anchored, published, life]
    steps += _of_reports(policy)  # (7) to (11)
    of_source = source.weaknesses() if source is not None else ()
    weak = (*policy.weaknesses, *_own_weaknesses(evidence, steps[1], published), *of_source)
    return add_up(steps, policy.require, (*notices, *more), weak, source)


def _own_weaknesses(evidence: Evidence, tagged: Step, published: Step) -> list[Weakness]:
    """What weakens the verdict on this record: a tag without a voucher, a batch that nobody audited."""
    found = []
    if tagged.outcome is Outcome.PASSED and tagged.details.get("vouched") is False:
        found.append(UNVOUCHED_TAG)
    anchor = evidence.anchor
    if published.outcome is Outcome.PASSED and isinstance(anchor, AnchorInfo) and not anchor.audited:
        what = Text("the batch has not been audited", "该批次未经审计")
        why = not_audited(what, [anchor.doubted_book] if anchor.doubted_book else [])
        found.append(weakness(WeaknessKind.UNAUDITED, why.en, why.zh))
    return found


def _unsettled(step: Step) -> bool:
    return step.outcome in (Outcome.FAILED, Outcome.NOT_VERIFIED)


def malformed(error: InputError, policy: Policy = DEFAULT_POLICY) -> Verdict:
    """The verdict on a file that step 1 refused."""
    # (1): the error names a field and a shape, never a value of the package.
    first = failed(1, str(error), "数据包无法解析")
    rest = [not_verified(number, "the package does not parse", "数据包无法解析") for number in range(2, len(STEPS) + 1)]
    return add_up([first, *rest], policy.require, weaknesses=policy.weaknesses)


def unreachable(why: Text, policy: Policy, package: RecordPackage | ReportPackage | None) -> Verdict:
    """The verdict on a package whose evidence, or (without `package`) whose file, could not be read."""
    steps = [] if package is None else [passed(1, "parsed", "已解析")]
    steps += [not_verified(number, why.en, why.zh) for number in range(1 + len(steps), len(STEPS) + 1)]
    required = policy.require_report if isinstance(package, ReportPackage) else policy.require
    # Steps 1 and 2 are required whatever the policy says: nothing is known about a package that nobody could look at.
    return add_up(steps, required | {1, 2}, weaknesses=policy.weaknesses)


def _check_content(
    package: RecordPackage,
    evidence: Evidence,
    policy: Policy,
    tag_key: TagKey | None,
    catalogue: Mapping[str, Product],
) -> tuple[Document | None, Step]:
    """(2): the document, its product and its tag. The worst of what they give; the first one of equals."""
    document, told = check_document(package.record)
    if told.outcome is not Outcome.PASSED:
        return None, told
    fits = check_product(package, document, evidence, catalogue)
    return document, worst_of((check_subject(package, evidence, policy, tag_key), fits))


def _check_inclusion(package: RecordPackage, evidence: Evidence) -> Step:
    """(3): root and size come from the anchor, the leaf is computed from what the package shows."""
    batch, anchor = package.batch, evidence.anchor
    if isinstance(anchor, Missing):
        return not_verified(3, f"root and size unknown: {anchor.why.en}", f"批次根与大小未知：{anchor.why.zh}")
    if anchor is None:
        return not_verified(3, "there is no anchor to take root and size from", "无锚定可取批次根与大小")
    if batch.size != anchor.size:
        return failed(3, "the batch has another size", "批次大小不符", expected=anchor.size, found=batch.size)
    if batch.index >= anchor.size:
        return failed(3, "the index lies outside the batch", "序号超出批次", expected=anchor.size, found=batch.index)
    leaf = leaf_of(package)
    details = {"leaf": leaf, "index": batch.index, "size": anchor.size, "root": anchor.root}
    if not verify_inclusion(leaf, batch.index, anchor.size, list(batch.proof), anchor.root):
        return failed(
            3,
            "the record was changed or is not the anchored one: its leaf does not lead to the root",
            "记录被篡改或并非所锚定者：叶哈希推不出批次根",
            **details,
        )
    return passed(3, f"leaf {batch.index} of {anchor.size}", f"共 {anchor.size} 个叶中的第 {batch.index} 个", **details)


def _check_anchor(package: RecordPackage, evidence: Evidence, policy: Policy) -> Step:
    """(4): chain and log come from the verifier's configuration; the package must name the same."""
    batch, origin = package.batch, evidence.origin
    compared = {
        Text("chain id", "链 ID"): (origin.chain_id, batch.chain_id),
        Text("log id", "日志 ID"): (origin.log_id, batch.log_id),
    }
    for what, (ours, theirs) in compared.items():
        if ours != theirs:
            return failed(
                4, f"the package names another {what.en}", f"数据包所属{what.zh}不同", expected=ours, found=theirs
            )
    anchor = evidence.anchor
    if isinstance(anchor, Missing):
        return not_verified(4, anchor.why.en, anchor.why.zh)
    if anchor is None and evidence.waiting_for_final:
        return pending(4, "anchored, but not in a final block yet", "已锚定，区块尚未最终确定")
    if anchor is None:
        return failed(
            4, "this node never anchored this root", "该节点从未锚定此批次根", node=batch.node, root=batch.root
        )
    if anchor.entry != batch.entry:
        return failed(
            4, "the batch is another entry of the log", "该批次是日志的另一条", expected=anchor.entry, found=batch.entry
        )
    if (anchor.node, anchor.root) != (batch.node, batch.root):
        return not_verified(4, "the anchor in the evidence belongs to another batch", "所给锚定属于其他批次")
    if isinstance(evidence.entry, Missing) or isinstance(evidence.block, Missing):
        if policy.confirmations:
            return not_verified(4, "the block of the anchor is not known", "锚定所在区块未知")
        return passed(4, "anchored", "已锚定", time=anchor.time, entry=anchor.entry)
    entry, block, source = evidence.entry, evidence.block, evidence.source
    shallow = check_depth(entry, block, source, policy.confirmations)
    if shallow is not None:
        return shallow
    place = where(entry, block, source)
    return passed(
        4, f"anchored as entry {anchor.entry} of the log{place.en}", f"已锚定，为日志第 {anchor.entry} 条{place.zh}",
        time=anchor.time, entry=anchor.entry, read_at=block.number, **block_details(entry, block, source),
    )  # fmt: skip


def _check_record(package: RecordPackage, evidence: Evidence, policy: Policy) -> tuple[Step, tuple[Text, ...]]:
    """(6): the record's life decides. A dispute is shown, and decides only if the policy says so."""
    record = evidence.record
    if isinstance(record, Missing):
        return not_verified(6, record.why.en, record.why.zh), ()
    if (record.node, record.leaf) != (package.batch.node, leaf_of(package)):
        return not_verified(6, "the state in the evidence belongs to another record", "所给状态属于其他记录"), ()
    publisher = evidence.publisher if isinstance(evidence.publisher, NodeHistory) else None
    return check_life(record, publisher, evidence.block, policy)


def check_life(
    record: RecordState, publisher: NodeHistory | None, block: BlockRef | Missing, policy: Policy
) -> tuple[Step, tuple[Text, ...]]:
    """(6) for the state of a record as of a block. `publisher`: None if it is not known."""
    if record.life != Life.LIVE:
        life = Life(record.life)
        if publisher is not None and publisher.compromised_at(record.life_at):
            return not_verified(
                6,
                f"{life.label} while a key that acted for its publisher was in other hands",
                f"{life.zh}，但当时发布方密钥已泄露",
                life=life.label,
                since=record.life_at,
            ), ()
        return failed(
            6, f"{life.label} by its publisher", f"发布方{life.zh}", life=life.label, since=record.life_at
        ), ()
    if record.dispute is DisputeState.NONE:
        return passed(6, "live, no dispute", "现行有效，无异议"), ()
    state = record.dispute
    now = None if isinstance(block, Missing) else block.time
    overdue = state is DisputeState.OPEN and now is not None and now > record.due_at
    details = {
        "dispute": state.label,
        "open": record.open,
        "filings": record.filings,
        "filed_at": record.filed_at,
        "due_at": record.due_at,
        "overdue": overdue,
    }
    late, late_zh = (", answer overdue", "，逾期未答复") if overdue else ("", "")
    notice = Text(f"disputed: {state.label}{late}", f"存在异议：{state.zh}{late_zh}")
    if state.label not in policy.disputes:
        return failed(6, f"{notice.en}; the policy does not accept it", f"{notice.zh}，策略不予接受", **details), (
            notice,
        )
    return passed(6, f"live; {notice.en}", f"现行有效；{notice.zh}", **details), (notice,)


def _of_reports(policy: Policy) -> list[Step]:
    """(7) to (11), for a single record."""
    scope = (
        not_verified(
            9, "the policy asks for completeness; a single record cannot show it", "策略要求完整性，单条记录无法证明"
        )
        if 9 in policy.require
        else not_applicable(9, "a single record claims no completeness", "单条记录不主张完整性")
    )
    return [
        not_applicable(7, "consent concerns reports", "授权适用于报告"),
        not_applicable(8, "delivery concerns reports", "交付适用于报告"),
        scope,
        not_applicable(10, "retention is judged in reports", "留存期限在报告中判断"),
        not_applicable(11, "figures are in reports", "数据项属于报告"),
    ]


__all__ = ["PACKAGE_LIMITS", "PackageLimits", "leaf_of", "malformed", "verify_record"]
