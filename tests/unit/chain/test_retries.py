"""Temporary faults are retried within one deadline, permanent ones reported at once, and batches shrink as needed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any

import pytest
from misbehaving import HttpAnswer, http_server, json_answer, network, node, raw_server

from creditchain.chain import rpc
from creditchain.chain.connect import Chain, LogRange, connect
from creditchain.chain.errors import ChainUnavailableError, EndpointError, RpcError, UnreachableError
from creditchain.chain.refusals import Refusal

ADDRESS = "0x" + "12" * 20
Wrong = Callable[[Any], HttpAnswer]


def error(code: Any, message: Any, status: int = 200) -> Wrong:
    return lambda asked: json_answer(
        {
            "jsonrpc": "2.0",
            "id": asked["id"] if isinstance(asked, dict) else None,
            "error": {"code": code, "message": message},
        },
        status,
    )


def status(number: int, body: bytes = b"", **headers: str) -> Wrong:
    return lambda _: (number, {name.replace("_", "-"): value for name, value in headers.items()}, body)


#: Faults that pass.
PASSING = {
    "503": status(503),
    "503 with a page": status(503, b"<html>busy</html>"),
    "503 with an error": error(-32000, "backend unavailable", 503),
    "429": status(429, Retry_After="0"),
    "429 until a date": status(429, Retry_After=formatdate(0)),
    "502": status(502),
    "504": status(504),
    "408 with an error": error(-32603, "Timeout expired", 408),
    "-32005": error(-32005, "rate limited"),
    "code as text": error("-32005", "rate limited"),
    "too many requests": error(-32000, "Too many requests"),
    "txpool is full": error(-32000, "txpool is full"),
    "junk": status(200, b"<html>proxy error</html>"),
    "nothing": status(200),
    "cut": status(200, b'{"jsonrpc": "2.0", "id": 1, "resu'),
    "the answer to another request": lambda asked: json_answer({**node(asked), "id": 10**6}),
}


class Script:
    """Answers correctly, except for requests for which a rule gives another answer."""

    def __init__(self, rule: Callable[[Any], Wrong | None]) -> None:
        self.rule = rule
        self.armed = False
        self.asked: list[Any] = []

    def answer(self, asked: Any) -> HttpAnswer:
        if self.armed:
            self.asked.append(asked)
            if (wrong := self.rule(asked)) is not None:
                return wrong(asked)
        return json_answer([node(one) for one in asked] if isinstance(asked, list) else node(asked))


def first(times: int, wrong: Wrong) -> Callable[[Any], Wrong | None]:
    """A wrong answer to the first so many requests, then correct answers."""
    left = [times]

    def rule(_: Any) -> Wrong | None:
        left[0] -= 1
        return wrong if left[0] >= 0 else None

    return rule


@contextmanager
def chain_of(rule: Callable[[Any], Wrong | None], **changes: Any) -> Any:
    script = Script(rule)
    with http_server(script.answer) as url, connect(network(url, **changes)) as chain:
        script.armed = True
        yield chain, script.asked


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The requested pauses; none is actually taken."""
    taken: list[float] = []
    monkeypatch.setattr(rpc.time, "sleep", taken.append)
    return taken


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("times", [1, 3])
def test_a_fault_that_passes_is_waited_for(name: str, times: int, pauses: list[float]) -> None:
    with chain_of(first(times, PASSING[name])) as (chain, asked):
        assert chain.transaction_count(ADDRESS) == 5
    assert len(asked) == times + 1
    assert len(pauses) == times
    assert all(0 < later <= 2 * rpc.LONGEST_PAUSE for later in pauses)


@pytest.mark.parametrize("name", PASSING)
def test_so_it_is_for_a_batch(name: str) -> None:
    with chain_of(first(2, PASSING[name] if "another" not in name else status(503))) as (chain, _):
        assert chain.balances([ADDRESS] * 5) == [10**18] * 5


def test_a_connection_that_is_dropped_is_made_again() -> None:
    dropped = []

    def serve(connection: socket.socket) -> None:
        if len(dropped) < 2:
            dropped.append(connection)
            return
        body = b'{"jsonrpc":"2.0","id":3,"result":"0x1"}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with raw_server(serve) as url:
        endpoint = rpc.Endpoint(rpc.HttpWire(url), rpc.Patience(60, 600))
        assert endpoint.request("eth_blockNumber", ()) == "0x1"
    assert len(dropped) == 2


def test_pauses_grow_and_differ(pauses: list[float]) -> None:
    with chain_of(first(8, status(503))) as (chain, _):
        chain.transaction_count(ADDRESS)
    assert pauses[0] <= rpc.FIRST_PAUSE
    assert max(pauses) > rpc.LONGEST_PAUSE / 2
    assert len(set(pauses)) == len(pauses)


def test_a_pause_that_took_too_long_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the endpoint answered is told, and not that it gave no answer to an attempt of a millisecond."""
    late, clock = [0.0], rpc.time.monotonic
    with chain_of(lambda _: error(-32000, "txpool is full"), deadline_seconds=30.0) as (chain, asked):
        monkeypatch.setattr(rpc.time, "monotonic", lambda: clock() + late[0])
        monkeypatch.setattr(rpc.time, "sleep", lambda _: late.__setitem__(0, 29.95))
        with pytest.raises(RpcError, match="txpool is full"):
            chain.transaction_count(ADDRESS)
    assert len(asked) == 1


def test_what_an_endpoint_asks_for_is_kept(pauses: list[float]) -> None:
    with chain_of(first(1, status(429, Retry_After="17"))) as (chain, _):
        chain.transaction_count(ADDRESS)
    assert pauses == [17.0]


def test_more_than_the_deadline_is_not_waited_for(pauses: list[float]) -> None:
    with (
        chain_of(lambda _: status(503, Retry_After="3600"), deadline_seconds=30.0) as (chain, asked),
        pytest.raises(EndpointError, match="HTTP status 503") as raised,
    ):
        chain.transaction_count(ADDRESS)
    assert raised.value.refusal is Refusal.PASSING
    assert (len(asked), pauses) == (1, [])


def test_the_deadline_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(rpc.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(rpc.time, "sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    endpoint = rpc.Endpoint(Silent(), rpc.Patience(1, 60))
    with pytest.raises(EndpointError):
        endpoint.request("eth_chainId", ())
    assert 50 < clock[0] <= 60


class Silent:
    name = "nobody"

    def exchange(self, payload: Any, seconds: float) -> rpc.Answer:
        raise EndpointError("nobody does not answer", Refusal.PASSING, found="nothing")

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (status(401), Refusal.REFUSED),
        (status(404, b"no such page"), Refusal.REFUSED),
        (error(-32601, "Method not found"), Refusal.UNSUPPORTED),
        (error(-32601, "the method does not exist/is not available", 404), Refusal.UNSUPPORTED),
        (error(-32602, "invalid params", 400), Refusal.REFUSED),
        (error(-32000, "missing trie node 12 (path )"), Refusal.MISSING),
        (error(-32005, "Requested range exceeds maximum RPC range limit"), Refusal.TOO_MUCH),
        (error(-32000, "content length too large", 413), Refusal.TOO_MUCH),
        (status(413), Refusal.TOO_MUCH),
    ],
)
def test_what_does_not_pass_is_asked_once(wrong: Wrong, refusal: Refusal) -> None:
    with chain_of(lambda _: wrong) as (chain, asked), pytest.raises(EndpointError) as raised:
        chain.transaction_count(ADDRESS)
    assert raised.value.refusal is refusal
    assert len(asked) == 1


def test_a_status_with_an_error_is_read_as_that_error() -> None:
    with chain_of(lambda _: error(-32602, "invalid argument 0", 400)) as (chain, _), pytest.raises(RpcError) as raised:
        chain.transaction_count(ADDRESS)
    assert (raised.value.code, raised.value.reason) == (-32602, "invalid argument 0")


def test_junk_that_lasts_is_told_soon() -> None:
    with (
        chain_of(lambda _: status(200, b"<html>")) as (chain, asked),
        pytest.raises(ChainUnavailableError, match="6 bytes that are not JSON"),
    ):
        chain.transaction_count(ADDRESS)
    assert len(asked) == rpc.JUNK_ATTEMPTS


def test_a_node_that_was_never_there_is_told_at_once(pauses: list[float]) -> None:
    with pytest.raises(UnreachableError, match="Start the node"):
        connect(network("http://127.0.0.1:9"))
    assert pauses == []


def test_a_node_that_starts_anew_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its port refuses connections for a while."""
    answer = Script(lambda _: None).answer
    with http_server(answer) as url:
        chain = connect(network(url))
    chain._endpoint._wire.close()  # type: ignore[attr-defined]  # the kept connection ends with the node
    port = int(url.rsplit(":", 1)[1])
    back: list[Any] = []

    def wait(_: float) -> None:
        if len(back) < 3:
            back.append(None)
        elif len(back) == 3:
            server = http_server(answer, port)
            server.__enter__()
            back.append(server)

    monkeypatch.setattr(rpc.time, "sleep", wait)
    with chain:
        assert chain.transaction_count(ADDRESS) == 5
    back[-1].__exit__(None, None, None)


# Batches.


def batches(wrong: Wrong) -> Callable[[Any], Wrong | None]:
    return lambda asked: wrong if isinstance(asked, list) else None


def at_most(most: int, wrong: Wrong) -> Callable[[Any], Wrong | None]:
    return lambda asked: wrong if isinstance(asked, list) and len(asked) > most else None


@pytest.mark.parametrize(
    "wrong",
    [
        error(-32600, "batch requests are not supported"),
        error(-32600, "Invalid request", 400),
        error(0, ""),
        status(400, b"no"),
        status(405),
        status(413),
        status(200, b"[]"),
    ],
)
def test_an_endpoint_without_batches_is_asked_one_by_one(wrong: Wrong) -> None:
    with chain_of(batches(wrong)) as (chain, asked):
        for _ in range(2):
            assert chain.balances([ADDRESS] * 4) == [10**18] * 4
    assert sum(isinstance(each, list) for each in asked) <= 2


@pytest.mark.parametrize(
    "wrong",
    [
        error(-32600, "batch too large"),
        error(-32005, "Number of requests exceeds max batch size"),
        error(-32005, "Batch size limit exceeded"),
        error(-32600, "The requested array size exceeds the limit size: 3"),
        status(413),
    ],
)
def test_batches_shrink_to_what_is_taken(wrong: Wrong) -> None:
    with chain_of(at_most(3, wrong)) as (chain, asked):
        assert chain.balances([ADDRESS] * 10) == [10**18] * 10
        before = len(asked)
        assert chain.balances([ADDRESS] * 6) == [10**18] * 6
    assert len(asked) - before == 3, "the size that worked is remembered"
    assert {len(each) for each in asked[before:]} == {2}


def test_an_endpoint_that_answers_only_the_first_of_a_batch() -> None:
    with chain_of(at_most(3, lambda asked: json_answer([node(one) for one in asked[:3]]))) as (chain, asked):
        assert chain.balances([ADDRESS] * 10) == [10**18] * 10
        before = len(asked)
        assert chain.balances([ADDRESS] * 9) == [10**18] * 9
    assert len(asked) - before == 3


def test_answers_of_a_batch_in_any_order_find_their_requests() -> None:
    def reverse(asked: Any) -> HttpAnswer:
        values = {one["id"]: hex(number) for number, one in enumerate(asked)}
        return json_answer([{"id": one["id"], "result": values[one["id"]]} for one in reversed(asked)])

    with chain_of(batches(reverse)) as (chain, _):
        assert chain.balances([ADDRESS] * 4) == [0, 1, 2, 3]


def test_an_element_that_was_too_much_or_too_early_is_asked_alone() -> None:
    def some(asked: Any) -> HttpAnswer:
        answers = [node(one) for one in asked]
        answers[1] = {"id": asked[1]["id"], "error": {"code": -32003, "message": "response too large"}}
        answers[2] = {"id": asked[2]["id"], "error": {"code": -32005, "message": "Too many requests"}}
        return json_answer(answers)

    with chain_of(batches(some)) as (chain, asked):
        assert chain.balances([ADDRESS] * 4) == [10**18] * 4
    assert [isinstance(each, list) for each in asked] == [True, False, False]


def test_an_element_that_is_refused_is_the_error_of_all() -> None:
    def one(asked: Any) -> HttpAnswer:
        answers = [node(each) for each in asked]
        answers[2] = {"id": asked[2]["id"], "error": {"code": -32602, "message": "no such account"}}
        return json_answer(answers)

    with chain_of(batches(one)) as (chain, _), pytest.raises(RpcError, match="no such account"):
        chain.balances([ADDRESS] * 4)


@pytest.mark.parametrize(
    "element", [None, 7, "no", [], {}, {"id": True, "result": "0x1"}, {"id": 10**6, "result": "0x1"}]
)
def test_elements_that_answer_nothing_are_junk(element: Any) -> None:
    def spoiled(asked: Any) -> HttpAnswer:
        return json_answer([*(node(one) for one in asked[:-1]), element])

    with chain_of(batches(spoiled)) as (chain, _), pytest.raises(ChainUnavailableError, match="a batch of 4 requests"):
        chain.balances([ADDRESS] * 4)


def test_two_answers_to_one_request_are_junk() -> None:
    with (
        chain_of(batches(lambda asked: json_answer([node(asked[0])] * len(asked)))) as (chain, _),
        pytest.raises(ChainUnavailableError, match="answers none of them"),
    ):
        chain.balances([ADDRESS] * 2)


# Logs.


def logs_of(chain: Chain, last: int) -> int:
    return len(list(chain.logs(LogRange((), (), 0, last))))


def ranges(asked: list[Any]) -> list[int]:
    found = [each["params"][0] for each in asked]
    return [int(each["toBlock"], 16) - int(each["fromBlock"], 16) + 1 for each in found]


def wide(most: int, wrong: Wrong) -> Callable[[Any], Wrong | None]:
    def rule(asked: Any) -> Wrong | None:
        return wrong if ranges([asked])[0] > most else lambda one: json_answer({"id": one["id"], "result": []})

    return rule


@pytest.mark.parametrize(
    "wrong",
    [
        error(-32005, "query returned more than 10000 results"),
        error(-32602, "exceed maximum block range 100"),
        error(-32005, "Too many logs requested. Max logs per response is 20000."),
        status(413),
        status(200, b" " * 2**10 + b"[" * 2**27),
    ],
    ids=["results", "range", "logs", "413", "more than the cap"],
)
def test_a_range_that_is_too_much_is_halved(wrong: Wrong) -> None:
    with chain_of(wide(100, wrong), log_range_blocks=700) as (chain, asked):
        logs_of(chain, 999)
        before = len(asked)
        logs_of(chain, 99)
    assert ranges(asked)[:4] == [700, 350, 175, 87]
    assert ranges(asked)[before:] == [87, 13], "the range that worked is remembered"


def test_a_range_grows_again() -> None:
    many = {"left": 6}

    def rule(asked: Any) -> Wrong:
        many["left"] -= ranges([asked])[0] > 10
        if ranges([asked])[0] > 10 and many["left"] >= 0:
            return error(-32005, "query returned more than 10000 results")
        return lambda one: json_answer({"id": one["id"], "result": []})

    with chain_of(rule, log_range_blocks=64) as (chain, asked):
        logs_of(chain, 9999)
    assert min(ranges(asked)) == 8
    assert max(ranges(asked)[20:]) == 64


@pytest.mark.parametrize("wrong", [status(503), error(-32005, "rate limited"), status(200, b"junk")])
def test_a_fault_that_passes_halves_nothing(wrong: Wrong) -> None:
    faults = first(2, wrong)
    empty = lambda one: json_answer({"id": one["id"], "result": []})  # noqa: E731
    with chain_of(lambda asked: faults(asked) or empty, log_range_blocks=50) as (chain, asked):
        logs_of(chain, 99)
    assert ranges(asked) == [50] * 4


@pytest.mark.parametrize("wrong", [error(4444, "pruned history unavailable"), error(-32601, "Method not found")])
def test_what_the_node_does_not_have_is_said_at_once(wrong: Wrong) -> None:
    with chain_of(lambda _: wrong) as (chain, asked), pytest.raises(RpcError, match="node does not"):
        logs_of(chain, 99)
    assert len(asked) == 1
