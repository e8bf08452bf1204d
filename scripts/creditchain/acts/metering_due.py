"""Metering what an exchange delivered: in batches, when there are enough of them or the oldest has waited long enough.

The rows of deliveries say what is to be done, and the ledger what was: killed anywhere, it goes on with the next call.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from creditchain.acts.metering import TOGETHER, MeterResult, meter
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.store.deliveries import Deliveries, Settled
from creditchain.vocabulary import Finding

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
    """Meter one batch of deliveries if it is due; a result for each that is settled. Raises as `meter`."""
    waiting, oldest = deliveries.waiting(provider)
    if not rhythm.is_due(waiting, oldest, time):
        return []
    results = meter(region, outbox, deliveries.unmetered(provider, TOGETHER))
    return note_results(deliveries, results, region.chain.head().number)


def note_results(deliveries: Deliveries, results: Sequence[MeterResult], block: int) -> list[MeterResult]:
    """Write down what came of deliveries, together; those that are settled. Others are handed in again later.

    `block` shows all that was metered.
    """
    settled = {one.request: outcome for one in results if (outcome := _outcome(one, block)) is not None}
    deliveries.settle(list(settled.values()))
    return [one for one in results if one.request in settled]


def _outcome(one: MeterResult, block: int) -> Settled | None:
    if one.entry is not None:
        return Settled.metered(one.request, one.entry, int(one.flags), block)
    # Not rejected, and not seen: an endpoint that is behind. Or its time is yet to come.
    if one.finding.metered or one.finding is Finding.IN_FUTURE:
        _log.warning("a delivery is not on the ledger yet, and is handed in again: %s", one.finding.label)
        return None
    _log.error("the ledger rejected a delivery that was promised: %s", one.finding.label)
    return Settled.rejected(one.request, int(one.finding))
