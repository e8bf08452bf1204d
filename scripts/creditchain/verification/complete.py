"""Step 9: nothing in the policy's scope was left out.

The region's log gives every batch of each publisher in scope. For each of these batches, and each section that was
asked for, the package must prove which leaves the batch holds for the subject. Each of these leaves must be opened in
the package, or have been excused when the report was delivered: because the log says that the record is no longer live,
or because the batch is so old that its retention is over in any case (`scope.excused`). A superseded record is excused
by the record that took its place, which must be shown, or excused itself: otherwise whoever supersedes a record by a
leaf that does not exist would hide it. The report must rest on exactly the records shown.

An unopened leaf shows neither its day nor its domain. If the consent limits either, the leaf may be one that must not
be shown. Completeness is then *not verified*, unless the policy trusts the provider in this. If the consent limits
neither, the leaf was left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from creditchain.documents import Section
from creditchain.log.history import LogIndex, RecordKey, index_log
from creditchain.merkle import Leaf, verify_range
from creditchain.messages import NO_DIGEST
from creditchain.packages.parts import hexed
from creditchain.packages.report_package import PackagedRange
from creditchain.products import Product
from creditchain.verification.case import Case, JudgedRecord, domains_in
from creditchain.verification.consented import limits_days
from creditchain.verification.evidence import Missing, NodeHistory
from creditchain.verification.policy import Completeness
from creditchain.verification.scope import (
    Asked,
    Scope,
    Sought,
    asked_for,
    combined,
    everything,
    excused,
    find_scope,
    in_scope,
    last_successor,
    wrongly_launched,
)
from creditchain.verification.verdict import (
    Outcome,
    Step,
    Text,
    Weakness,
    WeaknessKind,
    failed,
    not_verified,
    passed,
    pending,
    weakness,
)
from creditchain.vocabulary import Life

#: Lives that excuse a record without a successor.
_ENDED = (Life.REVOKED, Life.ERASED)
#: What a policy can name in vain: products, sections, nodes.
_UNMET = (
    (
        "the policy wants products that this report does not combine, or the request does not cover",
        "策略要求的产品不在报告或请求范围内",
    ),
    (
        "the policy wants sections that this report does not combine, or the request does not cover",
        "策略要求的信息类别不在报告或请求范围内",
    ),
    ("the policy wants nodes that published nothing in scope", "策略要求的节点在范围内未发布任何批次"),
)
#: How many items a reason lists.
_LISTED = 5


#: The step, notices, and what weakens it.
Result = tuple[Step, tuple[Text, ...], tuple[Weakness, ...]]


def check_completeness(case: Case, delivered: Step) -> Result:
    """Step 9. It builds on step 8, given as `delivered`."""
    ready = _ready(case, delivered)
    return (ready, (), ()) if isinstance(ready, Step) else ready.result()


def _ready(case: Case, delivered: Step) -> _Check | Step:
    """The check with all that it needs; the step if something is missing."""
    product, time, log, members = case.product, case.time, case.evidence.log, case.evidence.members
    if isinstance(log, Missing):
        return not_verified(9, log.why.en, log.why.zh)
    if isinstance(members, Missing):
        return not_verified(9, members.why.en, members.why.zh)
    invented = sorted({one.key_epoch for one in case.package.tags} - case.vouched)
    if invented:
        # Whatever the policy says: under a tag of its own invention, a provider could show that there is nothing.
        return not_verified(
            9,
            "absence is only shown under a tag that a statement or a tag key vouches for",
            "标签未经声明，不能证明不存在",
            key_epochs=invented,
        )
    if case.package.delivery is not None and delivered.outcome not in (Outcome.PASSED, Outcome.PENDING):
        return not_verified(9, "see step 8: the time of the delivery is not established", "见步骤 8")
    if product is None or time is None or any(name not in case.catalogue for name in product.combines):
        return not_verified(9, "the report's product, or one it combines, is not known here", "本地未知报告所含产品")
    index = index_log(log)
    if index.unread:
        return not_verified(9, "the log holds entries of a contract that is not known here", "日志含本地未知合约的条目")
    other = wrongly_launched(index, combined(product, case.catalogue))
    if other:
        return not_verified(
            9, "the region launched other products under the numbers of these", "区域以同一编号上线了其他产品",
            products=other,
        )  # fmt: skip
    window = _window(case, index, time)
    return window if isinstance(window, Step) else _Check(case, index, product, time, window, members)


def _window(case: Case, index: LogIndex, time: int) -> range | Step:
    demands, block = case.policy.completeness, case.evidence.block
    if demands.log_size is not None:
        if demands.log_size > index.size:
            return not_verified(
                9, "the log is shorter than the policy's scope", "日志短于策略范围",
                expected=demands.log_size, found=index.size,
            )  # fmt: skip
        return range(demands.first_entry, demands.log_size)
    if isinstance(block, Missing):
        return not_verified(9, block.why.en, block.why.zh)
    end = time - demands.lag_seconds
    if block.time < end:
        return pending(9, "the final block does not reach the delivery yet", "最终区块尚未到达交付时间")
    return range(demands.first_entry, index.size_at(end))


@dataclass(slots=True)
class _Check:
    """One pass over the scope that collects what is missing."""

    case: Case
    log: LogIndex
    product: Product
    time: int
    window: range
    members: Mapping[int, NodeHistory]
    unproven: list[str] = field(default_factory=list)  #: batches without a range proof that holds
    untagged: set[int] = field(default_factory=set)  #: key epochs without a tag
    left_out: list[str] = field(default_factory=list)  #: leaves that had to be opened and are not
    veiled: list[str] = field(default_factory=list)  #: unopened leaves that consent may not cover
    gone: dict[str, int] = field(default_factory=dict)  #: number of excused leaves, by excuse
    excused: set[RecordKey] = field(default_factory=set)
    hidden: set[RecordKey] = field(default_factory=set)  #: those of `veiled`
    superseded: list[tuple[str, RecordKey]] = field(default_factory=list)  #: where they are, and which
    leaves: int = 0

    def result(self) -> Result:
        """Look at all batches in scope and say what was found."""
        demands = self.case.policy.completeness
        asked = self._asked(demands)
        products = in_scope(combined(self.product, self.case.catalogue), asked, demands)
        scope = find_scope(self.log, self.window, products, asked, demands, members=self.members)
        ranges = {one.place: one for one in self.case.package.ranges}
        opened = {record.key for record in self.case.records}
        for sought in scope.sought:
            for section in sought.sections:
                self._look(sought, section, ranges, opened)
        for where, key in self.superseded:
            self._follow(where, key, opened)
        weak = (*self._unaudited(scope), *self._trusted(demands), *_closed(scope))
        fault = self._fault() or self._unmatched(demands, products, scope) or self._doubt(scope, demands)
        if fault is not None:
            return fault, (), weak
        return self._passed(scope, len(products)), (), weak

    def _asked(self, demands: Completeness) -> Asked:
        """What was asked for: by the request, or without one all that the product may show. A policy may narrow it."""
        asked = self._offered()
        return Asked(asked.sections & demands.sections if demands.sections else asked.sections, asked.domains)

    def _offered(self) -> Asked:
        delivery = self.case.package.delivery
        return everything(self.product) if delivery is None else asked_for(delivery.request)

    def _unmatched(self, demands: Completeness, products: Mapping[int, Product], scope: Scope) -> Step | None:
        """The step if the policy names something that nothing in scope has: then it would be checked in no batch."""
        sections = self._offered().sections & frozenset(self.product.combined_sections)
        unmet = (
            sorted(demands.products - {product.ref for product in products.values()}),
            sorted(section.label for section in demands.sections - sections),
            sorted(demands.nodes - scope.nodes) if products and scope.nodes else [],
        )
        for names, (en, zh) in zip(unmet, _UNMET, strict=True):
            if names:
                return not_verified(9, en, zh, found=names)
        return None

    def _look(
        self,
        sought: Sought,
        section: Section,
        ranges: Mapping[tuple[int, bytes, Section], PackagedRange],
        opened: set[RecordKey],
    ) -> None:
        """Check one batch and section: its range must be proven and each of its leaves accounted for."""
        body = sought.anchor.body
        batch = f"batch {body.number} of key epoch {body.key_epoch}"
        where = f"node {body.node}, {sought.product.ref}, {batch}, {section.label}"
        tag = self.case.package.tag(body.key_epoch)
        if tag is None:
            self.untagged.add(body.key_epoch)
            return
        shown = ranges.get((body.node, body.root, section))
        if shown is None:
            self.unproven.append(f"{where}: no range proof")
            return
        if shown.subject_tag != tag.subject_tag:
            self.unproven.append(f"{where}: the range proof is for another tag")
            return
        verdict = verify_range(shown.proof, tag.subject_tag, section, body.size, body.root)
        if not verdict:
            self.unproven.append(f"{where}: {verdict.fault}")
            return
        self.leaves += len(shown.proof.leaves)
        for leaf in shown.proof.leaves:
            self._account(sought, leaf, where, opened)

    def _account(self, sought: Sought, leaf: Leaf, where: str, opened: set[RecordKey]) -> None:
        key = (sought.anchor.body.node, leaf.hash())
        if key in opened:
            return
        excuse = excused(self.log, sought, leaf, self.time)
        if excuse == Life.SUPERSEDED.label:
            self.superseded.append((where, key))
        elif excuse is not None:
            self._excuse(key, excuse)
        elif self._may_be_outside(sought):
            self.hidden.add(key)
            self.veiled.append(f"{where}: {hexed(key[1])}")
        else:
            self.left_out.append(f"{where}: {hexed(key[1])}")

    def _excuse(self, key: RecordKey, excuse: str) -> None:
        self.excused.add(key)
        self.gone[excuse] = self.gone.get(excuse, 0) + 1

    def _follow(self, where: str, key: RecordKey, opened: set[RecordKey]) -> None:
        """Account for a superseded leaf by what became of the record that took its place."""
        end = last_successor(self.log, key, self.time)
        if end is not None and (end in opened or end in self.excused or self.log.life_at(end, self.time) in _ENDED):
            self._excuse(key, Life.SUPERSEDED.label)
        elif end is not None and end in self.hidden:
            self.hidden.add(key)
            self.veiled.append(f"{where}: {hexed(key[1])}")
        else:
            self.left_out.append(f"{where}: {hexed(key[1])} is superseded by a record that is not shown")

    def _may_be_outside(self, sought: Sought) -> bool:
        """Whether a leaf of this batch may be one that the consent or the request does not allow to be shown."""
        delivery, consent = self.case.package.delivery, self.case.package.consent
        if delivery is None:
            return False
        # Intersect with the product's domains: a publisher may declare more domains than its product has, and must not
        # gain an excuse by that.
        if sought.anchor.body.domains & domains_in(sought.product) & ~delivery.request.domains:
            return True
        if delivery.request.consent == NO_DIGEST or consent is None:
            return False
        opened = self.case.evidence.delivery.open_domains
        if not isinstance(opened, Missing) and not domains_in(sought.product) & ~opened:
            return False
        return limits_days(consent.message, self.time)

    def _fault(self) -> Step | None:
        """The step if it fails: something is provably left out, or is not shown although it could be."""
        if self.unproven:
            return failed(
                9, f"a batch in scope is not shown: {_some(self.unproven)}", "范围内有批次未证明",
                missing=self.unproven,
            )  # fmt: skip
        if self.left_out:
            return failed(
                9, f"a record was left out: {_some(self.left_out)}", f"遗漏记录 {len(self.left_out)} 条",
                left_out=self.left_out,
            )  # fmt: skip
        return self._wrong_list()

    def _wrong_list(self) -> Step | None:
        """The step if the report does not name exactly the records shown, each once and with its product."""
        listed = _named_records(self.case)
        if listed is None:
            return not_verified(9, "the report's list of records cannot be read", "无法读取报告所依据的记录")
        named, shown = set(listed), {(*record.key, _ref(record)) for record in self.case.records}
        if len(named) != len(listed):
            return failed(
                9,
                "the report names a record more than once",
                "报告重复列出同一记录",
                named_again=len(listed) - len(named),
            )
        if any(record.product is None for record in self.case.records):
            return not_verified(9, "a record's product is not known here", "本地未知某记录的产品")
        if named != shown:
            return failed(
                9, "the report does not rest on exactly the records shown", "报告所依据的记录与所示不符",
                not_shown=len(named - shown), not_named=len(shown - named),
            )  # fmt: skip
        return None

    def _doubt(self, scope: Scope, demands: Completeness) -> Step | None:
        """The step if it cannot be decided from this package."""
        if not scope.sought and not scope.spoiled and not scope.closed:
            # An empty scope proves nothing. It may be a new chain, a window before the first batch, or a mistake in the
            # policy.
            return not_verified(
                9, f"no batch is in scope: {len(self.window)} entries of the log", "范围内没有批次，无从判断",
                first_entry=self.window.start, log_size=self.window.stop,
            )  # fmt: skip
        if self.untagged:
            return not_verified(
                9, "the package lacks the tag of a key epoch that a batch in scope uses", "缺少某密钥期的标签",
                key_epochs=sorted(self.untagged),
            )  # fmt: skip
        if scope.spoiled:
            places = [f"node {one.body.node} no. {one.body.number}" for one in scope.spoiled]
            return not_verified(
                9,
                f"a batch is broken or annulled, or a key was compromised: {_some(places)}",
                "失效批次的内容无法得知",
                batches=places,
            )
        unaudited = [one for one in scope.sought if not self.log.is_audited(one.anchor)]
        if demands.audited and unaudited:
            return not_verified(
                9, f"{len(unaudited)} batch(es) in scope are not audited", f"{len(unaudited)} 个批次未审计"
            )
        if self.veiled and not demands.trust_unopened:
            return not_verified(
                9,
                f"{len(self.veiled)} record(s) are not opened, perhaps because consent does not cover them",
                f"{len(self.veiled)} 条记录未展开，可能超出授权范围",
                unopened=self.veiled,
            )
        return None

    def _passed(self, scope: Scope, products: int) -> Step:
        audited = sum(self.log.is_audited(one.anchor) for one in scope.sought)
        nodes = len({one.anchor.body.node for one in scope.sought})
        return passed(
            9,
            f"{len(scope.sought)} batch(es) of {nodes} publisher(s), {audited} audited; "
            f"{self.leaves} record(s), all accounted for, to log size {scope.window.stop}",
            f"{nodes} 个发布节点 {len(scope.sought)} 个批次（{audited} 个经审计），{self.leaves} 条记录均有着落，"
            f"截至日志大小 {scope.window.stop}",
            log_size=scope.window.stop,
            first_entry=scope.window.start,
            products=products,
            publishers=nodes,
            batches=len(scope.sought),
            audited=audited,
            records=self.leaves,
            opened=self.leaves - sum(self.gone.values()) - len(self.veiled),
            unopened=len(self.veiled),
            gone=dict(sorted(self.gone.items())),
        )

    def _unaudited(self, scope: Scope) -> tuple[Weakness, ...]:
        """In an audited batch a regulator saw all leaves in order. In the others only proofs of disorder guard it."""
        count = sum(not self.log.is_audited(one.anchor) for one in scope.sought)
        if not count:
            return ()
        return (
            weakness(
                WeaknessKind.UNAUDITED,
                f"{count} of {len(scope.sought)} batch(es) in scope have not been audited",
                f"范围内 {len(scope.sought)} 个批次中 {count} 个未经审计",
                batches=len(scope.sought),
                unaudited=count,
            ),
        )

    def _trusted(self, demands: Completeness) -> tuple[Weakness, ...]:
        found = []
        if self.veiled and demands.trust_unopened:
            found.append(
                weakness(
                    WeaknessKind.TRUSTED,
                    f"the provider was trusted that {len(self.veiled)} unopened record(s) lie outside the consent",
                    f"已信任提供方：{len(self.veiled)} 条未展开记录超出授权范围",
                    unopened=len(self.veiled),
                )
            )
        return tuple(found)


def _closed(scope: Scope) -> tuple[Weakness, ...]:
    """What closed nodes published, nobody can show."""
    if not scope.closed:
        return ()
    nodes = sorted({one.body.node for one in scope.closed})
    shown = ", ".join(map(str, nodes))
    return (
        weakness(
            WeaknessKind.CLOSED,
            f"{len(scope.closed)} batch(es) of nodes that governors closed are not shown: {shown}",
            f"治理方已关闭的节点（{shown}）的 {len(scope.closed)} 个批次未展示",
            nodes=nodes,
            batches=len(scope.closed),
        ),
    )


def _named_records(case: Case) -> list[tuple[int, bytes, str]] | None:
    """Node, leaf and product of each record that the report names; None if unreadable or if one is another region's."""
    data = case.report.value.get("data") if case.report is not None else None
    records = data.get("records") if isinstance(data, dict) else None
    if not isinstance(records, list):
        return None
    try:
        if any(one["region"] != case.evidence.origin.region for one in records):
            return None
        return [(int(one["node"]), bytes.fromhex(one["leaf"][2:]), str(one["product"])) for one in records]
    except (KeyError, TypeError, ValueError):
        return None


def _ref(record: JudgedRecord) -> str:
    """The product of a record, by its batch's log entry; the empty text if it is not known here."""
    return record.product.ref if record.product is not None else ""


def _some(places: list[str]) -> str:
    shown = "; ".join(places[:_LISTED])
    return shown if len(places) <= _LISTED else f"{shown}; and {len(places) - _LISTED} more"
