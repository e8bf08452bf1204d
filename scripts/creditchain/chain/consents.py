"""Consents, deliveries and loans of a region: typed reads pinned to a block, and their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import LogRange
from creditchain.chain.errors import ContractRefusedError, LyingEndpointError
from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.log.entries import ConsentBody, OpenDomainsBody
from creditchain.log.views import ConsentState, MemberAt, Metered
from creditchain.messages import Consent, ContractDomain
from creditchain.vocabulary import EntryKind, Finding


@dataclass(frozen=True, slots=True)
class LoanTotal:
    """An institution's current report of a month. `reports` counts corrections too; `entry` belongs to the last one."""

    amount: int
    count: int
    reports: int
    entry: int


@dataclass(frozen=True, slots=True)
class Granted:
    """A consent that was granted, its log entry, block and transaction."""

    consent: Consent
    entry: int
    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """One `Delivered` event. `index` is its position among the items of its log entry."""

    request: bytes
    institution: int
    provider: int
    consent: bytes
    report: bytes
    delivered_at: int
    meter_by: int
    purpose: int
    domains: int
    flags: int
    entry: int
    index: int
    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """One `DeliveryRejected` event. `index` is the position of the delivery in the call."""

    request: bytes
    index: int
    finding: Finding


class ConsentReads:
    """Reads about consents from ConsentToken, QueryLedger and NodeRegistry. `block` None reads the newest block."""

    def __init__(self, region: Region) -> None:
        self.region = region

    def _read(self, contract: str, function: str, *arguments: Any, block: int | None) -> Any:
        face, address = interface(contract), self.region.deployment.address(contract)
        data = face.encode(function, *arguments)
        answer = self.region.chain.call(address, data, block=block, doing=f"answer {function}")
        return face.decode(function, answer)[0]

    def consent(self, consent: bytes, block: int | None = None) -> ConsentState | None:
        """The consent with this id (32 bytes); None if there is none."""
        found = self._read("ConsentToken", "consentOf", int.from_bytes(consent, "big"), block=block)
        return ConsentState(*found) if found[0] else None

    def message(self, state: ConsentState) -> Consent:
        """The whole consent, from the log entry of its grant.

        Raises:
            LyingEndpointError: the endpoint does not give that entry.
        """
        first, last = self.region.deployment.first_block, self.region.chain.head().number
        for entry in entries_between(self.region, first, last, EntryKind.CONSENT, state.entry):
            if isinstance(entry.body, ConsentBody):
                return self._consent(entry.body)
        raise LyingEndpointError("the endpoint omits an entry of the log", expected=f"entry {state.entry}, a consent")

    def owner(self, consent: bytes, block: int | None = None) -> str:
        """The token's owner: the institution's current operator. Raises ContractRefusedError if there is no consent."""
        return str(self._read("ConsentToken", "ownerOf", int.from_bytes(consent, "big"), block=block))

    def open_domains_at(self, time: int, block: int | None = None) -> int:
        """Bit set of the domains that could be used without consent at `time`, unix seconds."""
        try:
            return int(self._read("ConsentToken", "openDomainsAt", time, block=block))
        except ContractRefusedError as error:
            if error.name != "ConsentTokenOpenDomainsPast":
                raise
        # The contract knows the last two rules; the log has all.
        last = self.region.chain.head().number if block is None else block
        entries = entries_between(self.region, self.region.deployment.first_block, last, EntryKind.OPEN_DOMAINS)
        rules = [
            entry.body.domains for entry in entries if entry.time <= time and isinstance(entry.body, OpenDomainsBody)
        ]
        return rules[-1] if rules else 0

    def metered(self, request: bytes, block: int | None = None) -> Metered | None:
        """The delivery metered for a request (given by struct hash); None if none was metered."""
        found = self._read("QueryLedger", "deliveryOf", request, block=block)
        return Metered(*found) if any(found[2]) else None

    def loans(self, institution: int, month: int, block: int | None = None) -> LoanTotal | None:
        """The current report of a month (YYYYMM); None before the first report."""
        found = self._read("QueryLedger", "loansOf", institution, month, block=block)
        return LoanTotal(*found) if found[2] else None

    def member_at(self, node: int, time: int, block: int | None = None) -> MemberAt:
        """What a node was at `time` (unix seconds); role 0 if there is no such node."""
        return self.region.members(block).member_at(node, time)

    def granted(
        self,
        *,
        institution: int | None = None,
        platform: int | None = None,
        key: str | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> Iterator[Granted]:
        """Consents granted in blocks `first` (None: the deployment's) to `last` (None: the newest), in order."""
        begin = self.region.deployment.first_block if first is None else first
        end = self.region.chain.head().number if last is None else last
        for entry in entries_between(self.region, begin, end, EntryKind.CONSENT):
            if not isinstance(entry.body, ConsentBody):
                continue
            body = entry.body
            wanted = ((institution, body.institution), (platform, body.platform), (key, body.key))
            if all(want in (None, have) for want, have in wanted):
                yield Granted(self._consent(body), entry.index, entry.block, entry.transaction_hash)

    def delivered(self, *, first: int | None = None, last: int | None = None) -> Iterator[Delivered]:
        """Metered deliveries in order, each with its log entry and its position there."""
        waiting: list[dict[str, Any]] = []
        for log, values in self._events("QueryLedger", ("Delivered", "QueriesLogged"), first, last):
            if "root" not in values:
                waiting.append(values)
                continue
            # The contract emits one event for each item and then the event of their log entry, which closes the run.
            at = {"entry": values["entry"], "block": log.block, "transaction_hash": log.transaction_hash}
            for index, item in enumerate(waiting):
                yield Delivered(**{_SNAKE.get(name, name): value for name, value in item.items()}, index=index, **at)
            waiting.clear()

    def rejected(self, logs: Sequence[Log]) -> list[Rejected]:
        """The deliveries that a metering transaction did not meter, and why; read from its receipt's logs."""
        event = interface("QueryLedger").events["DeliveryRejected"]
        address = self.region.deployment.address("QueryLedger")
        found = (event.decode(log) for log in logs if log.address == address and log.topics[:1] == (event.topic,))
        return [Rejected(values["request"], values["index"], Finding(values["finding"])) for values in found]

    def domain(self, contract: str) -> ContractDomain:
        """The EIP-712 domain of a contract of this region."""
        return ContractDomain(self.region.deployment.chain_id, self.region.deployment.address(contract))

    def _consent(self, body: ConsentBody) -> Consent:
        return Consent(self.domain("ConsentToken"), *astuple(body))

    def _events(
        self, contract: str, names: str | tuple[str, ...], first: int | None, last: int | None
    ) -> Iterator[tuple[Log, dict[str, Any]]]:
        events = [interface(contract).events[name] for name in ((names,) if isinstance(names, str) else names)]
        by_topic = {event.topic: event for event in events}
        begin = self.region.deployment.first_block if first is None else first
        end = self.region.chain.head().number if last is None else last
        address = self.region.deployment.address(contract)
        wanted = LogRange((address,), tuple(event.topic for event in events), begin, end)
        for log in self.region.chain.logs(wanted):
            yield log, by_topic[log.topics[0]].decode(log)


_SNAKE = {"deliveredAt": "delivered_at", "meterBy": "meter_by"}
