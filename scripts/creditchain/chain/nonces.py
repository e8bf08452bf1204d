"""Which transaction used a nonce: the chain's own word for it, where receipts are missing."""

from __future__ import annotations

from creditchain.chain.connect import Chain
from creditchain.chain.errors import EndpointError
from creditchain.chain.refusals import Refusal


def user_of_nonce(chain: Chain, sender: str, nonce: int, block: int) -> bytes | None:
    """The hash of the transaction by which `sender` used `nonce`, in a block up to `block`.

    Found by the count of the sender's transactions, which grows with each: first in steps backwards that double, then
    by bisection. None where this cannot be told: the endpoint keeps no state of old blocks, or the chain is being
    reorganised meanwhile.
    """
    try:
        first = _first_block_past(chain, sender, nonce, block)
        if first is None:
            return None
        found = (one.hash for one in chain.sent_in(first) if (one.sender, one.nonce) == (sender, nonce))
        return next(found, None)
    except EndpointError as error:
        if error.refusal is Refusal.PASSING:
            raise
        return None


def _first_block_past(chain: Chain, sender: str, nonce: int, block: int) -> int | None:
    high, step = block, 1
    while (low := max(0, high - step)) and chain.transaction_count(sender, low) > nonce:
        high, step = low, 2 * step
    if chain.transaction_count(sender, low) > nonce or chain.transaction_count(sender, high) <= nonce:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if chain.transaction_count(sender, middle) > nonce:
            high = middle
        else:
            low = middle
    return high
