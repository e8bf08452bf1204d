"""Writing deliveries to the ledger, up to 100 in a transaction. One that does not fit does not hold up the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from creditchain.acts.preconditions import require_log
from creditchain.chain.clock import LONGEST_WAIT, await_time
from creditchain.chain.consent_calls import ConsentCalls, Delivery
from creditchain.chain.consents import ConsentReads, nonce_of
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.consents.errors import QueryRefusedError
from creditchain.consents.judging import judge
from creditchain.evidence.query import view_of
from creditchain.hashing import keccak256
from creditchain.index.queries import metered_for
from creditchain.log.views import Metered
from creditchain.messages import DeliveryReceipt
from creditchain.vocabulary import Finding, MeterFlag

_log = logging.getLogger(__name__)

#: Deliveries in one transaction: 100 take about six million gas.
TOGETHER = 100
_KNOWN_FLAGS = ~MeterFlag(0)


@dataclass(frozen=True, slots=True)
class MeterResult:
    """What came of one delivery.

    `entry` is the index of its log entry, None for one that was rejected; rejected ones consume nothing. `expected` and
    `found` explain a rejection, where judging here comes to the ledger's finding.
    """

    request: bytes  #: id of the request, 32 bytes
    finding: Finding
    entry: int | None
    flags: MeterFlag
    expected: str | None = None
    found: str | None = None

    @property
    def metered(self) -> bool:
        """Whether the delivery is on the ledger."""
        return self.entry is not None


def meter(region: Region, outbox: Outbox, deliveries: Sequence[Delivery]) -> list[MeterResult]:
    """Bring the deliveries to the ledger that are not there yet; a result for each, in their order.

    Killed anywhere and run again, it ends with each delivery metered once.

    Raises:
        ForeignFileError: a delivery is for another region; nothing was sent.
        TransactionError, UnavailableError: as the outbox does. What was metered until then shows when run again.
    """
    for delivery in deliveries:
        require_log(region, delivery.request.domain.log_id)
    _await_delivery_times(region, deliveries)
    results: list[MeterResult] = []
    for start in range(0, len(deliveries), TOGETHER):
        results += _meter(region, outbox, deliveries[start : start + TOGETHER])
        _log.info("%d of %d deliveries done", len(results), len(deliveries))
    return results


def is_metered(metered: Metered | None, receipt: DeliveryReceipt) -> bool:
    """Whether the ledger has the delivery of exactly this receipt."""
    return metered is not None and metered.item.receipt == receipt.struct_hash()


def _await_delivery_times(region: Region, deliveries: Sequence[Delivery]) -> None:
    """Wait for a block as late as the deliveries, where clocks differ by seconds.

    One that is dated further ahead is not waited for: the ledger rejects it, and takes the others.
    """
    latest = region.chain.head().time + LONGEST_WAIT
    times = [one.receipt.delivered_at for one in deliveries if one.receipt.delivered_at <= latest]
    if times:
        await_time(region.chain, max(times))


def _meter(region: Region, outbox: Outbox, deliveries: Sequence[Delivery]) -> Iterator[MeterResult]:
    """Meter in one transaction what is not on the ledger yet, each receipt once."""
    reads = ConsentReads(region)
    requests = [one.request for one in deliveries]
    before = metered_for(region, requests)
    waiting: dict[bytes, Delivery] = {}
    for one in deliveries:
        if not is_metered(before.get(nonce_of(one.request)), one.receipt):
            waiting.setdefault(one.receipt.struct_hash(), one)
    rejected: dict[bytes, Finding] = {}
    if waiting:
        call = ConsentCalls(region.deployment).meter(list(waiting.values()))
        receipt = outbox.submit(_intent(outbox, list(waiting)), call)
        receipts = list(waiting)
        rejected = {receipts[one.index]: one.finding for one in reads.rejected(receipt.logs)}
    after = metered_for(region, requests)
    for one in deliveries:
        finding, found = rejected.get(one.receipt.struct_hash()), after.get(nonce_of(one.request))
        if finding is Finding.REPLAYED and is_metered(found, one.receipt):
            # An earlier transaction of ours, with other deliveries, came first: the delivery is where it should be.
            finding = None
        yield _accepted(one, found) if finding is None else _rejected(region, one, finding)


def _intent(outbox: Outbox, receipts: Sequence[bytes]) -> str:
    """One name for one attempt: after a crash that attempt is finished; what was rejected can be handed in again."""
    digest = keccak256(b"".join(receipts)).hex()
    attempt = 0
    while outbox.state(f"meter {digest} {attempt}") == "final":
        attempt += 1
    return f"meter {digest} {attempt}"


def _accepted(delivery: Delivery, found: Metered | None) -> MeterResult:
    flags = MeterFlag(found.item.flags) & _KNOWN_FLAGS if found is not None else MeterFlag(0)
    named = {MeterFlag.OVERDRAWN: Finding.OVERDRAWN, MeterFlag.OPEN: Finding.WITHOUT_CONSENT}
    finding = next((named[flag] for flag in named if flags & flag), Finding.FITS)
    return MeterResult(delivery.request.id, finding, found.entry if found is not None else None, flags)


def _rejected(region: Region, delivery: Delivery, finding: Finding) -> MeterResult:
    expected = found = None
    request = delivery.request
    try:
        judge(
            request,
            view_of(
                region,
                request,
                delivery.request_signature,
                delivery.receipt.delivered_at,
                by_broker=delivery.broker_signature,
            ),
        )
    except QueryRefusedError as error:
        if error.finding == finding:
            expected, found = error.expected, error.found
    return MeterResult(request.id, finding, None, MeterFlag(0), expected, found)
