"""Consents, deliveries and loans of a region: typed reads pinned to a block, and their events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import entries_between
from creditchain.chain.region import Region
from creditchain.log.consent_cells import OPEN_DOMAINS_KEY, consent_of, grant_key, open_domains_in, pause_key
from creditchain.log.entries import ConsentBody, LimitsBody, QueriesBody
from creditchain.log.metering import consent_id
from creditchain.log.query_items import NONCES_A_CELL, QueryItem, nonce_cell
from creditchain.log.views import ConsentState, LogEntry, MemberAt, Metered
from creditchain.messages import Consent, LogDomain, QueryRequest
from creditchain.vocabulary import EntryKind, Finding, Limit, Space

#: How many cells after the last one in use a provider still takes a nonce from: 2,000 requests that were not answered.
CELLS_AHEAD: Final = 10


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
    """A metered delivery. `index` is the position of its item in its log entry."""

    item: QueryItem
    entry: LogEntry
    index: int

    @property
    def metered(self) -> Metered:
        """The item, with index and time of its entry."""
        return Metered(self.entry.index, self.entry.time, self.item)


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
        found = self._consent_state(consent, block)
        return found if found.institution else None

    def revoked_at(self, consent: bytes, block: int | None = None) -> int:
        """When a consent was taken back, also if it was never granted, unix seconds; 0 if it was not."""
        return self._consent_state(consent, block).revoked_at

    def _consent_state(self, consent: bytes, block: int | None) -> ConsentState:
        return consent_of(*self.region.words([grant_key(consent), pause_key(consent)], block))

    def message(self, consent: bytes) -> Consent:
        """The whole of a granted consent, by its id, from the log entry of its grant.

        Raises:
            LyingEndpointError: the endpoint does not give that entry.
        """
        first, last = self.region.deployment.first_block, self.region.chain.head().number
        for entry in entries_between(self.region, first, last, EntryKind.CONSENT):
            if isinstance(entry.body, ConsentBody) and consent_id(entry.data) == consent:
                return self._consent(entry.body)
        raise LyingEndpointError("the endpoint omits an entry of the log", expected=f"the grant of 0x{consent.hex()}")

    def owner(self, consent: bytes, block: int | None = None) -> str:
        """The token's owner: the institution's current operator. Raises ContractRefusedError if there is no consent."""
        return str(self._read("ConsentToken", "ownerOf", int.from_bytes(consent, "big"), block=block))

    def open_domains_at(self, time: int, block: int | None = None) -> int:
        """Bit set of the domains that could be used without consent at `time`, unix seconds."""
        found = open_domains_in(self.region.words([OPEN_DOMAINS_KEY], block)[0], time)
        if found is not None:
            return found
        # The cell knows the last two rules; the log has all.
        last = self.region.chain.head().number if block is None else block
        entries = entries_between(self.region, self.region.deployment.first_block, last, EntryKind.LIMITS)
        rules = [
            entry.body.value
            for entry in entries
            if isinstance(entry.body, LimitsBody) and entry.body.limit == Limit.OPEN_DOMAINS and entry.time <= time
        ]
        return rules[-1] if rules else 0

    def metered(self, request: QueryRequest, block: int | None = None) -> Metered | None:
        """The delivery that was metered for a request's nonce; None if none was.

        Compare its `request`: the institution may have signed another one with the same nonce.
        """
        return self.metered_for([request], block).get(nonce_of(request))

    def metered_for(
        self, requests: Sequence[QueryRequest], block: int | None = None
    ) -> dict[tuple[int, int, int], Metered]:
        """The deliveries that were metered for the requests' nonces, by `nonce_of`.

        Raises:
            LyingEndpointError: the endpoint omits the log entry of a nonce that is used.
        """
        at = self.region.chain.head().number if block is None else block
        used = self._used({nonce_of(request) for request in requests}, at)
        if not used:
            return {}
        delivered = self.delivered(last=at)
        found = {place: one.metered for one in delivered if (place := _nonce_of(one.item)) in used}
        if len(found) < len(used):
            raise LyingEndpointError(
                "the endpoint omits an entry of the log", expected="a delivery for each used nonce"
            )
        return found

    def next_nonce(self, institution: int, provider: int, least: int = 0, block: int | None = None) -> int:
        """The first nonce from `least` on that comes after all that are used in its cell."""
        nonce = least
        while True:
            cell, _ = nonce_cell(institution, provider, nonce)
            value = self._values([cell], block)[0]
            if not value:
                return nonce
            start = nonce // NONCES_A_CELL * NONCES_A_CELL
            nonce = max(nonce, start + value.bit_length())
            if nonce < start + NONCES_A_CELL:
                return nonce

    def is_near(self, request: QueryRequest, block: int | None = None) -> bool:
        """Whether a request's nonce is at most `CELLS_AHEAD` cells after one in use, or among the first."""
        cell, _ = nonce_cell(*nonce_of(request))
        ahead = min(request.nonce // NONCES_A_CELL, CELLS_AHEAD)
        return ahead < CELLS_AHEAD or any(self._values([cell - back for back in range(CELLS_AHEAD + 1)], block))

    def _used(self, nonces: set[tuple[int, int, int]], block: int) -> set[tuple[int, int, int]]:
        cells = sorted({nonce_cell(*one)[0] for one in nonces})
        values = dict(zip(cells, self._values(cells, block), strict=True))
        return {one for one in nonces if values[nonce_cell(*one)[0]] >> nonce_cell(*one)[1] & 1}

    def _values(self, nonce_cells: Sequence[int], block: int | None) -> list[int]:
        """The values of cells of space NONCE."""
        keys = [(Space.NONCE << 248 | cell).to_bytes(32, "big") for cell in nonce_cells]
        words = self.region.words(keys, block)
        return [int.from_bytes(word, "big") >> 56 for word in words]

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
        """Metered deliveries in order."""
        begin = self.region.deployment.first_block if first is None else first
        end = self.region.chain.head().number if last is None else last
        for entry in entries_between(self.region, begin, end, EntryKind.QUERIES):
            if isinstance(entry.body, QueriesBody):
                for index, item in enumerate(entry.body.items):
                    yield Delivered(item, entry, index)

    def rejected(self, logs: Sequence[Log]) -> list[Rejected]:
        """The deliveries that a metering transaction did not meter, and why; read from its receipt's logs."""
        event = interface("QueryLedger").events["DeliveryRejected"]
        address = self.region.deployment.address("QueryLedger")
        found = (event.decode(log) for log in logs if log.address == address and log.topics[:1] == (event.topic,))
        return [Rejected(values["request"], values["index"], Finding(values["finding"])) for values in found]

    @property
    def domain(self) -> LogDomain:
        """The EIP-712 domain of what is signed in this region."""
        return LogDomain(self.region.deployment.log_id)

    def _consent(self, body: ConsentBody) -> Consent:
        return Consent(self.domain, *astuple(body))


def nonce_of(request: QueryRequest) -> tuple[int, int, int]:
    """Whose nonce a request uses: institution, provider, nonce."""
    return request.institution, request.provider, request.nonce


def _nonce_of(item: QueryItem) -> tuple[int, int, int]:
    return item.institution, item.provider, item.nonce
