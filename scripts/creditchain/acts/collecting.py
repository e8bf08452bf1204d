"""Collecting a report: what other publishers hold, their exchanges give, each for its part and all at the same time.

Folders that lie here are used directly. A part is believed no more than a stranger's package: what its publisher
signed, its ranges, its records and what it leaves out are checked as a verifier will check them. Whoever gives nothing,
or nothing that holds, is a gap that the report names.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from creditchain.acts.reporting import ReportMaking
from creditchain.client.peers import PartAsked, Peers
from creditchain.documents import Section
from creditchain.errors import InputError
from creditchain.evidence.report import ReportEvidenceFetcher, with_reads
from creditchain.log.facts import EntryPlace
from creditchain.messages import DeliveryReceipt, signed_by
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.report_package import ReportPackage
from creditchain.packages.report_part import PartOrder, SignedPart, parse_part
from creditchain.packages.request_file import RequestFile
from creditchain.reports import Assembled, AssemblyError, assemble, missing_here, neighbours, without_nodes
from creditchain.verification.case import Case
from creditchain.verification.complete import check_completeness
from creditchain.verification.consented import check_consent
from creditchain.verification.policy import Completeness, Policy
from creditchain.verification.report import judge_report
from creditchain.verification.retained import check_retention
from creditchain.verification.scope import Sought
from creditchain.verification.verdict import Outcome, passed
from creditchain.vocabulary import GapReason

_log = logging.getLogger(__name__)

#: Step 8, as if the report were delivered already: step 9 builds on it.
_DELIVERED = passed(8, "to be delivered", "待交付")


@dataclass(frozen=True, slots=True)
class Collection:
    """What a report is collected by: the institution's request, and where to ask."""

    file: RequestFile
    node: int  #: of the provider, which asks itself for nothing
    peers: Peers
    time: int  #: at which the request was judged, and of the delivery, unix seconds

    def assembled(self, making: ReportMaking) -> Assembled:
        """The report of all parts that hold, and of the gaps.

        Raises:
            AssemblyError: nobody gave anything, or a folder of the provider's own is missing.
        """
        wanted = missing_here(making.scope, making.library)
        if not wanted:
            return making.assembled()
        if self.node in wanted:
            raise AssemblyError("a folder of this provider is missing", found=wanted[self.node][0].name)
        parts, gaps = self._asked(making, wanted)
        while True:
            if set(gaps) >= {one.shelf.node for one in (*making.scope.sought, *making.scope.doubted)}:
                raise AssemblyError(
                    "no publisher gave its part of the report",
                    found=", ".join(f"node {node}: {reason.label}" for node, reason in sorted(gaps.items())),
                    hint="Ask again with the same request.",
                )
            made = _with(making, parts, gaps)
            unfit = self._unfit(making, made.package, sorted(parts))
            if not unfit:
                return made
            for node in unfit:
                del parts[node]
                gaps[node] = GapReason.UNFIT

    def _asked(
        self, making: ReportMaking, wanted: Mapping[int, Sequence[Sought]]
    ) -> tuple[dict[int, SignedPart], dict[int, GapReason]]:
        """The parts that are what was asked for, by who was asked; and the gaps."""
        hosts = {node: making.members[node].info.host for node in wanted}
        asked = {
            node: PartAsked(PartOrder(self.file, node, tuple(map(_place, sought))), {node, hosts[node]} - {0})
            for node, sought in wanted.items()
        }
        parts: dict[int, SignedPart] = {}
        gaps: dict[int, GapReason] = {}
        for node, answer in self.peers.parts(asked).items():
            if isinstance(answer, GapReason):
                gaps[node] = answer
                continue
            part = self._read(making, node, answer)
            if part is None or not _is_asked_for(part, wanted[node]):
                gaps[node] = GapReason.UNFIT
            else:
                parts[node] = part
        return parts, gaps

    def _read(self, making: ReportMaking, node: int, answer: bytes) -> SignedPart | None:
        """A part that is signed by the node for this request; None if it is not."""
        tags = {epoch: one.subject_tag for epoch, one in making.tags.items()}
        try:
            part = parse_part(answer, tags)
        except InputError as error:
            _log.warning("node %d answered with what is no part: %s", node, error.message)
            return None
        request, given_at = self.file.request, part.signed.given_at
        if (part.log_id, part.request) != (request.domain.log_id, request.id) or part.part.node != node:
            return None
        if not request.issued_at <= given_at <= request.deadline:
            return None
        member = making.records.reading.members.member_at(node, given_at)
        keys = [key for key in (member.operator, member.host_operator) if key is not None]
        signed = member.acts and any(signed_by(part.message, part.signed.signature, key) for key in keys)
        return part if signed else None

    def _unfit(self, making: ReportMaking, package: ReportPackage, nodes: Sequence[int]) -> list[int]:
        """Those of the nodes that gave parts and whose part would fail a verification."""
        request = self.file.request
        receipt = DeliveryReceipt(request.domain, request.id, package.report.commitment, self.time, self.time)
        delivery = PackagedDelivery(
            request, self.file.subject_salt, self.file.signature, receipt, b"", self.file.broker_signature
        )
        whole = with_reads(making.records, replace(package, delivery=delivery, consent=self.file.consent))
        evidence = ReportEvidenceFetcher(making.records).fetch(whole)
        judged = judge_report(whole, evidence, catalogue=making.order.catalogue)
        # The provider computes the tags itself, so it needs nobody's word for them.
        case = replace(judged.case, vouched=frozenset(making.tags))
        failing = {
            record.key[0]
            for record, steps in zip(case.records, judged.records, strict=True)
            if any(step.outcome is Outcome.FAILED for step in steps.steps.values())
        }
        return [node for node in nodes if node in failing or not _holds(case, node, making.size)]


def _with(making: ReportMaking, parts: Mapping[int, SignedPart], gaps: Mapping[int, GapReason]) -> Assembled:
    """The report of what is here, these parts, and these gaps."""
    return assemble(
        replace(making.order, gaps=gaps),
        without_nodes(making.scope, {*parts, *gaps}),
        making.library,
        making.tags,
        making.log,
        making.members,
        [parts[node] for node in sorted(parts)],
    )


def _holds(case: Case, node: int, size: int) -> bool:
    """Whether consent covers what a node's part shows, its records are not past their time, and it lacks nothing."""
    scope = Completeness(nodes=frozenset({node}), log_size=size)
    complete, _, _ = check_completeness(replace(case, policy=Policy(completeness=scope)), _DELIVERED)
    own = replace(case, records=tuple(one for one in case.records if one.key[0] == node))
    steps = complete, check_consent(own), check_retention(own)[0]
    return not any(step.outcome is Outcome.FAILED for step in steps)


def _place(sought: Sought) -> EntryPlace:
    return EntryPlace(sought.volume.entry, sought.volume.block)


def _is_asked_for(part: SignedPart, sought: Sequence[Sought]) -> bool:
    """Whether a part has the ranges that were asked for, no more and no fewer, of products that are in scope."""
    expected = sorted(_ranges(sought))
    found = sorted((one.place.index, one.key_epoch, one.place.block, one.sections) for one in part.part.ranges)
    known = {number for one in sought for number in one.products}
    return found == expected and all(one.record.product in known for one in part.part.records)


def _ranges(sought: Sequence[Sought]) -> Iterator[tuple[int, int, int | None, tuple[Section, Section]]]:
    for one in sought:
        for sections in neighbours(one.sections):
            yield one.volume.entry, one.shelf.key_epoch, one.volume.block, sections
