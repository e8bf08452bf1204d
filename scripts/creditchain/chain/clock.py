"""The time to put into messages, which contracts judge by the time of their blocks."""

from __future__ import annotations

import time
from collections.abc import Callable

from creditchain.chain.connect import Chain
from creditchain.chain.errors import ChainUnavailableError, RpcError
from creditchain.chain.refusals import Refusal
from creditchain.log.views import BlockRef

#: Seconds to wait for a block that is late enough, on a chain that goes on making blocks.
LONGEST_WAIT = 120
#: Seconds without a new block after which a chain counts as one that makes blocks only for transactions.
IDLE_SECONDS = 20


def now(chain: Chain, head: BlockRef | None = None, clock: Callable[[], float] = time.time) -> int:
    """Unix seconds: the later of this machine's clock and the newest block (a development chain may run far ahead)."""
    return max(int(clock()), (head or chain.head()).time)


def age(chain: Chain, head: BlockRef, clock: Callable[[], float] = time.time) -> int:
    """Seconds since the newest block. 0 on a local chain, which makes blocks only for transactions."""
    return 0 if chain.local else max(0, int(clock()) - head.time)


def await_time(chain: Chain, until: int) -> None:
    """Wait for a block whose time is at least `until` (unix seconds), which clocks that differ by seconds require.

    On a chain that makes blocks only for transactions there is no wait: its next block will be late enough.
    A local chain is told to make a block, because Ganache estimates gas at the time of its last block.

    Raises:
        ChainUnavailableError: blocks come, but none is late enough for LONGEST_WAIT seconds.
    """
    first = head = chain.head()
    if chain.local and head.time < until:
        mine_now(chain)
        return
    begun = time.monotonic()
    while head.time < until:
        waited = time.monotonic() - begun
        if waited > IDLE_SECONDS and head.number == first.number:
            return
        if waited > LONGEST_WAIT:
            raise ChainUnavailableError(
                "the chain's time is behind",
                expected=f"a block with time {until} or later",
                found=str(head.time),
                hint="Compare this machine's clock with the chain's, and run the same command again.",
            )
        chain.pause()
        head = chain.head()


def mine_now(chain: Chain) -> None:
    """Have a local chain make a block, so that its newest one is of now. A chain that cannot is left as it is."""
    try:
        chain.request("evm_mine")
    except RpcError as error:
        if error.refusal is not Refusal.UNSUPPORTED:
            raise
