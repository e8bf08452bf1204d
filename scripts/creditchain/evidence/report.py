"""Fetch the evidence for report packages: the log, consent and delivery, all at one final block."""

from __future__ import annotations

from functools import cached_property

from creditchain.chain.consents import ConsentReads
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.log_entries import read_entries
from creditchain.chain.region import Region
from creditchain.errors import UnavailableError, UsageError
from creditchain.evidence.record import EvidenceFetcher
from creditchain.log.entries import AnchorBody
from creditchain.log.facts import Basis
from creditchain.log.metering import metered_in
from creditchain.log.views import LogEntry
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.report_package import EpochTag, ReportPackage
from creditchain.verification.evidence import DeliveryEvidence, Missing, NodeHistory, ReportEvidence, TagEvidence
from creditchain.verification.verdict import Text
from creditchain.vocabulary import EntryKind

NO_LEDGER = Missing(Text("this region has no query ledger", "该区域没有查询账本合约"))


class ReportEvidenceFetcher:
    """Reads evidence for reports, at the final block at which `records` reads the evidence for records."""

    def __init__(self, region: Region, records: EvidenceFetcher) -> None:
        self._region, self._records = region, records

    def fetch(self, package: ReportPackage) -> ReportEvidence:
        """The evidence for one package; all of it is missing if the chain does not answer or contradicts itself."""
        if self._records.facts.basis not in (Basis.TOLD, Basis.AGREED):
            raise UsageError("facts about reports are told or agreed", hint="Leave out --facts.")
        try:
            return self._fetch(package)
        except (UnavailableError, ContractRefusedError) as error:
            epochs = [one.key_epoch for one in package.tags]
            why = Text(f"the chain could not be asked: {error.message}", "无法查询链上数据")
            return ReportEvidence.absent(self._records.origin, len(package.records), epochs, why)

    @cached_property
    def log(self) -> tuple[LogEntry, ...]:
        """Every entry of the log as of the final block, checked against its root. Raises as the chain does."""
        entries = tuple(read_entries(self._region, self._records.block.number))
        self._records.know(entry for entry in entries if entry.kind == EntryKind.ANCHOR)
        return entries

    def members(self, also: tuple[int, ...] = ()) -> dict[int, NodeHistory]:
        """Every node that ever anchored, the nodes in `also`, and the hosts of all these. Raises as the chain does."""
        anchored = {entry.body.node for entry in self.log if isinstance(entry.body, AnchorBody)}
        found = {node: self._records.member(node) for node in sorted({*anchored, *also})}
        for member in list(found.values()):
            if member is not None and member.info.host:
                found[member.info.host] = self._records.member(member.info.host)
        return {node: member for node, member in found.items() if member is not None}

    def _fetch(self, package: ReportPackage) -> ReportEvidence:
        log, delivery = self.log, package.delivery
        sides = () if delivery is None else _sides(delivery.request)
        endorsed = () if package.consent is None else (package.consent.message.platform,)
        return ReportEvidence(
            origin=self._records.origin,
            block=self._records.block,
            records=tuple(self._records.fetch(one) for one in package.packages()),
            tags={one.key_epoch: self._tag(one) for one in package.tags},
            log=log,
            members=self.members((*sides, *endorsed)),
            delivery=DeliveryEvidence() if delivery is None else self._delivery(delivery),
            source=self._records.source,
        )

    def _tag(self, one: EpochTag) -> TagEvidence:
        statement = one.tag.statement
        signer = self._records.signer(statement) if statement is not None else None
        return TagEvidence(self._records.key_epoch_digest(one.key_epoch), signer)

    def _delivery(self, delivery: PackagedDelivery) -> DeliveryEvidence:
        """Evidence about the delivery: the consent as it is now, members and rules as they were at the delivery."""
        deployed = self._region.deployment.contracts
        if "ConsentToken" not in deployed or "QueryLedger" not in deployed:
            return DeliveryEvidence(*[NO_LEDGER] * 6)
        reads, block = ConsentReads(self._region), self._records.block.number
        request, time = delivery.request, delivery.receipt.delivered_at
        return DeliveryEvidence(
            consent=None if request.consent == NO_DIGEST else reads.consent(request.consent, block),
            metered=metered_in(self.log, request.institution, request.provider, request.nonce),
            institution=reads.member_at(request.institution, time, block),
            provider=reads.member_at(request.provider, time, block),
            broker=reads.member_at(request.via, time, block) if request.via else None,
            open_domains=reads.open_domains_at(time, block),
        )


def _sides(request: QueryRequest) -> tuple[int, ...]:
    """The nodes that sign for a delivery."""
    sides = (request.institution, request.provider)
    return (*sides, request.via) if request.via else sides
