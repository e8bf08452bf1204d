"""Compute the evidence for report packages from facts: shelves, records, consent and delivery, all as of one block.

What a verifier will ask for follows from the package, or the package says it (`reads`). So all of it is asked for at
once, and a verification takes as few round trips as its facts allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from creditchain.chain.errors import ContractRefusedError
from creditchain.errors import UnavailableError
from creditchain.evidence.record import EvidenceFetcher, unasked
from creditchain.log.consent_cells import LIMITS_KEY, grant_key, nonce_key, pause_key
from creditchain.log.entries import QueriesBody
from creditchain.log.facts import EntryPlace, MissingFactError
from creditchain.log.members import member_keys, operator_key
from creditchain.log.publishing_cells import CURRENT_EPOCH_KEY, epoch_keys, flags_key, listed_keys, product_key
from creditchain.log.reading import is_grant
from creditchain.log.record_cells import disputes_key, life_key
from creditchain.log.recorded_facts import RecordedFacts
from creditchain.log.views import LogEntry
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.packages.delivery import PackagedDelivery
from creditchain.packages.report_package import EpochTag, Reads, ReportPackage
from creditchain.verification.evidence import Missing, NodeHistory, TagEvidence
from creditchain.verification.lives import RecordKey, read_lives, read_states
from creditchain.verification.policy import LAG_SECONDS
from creditchain.verification.report_evidence import DeliveryEvidence, ReportEvidence
from creditchain.verification.shelves import Mentioned, read_shelves, shelf_cells
from creditchain.verification.subject import signer_of
from creditchain.verification.verdict import Text
from creditchain.vocabulary import Space

NO_LEDGER = Missing(Text("this region has no query ledger", "该区域没有查询账本合约"))

_T = TypeVar("_T")
#: Places of the lists of publishers and products that are asked for before their lengths are known.
_FIRST_PLACES: Final = 64


class ReportEvidenceFetcher:
    """Computes evidence for reports, as of the block as of which `records` computes that for records."""

    def __init__(self, records: EvidenceFetcher) -> None:
        self._records = records
        self._facts, self._reading = records.facts, records.reading

    def fetch(self, package: ReportPackage) -> ReportEvidence:
        """The evidence for one package; all of it is missing if nobody answers or the answers contradict each other."""
        self._records.begin()
        try:
            return self._fetch(package)
        except MissingFactError as error:
            why = Text(error.message, error.zh)
        except (UnavailableError, ContractRefusedError) as error:
            why = unasked(error)
        entries = [one.index for one in package.named_entries]
        return ReportEvidence.absent(self._records.origin, entries, [one.key_epoch for one in package.tags], why)

    def members(self, also: Iterable[int] = ()) -> dict[int, NodeHistory]:
        """Every node that ever anchored, the nodes in `also`, and the hosts of all these. Raises as `Facts` does."""
        wanted = sorted({*self._reading.publishers(), *also})
        self._reading.members.prepare(wanted)
        found = {node: self._records.member(node) for node in wanted}
        for member in list(found.values()):
            if member is not None and member.info.host:
                found[member.info.host] = self._records.member(member.info.host)
        return {node: member for node, member in found.items() if member is not None}

    def _fetch(self, package: ReportPackage, *, named: bool = True) -> ReportEvidence:
        """`named`: the package names all that it has to; False while that is found out."""
        self._facts.expect(report_cells(package), package.named_entries)
        self._facts.expect(_signer_cells(package, self._records))
        block, delivery = self._records.block, package.delivery
        time = block.time if delivery is None else delivery.receipt.delivered_at
        leaves = opened_leaves(package)
        members = _known(lambda: self.members(_named_nodes(package)))
        return ReportEvidence(
            origin=self._records.origin,
            block=block,
            tags={one.key_epoch: self._tag(one) for one in package.tags},
            entries={place.index: self._entry(place) for place in _places(package)},
            shelves=members
            if isinstance(members, Missing)
            else _known(lambda: read_shelves(self._facts, members, named_by(package, time, named=named))),
            states=_known(lambda: read_states(self._facts, leaves)),
            lives=_known(lambda: read_lives(self._facts, leaves, time)),
            members=members,
            delivery=DeliveryEvidence() if delivery is None else self._delivery(package, delivery),
            source=self._records.source,
        )

    def _entry(self, place: EntryPlace) -> LogEntry | Missing | None:
        if place.index >= self._facts.head.size:
            return None
        return _known(lambda: self._facts.entries([place])[0])

    def _tag(self, one: EpochTag) -> TagEvidence:
        statement = one.tag.statement
        return TagEvidence(
            _known(lambda: self._records.key_epoch_digest(one.key_epoch)),
            None if statement is None else _known(lambda: self._records.signer(statement)),
        )

    def _delivery(self, package: ReportPackage, delivery: PackagedDelivery) -> DeliveryEvidence:
        """Evidence about the delivery: the consent as it is now, members and rules as they were at the delivery."""
        if self._records.origin.query_ledger is None:
            return DeliveryEvidence.absent(NO_LEDGER)
        reading, request, time = self._reading, delivery.request, delivery.receipt.delivered_at
        sides, consent = (request.institution, request.provider, request.nonce), request.consent
        granted = consent != NO_DIGEST
        members = reading.members
        return DeliveryEvidence(
            consent=_known(lambda: reading.consent(consent)) if granted else None,
            grant=_known(lambda: reading.grant(consent, self._grant_place(package, consent))) if granted else None,
            pauses=_known(lambda: tuple(reading.pauses(consent))) if granted else (),
            metered=_known(lambda: reading.metered(*sides, self._metered_place(package, request))),
            institution=_known(lambda: members.member_at(request.institution, time)),
            provider=_known(lambda: members.member_at(request.provider, time)),
            broker=_known(lambda: members.member_at(request.via, time)) if request.via else None,
            open_domains=_known(lambda: reading.open_domains_at(time)),
            countersigners=_known(
                lambda: {one.node: members.member_at(one.node, one.given_at) for one in package.countersigned}
            ),
        )

    def _grant_place(self, package: ReportPackage, consent: bytes) -> EntryPlace | None:
        """The entry that the package names and that granted the consent, if there is one."""
        for place, entry in self._read_entries(package):
            if is_grant(entry, consent):
                return place
        return None

    def _metered_place(self, package: ReportPackage, request: QueryRequest) -> EntryPlace | None:
        for place, entry in self._read_entries(package):
            body = entry.body
            if isinstance(body, QueriesBody) and any(item.request == request.id for item in body.items):
                return place
        return None

    def _read_entries(self, package: ReportPackage) -> Iterator[tuple[EntryPlace, LogEntry]]:
        """The entries that the package names beside those of its ranges, as far as they are to be had."""
        for place in package.reads.entries:
            entry = self._entry(place)
            if isinstance(entry, LogEntry):
                yield place, entry


def with_reads(records: EvidenceFetcher, package: ReportPackage) -> ReportPackage:
    """The package with all that a verifier will have to ask for besides what follows from the package itself.

    It is found by verifying it here, as of the block of these facts. Raises as `Facts` does.
    """
    return read_and_noted(records, package)[0]


def read_and_noted(records: EvidenceFetcher, package: ReportPackage) -> tuple[ReportPackage, ReportEvidence]:
    """The same, and the evidence that was read for it: as a verifier will have it who reads what the package names."""
    noted = RecordedFacts(records.facts)
    bare = replace(package, reads=Reads(entries=_grant_of(records, package)))
    evidence = ReportEvidenceFetcher(records.over(noted))._fetch(bare, named=False)
    bare = replace(bare, reads=Reads())
    follow = {*report_cells(bare), *_signer_cells(bare, records)}
    named = {place.index for place in bare.named_entries}
    reads = Reads(
        cells=tuple(key for key in noted.cells if key not in follow),
        entries=tuple(place for place in noted.asked if place.index not in named),
    )
    return replace(package, reads=reads), evidence


def _grant_of(records: EvidenceFetcher, package: ReportPackage) -> tuple[EntryPlace, ...]:
    """The entry that granted the consent of a package, if there is one.

    It is found here once. Otherwise the package would name, and each verifier read, every entry that used the consent
    since: each wrote the cell from which the grant is found.
    """
    consent = NO_DIGEST if package.delivery is None else package.delivery.request.consent
    if consent == NO_DIGEST or records.origin.query_ledger is None:
        return ()
    records.facts.expect(report_cells(package), package.named_entries)
    entry = _known(lambda: records.reading.grant(consent))
    return (EntryPlace(entry.index, entry.block),) if isinstance(entry, LogEntry) else ()


def report_cells(package: ReportPackage) -> Iterator[bytes]:
    """The keys of all cells that a verification of this package needs, as far as they follow from the package."""
    yield CURRENT_EPOCH_KEY
    for space in (Space.PUBLISHER, Space.PRODUCT):
        yield from listed_keys(space, _FIRST_PLACES)
    for tag in package.tags:
        yield from epoch_keys(tag.key_epoch)
    for node, epoch in {(one.node, one.key_epoch) for one in package.ranges}:
        yield from shelf_cells([node], [epoch])
    yield from (flags_key(place.index) for place in package.named_entries)
    yield from (product_key(leaf.product) for one in package.ranges for leaf in one.proof.leaves)
    for record in opened_leaves(package):
        yield life_key(*record)
        yield disputes_key(*record)
    for node in {*_named_nodes(package), *(one.node for one in package.ranges)}:
        yield from member_keys(node)
    if package.delivery is not None:
        yield from _delivery_cells(package.delivery.request)
    yield from package.reads.cells


def opened_leaves(package: ReportPackage) -> list[RecordKey]:
    """Node and leaf hash of every leaf that a range of the package opens."""
    return list(dict.fromkeys((one.node, leaf.hash()) for one in package.ranges for leaf in one.proof.leaves))


def named_by(package: ReportPackage, time: int, *, named: bool = True) -> Mentioned:
    """What a package shows, and (if `named`) names, of a report of this time, unix seconds.

    A provider reads final blocks and needs time to assemble, so what came shortly before it need not be named either.
    """
    shown = frozenset(one.place.index for one in package.ranges)
    if not named:
        return Mentioned(shown, None, time - LAG_SECONDS, frozenset(package.gaps or ()))
    entries = frozenset(one.index for one in package.named_entries)
    return Mentioned(shown, entries, time - LAG_SECONDS)


def _delivery_cells(request: QueryRequest) -> Iterator[bytes]:
    yield LIMITS_KEY
    yield nonce_key(request.institution, request.provider, request.nonce)
    if request.consent != NO_DIGEST:
        yield grant_key(request.consent)
        yield pause_key(request.consent)


def _signer_cells(package: ReportPackage, records: EvidenceFetcher) -> Iterator[bytes]:
    for one in package.tags:
        address = None if one.tag.statement is None else signer_of(one.tag.statement, records.origin)
        if address is not None:
            yield operator_key(address)


def _places(package: ReportPackage) -> list[EntryPlace]:
    return [*(one.place for one in package.ranges), *(one.place for one in package.origins)]


def _named_nodes(package: ReportPackage) -> set[int]:
    """The nodes that sign for a delivery or a part of it, that endorsed its consent, and that state tags."""
    found = {one.tag.statement.platform for one in package.tags if one.tag.statement is not None}
    found |= {one.node for one in package.countersigned}
    if package.delivery is not None:
        request = package.delivery.request
        found |= {request.institution, request.provider, *((request.via,) if request.via else ())}
    if package.consent is not None:
        found.add(package.consent.message.platform)
    return found


def _known(read: Callable[[], _T]) -> _T | Missing:
    """What a reading gives; missing if these facts do not hold it, whatever else they hold."""
    try:
        return read()
    except MissingFactError as error:
        return Missing(Text(error.message, error.zh))
