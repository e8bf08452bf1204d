"""Steps 2 to 6 for the records of a report, each of which a range of the package opens. Pure.

A range of a batch shows the record as its own package would. A range of a book shows that the record is in one of the
batches before it, since a regulator found that the book is exactly these batches. Which batch, the book does not say.
So what the batch's anchor would say is judged by the book: the product by the leaf, the day by the book's day, the
domain by what its node may publish. A book that nobody audited is only its publisher's word, and shows no record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from creditchain.documents import JSON_MEDIA_TYPE, Document, domain_mask, leaf_hash, parse_document
from creditchain.errors import InputError
from creditchain.log.views import LogEntry
from creditchain.merkle import Leaf
from creditchain.packages.report_package import RangedRecord, ReportPackage
from creditchain.products import Product
from creditchain.verification.case import Case, JudgedRecord, domains_in
from creditchain.verification.confirmed import block_details, check_depth, where
from creditchain.verification.content import check_document, check_fit
from creditchain.verification.doubted import doubted_audit, not_audited
from creditchain.verification.evidence import Missing, NodeHistory
from creditchain.verification.publisher import UNAUDITED
from creditchain.verification.ranged import ShownRange
from creditchain.verification.report_evidence import ReportEvidence
from creditchain.verification.shelves import Shelf
from creditchain.verification.steps import check_life
from creditchain.verification.verdict import (
    Outcome,
    Step,
    Text,
    Weakness,
    WeaknessKind,
    failed,
    not_verified,
    passed,
    weakness,
    worst_fault,
)
from creditchain.vocabulary import PUBLISHING, NodeStatus, Role


@dataclass(frozen=True, slots=True)
class RecordSteps:
    """Steps 2 to 6 of one record, by number, with notices and what weakens them."""

    steps: Mapping[int, Step]
    notices: tuple[Text, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()


def shown_record(
    package: ReportPackage,
    one: RangedRecord,
    ranges: tuple[ShownRange, ...],
    evidence: ReportEvidence,
    catalogue: Mapping[str, Product],
) -> JudgedRecord:
    """A record of the package, with its leaf, its document and its product. KeyError for an epoch without a tag."""
    shown, record = ranges[one.range], one.record
    tag = package.tag(shown.packaged.key_epoch)
    if tag is None:
        raise KeyError(shown.packaged.key_epoch)
    document = _document(record.media_type, record.content)
    product = _product_of(shown, record.product, evidence, catalogue)
    if document is not None:
        domains = domain_mask([document.domain])
    else:
        # A file does not say its domain. It may be of each that its batch declares and its product has.
        declared = shown.batch.domains if shown.batch is not None else -1 if shown.book is not None else 0
        domains = declared & (domains_in(product) if product is not None else 2**24 - 1)
    leaf = leaf_hash(tag.subject_tag, record.section, record.product, record.commitment)
    return JudgedRecord(record, shown, leaf, document, product, domains)


def judge_records(case: Case) -> list[RecordSteps]:
    """Steps 2 to 6 of each record of the case."""
    return [_judge(case, record) for record in case.records]


def _judge(case: Case, record: JudgedRecord) -> RecordSteps:
    second, third, fourth = _content(case, record), _inclusion(case, record), _anchor(case, record)
    fifth, notices, weak = _publisher(case, record) if _settled(fourth) else (_see(5, "step 4", "步骤 4"), (), ())
    sixth, more = (
        _life(case, record) if _settled(third) and _settled(fourth) else (_see(6, "steps 3 and 4", "步骤 3 与 4"), ())
    )
    return RecordSteps({2: second, 3: third, 4: fourth, 5: fifth, 6: sixth}, (*notices, *more), weak)


def _see(number: int, what: str, zh: str) -> Step:
    return not_verified(number, f"see {what}", f"见{zh}")


def _settled(step: Step) -> bool:
    return step.outcome not in (Outcome.FAILED, Outcome.NOT_VERIFIED)


def _document(media_type: str, content: bytes) -> Document | None:
    if media_type != JSON_MEDIA_TYPE:
        return None
    try:
        return parse_document(content)
    except InputError:
        return None


def _product_of(
    shown: ShownRange, number: int, evidence: ReportEvidence, catalogue: Mapping[str, Product]
) -> Product | None:
    """The product that a batch was anchored for, or that a leaf of a book names; None if it is not known."""
    if isinstance(evidence.shelves, Missing) or shown.entry is None:
        return None
    wanted = number if shown.batch is None else shown.batch.product
    launched = evidence.shelves.products.get(wanted)
    known = (product for product in catalogue.values() if product.number == wanted)
    return next((one for one in known if launched is not None and launched.is_of(one.digest)), None)


def _content(case: Case, record: JudgedRecord) -> Step:
    """(2) its form, and its product."""
    document, told = check_document(record.record)
    if told.outcome is not Outcome.PASSED:
        return told
    entry, shelves = record.range.entry, case.evidence.shelves
    if isinstance(shelves, Missing):
        return not_verified(2, f"product unknown: {shelves.why.en}", f"产品未知：{shelves.why.zh}")
    if entry is None:
        return not_verified(2, "product unknown: see step 4", "产品未知：见步骤 4")
    product = record.product
    if product is None:
        return not_verified(
            2, "the record's product is not known here", "本地未知记录的产品", product=record.record.product
        )
    domains = record.range.batch.domains if record.range.batch is not None else domains_in(product)
    return check_fit(record.record, document, product, entry.time, domains)


def _inclusion(case: Case, record: JudgedRecord) -> Step:
    """(3) a range that holds opens its leaf."""
    shown, one = record.range, record.record
    if shown.included.outcome is not Outcome.PASSED:
        return shown.included
    tag = case.package.tag(shown.packaged.key_epoch)
    details = {"leaf": record.leaf, "entry": shown.packaged.place.index}
    if tag is None or not shown.opens(Leaf(tag.subject_tag, one.section, one.product, one.commitment)):
        return failed(
            3,
            "the record was changed or is not what was published: its range does not open its leaf",
            "记录被篡改或并非所发布者：范围证明中没有其叶哈希",
            **details,
        )
    return passed(3, "opened by a range that holds", "由成立的范围证明展开", **details)


def _anchor(case: Case, record: JudgedRecord) -> Step:
    """(4) the book or batch is an entry of the log, in a block that is final."""
    ours = case.evidence.origin.log_id
    if case.package.log_id != ours:
        return failed(
            4, "the package names another log id", "数据包所属日志 ID不同", expected=ours, found=case.package.log_id
        )
    anchored, entry, block = record.range.anchored, record.range.entry, case.evidence.block
    if anchored.outcome is not Outcome.PASSED or entry is None:
        return anchored
    source, wanted = case.evidence.source, case.policy.confirmations
    if isinstance(block, Missing):
        return not_verified(4, "the block of the anchor is not known", "锚定所在区块未知") if wanted else anchored
    shallow = check_depth(entry, block, source, wanted)
    if shallow is not None:
        return shallow
    place, details = where(entry, block, source), {**anchored.details, **block_details(entry, block, source)}
    return passed(4, anchored.reason.en + place.en, anchored.reason.zh + place.zh, **details)


Found = tuple[Step, tuple[Text, ...], tuple[Weakness, ...]]


def _publisher(case: Case, record: JudgedRecord) -> Found:
    """(5) who published it was entitled to; nothing is wrong with book or batch, and no key was compromised then."""
    shelves, members, entry = case.evidence.shelves, case.evidence.members, record.range.entry
    for fact in (shelves, members):
        if isinstance(fact, Missing):
            return not_verified(5, fact.why.en, fact.why.zh), (), ()
    # Narrowed above; written out for the type checker, which does not follow the loop.
    if isinstance(shelves, Missing) or isinstance(members, Missing):
        raise TypeError("unreachable")
    if entry is None:  # a log that does not reach it yet
        return _see(5, "step 4", "步骤 4"), (), ()
    node = record.range.packaged.node
    shelf, member = shelves.shelf(node, record.range.packaged.key_epoch), members.get(node)
    if shelf is None or member is None:
        return not_verified(5, "the publisher is not known", "发布节点未知", node=node), (), ()
    special = _of_book(record, shelf, member, entry) if record.range.book is not None else _of_batch(record, shelf)
    fault = worst_fault(_entitled(member), _stolen(member, entry), *special, _accepted(case, record, shelf))
    if fault is not None:
        return fault, (), ()
    role = Role(member.info.role)
    step = passed(
        5, f"node {node}, {role.label}", f"节点 {node}，{role.zh}", node=node, role=role.label,
        division=member.info.division, host=member.info.host, time=entry.time, audited=_is_audited(record, shelf),
    )  # fmt: skip
    return step, _notices(record, member), _weaknesses(record, shelf)


def _entitled(member: NodeHistory) -> Step | None:
    if member.info.role in PUBLISHING:
        return None
    return failed(5, "the node may not publish", "该节点无权发布", node=member.info.number, role=member.info.role)


def _stolen(member: NodeHistory, entry: LogEntry) -> Step | None:
    if not member.compromised_at(entry.time):
        return None
    return not_verified(
        5, "a key that acted for the publisher was compromised when it made this entry", "发布时发布节点的密钥已泄露",
        node=member.info.number, time=entry.time,
    )  # fmt: skip


def _of_batch(record: JudgedRecord, shelf: Shelf) -> Iterable[Step | None]:
    batch, flags = record.range.batch, shelf.flags.get(record.range.packaged.place.index)
    if flags is None or batch is None:
        yield not_verified(5, "the batch is not among those that its node shows", "该批次不在发布节点应展示之列")
        return
    if flags.broken:
        yield failed(5, "it was proven on chain that this batch is wrong", "已有人证明该批次有误，锚定失效")
    if flags.annulled:
        yield failed(5, "governors annulled this batch: it was anchored with a stolen key", "治理方已作废该批次")
    document = record.document
    if document is not None and not domain_mask([document.domain]) & batch.domains:
        yield failed(
            5, "the batch was not anchored for the document's domain", "该批次未声明文档所属领域",
            found=document.domain.label,
        )  # fmt: skip


def _of_book(record: JudgedRecord, shelf: Shelf, member: NodeHistory, entry: LogEntry) -> Iterable[Step | None]:
    flags, document = shelf.flags.get(entry.index), record.document
    if flags is not None and flags.broken:
        yield failed(5, "it was proven on chain that this book is wrong", "已有人证明该总账有误")
    if flags is not None and flags.annulled:
        yield failed(
            5, "governors annulled this book: it was entered or audited with a stolen key", "治理方已作废该总账"
        )
    if flags is None or not flags.audited or shelf.base is None or shelf.base.entry != entry.index:
        yield not_verified(
            5, "no audit says that this book is exactly the batches before it", "该总账未经审计，仅为发布方所述",
            entry=entry.index,
        )  # fmt: skip
        return
    if flags.doubted:
        why = doubted_audit(entry.index)
        yield not_verified(5, why.en, why.zh, entry=entry.index)
    if shelf.gone_inside or shelf.doubtful or shelf.untold is not None:
        yield not_verified(
            5, "the book holds a batch that was broken or annulled since, or anchored with a stolen key",
            "该总账含其后失效、作废或以泄露密钥锚定的批次", entry=entry.index,
        )  # fmt: skip
    if document is not None and not domain_mask([document.domain]) & member.info.domains:
        yield not_verified(
            5, "the node may not publish the document's domain now, and the book does not say when it was published",
            "发布节点目前无权发布该领域，总账未载明发布时间", found=document.domain.label,
        )  # fmt: skip


def _accepted(case: Case, record: JudgedRecord, shelf: Shelf) -> Step | None:
    """What the policy says of publishers, products and audits."""
    policy, node = case.policy, record.range.packaged.node
    if policy.nodes and node not in policy.nodes:
        return failed(5, "the policy does not accept this publisher", "策略不接受该发布节点", node=node)
    if policy.products and (record.product is None or record.product.ref not in policy.products):
        return failed(5, "the policy does not accept this product", "策略不接受该产品")
    if policy.audited and not _is_audited(record, shelf):
        why = not_audited(UNAUDITED, shelf.doubted_after(record.range.packaged.place.index))
        return not_verified(5, why.en, why.zh)
    return None


def _is_audited(record: JudgedRecord, shelf: Shelf) -> bool:
    entry = record.range.packaged.place.index
    if record.range.book is None:
        return shelf.is_audited(entry)
    flags = shelf.flags.get(entry)
    return flags is not None and flags.counts


def _notices(record: JudgedRecord, member: NodeHistory) -> tuple[Text, ...]:
    notices = []
    if member.info.status != NodeStatus.ACTIVE:
        notices.append(Text("the publisher is no longer active", "发布节点目前已非活动状态"))
    batch = record.range.batch
    if batch is not None and batch.domains & ~member.info.domains:
        notices.append(
            Text(
                "the publisher may no longer publish all domains of this batch",
                "发布节点目前已无权发布该批次的全部领域",
            )
        )
    return tuple(notices)


def _weaknesses(record: JudgedRecord, shelf: Shelf) -> tuple[Weakness, ...]:
    if _is_audited(record, shelf):
        return ()
    what = Text("the batch has not been audited", "该批次未经审计")
    why = not_audited(what, shelf.doubted_after(record.range.packaged.place.index))
    return (weakness(WeaknessKind.UNAUDITED, why.en, why.zh),)


def _life(case: Case, record: JudgedRecord) -> tuple[Step, tuple[Text, ...]]:
    """(6) life and disputes, as of the block that was read."""
    states = case.evidence.states
    if isinstance(states, Missing):
        return not_verified(6, states.why.en, states.why.zh), ()
    state = states.get(record.key)
    if state is None:
        return not_verified(6, "the state of the record was not looked up", "未查询记录状态"), ()
    members = case.evidence.members
    publisher = None if isinstance(members, Missing) else members.get(record.key[0])
    return check_life(state, publisher, case.evidence.block, case.policy)
