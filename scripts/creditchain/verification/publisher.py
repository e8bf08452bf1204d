"""Step 5: a node anchored the batch that was entitled to; the batch is not broken and no key was compromised then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from creditchain.documents import Document, domain_mask
from creditchain.log.entries import AnchorBody
from creditchain.log.views import AnchorInfo, LogEntry
from creditchain.packages.record_package import RecordPackage
from creditchain.products import Product
from creditchain.verification.doubted import not_audited
from creditchain.verification.evidence import Evidence, Missing, NodeHistory
from creditchain.verification.policy import Policy
from creditchain.verification.verdict import Step, Text, failed, not_verified, passed, worst_fault
from creditchain.vocabulary import PUBLISHING, EntryKind, NodeStatus, Role

#: A policy is not met.
UNAUDITED: Final = Text(
    "the policy requires an audited batch, and no regulator has audited this one", "策略要求经审计的批次"
)


def check_publisher(
    package: RecordPackage,
    document: Document | None,
    evidence: Evidence,
    policy: Policy,
    catalogue: Mapping[str, Product],
) -> tuple[Step, tuple[Text, ...]]:
    """Step 5, and notices. `catalogue` holds the products that the verifier knows, by `name/version`.

    AnchorRegistry decided whether the node's status and domains allowed the anchor when it wrote the log entry. So here
    it is enough that the entry exists and covers the document.
    """
    anchor, entry, publisher, host = evidence.anchor, evidence.entry, evidence.publisher, evidence.host
    for value in (anchor, entry, publisher, host):
        if isinstance(value, Missing):
            return not_verified(5, value.why.en, value.why.zh), ()
    if anchor is None:
        return not_verified(5, "there is no anchor", "无锚定"), ()
    # Narrowed above; written out for the type checker, which does not follow the loop.
    if (
        isinstance(anchor, Missing)
        or isinstance(entry, Missing)
        or isinstance(publisher, Missing)
        or isinstance(host, Missing)
    ):
        raise TypeError("unreachable")
    # Where entry and anchor contradict each other, nothing else means anything.
    fault = contradiction(package, anchor, entry) or worst_fault(
        _fault_of_node(anchor, publisher, host),
        _stolen_key(anchor, publisher),
        _fault_of_domain(document, entry),
        _out_of_scope(package, anchor, evidence, policy, catalogue),
    )
    if fault is not None:
        return fault, ()
    return _passed(anchor, entry, publisher), _notices(publisher, entry)


def anchor_body(entry: LogEntry) -> AnchorBody | None:
    """The batch that an entry declares; None if it is not an Anchor entry of a version known here."""
    return entry.body if isinstance(entry.body, AnchorBody) else None


def product_of(evidence: Evidence, catalogue: Mapping[str, Product]) -> Product | None:
    """The product that a batch was anchored for; None if the verifier does not know it."""
    launched, entry = evidence.product, evidence.entry
    if isinstance(launched, Missing) or isinstance(entry, Missing) or not isinstance(entry.body, AnchorBody):
        return None
    number = entry.body.product
    known = (product for product in catalogue.values() if product.number == number == launched.number)
    return next((product for product in known if launched.is_of(product.digest)), None)


def contradiction(package: RecordPackage, anchor: AnchorInfo, entry: LogEntry) -> Step | None:
    """Check that the entry is the anchor's and its body what the log hashed; else the endpoint contradicts itself."""
    body = entry.body
    if entry.kind != EntryKind.ANCHOR or not isinstance(body, AnchorBody) or entry.index != anchor.entry:
        return not_verified(5, "the log entry given is not the anchor's", "所给日志条目并非该锚定")
    stated = (body.node, body.root, body.size, body.key_epoch)
    if stated != (anchor.node, anchor.root, anchor.size, anchor.key_epoch) or anchor.node != package.batch.node:
        return not_verified(5, "log entry and anchor contradict each other", "日志条目与锚定相互矛盾")
    if anchor.time != entry.time:
        return not_verified(5, "log entry and anchor contradict each other", "日志条目与锚定相互矛盾")
    if body.body_hash() != entry.body_hash:
        return not_verified(5, "the log entry's body is not what the log hashed", "日志条目内容与日志哈希不符")
    return None


def _fault_of_node(anchor: AnchorInfo, publisher: NodeHistory, host: NodeHistory | None) -> Step | None:
    if anchor.broken:
        return failed(5, "it was proven on chain that this batch is wrong", "已有人证明该批次有误，锚定失效")
    if anchor.annulled:
        return failed(5, "governors annulled this batch: it was anchored with a stolen key", "治理方已作废该批次")
    if publisher.info.number != anchor.node or publisher.info.role not in PUBLISHING:
        return failed(5, "the node may not publish", "该节点无权发布", node=anchor.node, role=publisher.info.role)
    if publisher.info.host != (host.info.number if host is not None else 0):
        return not_verified(5, "the host given is not the publisher's", "所给托管节点并非该发布节点所属")
    return None


def _stolen_key(anchor: AnchorInfo, publisher: NodeHistory) -> Step | None:
    """What a key did while it was in other hands may be true or not: nobody can tell, so it is not verified."""
    if not publisher.compromised_at(anchor.time):
        return None
    return not_verified(
        5,
        "a key that acted for the publisher was compromised when the batch was anchored",
        "锚定时为发布节点行事的密钥已泄露",
        node=publisher.info.number,
        time=anchor.time,
    )


def _fault_of_domain(document: Document | None, entry: LogEntry) -> Step | None:
    """Check the domain of a JSON document. A file names none, so only the batch's declaration counts."""
    body = anchor_body(entry)
    if document is None or body is None or domain_mask([document.domain]) & body.domains:
        return None
    return failed(
        5,
        "the batch was not anchored for the document's domain",
        "该批次未声明文档所属领域",
        found=document.domain.label,
    )


def _out_of_scope(
    package: RecordPackage, anchor: AnchorInfo, evidence: Evidence, policy: Policy, catalogue: Mapping[str, Product]
) -> Step | None:
    if policy.nodes and package.batch.node not in policy.nodes:
        return failed(5, "the policy does not accept this publisher", "策略不接受该发布节点", node=anchor.node)
    if policy.products:
        if isinstance(evidence.product, Missing):
            return not_verified(5, evidence.product.why.en, evidence.product.why.zh)
        product = product_of(evidence, catalogue)
        if product is None or product.ref not in policy.products:
            return failed(5, "the policy does not accept this product", "策略不接受该产品")
    if policy.audited and not anchor.audited:
        why = not_audited(UNAUDITED, [anchor.doubted_book] if anchor.doubted_book else [])
        return not_verified(5, why.en, why.zh)
    return None


def _passed(anchor: AnchorInfo, entry: LogEntry, publisher: NodeHistory) -> Step:
    node, body = publisher.info, anchor_body(entry)
    details = {
        "node": node.number,
        "role": Role(node.role).label,
        "division": node.division,
        "host": node.host,
        "time": anchor.time,
        "audited": anchor.audited,
        "product": body.product if body else None,
        "number": body.number if body else None,
        "domains": body.domains if body else None,
    }
    return passed(5, f"node {node.number}, {details['role']}", f"节点 {node.number}，{Role(node.role).zh}", **details)


def _notices(publisher: NodeHistory, entry: LogEntry) -> tuple[Text, ...]:
    notices = []
    if publisher.info.status != NodeStatus.ACTIVE:
        notices.append(Text("the publisher is no longer active", "发布节点目前已非活动状态"))
    body = anchor_body(entry)
    if body is not None and body.domains & ~publisher.info.domains:
        notices.append(
            Text(
                "the publisher may no longer publish all domains of this batch",
                "发布节点目前已无权发布该批次的全部领域",
            )
        )
    return tuple(notices)
