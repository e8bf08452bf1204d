"""Fetches what the verification of a report needs: the log, consent and delivery, all at one final block."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.calls import ZERO_ADDRESS
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.evidence import EvidenceFetcher
from creditchain.chain.region import Region
from creditchain.chain.views import ConsentState, LogEntry, MemberAt, Metered
from creditchain.errors import UnavailableError
from creditchain.messages import NO_DIGEST
from creditchain.verification.delivery import PackagedDelivery
from creditchain.verification.evidence import DeliveryEvidence, Member, Missing, ReportEvidence, TagEvidence
from creditchain.verification.report_package import EpochTag, ReportPackage
from creditchain.verification.verdict import Text
from creditchain.vocabulary import EntryKind

NO_LEDGER = Missing(Text("this region has no query ledger", "该区域没有查询账本合约"))


class ReportEvidenceFetcher:
    """Reads evidence for reports, at the same final block as `records` reads that of records."""

    def __init__(self, region: Region, records: EvidenceFetcher) -> None:
        self._region, self._records = region, records

    def fetch(self, package: ReportPackage) -> ReportEvidence:
        """The evidence for one package; all missing where the chain does not answer or contradicts itself."""
        try:
            return self._fetch(package)
        except (UnavailableError, LyingEndpointError) as error:
            epochs = [one.key_epoch for one in package.tags]
            why = Text(f"the chain could not be asked: {error.message}", "无法查询链上数据")
            return ReportEvidence.absent(self._records.origin, len(package.records), epochs, why)

    @cached_property
    def log(self) -> tuple[LogEntry, ...]:
        """Every entry of the log as of the final block, checked against its root. Raises as the chain does."""
        entries = tuple(self._region.entries(self._records.block.number))
        self._records.know(entry for entry in entries if entry.kind == EntryKind.ANCHOR)
        return entries

    def members(self, also: tuple[int, ...] = ()) -> dict[int, Member]:
        """Every node that ever anchored, these ones, and the hosts of them all. Raises as the chain does."""
        anchored = {entry.body["node"] for entry in self.log if entry.kind == EntryKind.ANCHOR and entry.body}
        found = {node: self._records.member(node) for node in sorted({*anchored, *also})}
        for member in list(found.values()):
            if member is not None and member.info.host:
                found[member.info.host] = self._records.member(member.info.host)
        return {node: member for node, member in found.items() if member is not None}

    def _fetch(self, package: ReportPackage) -> ReportEvidence:
        log, delivery = self.log, package.delivery
        sides = () if delivery is None else (delivery.request.institution, delivery.request.provider)
        return ReportEvidence(
            origin=self._records.origin,
            block=self._records.block,
            records=tuple(self._records.fetch(one) for one in package.packages()),
            tags={one.key_epoch: self._tag(one) for one in package.tags},
            log=log,
            members=self.members(sides),
            delivery=DeliveryEvidence() if delivery is None else self._delivery(delivery),
        )

    def _tag(self, one: EpochTag) -> TagEvidence:
        statement = one.tag.statement
        signer = self._records.signer(statement) if statement is not None else None
        return TagEvidence(self._records.key_epoch_digest(one.key_epoch), signer)

    def _delivery(self, delivery: PackagedDelivery) -> DeliveryEvidence:
        """What concerns the delivery, in one batch of reads."""
        deployed = self._region.deployment.contracts
        if "ConsentToken" not in deployed or "QueryLedger" not in deployed:
            return DeliveryEvidence(*[NO_LEDGER] * 5)
        request, time = delivery.request, delivery.receipt.delivered_at
        questions: list[tuple[str, str, tuple[Any, ...]]] = [
            ("ConsentToken", "consentOf", (int.from_bytes(request.consent),)),
            ("ConsentToken", "openDomainsAt", (time,)),
            ("QueryLedger", "deliveryOf", (request.id,)),
            ("NodeRegistry", "memberAt", (request.institution, time)),
            ("NodeRegistry", "memberAt", (request.provider, time)),
        ]
        calls = [
            (self._region.deployment.address(contract), interface(contract).encode(function, *arguments))
            for contract, function, arguments in questions
        ]
        block = self._records.block.number
        results = self._region.chain.calls(calls, block=block, doing="answer what concerns the delivery")
        consent, opened, metered, institution, provider = (
            interface(contract).decode(function, data)[0]
            for (contract, function, _), data in zip(questions, results, strict=True)
        )
        return DeliveryEvidence(
            consent=None if request.consent == NO_DIGEST else _consent(consent),
            metered=_metered(metered),
            institution=_member(institution),
            provider=_member(provider),
            open_domains=opened,
        )


def _consent(found: tuple[Any, ...]) -> ConsentState | None:
    institution, sections, domains, purpose, valid_from, not_after, uses, used, revoked_at, key, platform, entry = found
    if institution == 0:
        return None
    return ConsentState(
        institution=institution,
        sections=sections,
        domains=domains,
        purpose=purpose,
        valid_from=valid_from,
        not_after=not_after,
        uses=uses,
        used=used,
        revoked_at=revoked_at,
        key=None if key == ZERO_ADDRESS else key,
        platform=platform,
        entry=entry,
    )


def _metered(found: tuple[int, int, bytes]) -> Metered | None:
    entry, flags, receipt = found
    return Metered(entry, flags, receipt) if any(receipt) else None


def _member(found: tuple[int, bool, str, str]) -> MemberAt:
    role, acts, *operators = found
    operator, host = (None if address == ZERO_ADDRESS else address for address in operators)
    return MemberAt(role, acts, operator, host)
