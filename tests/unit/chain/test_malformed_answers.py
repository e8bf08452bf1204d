"""Every method against every kind of malformed answer: one error that names endpoint and call, never a wrong value."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from misbehaving import WORD, http_server, json_answer, network, node, result

from creditchain.chain import rpc
from creditchain.chain.connect import Chain, LogRange, connect
from creditchain.chain.errors import ChainUnavailableError, ContractRefusedError, LyingEndpointError
from creditchain.errors import CreditchainError

Change = Callable[[dict[str, Any]], Any]
HASH = bytes.fromhex(WORD[2:])
ADDRESS = "0x" + "12" * 20

#: Each question that this package asks, by the method that answers it.
QUESTIONS: dict[str, Callable[[Chain], Any]] = {
    "eth_chainId": lambda chain: chain.chain_id,
    "eth_getBlockByNumber": lambda chain: chain.block(3),
    "eth_gasPrice": lambda chain: chain.fees(),
    "eth_maxPriorityFeePerGas": lambda chain: chain.suggested_tip(),
    "eth_call": lambda chain: chain.call(ADDRESS, b"\1"),
    "eth_getCode": lambda chain: chain.codes([ADDRESS]),
    "eth_getBalance": lambda chain: chain.balances([ADDRESS, ADDRESS]),
    "eth_getTransactionCount": lambda chain: chain.transaction_count(ADDRESS),
    "eth_estimateGas": lambda chain: chain.estimate_gas({"to": ADDRESS}),
    "eth_sendRawTransaction": lambda chain: chain.send(b"\2"),
    "eth_getLogs": lambda chain: list(chain.logs(LogRange((), (), 0, 0))),
    "eth_getTransactionByHash": lambda chain: chain.known([HASH]),
    "eth_getTransactionReceipt": lambda chain: chain.receipts([HASH, HASH]),
}
#: In place of any value. What is right for some field is left out there, see `_right`.
WRONG_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 7, -1, 1.5, 10**30, "", "0x", "0xzz", "12", "latest", "0X12", "0x-1", "0x 1", "-0x1"),
    *(
        "0x" + "f" * 65,
        "0x" + "f" * 63,
        "0x7" + "f" * 15,
        "0x1 ",
        "０x１",
        "0x\n1",
        [],
        {},
        [[]],
        ["0x1"],
        {"result": "0x1"},
    ),
)
#: In place of a whole answer to one request.
WRONG_ANSWERS: tuple[Change, ...] = (
    *(lambda right, value=value: value for value in (None, True, 7, "0x1", [], {}, [1], [[]], "")),
    lambda right: [right],
    lambda right: {**right, "id": right["id"] + 1},
    lambda right: {**right, "id": str(right["id"])},
    lambda right: {**right, "id": None},
    lambda right: {**right, "id": True},
    lambda right: {**right, "id": [right["id"]]},
    lambda right: {"result": right["result"]},
    lambda right: {"id": right["id"]},
    lambda right: {"id": right["id"], "error": None},
)
#: In place of the result: an error of any shape.
WRONG_ERRORS: tuple[Any, ...] = (
    *("no", 7, True, [], {}, ["no"], {"code": "text"}, {"code": "-32000"}, {"code": None, "message": None}),
    *({"code": 1.5, "message": 7}, {"code": [], "message": {}}, {"code": 10**30, "message": "x" * 10**5}),
    *({"code": -32000, "message": "\x1b[31m\n\0"}, {"code": -32000, "message": "no", "data": {"result": 7}}),
    *({"code": 3, "message": "execution reverted", "data": each} for each in (None, 7, "0xz", "0x", [], {}, "0x12345")),
)


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Every place in a result."""
    yield ()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from ((key, *path) for path in paths(inner))


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return changed


class Liar:
    """An endpoint that changes its answers to one method, once a chain is connected to it."""

    def __init__(self) -> None:
        self.method = ""
        self.change: Change = lambda right: right

    def answer(self, asked: Any) -> Any:
        answers = [self._one(one) for one in (asked if isinstance(asked, list) else [asked])]
        return json_answer(answers if isinstance(asked, list) else answers[0])

    def _one(self, asked: dict[str, Any]) -> Any:
        return self.change(node(asked)) if asked["method"] == self.method else node(asked)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Temporary faults are retried as often as usual, but without waiting."""
    monkeypatch.setattr(rpc, "FIRST_PAUSE", 0.0)


@contextmanager
def asking(method: str) -> Iterator[Callable[[Change], Any]]:
    """Call the method on an endpoint that changes its answer as instructed."""
    liar = Liar()
    with http_server(liar.answer) as url, connect(network(url)) as chain:
        liar.method = method

        def ask(change: Change) -> Any:
            liar.change = change
            if method != "eth_chainId":
                return QUESTIONS[method](chain)
            with connect(network(url)) as again:
                return again.chain_id

        yield ask


def test_well_formed_answers_are_read() -> None:
    for method in QUESTIONS:
        if method != "eth_sendRawTransaction":  # the server answers with another one's hash
            with asking(method) as ask:
                assert ask(lambda right: right), method


# What each method reads, and the wrong values that are right for it.
READ = {
    "eth_getBlockByNumber": {("number",), ("hash",), ("timestamp",)},
    "eth_getTransactionByHash": {("hash",)},
}
IGNORED = {"blockHash", "transactionIndex", "baseFeePerGas"}


def cases(method: str) -> Iterator[tuple[str, Change]]:
    right = result(method, [WORD if "Transaction" in method else "0x3", False])
    for path in paths(right):
        if path and method in READ and path not in READ[method]:
            continue
        if path and path[-1] in IGNORED and (method, path) != ("eth_getTransactionReceipt", ("blockHash",)):
            continue
        for wrong in WRONG_VALUES:
            if not fits(method, path, wrong):
                yield (
                    f"{path} = {wrong!r}",
                    lambda answer, path=path, wrong=wrong: {**answer, "result": put(answer["result"], path, wrong)},
                )
        if path and isinstance(path[-1], str) and path[-1] not in ("removed", "contractAddress"):
            yield f"{path} left out", lambda answer, path=path: {**answer, "result": without(answer["result"], path)}
    for position, wrong_answer in enumerate(WRONG_ANSWERS):
        yield f"answer {position}", wrong_answer
    for error in WRONG_ERRORS:
        yield f"error {str(error)[:40]}", lambda answer, error=error: {"id": answer["id"], "error": error}


def without(value: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return changed


def fits(method: str, path: tuple[Any, ...], wrong: Any) -> bool:
    """Whether this value is valid at this place."""
    name = path[-1] if path else ""
    if name == "removed":
        return wrong is not True
    if wrong == "0x" + "f" * 63:  # a number, whatever it counts
        return not path and method == "eth_getBalance"
    if wrong == "0x7" + "f" * 15:  # too much to count, but not for wei and data
        return name == "data" or (
            not path
            and method in ("eth_gasPrice", "eth_maxPriorityFeePerGas", "eth_getBalance", "eth_call", "eth_getCode")
        )
    if wrong == "0x":
        return name == "data" or (not path and method in ("eth_call", "eth_getCode"))
    if wrong is None:
        return name == "contractAddress" or (
            method in ("eth_getTransactionReceipt", "eth_getTransactionByHash") and path in ((), ("blockNumber",))
        )
    return wrong == [] and (name in ("logs", "topics") or (method, path) == ("eth_getLogs", ()))


@pytest.mark.parametrize("method", QUESTIONS)
def test_a_malformed_answer_is_one_error(method: str) -> None:
    with asking(method) as ask:
        for name, change in cases(method):
            with pytest.raises(CreditchainError) as raised:
                pytest.fail(f"{method}, {name}: {ask(change)!r}")
            text = str(raised.value)
            assert len(text) < 1000, name
            assert text.isprintable(), name
            if isinstance(raised.value, ContractRefusedError):
                assert name.startswith("error"), (name, text)
                continue
            assert isinstance(raised.value, ChainUnavailableError | LyingEndpointError), (name, text)
            assert "127.0.0.1" in text, (name, text)
            assert method in text or "batch" in text, (name, text)


def test_there_are_enough_cases() -> None:
    assert sum(1 for method in QUESTIONS for _ in cases(method)) >= 1000


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBalance"])
def test_deeply_nested_answers_cost_nothing(method: str) -> None:
    bomb = ("[" * 10**6).encode()
    armed = False

    def answer(asked: Any) -> Any:
        return (200, {}, bomb) if armed else json_answer(node(asked))

    with http_server(answer) as url, connect(network(url)) as chain:
        armed = True
        with pytest.raises(ChainUnavailableError, match="not JSON"):
            QUESTIONS[method](chain) if method == "eth_getLogs" else chain.balance(ADDRESS)


@pytest.mark.parametrize("base", ["0x" + "f" * 64, "0x" + "f" * 26])
def test_fees_beyond_all_money_are_one_error(base: str) -> None:
    """Doubled, they would not fit into a transaction."""

    def answer(asked: Any) -> Any:
        answers = [node(one) for one in (asked if isinstance(asked, list) else [asked])]
        for one, said in zip(asked if isinstance(asked, list) else [asked], answers, strict=True):
            if one["params"][:1] == ["latest"]:
                said["result"]["baseFeePerGas"] = base
        return json_answer(answers if isinstance(asked, list) else answers[0])

    with (
        http_server(answer) as url,
        connect(network(url)) as chain,
        pytest.raises(ChainUnavailableError, match="baseFeePerGas"),
    ):
        chain.fees()
