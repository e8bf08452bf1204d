"""The fee of a transaction (EIP-1559, legacy or none), and how a replacement raises it."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.connect import Chain
from creditchain.chain.errors import RpcError
from creditchain.chain.refusals import Refusal

#: The base fee rises by at most 1/8 with each block, so twice the present one is enough for the next five full blocks.
BASE_FEE_HEADROOM = 2


@dataclass(frozen=True, slots=True)
class Fee:
    """Wei for each unit of gas. If `tip` is None this is a legacy transaction, with `limit` as its gas price."""

    limit: int
    tip: int | None

    def fields(self) -> dict[str, int]:
        """The fields of the transaction."""
        if self.tip is None:
            return {"gasPrice": self.limit}
        return {"maxFeePerGas": self.limit, "maxPriorityFeePerGas": self.tip}

    def raised(self, percent: int, present: Fee) -> Fee | None:
        """The fee of a replacement: at least `percent` more, and at least `present`, which the network asks now.

        None on a network without fees, since zero cannot be raised.
        """
        limit = max(_more(self.limit, percent), present.limit)
        if self.tip is None:
            return Fee(limit, None) if limit > self.limit else None
        return Fee(limit, min(limit, max(_more(self.tip, percent), present.tip or 0)))


def suggest(chain: Chain, *, free: bool = True) -> Fee:
    """The fee that the network asks now, according to the kind of fees it has or is configured to have.

    With `auto`, a base fee of zero means a network without fees, whatever gas price its nodes suggest by default. Pass
    `free=False` after such a network has refused a price of zero: then the suggested price is paid.
    """
    mode = chain.network.fees
    if mode == "zero":
        return Fee(0, None)
    newest, price = chain.fees()
    base = newest.base_fee
    if mode == "auto" and base == 0 and free:
        return Fee(0, None)
    if mode == "legacy" or (mode == "auto" and not base):
        return Fee(price, None)
    tip = _tip(chain, price - (base or 0))
    return Fee(BASE_FEE_HEADROOM * (base or 0) + tip, tip)


def _tip(chain: Chain, otherwise: int) -> int:
    try:
        return chain.suggested_tip()
    except RpcError as error:
        if error.refusal is Refusal.PASSING:
            raise
        # An older client has no eth_maxPriorityFeePerGas; its gas price less the base fee is the tip it expects.
        return max(otherwise, 1)


def _more(wei: int, percent: int) -> int:
    return 0 if wei == 0 else wei + max(1, -(-wei * percent // 100))
