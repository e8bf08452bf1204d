"""Step 9: nothing in the policy's scope was left out.

The cells of the log give what each publisher in scope published: the audited book that the report shows, and each
batch after it. Of each of these, and of each section that was asked for, the package must prove which leaves it holds
for the subject. Each of these leaves must be opened in the package, or have been excused when the report was delivered:
because the log says that the record is no longer live, or because it was published so long ago that its retention is
over in any case (`scope.excused`). A superseded record is excused by the record that took its place, which must be
shown, or excused itself: otherwise whoever supersedes a record by a leaf that does not exist would hide it. The report
must rest on exactly the records shown.

An unopened leaf shows neither its day nor its domain. If the consent limits either, the leaf may be one that must not
be shown. Completeness is then *not verified*, unless the policy trusts the provider in this. If the consent limits
neither, the leaf was left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from creditchain.documents import Section
from creditchain.log.entries import AnchorBody
from creditchain.merkle import Leaf
from creditchain.messages import NO_DIGEST
from creditchain.packages.parts import hexed
from creditchain.products import Product
from creditchain.verification.case import Case, JudgedRecord, domains_in
from creditchain.verification.consented import limits_days
from creditchain.verification.doubted import not_audited
from creditchain.verification.evidence import Missing, NodeHistory
from creditchain.verification.lives import Lives, RecordKey, Successions
from creditchain.verification.policy import Completeness
from creditchain.verification.ranged import ShownRange
from creditchain.verification.scope import (
    Asked,
    Scope,
    Sought,
    Window,
    asked_for,
    combined,
    everything,
    excused,
    find_scope,
    in_scope,
    wrongly_launched,
)
from creditchain.verification.shelves import LoggedAnchor, Shelves
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
from creditchain.vocabulary import GapReason, Life

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
    seen = case.evidence
    shelves, lives, members = seen.shelves, seen.lives, seen.members
    for fact in (shelves, lives, members):
        if isinstance(fact, Missing):
            return not_verified(9, fact.why.en, fact.why.zh)
    # Narrowed above; written out for the type checker, which does not follow the loop.
    if isinstance(shelves, Missing) or isinstance(lives, Missing) or isinstance(members, Missing):
        raise TypeError("unreachable")
    fault = _unfit(case, delivered, shelves)
    if fault is not None:
        return fault
    if case.product is None or case.time is None:
        raise TypeError("unreachable")
    window = _window(case, shelves.size, case.time)
    if isinstance(window, Step):
        return window
    return _Check(case, shelves, lives, members, case.product, case.time, window)


def _unfit(case: Case, delivered: Step, shelves: Shelves) -> Step | None:
    """The step if completeness cannot be judged at all."""
    product = case.product
    if case.package.log_id != case.evidence.origin.log_id:
        return failed(9, "the package is of another region's log", "数据包属于其他区域的日志")
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
    if product is None or case.time is None or any(name not in case.catalogue for name in product.combines):
        return not_verified(9, "the report's product, or one it combines, is not known here", "本地未知报告所含产品")
    if shelves.unread:
        return not_verified(
            9, "the log holds entries of a contract that is not known here", "日志含本地未知合约的条目",
            entries=list(shelves.unread),
        )  # fmt: skip
    other = wrongly_launched(shelves, combined(product, case.catalogue))
    if other:
        return not_verified(
            9, "the region launched other products under the numbers of these", "区域以同一编号上线了其他产品",
            products=other,
        )  # fmt: skip
    return None


def _window(case: Case, size: int, time: int) -> Window | Step:
    demands, block = case.policy.completeness, case.evidence.block
    end = time - demands.lag_seconds
    if demands.log_size is not None:
        if demands.log_size > size:
            return not_verified(
                9, "the log is shorter than the policy's scope", "日志短于策略范围",
                expected=demands.log_size, found=size,
            )  # fmt: skip
        return Window(demands.first_entry, demands.log_size, end)
    if isinstance(block, Missing):
        return not_verified(9, block.why.en, block.why.zh)
    if block.time < end:
        return pending(9, "the final block does not reach the delivery yet", "最终区块尚未到达交付时间")
    return Window(demands.first_entry, None, end)


@dataclass(slots=True)
class _Check:
    """One pass over the scope that collects what is missing."""

    case: Case
    shelves: Shelves
    lives: Lives
    members: Mapping[int, NodeHistory]
    product: Product
    time: int
    window: Window
    unproven: list[str] = field(default_factory=list)  #: books and batches without a range proof that holds
    untagged: set[int] = field(default_factory=set)  #: key epochs without a tag
    left_out: list[str] = field(default_factory=list)  #: leaves that had to be opened and are not
    veiled: list[str] = field(default_factory=list)  #: unopened leaves that consent may not cover
    gone: dict[str, int] = field(default_factory=dict)  #: number of excused leaves, by excuse
    excused: set[RecordKey] = field(default_factory=set)
    hidden: set[RecordKey] = field(default_factory=set)  #: those of `veiled`
    doubtful: list[str] = field(default_factory=list)  #: leaves that a stolen key may have taken out
    superseded: list[tuple[str, RecordKey]] = field(default_factory=list)  #: where they are, and which
    gaps: Mapping[int, str] = field(default_factory=dict)  #: why the report lacks the part of a node
    leaves: int = 0

    def result(self) -> Result:
        """Look at everything in scope and say what was found."""
        gaps = self.case.package.gaps
        if gaps is None:
            return not_verified(9, "the report's list of gaps cannot be read", "无法读取报告的缺失清单"), (), ()
        self.gaps = gaps
        demands = self.case.policy.completeness
        asked = self._asked(demands)
        products = in_scope(combined(self.product, self.case.catalogue), asked, demands)
        scope = find_scope(self.shelves, self.window, products, asked, demands, members=self.members)
        opened = {record.key for record in self.case.records}
        self.unproven += [
            f"node {node}: entry {entry} is neither shown nor named"
            for node, entry in scope.unnamed
            if node not in gaps
        ]
        for sought in scope.sought:
            self._look(sought, opened)
        chains = Successions(self.lives, self._ended_by_thief)
        for where, key in self.superseded:
            self._follow(where, key, opened, chains)
        weak = (*_unaudited(scope), *self._trusted(demands), *_closed(scope))
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

    def _look(self, sought: Sought, opened: set[RecordKey]) -> None:
        """Check one book or batch: its sections must be shown and each of its leaves accounted for."""
        if sought.shelf.node in self.gaps and not self.case.ranges_of(sought.volume.entry):
            return
        if self.case.package.tag(sought.shelf.key_epoch) is None:
            self.untagged.add(sought.shelf.key_epoch)
            return
        shown = self.case.ranges_of(sought.volume.entry)
        faults = {section: _not_shown(section, shown) for section in sought.sections}
        for section, fault in faults.items():
            if fault is not None:
                self.unproven.append(f"{sought.name}, {section.label}: {fault}")
        if any(faults.values()):
            return
        leaves = {leaf for one in shown if one.holds for leaf in one.proof.leaves if leaf.section in sought.sections}
        for leaf in sorted(leaves):
            self._account(sought, leaf, opened)

    def _account(self, sought: Sought, leaf: Leaf, opened: set[RecordKey]) -> None:
        product = sought.product_of(leaf)
        if product is None:
            return
        self.leaves += 1
        key = (sought.shelf.node, leaf.hash())
        if key in opened:
            return
        where = f"{sought.name}, {Section(leaf.section).label}"
        since, domains = self._published(sought, product, key)
        excuse = excused(self.lives.life(key), product, leaf, since, self.time)
        if self._ended_by_thief(key):
            self.doubtful.append(f"{where}: {hexed(key[1])}")
        if excuse == Life.SUPERSEDED.label:
            self.superseded.append((where, key))
        elif excuse is not None:
            self._excuse(key, excuse)
        elif self._may_be_outside(product, domains):
            self.hidden.add(key)
            self.veiled.append(f"{where}: {hexed(key[1])}")
        else:
            self.left_out.append(f"{where}: {hexed(key[1])}")

    def _ended_by_thief(self, key: RecordKey) -> bool:
        """Whether a key that acted for the publisher was in other hands when the record's life changed."""
        since, member = self.lives.since.get(key), self.members.get(key[0])
        return since is not None and member is not None and member.compromised_at(since)

    def _published(self, sought: Sought, product: Product, key: RecordKey) -> tuple[int, int]:
        """When a leaf was published at the latest (unix seconds), and of which domains it may be.

        A leaf of a book was published before the book; which batch it came with, the package may show.
        """
        volume = sought.volume
        if isinstance(volume, LoggedAnchor):
            return volume.time, volume.body.domains
        origin = self.case.origins.get(key)
        if origin is not None and isinstance(origin.body, AnchorBody):
            return origin.time, origin.body.domains
        return volume.time, domains_in(product)

    def _excuse(self, key: RecordKey, excuse: str) -> None:
        self.excused.add(key)
        self.gone[excuse] = self.gone.get(excuse, 0) + 1

    def _follow(self, where: str, key: RecordKey, opened: set[RecordKey], chains: Successions) -> None:
        """Account for a superseded leaf by what became of the record that took its place."""
        # A successor is not always a leaf of these ranges, so a thief may have ended it unseen.
        if chains.is_doubted(key):
            self.doubtful.append(f"{where}: {hexed(key[1])}, by what took its place")
        end = chains.end(key)
        if end is not None and (end in opened or end in self.excused or self.lives.life(end) in _ENDED):
            self._excuse(key, Life.SUPERSEDED.label)
        elif end is not None and end in self.hidden:
            self.hidden.add(key)
            self.veiled.append(f"{where}: {hexed(key[1])}")
        else:
            self.left_out.append(f"{where}: {hexed(key[1])} is superseded by a record that is not shown")

    def _may_be_outside(self, product: Product, domains: int) -> bool:
        """Whether a leaf may be one that the consent or the request does not allow to be shown."""
        delivery, consent = self.case.package.delivery, self.case.package.consent
        if delivery is None:
            return False
        # Intersect with the product's domains: a publisher may declare more domains than its product has, and must not
        # gain an excuse by that.
        if domains & domains_in(product) & ~delivery.request.domains:
            return True
        if delivery.request.consent == NO_DIGEST or consent is None:
            return False
        opened = self.case.evidence.delivery.open_domains
        if not isinstance(opened, Missing) and not domains_in(product) & ~opened:
            return False
        return limits_days(consent.message, self.time)

    def _fault(self) -> Step | None:
        """The step if it fails: something is provably left out, or is not shown although it could be."""
        if self.unproven:
            return failed(
                9, f"a book or batch in scope is not shown: {_some(self.unproven)}", "范围内有总账或批次未证明",
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
                9, "nothing is in scope", "范围内没有批次，无从判断",
                first_entry=self.window.first, log_size=self.window.size,
            )  # fmt: skip
        missing = {node: reason for node, reason in sorted(self.gaps.items()) if node in scope.nodes}
        if missing:
            return _gap(missing)
        if self.untagged:
            return not_verified(
                9, "the package lacks the tag of a key epoch that a batch in scope uses", "缺少某密钥期的标签",
                key_epochs=sorted(self.untagged),
            )  # fmt: skip
        if scope.spoiled:
            first = scope.spoiled[0]
            return not_verified(
                9,
                f"what node {first.node} published cannot be shown (entry {first.entry}): {first.why.en}",
                f"节点 {first.node} 所发布内容无法证明（日志第 {first.entry} 条）：{first.why.zh}",
                nodes=sorted({one.node for one in scope.spoiled}), entries=sorted(one.entry for one in scope.spoiled),
            )  # fmt: skip
        if self.doubtful:
            return not_verified(
                9, f"a record is no longer live by a key that was in other hands then: {_some(self.doubtful)}",
                f"{len(self.doubtful)} 条记录的状态由当时已泄露的密钥变更", doubtful=self.doubtful,
            )  # fmt: skip
        if demands.audited and any(_is_unaudited(one) for one in scope.sought):
            what = Text("a batch in scope has not been audited", "范围内有批次未经审计")
            why = not_audited(what, _doubted_books(scope))
            return not_verified(9, why.en, why.zh)
        if self.veiled and not demands.trust_unopened:
            return not_verified(
                9,
                f"{len(self.veiled)} record(s) are not opened, perhaps because consent does not cover them",
                f"{len(self.veiled)} 条记录未展开，可能超出授权范围",
                unopened=self.veiled,
            )
        return None

    def _passed(self, scope: Scope, products: int) -> Step:
        batches = sum(isinstance(one.volume, LoggedAnchor) for one in scope.sought)
        details = {
            "publishers": len({one.shelf.node for one in scope.sought}),
            "products": products,
            "books": len(scope.sought) - batches,
            "batches": batches,
            "audited": batches - sum(map(_is_unaudited, scope.sought)),
            "records": self.leaves,
            "opened": self.leaves - sum(self.gone.values()) - len(self.veiled),
            "unopened": len(self.veiled),
            "gone": dict(sorted(self.gone.items())),
            "first_entry": self.window.first,
            "log_size": self.window.size,
            "until": self.window.end if self.window.size is None else None,
        }
        return passed(
            9,
            f"nothing left out: {details['books']} book(s), {batches} batch(es), {details['publishers']} publisher(s)",
            f"{details['publishers']} 个发布节点无遗漏：总账 {details['books']} 本，批次 {batches} 个",
            **details,
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


def _gap(missing: Mapping[int, str]) -> Step:
    """The report says itself that it lacks what these nodes published, and why."""
    known = {one.label: one for one in GapReason}
    shown = [(node, known.get(reason)) for node, reason in missing.items()][:_LISTED]
    en = "; ".join(f"node {node}" + (f" ({_words(one)})" if one else "") for node, one in shown)
    zh = "；".join(f"节点 {node}" + (f"（{one.zh}）" if one else "") for node, one in shown)
    more = len(missing) - len(shown)
    return not_verified(
        9,
        f"the report lacks the part of {len(missing)} publisher(s): {en}" + (f"; and {more} more" if more else ""),
        f"报告缺少 {len(missing)} 个发布方的部分：{zh}" + (f"；另有 {more} 个" if more else ""),
        gaps=[{"node": node, "reason": reason} for node, reason in missing.items()],
    )


def _words(reason: GapReason) -> str:
    return reason.label.replace("_", " ")


def _not_shown(section: Section, shown: Sequence[ShownRange]) -> str | None:
    """Why a section of a book or batch is not shown; None if a range that holds covers it."""
    covering = [one for one in shown if one.covers(section)]
    if any(one.holds for one in covering):
        return None
    return next((str(one.fault.reason.en) for one in covering if one.fault is not None), "no range proof")


def _is_unaudited(sought: Sought) -> bool:
    return isinstance(sought.volume, LoggedAnchor) and not sought.shelf.is_audited(sought.volume.entry)


def _doubted_books(scope: Scope) -> list[int]:
    """Books that would make batches in scope audited, had not perhaps a thief attested that."""
    unaudited = [one for one in scope.sought if _is_unaudited(one)]
    return sorted({book for one in unaudited for book in one.shelf.doubted_after(one.volume.entry)})


def _unaudited(scope: Scope) -> tuple[Weakness, ...]:
    """In an audited batch a regulator saw all leaves in order. In the others only proofs of disorder guard it."""
    batches = [one for one in scope.sought if isinstance(one.volume, LoggedAnchor)]
    count = sum(map(_is_unaudited, batches))
    if not count:
        return ()
    doubted = _doubted_books(scope)
    what = Text(f"{count} batch(es) in scope have not been audited", f"范围内 {count} 个批次未经审计")
    why = not_audited(what, doubted)
    more = {"doubted_books": doubted} if doubted else {}
    return (weakness(WeaknessKind.UNAUDITED, why.en, why.zh, batches=len(batches), unaudited=count, **more),)


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
