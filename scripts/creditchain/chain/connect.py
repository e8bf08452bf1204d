"""A connection to one chain: requests with one kind of error each, blocks, calls, logs in ranges a node accepts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from creditchain.chain import answers
from creditchain.chain.abi import refusal
from creditchain.chain.answers import BlockFees, Log, ShapeError, TransactionReceipt
from creditchain.chain.errors import (
    ChainUnavailableError,
    EndpointError,
    LyingEndpointError,
    MalformedAnswerError,
    RpcError,
    WrongChainError,
)
from creditchain.chain.networks import Network, require_url
from creditchain.chain.refusals import Refusal
from creditchain.chain.rpc import Endpoint, HttpWire, Patience, Wire
from creditchain.errors import ConfigError
from creditchain.hashing import keccak256
from creditchain.log.views import BlockRef

__all__ = ["BlockRef", "Chain", "LogRange", "RpcError", "connect"]

#: Ranges of logs that have to come through before a larger one is tried again.
RANGES_BEFORE_GROWING = 8

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LogRange:
    """Which logs are wanted: addresses, first topics (any of them), blocks from `first` to `last`.

    `indexed` holds the values of the topics that follow, one or any of several; None matches any.
    """

    addresses: tuple[str, ...]
    topics: tuple[bytes, ...]
    first: int
    last: int
    indexed: tuple[bytes | tuple[bytes, ...] | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Question(Generic[_T]):
    """A request whose answer is fixed for good, and the reader of its result."""

    method: str
    params: Sequence[Any]
    reader: Callable[[object], _T]


@dataclass(frozen=True, slots=True)
class LogPage:
    """The logs that were wanted of some blocks, after those of earlier pages, up to block `last`."""

    last: int
    logs: tuple[Log, ...]


class Chain:
    """One chain. Thread safe. Close it, or use it as a context manager: one process at a time has an embedded chain.

    Every question may raise EndpointError (no answer), RpcError (the endpoint refuses) and MalformedAnswerError; all
    are ChainUnavailableError.

    With witnesses, whatever is fixed for good (blocks by number, state and logs at a block, code, chain id) is asked of
    every endpoint, and all answers have to be the same: LyingEndpointError otherwise. So one honest endpoint among
    those named is enough. So it is with the newest final block: all have to come to the newest one that any names. Only
    what moves (`head`, fees, estimates, transactions under way) is the first's word alone; nothing is judged by it.
    """

    def __init__(self, network: Network, wire: Wire, witnesses: Sequence[Wire] = ()) -> None:
        self.network = network
        patience = Patience(network.timeout_seconds, network.deadline_seconds)
        self._endpoint = Endpoint(wire, patience)
        self._witnesses = [Endpoint(witness, patience) for witness in witnesses]
        self._range = _Range(network.log_range_blocks)
        self.chain_id = self._agreed("eth_chainId", (), answers.chain_id)
        self._check_chain_id()
        #: Hash of block 0: what tells development chains of one id apart.
        self.genesis = self.block(0).hash
        #: Development keys and unlocked accounts are accepted here.
        self.local = network.is_local(self.chain_id)

    def _check_chain_id(self) -> None:
        if self.network.chain_id is not None and self.network.chain_id != self.chain_id:
            raise WrongChainError(
                f"the endpoint of network {self.network.name} is another chain",
                expected=f"chain id {self.network.chain_id}",
                found=f"chain id {self.chain_id}",
                hint="Start the right node, or correct url or chain_id in the networks file.",
            )

    @property
    def endpoint(self) -> str:
        """The name of the first endpoint; no keys in it."""
        return self._endpoint.name

    # Requests.

    def request(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC request, of whatever shape it is."""
        return self._endpoint.request(method, params)

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results of several requests, in their order, in as few exchanges as the endpoint lets it be."""
        return self._endpoint.batch(requests)

    def _read(self, method: str, params: Sequence[Any], reader: Callable[[object], _T]) -> _T:
        return self._shaped(self._endpoint, method, self.request(method, *params), reader)

    def _read_all(
        self, method: str, params: Sequence[Sequence[Any]], readers: Sequence[Callable[[object], _T]]
    ) -> list[_T]:
        results = self.batch([(method, each) for each in params])
        pairs = zip(results, readers, strict=True)
        return [self._shaped(self._endpoint, method, result, reader) for result, reader in pairs]

    def _agreed(self, method: str, params: Sequence[Any], reader: Callable[[object], _T]) -> _T:
        """The answer that every endpoint gives to a question whose answer is fixed. Raises LyingEndpointError."""
        answer: _T = self.ask([Question(method, params, reader)])[0]
        return answer

    def _agreed_all(
        self, method: str, params: Sequence[Sequence[Any]], readers: Sequence[Callable[[object], _T]]
    ) -> list[_T]:
        return self.ask([Question(method, each, reader) for each, reader in zip(params, readers, strict=True)])

    def ask(self, questions: Sequence[Question[Any]]) -> list[Any]:
        """The answers that every endpoint gives to these questions, in one batch each. Raises LyingEndpointError."""
        asked = [(one.method, one.params) for one in questions]
        mine = [
            self._shaped(self._endpoint, one.method, result, one.reader)
            for one, result in zip(questions, self.batch(asked), strict=True)
        ]
        for witness in self._witnesses:
            for one, own, result in zip(questions, mine, witness.batch(asked), strict=True):
                other = self._shaped(witness, one.method, result, one.reader)
                if other != own:
                    raise _disagreement(one.method, one.params, (self._endpoint.name, own), (witness.name, other))
        return mine

    @staticmethod
    def _shaped(endpoint: Endpoint, method: str, result: object, reader: Callable[[object], _T]) -> _T:
        try:
            return reader(result)
        except ShapeError as error:
            raise MalformedAnswerError(endpoint.name, method, error.field, error.expected, error.found) from error

    # Blocks.

    def head(self) -> BlockRef:
        """The newest block, by the word of the first endpoint alone."""
        return self._block(self._endpoint, "latest")

    def block(self, number: int) -> BlockRef:
        """The block of this number, the same for all endpoints.

        Raises:
            ChainUnavailableError: an endpoint has none.
            LyingEndpointError: the endpoints disagree about it.
        """
        mine = self._block(self._endpoint, number)
        for witness in self._witnesses:
            other = self._block(witness, number)
            if other != mine:
                asked = (hex(number), False)
                both = (self._endpoint.name, _block_told(mine)), (witness.name, _block_told(other))
                raise _disagreement("eth_getBlockByNumber", asked, *both)
        return mine

    def fees(self) -> tuple[BlockFees, int]:
        """What the newest block's transactions paid for gas, and the gas price that the endpoint suggests (wei)."""
        newest, price = self.batch([("eth_getBlockByNumber", ("latest", False)), ("eth_gasPrice", ())])
        return (
            self._shaped(self._endpoint, "eth_getBlockByNumber", newest, answers.block_fees),
            self._shaped(self._endpoint, "eth_gasPrice", price, answers.price),
        )

    def suggested_tip(self) -> int:
        """The priority fee that the endpoint suggests, wei."""
        return self._read("eth_maxPriorityFeePerGas", (), answers.price)

    def newest_block(self) -> BlockRef:
        """The newest block by the word of every endpoint. Raises as `final_block`."""
        return self._newest("the newest block", partial(self._block, which="latest"))

    def final_block(self) -> BlockRef:
        """The newest block that counts as final under the network's rule, by the word of every endpoint.

        Raises:
            ChainUnavailableError: an endpoint has none.
            LyingEndpointError: the endpoints disagree about it.
        """
        return self._newest("the newest final block", self._final)

    def _newest(self, what: str, named_by: Callable[[Endpoint], BlockRef]) -> BlockRef:
        """The newest block that any endpoint names, once all of them have come to it.

        If the oldest one were taken, a liar could choose a block before whatever is not to be seen; and if nobody were
        waited for, a block that not all call final would count as final.
        """
        mine = named_by(self._endpoint)
        if not self._witnesses:
            return mine
        named = [(self._endpoint, mine), *((witness, named_by(witness)) for witness in self._witnesses)]
        first, newest = max(named, key=lambda one: one[1].number)
        until = time.monotonic() + self.network.catch_up_seconds
        for endpoint, block in named:
            while block.number < newest.number:
                if time.monotonic() >= until:
                    both = (first.name, f"block {newest.number}"), (endpoint.name, f"block {block.number}")
                    raise _disagreement(f"{what} (eth_getBlockByNumber)", (), *both)
                self.pause()
                block = named_by(endpoint)
        return self.block(newest.number)

    def _final(self, endpoint: Endpoint) -> BlockRef:
        if self.network.finality == "finalized":
            return self._block(endpoint, "finalized")
        head = self._block(endpoint, "latest")
        if self.network.confirmations == 1:
            return head
        return self._block(endpoint, max(0, head.number - self.network.confirmations + 1))

    def _block(self, endpoint: Endpoint, which: int | str) -> BlockRef:
        method, at = "eth_getBlockByNumber", which if isinstance(which, str) else hex(which)
        found = self.request(method, at, False) if endpoint is self._endpoint else endpoint.request(method, (at, False))
        if found is None:
            hint = "Is the node in sync?"
            message = f"the endpoint {endpoint.name} has no block {which} ({method} gave null)"
            raise ChainUnavailableError(message, hint=hint)
        number = which if isinstance(which, int) else None
        return self._shaped(endpoint, method, found, partial(answers.block, number=number))

    def sent_in(self, number: int) -> list[answers.SentTransaction]:
        """The transactions in the block of this number."""
        return self._read("eth_getBlockByNumber", (hex(number), True), answers.sent_in)

    # State.

    def call(self, to: str, data: bytes, *, block: int | None = None, doing: str = "answer") -> bytes:
        """Result of a read-only call at a block (None: the newest).

        Raises:
            ContractRefusedError: it reverted.
        """
        return self.calls([(to, data)], block=block, doing=doing)[0]

    def calls(
        self, calls: Sequence[tuple[str, bytes]], *, block: int | None = None, doing: str = "answer"
    ) -> list[bytes]:
        """Results of several read-only calls at one block, in their order, in one batch."""
        params = [({"to": to, "data": "0x" + data.hex()}, _at(block)) for to, data in calls]
        ask = self._read_all if block is None else self._agreed_all
        try:
            return ask("eth_call", params, [answers.data] * len(calls))
        except RpcError as error:
            if error.data is not None:
                raise refusal(error.data, doing) from error
            raise

    def codes(self, addresses: Sequence[str], block: int | None = None) -> list[bytes]:
        """Runtime code of each address."""
        params = [(address, _at(block)) for address in addresses]
        return self._agreed_all("eth_getCode", params, [answers.data] * len(addresses))

    def transaction_count(self, address: str, block: int | None = None) -> int:
        """Number of mined transactions of an account: its next nonce, as far as that block (None: the newest) knows."""
        return self._read("eth_getTransactionCount", (address, _at(block)), answers.count)

    def balance(self, address: str) -> int:
        """Balance in wei."""
        return self.balances([address])[0]

    def balances(self, addresses: Sequence[str]) -> list[int]:
        """Balances in wei."""
        params = [(address, "latest") for address in addresses]
        return self._read_all("eth_getBalance", params, [answers.quantity] * len(addresses))

    # Transactions.

    def estimate_gas(self, fields: Mapping[str, Any]) -> int:
        """Gas that the endpoint takes to be enough for a transaction."""
        return self._read("eth_estimateGas", (dict(fields),), answers.count)

    def send(self, raw: bytes) -> bytes:
        """Hand in a signed transaction; its hash."""
        mine = keccak256(raw)
        theirs = self._read("eth_sendRawTransaction", ("0x" + raw.hex(),), answers.word)
        if theirs != mine:
            method, expected = "eth_sendRawTransaction", "0x" + mine.hex()
            raise MalformedAnswerError(self._endpoint.name, method, "result", expected, "0x" + theirs.hex())
        return mine

    def receipts(self, transactions: Sequence[bytes]) -> list[TransactionReceipt | None]:
        """Receipts of transactions by their hashes; None for one that is in no block."""
        params = [("0x" + each.hex(),) for each in transactions]
        readers = [partial(answers.receipt, transaction=each) for each in transactions]
        return self._read_all("eth_getTransactionReceipt", params, readers)

    def known(self, transactions: Sequence[bytes]) -> list[bool]:
        """Which transactions the endpoint has, in its pool or in a block."""
        params = [("0x" + each.hex(),) for each in transactions]
        readers = [partial(answers.is_known, transaction=each) for each in transactions]
        return self._read_all("eth_getTransactionByHash", params, readers)

    # Logs.

    def logs(self, wanted: LogRange) -> Iterator[Log]:
        """Logs in order. Asks for ranges of blocks as large as the endpoint takes.

        Raises:
            LyingEndpointError: it gives logs that were not asked for, or another endpoint gives other logs.
        """
        for page in self.log_pages(wanted):
            yield from page.logs

    def log_pages(self, wanted: LogRange) -> Iterator[LogPage]:
        """Logs as `logs` gives them, range by range. Every block is in one page, whether it has logs or not."""
        start = wanted.first
        while start <= wanted.last:
            end = min(wanted.last, start + self._range.blocks - 1)
            try:
                found = self._agreed("eth_getLogs", (_filter(wanted, start, end),), answers.logs)
            except EndpointError as error:
                # Only what says "too much" asks for less: halving after a fault that passes would last for ever.
                if error.refusal is not Refusal.TOO_MUCH or end == start:
                    raise
                self._range.shrink(end - start + 1)
                continue
            self._range.worked()
            _check_wanted(found, wanted, start, end)
            yield LogPage(end, found)
            start = end + 1

    # Time.

    def pause(self) -> None:
        """Wait for as long as the network's poll interval."""
        time.sleep(self.network.poll_seconds)

    def close(self) -> None:
        """Let go of the connections."""
        for endpoint in (self._endpoint, *self._witnesses):
            endpoint.close()

    def __enter__(self) -> Chain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Range:
    """How many blocks of logs to ask for at once: halved when it is too much, tried larger when it worked a while."""

    def __init__(self, most: int) -> None:
        self.blocks, self._most, self._worked = most, most, 0

    def shrink(self, asked: int) -> None:
        self.blocks, self._worked = max(1, asked // 2), 0

    def worked(self) -> None:
        self._worked += 1
        if self._worked >= RANGES_BEFORE_GROWING and self.blocks < self._most:
            self.blocks, self._worked = min(self._most, 2 * self.blocks), 0


def connect(network: Network, home: Path | None = None) -> Chain:
    """Connect to a network.

    Args:
        network: which one.
        home: where embedded chains keep their state; None keeps them in memory.
    Raises:
        NetworkError: its URL is not one for HTTP.
        ChainUnavailableError: the endpoint does not answer, or another process has the embedded chain open.
        WrongChainError: it is another chain than the network's configuration says.
    """
    if network.kind == "embedded":
        # py-evm raises Python's recursion limit for the whole process, so far that deeply nested JSON from outside
        # would overflow the C stack. Our contracts need nothing of the kind.
        limit = sys.getrecursionlimit()
        try:
            from creditchain.chain.embedded_rpc import open_embedded
        except ModuleNotFoundError as error:
            raise ConfigError(
                "the embedded chain needs py-evm, which is not installed",
                found=f"no module {error.name}",
                hint="pip install 'creditchain[embedded]', or choose another network with --network.",
            ) from error
        from creditchain.home.layout import Home

        sys.setrecursionlimit(limit)
        path = None if home is None else Home(home).embedded_chain(network.name)
        return _opened(network, open_embedded(network.chain_id or 0, path, network.timeout_seconds))
    urls = [require_url(url) for url in (network.url, *network.witnesses)]
    wires = [HttpWire(url) for url in urls]
    return _opened(network, *wires)


def _opened(network: Network, wire: Wire, *witnesses: Wire) -> Chain:
    try:
        return Chain(network, wire, witnesses)
    except BaseException:
        for each in (wire, *witnesses):
            each.close()
        raise


def logs_question(wanted: LogRange) -> Question[tuple[Log, ...]]:
    """The question for all logs of a range at once, to be put along with others: for few blocks."""

    def read(value: object) -> tuple[Log, ...]:
        found = answers.logs(value)
        _check_wanted(found, wanted, wanted.first, wanted.last)
        return found

    return Question("eth_getLogs", (_filter(wanted, wanted.first, wanted.last),), read)


def call_question(to: str, data: bytes, block: int) -> Question[bytes]:
    """The question for the result of a read-only call at a block."""
    return Question("eth_call", ({"to": to, "data": "0x" + data.hex()}, hex(block)), answers.data)


def block_question(number: int) -> Question[BlockRef | None]:
    """The question for the block of this number, to be put along with others; None: there is none any more."""

    def read(value: object) -> BlockRef | None:
        return None if value is None else answers.block(value, number)

    return Question("eth_getBlockByNumber", (hex(number), False), read)


def _filter(wanted: LogRange, start: int, end: int) -> dict[str, Any]:
    first = ["0x" + topic.hex() for topic in wanted.topics]
    others = [_topic(topic) for topic in wanted.indexed]
    return {
        "address": list(wanted.addresses),
        "topics": [first or None, *others] if first or others else [],
        "fromBlock": hex(start),
        "toBlock": hex(end),
    }


def _topic(wanted: bytes | tuple[bytes, ...] | None) -> Any:
    if isinstance(wanted, tuple):
        return ["0x" + one.hex() for one in wanted]
    return None if wanted is None else "0x" + wanted.hex()


def _disagreement(
    method: str, params: Sequence[Any], one: tuple[str, object], other: tuple[str, object]
) -> LyingEndpointError:
    """Names the call, both endpoints and what each said, long answers by their digest."""
    where = next((str(each) for each in reversed(params) if isinstance(each, str) and each.startswith("0x")), "")
    return LyingEndpointError(
        f"the endpoints disagree about {method}" + (f" at block {int(where, 16)}" if _is_block(where) else ""),
        expected=f"{_told(one[1])} by {one[0]}",
        found=f"{_told(other[1])} by {other[0]}",
        hint="One of them is on a fork, is behind, or lies; find out which before you trust either.",
    )


def _is_block(text: str) -> bool:
    return text.startswith("0x") and len(text) <= 18


def _block_told(block: BlockRef) -> str:
    return f"hash 0x{block.hash.hex()}, time {block.time}"


def _told(answer: object) -> str:
    if isinstance(answer, tuple):
        return f"{len(answer)} log(s) with digest 0x{keccak256(repr(answer).encode()).hex()[:16]}"
    if isinstance(answer, bytes):
        return "0x" + answer.hex() if len(answer) <= 32 else f"{len(answer)} bytes 0x{keccak256(answer).hex()[:16]}…"
    return str(answer)


def _check_wanted(found: Sequence[Log], wanted: LogRange, start: int, end: int) -> None:
    addresses = {address.lower() for address in wanted.addresses}
    for log in found:
        fits = start <= log.block <= end and (not addresses or log.address.lower() in addresses)
        if not fits or not _has_topics(log, wanted):
            raise LyingEndpointError(
                "the endpoint gives a log that was not asked for",
                expected=f"logs of blocks {start} to {end}, by the contracts and topics named",
                found=f"log {log.index} of block {log.block}",
            )


def _has_topics(log: Log, wanted: LogRange) -> bool:
    if wanted.topics and log.topics[:1] not in [(topic,) for topic in wanted.topics]:
        return False
    given = log.topics[1:]
    return all(_matches(topic, given[place : place + 1]) for place, topic in enumerate(wanted.indexed))


def _matches(wanted: bytes | tuple[bytes, ...] | None, given: tuple[bytes, ...]) -> bool:
    if wanted is None:
        return True
    return len(given) == 1 and (given[0] in wanted if isinstance(wanted, tuple) else given[0] == wanted)


def _at(block: int | None) -> str:
    return "latest" if block is None else hex(block)
