"""What time it is for messages that contracts judge by the time of their blocks."""

from __future__ import annotations

import time
from collections.abc import Callable

from creditchain.chain.connect import Chain
from creditchain.chain.errors import ChainUnavailableError
from creditchain.log.views import BlockRef

#: Seconds that a block's time may be behind what was promised before waiting ends.
LONGEST_WAIT = 120


def now(chain: Chain, head: BlockRef | None = None, clock: Callable[[], float] = time.time) -> int:
    """Unix seconds: this machine's, or the newest block's where that is ahead (a development chain's may run far)."""
    return max(int(clock()), (head or chain.head()).time)


def age(chain: Chain, head: BlockRef, clock: Callable[[], float] = time.time) -> int:
    """Seconds since the newest block. 0 on a local chain, which makes blocks only when it has something to do."""
    return 0 if chain.local else max(0, int(clock()) - head.time)


def await_time(chain: Chain, until: int) -> None:
    """Wait until a block is as late as `until`, which clocks that differ by seconds may ask for.

    Raises:
        ChainUnavailableError: it takes longer than LONGEST_WAIT.
    """
    if chain.local:
        return
    end = time.monotonic() + LONGEST_WAIT
    while (found := chain.head().time) < until:
        if time.monotonic() > end:
            raise ChainUnavailableError(
                "the chain's time is behind", expected=f"a block of {until} or later", found=str(found)
            )
        chain.pause()
