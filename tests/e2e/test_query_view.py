"""The limit on the age of a chain view, on a chain that is not local and makes blocks without transactions."""

from __future__ import annotations

import time

import pytest
from servers import anvil

from creditchain.chain.clock import age, await_time, now
from creditchain.chain.connect import connect
from creditchain.consents.errors import StaleViewError
from creditchain.evidence.query import fresh_head


def test_a_view_that_is_too_old() -> None:
    with anvil("--chain-id", "424242") as server, connect(server.network(chain_id=424242)) as chain:
        assert not chain.local
        chain.request("evm_mine")
        head = fresh_head(chain, 60)
        assert head.number == 1
        assert age(chain, head, lambda: head.time + 61) == 61
        time.sleep(2.1)
        with pytest.raises(StaleViewError) as caught:
            fresh_head(chain, 1)
        assert caught.value.expected == "a block of the last 1 seconds"
        assert now(chain) > chain.head().time
        assert now(chain, head, lambda: 0) == head.time


def test_waiting_for_a_block() -> None:
    with (
        anvil("--chain-id", "424242", "--block-time", "1") as server,
        connect(server.network(chain_id=424242)) as chain,
    ):
        due = chain.head().time + 2
        await_time(chain, due)
        assert chain.head().time >= due
