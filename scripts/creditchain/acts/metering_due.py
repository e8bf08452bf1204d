"""Metering what an exchange delivered: in batches, when there are enough of them or the oldest has waited long enough.

The rows of deliveries say what is to be done, and the ledger what was: killed anywhere, it goes on with the next call.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from creditchain.acts.metering import TOGETHER, MeterResult, meter
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.store.deliveries import Deliveries, Promise

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MeterRhythm:
    """When deliveries are metered: as soon as there are `count` of them, or the oldest is `seconds` old."""

    count: int = TOGETHER
    seconds: int = 60

    def is_due(self, waiting: int, oldest: int | None, time: int) -> bool:
        """Whether it is time; `oldest`: when the oldest one was delivered, and `time` now, in unix seconds."""
        return oldest is not None and (waiting >= self.count or time - oldest >= self.seconds)


def meter_due(
    region: Region, outbox: Outbox, deliveries: Deliveries, provider: int, rhythm: MeterRhythm, time: int
) -> list[MeterResult]:
    """Meter one batch of deliveries if it is due; a result for each. Raises as `meter`."""
    waiting, oldest = deliveries.waiting(provider)
    if not rhythm.is_due(waiting, oldest, time):
        return []
    results = meter(region, outbox, [_delivery(one) for one in deliveries.unmetered(provider, TOGETHER)])
    note_results(deliveries, results, region.chain.head().number)
    return results


def note_results(deliveries: Deliveries, results: Iterable[MeterResult], block: int) -> None:
    """Write down what came of deliveries; `block` shows all that was metered."""
    for one in results:
        if one.entry is not None:
            deliveries.metered(one.request, one.entry, int(one.flags), block)
        else:
            deliveries.rejected(one.request, int(one.finding))
            _log.error("the ledger rejected a delivery that was promised: %s", one.finding.label)


def _delivery(promised: Promise) -> Delivery:
    return Delivery(
        promised.request,
        promised.receipt,
        promised.request_signature,
        promised.receipt_signature,
        promised.broker_signature,
    )
