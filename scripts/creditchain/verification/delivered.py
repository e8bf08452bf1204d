"""Step 8: the delivery of exactly this report is on the ledger; until the receipt's `meter_by`, it may be pending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from creditchain.log.views import MemberAt, Metered
from creditchain.messages import METER_WITHIN, NO_DIGEST, TypedMessage, signed_by
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.report_part import part_of
from creditchain.verification.case import Case
from creditchain.verification.evidence import Missing, NodeHistory
from creditchain.verification.verdict import (
    Outcome,
    Step,
    Text,
    failed,
    not_verified,
    passed,
    pending,
    worst_fault,
    worst_of,
)
from creditchain.vocabulary import PUBLISHING, MeterFlag, Role

_ASKERS = frozenset({Role.INSTITUTION})
_PROVIDERS = frozenset({Role.PLATFORM, Role.BUREAU})
_BROKERS = frozenset({Role.PLATFORM})
#: How many publishers a reason lists.
_LISTED = 5


def check_delivery(case: Case) -> tuple[Step, tuple[Text, ...]]:
    """Step 8, and notices."""
    delivery, metered = case.package.delivery, case.evidence.delivery.metered
    if delivery is None:
        return not_verified(8, "no receipt: who delivered this report is not shown", "无回执：报告由谁交付未知"), ()
    early = too_early(case, delivery, 8)
    if early is not None:
        return worst_of((ledger_fault(case, delivery, 8) or _contents_fault(case, delivery) or early, early)), ()
    stolen = _stolen_key(case, delivery)
    fault = ledger_fault(case, delivery, 8) or worst_fault(
        _contents_fault(case, delivery), stolen, *_side_faults(case, delivery, acts=stolen is None)
    )
    if fault is not None and fault.outcome is Outcome.FAILED:
        return fault, ()
    if isinstance(metered, Missing):
        return fault or not_verified(8, metered.why.en, metered.why.zh), ()
    step, notices = _promised(case, delivery) if metered is None else _metered(case, delivery, metered)
    return (step, notices) if fault is None else (worst_of((fault, step)), ())


def ledger_fault(case: Case, delivery: PackagedDelivery, step: int) -> Step | None:
    """Check that request and receipt are for the log that the verifier trusts."""
    origin, domain = case.evidence.origin, delivery.request.domain
    if origin.query_ledger is None:
        return not_verified(step, "this region has no query ledger", "该区域没有查询账本合约")
    if domain.log_id != origin.log_id:
        return failed(
            step,
            "the delivery is of another region's log",
            "交付属于其他区域的日志",
            expected=origin.log_id,
            found=domain.log_id,
        )
    return None


def too_early(case: Case, delivery: PackagedDelivery, step: int) -> Step | None:
    """The step if the facts are of before the delivery, and lack something about it.

    For step 7, that includes the grant of the consent.
    So it is with what a package carried when it was handed over: no checkpoint was young enough then.
    """
    block, seen = case.evidence.block, case.evidence.delivery
    if isinstance(block, Missing) or block.time >= delivery.receipt.delivered_at:
        return None
    ungranted = step == 7 and seen.consent is None and delivery.request.consent != NO_DIGEST
    lacking = any(isinstance(getattr(seen, one.name), Missing) for one in fields(seen))
    if not (ungranted or lacking or isinstance(case.evidence.members, Missing)):
        return None
    return pending(
        step,
        "the facts are of before the delivery; renew them once it is metered (`evidence refresh`)",
        "所附事实早于交付，待计量后更新",
        expected=delivery.receipt.delivered_at,
        found=block.time,
    )


def _contents_fault(case: Case, delivery: PackagedDelivery) -> Step | None:
    request, receipt = delivery.request, delivery.receipt
    if receipt.request != request.id:
        return failed(8, "the receipt is for another request", "回执对应其他请求")
    if receipt.report != case.package.report.commitment:
        return failed(8, "the receipt is for another report", "回执对应其他报告")
    if not receipt.delivered_at <= receipt.meter_by <= receipt.delivered_at + METER_WITHIN:
        return failed(8, "the receipt allows more than an hour for metering", "回执的计量期限超出一小时")
    if not request.issued_at <= receipt.delivered_at <= request.deadline:
        return failed(8, "delivered outside the time that the request allows", "交付时间超出请求时限")
    for one in case.package.countersigned:
        if not request.issued_at <= one.given_at <= request.deadline:
            return failed(
                8, "a part was given outside the time that the request allows", "某部分的提供时间超出请求时限",
                node=one.node, given_at=one.given_at,
            )  # fmt: skip
    return None


def _stolen_key(case: Case, delivery: PackagedDelivery) -> Step | None:
    """Check that no key was in other hands from the time a message gives itself until the ledger had it.

    Until then its time is only its signer's word.
    """
    members, until = case.evidence.members, _known_by(case)
    if isinstance(members, Missing):
        return not_verified(8, members.why.en, members.why.zh)
    if until is None:
        return not_verified(8, "the time of the metering is not known", "计量时间未知")
    request, receipt = delivery.request, delivery.receipt
    faults = [
        _stolen_from(members, request.provider, receipt.delivered_at, until),
        _stolen_from(members, request.institution, request.issued_at, until),
        *(_stolen_from(members, one.node, one.given_at, until) for one in case.package.countersigned),
    ]
    if request.via:
        faults.append(_stolen_from(members, request.via, request.issued_at, until))
    return worst_fault(*faults)


def _stolen_from(members: Mapping[int, NodeHistory], node: int, since: int, until: int) -> Step | None:
    member = members.get(node)
    if member is None:
        return failed(8, "the delivery names a node that does not exist", "交付涉及不存在的节点", node=node)
    if not member.compromised_between(since, max(since, until)):
        return None
    return not_verified(
        8, "a key was compromised when the delivery may have been signed", "交付可能签署于密钥泄露期间", node=node
    )


def _known_by(case: Case) -> int | None:
    """When the ledger had the delivery, or that of the block that was read; None if neither is known."""
    metered, block = case.evidence.delivery.metered, case.evidence.block
    if isinstance(metered, Metered):
        return metered.time
    return None if isinstance(block, Missing) else block.time


def _metered(case: Case, delivery: PackagedDelivery, metered: Metered) -> tuple[Step, tuple[Text, ...]]:
    request, receipt, item = delivery.request, delivery.receipt, metered.item
    if item.request != request.id:
        return failed(8, "the request's nonce was used for another request", "该请求的序号已用于另一请求"), ()
    if item.receipt != receipt.struct_hash():
        return failed(8, "the ledger has another delivery for this request", "账本上该请求对应另一次交付"), ()
    if item.flags & MeterFlag.OLD:
        return not_verified(
            8, "metered so late that its time is only the word of those who signed", "计量过迟，交付时间仅为签署方所述",
            delivered_at=receipt.delivered_at, metered_at=metered.time, entry=metered.entry,
        ), ()  # fmt: skip
    nodes = [one.node for one in case.package.countersigned]
    details = {
        "request": request.id,
        "provider": request.provider,
        "institution": request.institution,
        "delivered_at": receipt.delivered_at,
        "metered_at": metered.time,
        "entry": metered.entry,
        "flags": item.flags,
        **({"countersigned": nodes} if nodes else {}),
    }
    late = Text("metered later than the receipt promised", "计量时间晚于回执所承诺的期限")
    also = _countersigned_text(nodes)
    step = passed(
        8,
        f"metered in entry {metered.entry} of the log{also.en}",
        f"已计量，为日志第 {metered.entry} 条{also.zh}",
        **details,
    )
    return step, (late,) if item.flags & MeterFlag.LATE else ()


def _countersigned_text(nodes: Sequence[int]) -> Text:
    """Which publishers signed their parts of the report themselves."""
    if not nodes:
        return Text("", "")
    shown = ", ".join(map(str, nodes[:_LISTED])) + (", …" if len(nodes) > _LISTED else "")
    return Text(
        f"; {len(nodes)} part(s) countersigned by their publishers: {shown}",
        f"；{len(nodes)} 个部分由其发布方会签：{shown}",
    )


def _promised(case: Case, delivery: PackagedDelivery) -> tuple[Step, tuple[Text, ...]]:
    """A delivery that is not on the ledger: pending until `meter_by`."""
    block, receipt = case.evidence.block, delivery.receipt
    if isinstance(block, Missing):
        return not_verified(8, block.why.en, block.why.zh), ()
    if block.time > receipt.meter_by:
        return failed(
            8,
            "the provider did not meter this delivery in time; its receipt proves it",
            "提供方逾期未计量本次交付，回执为证",
            meter_by=receipt.meter_by,
            read_at=block.time,
        ), ()
    return pending(8, "promised by receipt, not metered yet", "回执已承诺，尚未计量", meter_by=receipt.meter_by), ()


@dataclass(frozen=True, slots=True)
class _Side:
    """One of those who signed."""

    member: MemberAt | Missing
    roles: frozenset[Role]
    message: TypedMessage
    signature: bytes
    what: Text

    def signed(self) -> bool:
        """Whether the key of the node's account, or of its host's, signed."""
        if isinstance(self.member, Missing):
            return False
        keys = (self.member.operator, self.member.host_operator)
        return any(key is not None and signed_by(self.message, self.signature, key) for key in keys)


def _sides(case: Case, delivery: PackagedDelivery) -> Iterator[_Side]:
    seen, request, receipt = case.evidence.delivery, delivery.request, delivery.receipt
    yield _Side(seen.institution, _ASKERS, request, delivery.request_signature, Text("request", "请求"))
    yield _Side(seen.provider, _PROVIDERS, receipt, delivery.receipt_signature, Text("receipt", "回执"))
    if request.via:
        broker = MemberAt(0, False, None, None) if seen.broker is None else seen.broker
        yield _Side(broker, _BROKERS, request, delivery.broker_signature, Text("brokered request", "经办请求"))
    for one in case.package.countersigned:
        part = part_of(case.package, one.node).countersignature(case.package.log_id, request.id, one.given_at)
        what = Text(f"part of node {one.node}", f"节点 {one.node} 的部分")
        yield _Side(_countersigner(seen.countersigners, one.node), PUBLISHING, part, one.signature, what)


def _countersigner(seen: Mapping[int, MemberAt] | Missing, node: int) -> MemberAt | Missing:
    if isinstance(seen, Missing):
        return seen
    return seen.get(node, MemberAt(0, False, None, None))


def _side_faults(case: Case, delivery: PackagedDelivery, *, acts: bool) -> list[Step | None]:
    """Check all signatures, whether metered or not: the ledger does not say which signatures it was shown.

    Without `acts`, it is left open whether the nodes could act: a stolen key is the reason why one could not.
    """
    return [_side_fault(side, acts=acts) for side in _sides(case, delivery)]


def _side_fault(side: _Side, *, acts: bool) -> Step | None:
    if isinstance(side.member, Missing):
        return not_verified(8, side.member.why.en, side.member.why.zh)
    if side.member.role not in side.roles or (acts and not side.member.acts):
        return failed(8, f"the {side.what.en} is from a node that could not act then", "当时该节点不具备资格")
    if side.signed():
        return None
    return failed(8, f"the {side.what.en} is not signed by the node's key", f"{side.what.zh}并非由该节点密钥签署")
