"""Consents and loans of a region: typed reads pinned to a block. `index.queries` lists consents and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import entry_at
from creditchain.chain.region import Region
from creditchain.log.cells import entry_of, parse_writes
from creditchain.log.consent_cells import (
    LIMITS_KEY,
    consent_of,
    grant_key,
    limits_changed_at,
    open_domains_in,
    pause_key,
)
from creditchain.log.members import Read
from creditchain.log.query_items import NONCES_A_CELL, nonce_cell
from creditchain.log.views import ConsentState, MemberAt
from creditchain.messages import LogDomain, QueryRequest
from creditchain.vocabulary import Finding, Space

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
        return self.region.state(block).consent(consent)

    def revoked_at(self, consent: bytes, block: int | None = None) -> int:
        """When a consent was taken back, also if it was never granted, unix seconds; 0 if it was not."""
        return consent_of(*self.region.words([grant_key(consent), pause_key(consent)], block)).revoked_at

    def owner(self, consent: bytes, block: int | None = None) -> str:
        """The token's owner: the institution's current operator. Raises ContractRefusedError if there is no consent."""
        return str(self._read("ConsentToken", "ownerOf", int.from_bytes(consent, "big"), block=block))

    def open_domains_at(self, time: int, block: int | None = None) -> int:
        """Bit set of the domains that could be used without consent at `time`, unix seconds."""
        word = self.region.words([LIMITS_KEY], block)[0]
        found = open_domains_in(word, time)
        if found is not None:
            return found
        # The cell knows the last two rules; the entry that wrote it, the word before.
        at = self.region.chain.head().number if block is None else block
        while (index := entry_of(word)) != 0:
            entry = entry_at(self.region, index, limits_changed_at(word), at)
            written = parse_writes(entry.writes, index) if entry is not None else ()
            before = next((one.old for one in written if (one.key, one.new) == (LIMITS_KEY, word)), None)
            if before is None:
                expected = f"entry {index}, by which a limit changed"
                raise LyingEndpointError("the endpoint omits an entry of the log", expected=expected)
            word, found = before, open_domains_in(before, time)
            if found is not None:
                return found
        return 0

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
        return is_near(request, lambda keys: self.region.words(keys, block))

    def _values(self, nonce_cells: Sequence[int], block: int | None) -> list[int]:
        """The values of cells of space NONCE."""
        words = self.region.words(_nonce_keys(nonce_cells), block)
        return [int.from_bytes(word, "big") >> 56 for word in words]

    def loans(self, institution: int, month: int, block: int | None = None) -> LoanTotal | None:
        """The current report of a month (YYYYMM); None before the first report."""
        found = self._read("QueryLedger", "loansOf", institution, month, block=block)
        return LoanTotal(*found) if found[2] else None

    def member_at(self, node: int, time: int, block: int | None = None) -> MemberAt:
        """What a node was at `time` (unix seconds); role 0 if there is no such node."""
        return self.region.members(block).member_at(node, time)

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


def is_near(request: QueryRequest, read: Read) -> bool:
    """Whether a request's nonce is at most `CELLS_AHEAD` cells after one in use, or among the first."""
    if request.nonce // NONCES_A_CELL < CELLS_AHEAD:
        return True
    cell, _ = nonce_cell(*nonce_of(request))
    words = read(_nonce_keys([cell - back for back in range(CELLS_AHEAD + 1)]))
    return any(int.from_bytes(word, "big") >> 56 for word in words)


def _nonce_keys(cells: Sequence[int]) -> list[bytes]:
    return [(Space.NONCE << 248 | cell).to_bytes(32, "big") for cell in cells]


def nonce_of(request: QueryRequest) -> tuple[int, int, int]:
    """Whose nonce a request uses: institution, provider, nonce."""
    return request.institution, request.provider, request.nonce
