"""Several endpoints: the newest final block is one that all call final, and none of them can choose an older one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from misbehaving import http_server, json_answer, network, node

from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError


@dataclass
class Height:
    """A node whose newest block is `head`, which grows by `grows` with each time that it is asked for it."""

    head: int
    grows: int = 0
    names: int | None = None  #: what it calls its newest block, though it has others
    asked: int = 0

    def answer(self, asked: Any) -> Any:
        right = node(asked)
        if asked["method"] == "eth_getBlockByNumber" and asked["params"][0] in ("latest", "finalized"):
            right["result"]["number"] = hex(self.head if self.names is None else self.names)
            self.head, self.asked = self.head + self.grows, self.asked + 1
        elif asked["method"] == "eth_getBlockByNumber" and int(asked["params"][0], 16) > self.head:
            right["result"] = None
        return json_answer(right)


@contextmanager
def several(*nodes: Height, **changes: Any) -> Iterator[Chain]:
    with ExitStack() as stack:
        urls = [stack.enter_context(http_server(one.answer)) for one in nodes]
        settings = {"catch_up_seconds": 0.05, **changes}
        yield stack.enter_context(connect(network(urls[0], witnesses=tuple(urls[1:]), **settings)))


FINALITY = pytest.mark.parametrize(("rule", "behind"), [({"confirmations": 3}, 2), ({"finality": "finalized"}, 0)])


@FINALITY
def test_all_call_the_same_block_final(rule: dict[str, Any], behind: int) -> None:
    with several(Height(9), Height(9), **rule) as chain:
        assert (chain.final_block().number, chain.newest_block().number) == (9 - behind, 9)


@FINALITY
@pytest.mark.parametrize("first", [True, False])
def test_an_endpoint_that_is_behind_is_waited_for(rule: dict[str, Any], behind: int, first: bool) -> None:
    ahead, slow = Height(9), Height(5, grows=1)
    with several(*((slow, ahead) if first else (ahead, slow)), **rule, catch_up_seconds=60.0) as chain:
        assert chain.final_block().number == 9 - behind
    assert (slow.asked, ahead.asked) == (5, 1)


@FINALITY
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("named", [0, 4, 8, 10, 2**40])
def test_one_that_names_another_block_as_the_newest(rule: dict[str, Any], behind: int, first: bool, named: int) -> None:
    """Were the older block taken, a liar could hide what came after it; were the newer, it could be none that lasts."""
    with several(*((Height(9, names=named), Height(9))[:: 1 if first else -1]), **rule) as chain:
        # A name alone gives no block: with confirmations, the block before it is asked for.
        wrong = r"disagree about the newest final block \(eth_getBlockByNumber\)|has no block 1099511627774"
        with pytest.raises((LyingEndpointError, ChainUnavailableError), match=wrong):
            chain.final_block()
        with pytest.raises(LyingEndpointError, match="disagree about the newest block") as found:
            chain.newest_block()
        assert {found.value.expected.split()[1], found.value.found.split()[1]} == {"9", str(named)}
        assert {f"by {one.name}" for one in (chain._endpoint, *chain._witnesses)} == {
            " ".join(said.split()[2:]) for said in (found.value.expected, found.value.found)
        }


def test_one_endpoint_is_asked_once() -> None:
    alone = Height(9)
    with several(alone) as chain:
        assert chain.final_block().number == chain.newest_block().number == 9
    assert alone.asked == 2
