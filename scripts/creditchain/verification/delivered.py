"""Step 8: the delivery of exactly this report is on the ledger; until the receipt's `meter_by`, it may be pending."""

from __future__ import annotations

from creditchain.log.views import MemberAt, Metered
from creditchain.messages import METER_WITHIN, SignatureError, TypedMessage, recover
from creditchain.packages.delivery import PackagedDelivery
from creditchain.verification.case import Case
from creditchain.verification.evidence import Missing
from creditchain.verification.verdict import Step, Text, failed, not_verified, passed, pending
from creditchain.vocabulary import EntryKind, MeterFlag, Role

_PROVIDERS = frozenset({Role.PLATFORM, Role.BUREAU})
#: How many leading bytes of a receipt's struct hash the ledger stores.
_KEPT = 24


def check_delivery(case: Case) -> tuple[Step, tuple[Text, ...]]:
    """Step 8, and notices."""
    delivery = case.package.delivery
    if delivery is None:
        return not_verified(8, "no receipt: who delivered this report is not shown", "无回执：报告由谁交付未知"), ()
    fault = ledger_fault(case, delivery, 8) or _contents_fault(case, delivery) or _stolen_key(case, delivery)
    if fault is not None:
        return fault, ()
    metered = case.evidence.delivery.metered
    if isinstance(metered, Missing):
        return not_verified(8, metered.why.en, metered.why.zh), ()
    if metered is None:
        return _promised(case, delivery), ()
    return _metered(case, delivery, metered)


def ledger_fault(case: Case, delivery: PackagedDelivery, step: int) -> Step | None:
    """Check that request and receipt are for the ledger that the verifier trusts."""
    origin, domain = case.evidence.origin, delivery.request.domain
    if origin.query_ledger is None:
        return not_verified(step, "this region has no query ledger", "该区域没有查询账本合约")
    ours, theirs = (origin.chain_id, origin.query_ledger.lower()), (domain.chain_id, domain.contract.lower())
    if ours != theirs:
        return failed(
            step, "the delivery is of another chain or ledger", "交付属于其他链或账本", expected=ours, found=theirs
        )
    return None


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
    return None


def _stolen_key(case: Case, delivery: PackagedDelivery) -> Step | None:
    members = case.evidence.members
    if isinstance(members, Missing):
        return not_verified(8, members.why.en, members.why.zh)
    for node in (delivery.request.provider, delivery.request.institution):
        member = members.get(node)
        if member is None:
            return failed(8, "the delivery names a node that does not exist", "交付涉及不存在的节点", node=node)
        host = members.get(member.info.host) if member.info.host else None
        if member.info.host and host is None:
            return not_verified(8, "the host of a node is not known", "托管节点未知", node=node)
        for one in (member, host):
            if one is not None and one.compromised_at(delivery.receipt.delivered_at):
                return failed(
                    8, "a key was compromised at the time of the delivery", "交付时密钥已泄露", node=one.info.number
                )
    return None


def _metered(case: Case, delivery: PackagedDelivery, metered: Metered) -> tuple[Step, tuple[Text, ...]]:
    receipt = delivery.receipt
    if metered.receipt != receipt.struct_hash()[:_KEPT]:
        return failed(8, "the ledger has another delivery for this request", "账本上该请求对应另一次交付"), ()
    log = case.evidence.log
    if isinstance(log, Missing):
        return not_verified(8, log.why.en, log.why.zh), ()
    if metered.entry >= len(log) or log[metered.entry].kind != EntryKind.QUERIES:
        return not_verified(8, "ledger and log contradict each other", "账本与日志相互矛盾"), ()
    flags = MeterFlag(metered.flags & 7)
    details = {
        "request": delivery.request.id,
        "provider": delivery.request.provider,
        "institution": delivery.request.institution,
        "delivered_at": receipt.delivered_at,
        "metered_at": log[metered.entry].time,
        "entry": metered.entry,
        "flags": int(flags),
    }
    late = (Text("metered later than the receipt promised", "计量晚于回执承诺期限"),) if flags & MeterFlag.LATE else ()
    step = passed(8, f"metered in entry {metered.entry} of the log", f"已计量，为日志第 {metered.entry} 条", **details)
    return step, late


def _promised(case: Case, delivery: PackagedDelivery) -> Step:
    """A delivery that is not on the ledger. Until `meter_by` it is pending if both signatures hold, judged here."""
    block, receipt = case.evidence.block, delivery.receipt
    if isinstance(block, Missing):
        return not_verified(8, block.why.en, block.why.zh)
    if block.time > receipt.meter_by:
        return failed(
            8,
            "the provider did not meter this delivery in time; its receipt proves it",
            "提供方逾期未计量本次交付，回执为证",
            meter_by=receipt.meter_by,
            read_at=block.time,
        )
    seen = case.evidence.delivery
    sides = (
        (seen.institution, frozenset({Role.INSTITUTION}), delivery.request, delivery.request_signature, "request"),
        (seen.provider, _PROVIDERS, receipt, delivery.receipt_signature, "receipt"),
    )
    for member, roles, message, signature, what in sides:
        if isinstance(member, Missing):
            return not_verified(8, member.why.en, member.why.zh)
        fault = _signer_fault(member, frozenset(roles), message, signature, what)
        if fault is not None:
            return fault
    return pending(8, "promised by receipt, not metered yet", "回执已承诺，尚未计量", meter_by=receipt.meter_by)


def _signer_fault(
    member: MemberAt, roles: frozenset[Role], message: TypedMessage, signature: bytes, what: str
) -> Step | None:
    if member.role not in roles or not member.acts:
        return failed(8, f"the {what} is from a node that could not act then", "当时该节点不具备资格")
    try:
        signer = recover(message, signature)
    except SignatureError:
        signer = None
    if signer is not None and signer in (member.operator, member.host_operator):
        return None
    # The operator may be a wallet contract. The ledger asks it when metering; nobody can ask it about a past time.
    return not_verified(
        8,
        f"the {what} is not signed by the node's own key; if that is a wallet contract, metering will decide",
        "并非由该节点账户密钥签署；若为合约钱包，以计量结果为准",
    )
