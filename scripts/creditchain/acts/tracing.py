"""Finding out what came of a request: promised, metered, overdue, or nothing yet; with the proof of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from creditchain.acts.metering import is_metered
from creditchain.acts.preconditions import require_log
from creditchain.chain.region import Region
from creditchain.evidence.delivery import MeteredDelivery, prove_delivery
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered
from creditchain.log.views import BlockRef
from creditchain.messages import DeliveryReceipt, LogDomain


class QueryState(StrEnum):
    """What came of a request. The value is its English name for people."""

    METERED = "metered"
    ANOTHER_METERED = "another delivery was metered"
    PROMISED = "promised"
    OVERDUE = "overdue"
    NOT_METERED = "not metered"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH = {
    QueryState.METERED: "已计量",
    QueryState.ANOTHER_METERED: "该请求对应另一次交付",
    QueryState.PROMISED: "已承诺",
    QueryState.OVERDUE: "逾期未计量",
    QueryState.NOT_METERED: "未计量",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """What came of a request as of a final block; `delivery` None where nothing was metered for it."""

    state: QueryState
    block: BlockRef
    delivery: MeteredDelivery | None


def trace(
    region: Region, request: bytes, receipt: DeliveryReceipt | None = None, domain: LogDomain | None = None
) -> Trace:
    """What came of the request with this id (32 bytes); `receipt` is the promise to compare with, if there is one.

    Raises:
        ForeignFileError: `domain`, which the request names, is not this region's log.
        LyingEndpointError: what the endpoint says of the delivery is not in the log.
    """
    if domain is not None:
        require_log(region, domain.log_id)
    block = region.chain.final_block()
    log = region_log(region, block)
    found = next(delivered(log, request), None)
    if found is None:
        return Trace(_unmetered(receipt, block.time), block, None)
    is_ours = receipt is None or is_metered(found.metered, receipt)
    state = QueryState.METERED if is_ours else QueryState.ANOTHER_METERED
    return Trace(state, block, prove_delivery(log, found))


def _unmetered(receipt: DeliveryReceipt | None, time: int) -> QueryState:
    if receipt is None:
        return QueryState.NOT_METERED
    return QueryState.OVERDUE if time > receipt.meter_by else QueryState.PROMISED
