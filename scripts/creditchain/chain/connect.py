"""A connection to one chain: requests with one kind of error each, blocks, calls, logs in ranges a node accepts."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, cast

from creditchain.chain.abi import refusal
from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError, WrongChainError
from creditchain.chain.networks import Network
from creditchain.chain.refusals import classify
from creditchain.errors import ConfigError
from creditchain.log.views import BlockRef

if TYPE_CHECKING:
    from web3 import Web3

#: Requests in one batch; nodes limit it, the usual limit is 100 to 1000.
BATCH_REQUESTS = 100
#: Seconds to wait before asking again over a connection that broke.
RETRY_SECONDS = (0.0, 0.2)


class RpcError(ChainUnavailableError):
    """The endpoint answered a request with an error.

    `refusal` says what it means (chain/refusals.py), `reason` is the endpoint's own message, `data` a revert's data.
    """

    def __init__(self, method: str, code: int, message: str, data: bytes | None) -> None:
        super().__init__(f"the endpoint refused {method}", found=f"{message} (code {code})")
        self.method, self.code, self.reason, self.data = method, code, message, data
        self.refusal = classify(code, message)


class _Provider(Protocol):
    def make_request(self, method: Any, params: Any) -> Any: ...

    def make_batch_request(self, requests: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class LogRange:
    """Which logs are wanted: addresses, first topics (any of them), blocks from `first` to `last`."""

    addresses: tuple[str, ...]
    topics: tuple[bytes, ...]
    first: int
    last: int


class Chain:
    """One chain. Thread safe. Close it, or use it as a context manager: one process at a time has an embedded chain."""

    def __init__(self, network: Network, provider: _Provider, witnesses: Sequence[_Provider] = ()) -> None:
        self.network = network
        self._provider = provider
        self._witnesses = witnesses
        self._log_range = network.log_range_blocks
        self.chain_id = int(self.request("eth_chainId"), 16)
        self._check_chain_id()
        #: Hash of block 0: what tells development chains of one id apart.
        self.genesis = self._block("0x0").hash
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

    # Requests.

    def request(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request.

        Raises:
            ChainUnavailableError: no answer.
            RpcError: the answer is an error.
        """
        return _result(method, _ask(lambda: self._provider.make_request(method, params), self.network))

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Several requests in as few round trips as the endpoint takes; results in their order.

        Raises:
            ChainUnavailableError: no answer.
            RpcError: one of the answers is an error.
        """
        results: list[Any] = []
        for start in range(0, len(requests), BATCH_REQUESTS):
            part = [(method, list(params)) for method, params in requests[start : start + BATCH_REQUESTS]]
            if len(part) == 1:
                results.append(self.request(part[0][0], *part[0][1]))
                continue
            answers = _ask(lambda part=part: self._provider.make_batch_request(part), self.network)
            if not isinstance(answers, list) or len(answers) != len(part):
                raise ChainUnavailableError(
                    "the endpoint does not answer batches of requests", found=type(answers).__name__
                )
            results += [_result(method, answer) for (method, _), answer in zip(part, answers, strict=True)]
        return results

    @cached_property
    def web3(self) -> Web3:
        """A web3 object over this connection."""
        from web3 import Web3

        return Web3(cast(Any, getattr(self._provider, "provider", self._provider)))

    # Blocks.

    def head(self) -> BlockRef:
        """The newest block."""
        return self._block("latest")

    def block(self, number: int) -> BlockRef:
        """The block of this number.

        Raises:
            ChainUnavailableError: the endpoint has none.
        """
        return self._block(hex(number))

    def final_block(self) -> BlockRef:
        """The newest block that counts as final under the network's rule; with witnesses: that all of them have.

        Raises:
            LyingEndpointError: the endpoints disagree about it.
        """
        final = self._final(self._provider)
        for witness in self._witnesses:
            number = min(final.number, self._final(witness).number)
            mine, theirs = self.block(number), _block_of(witness, hex(number), self.network)
            if mine.hash != theirs.hash:
                raise LyingEndpointError(
                    f"the endpoints disagree about block {number}",
                    expected="0x" + mine.hash.hex(),
                    found="0x" + theirs.hash.hex(),
                    hint="One of them is on a fork or lies; find out which before you trust either.",
                )
            final = mine
        return final

    def _final(self, provider: _Provider) -> BlockRef:
        if self.network.finality == "finalized":
            return _block_of(provider, "finalized", self.network)
        head = _block_of(provider, "latest", self.network)
        if self.network.confirmations == 1:
            return head
        return _block_of(provider, hex(max(0, head.number - self.network.confirmations + 1)), self.network)

    def _block(self, which: str) -> BlockRef:
        return _block_of(self._provider, which, self.network)

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
        at = _at(block)
        try:
            results = self.batch([("eth_call", ({"to": to, "data": "0x" + data.hex()}, at)) for to, data in calls])
        except RpcError as error:
            if error.data is not None:
                raise refusal(error.data, doing) from error
            raise
        return [_bytes(result, "eth_call") for result in results]

    def codes(self, addresses: Sequence[str], block: int | None = None) -> list[bytes]:
        """Runtime code of each address."""
        return [_bytes(c, "eth_getCode") for c in self.batch([("eth_getCode", (a, _at(block))) for a in addresses])]

    def transaction_count(self, address: str) -> int:
        """Number of mined transactions of an account: its next nonce, as far as the newest block knows."""
        return int(self.request("eth_getTransactionCount", address, "latest"), 16)

    def balance(self, address: str) -> int:
        """Balance in wei."""
        return int(self.request("eth_getBalance", address, "latest"), 16)

    # Logs.

    def logs(self, wanted: LogRange) -> Iterator[dict[str, Any]]:
        """Raw logs in order. Asks for ranges of blocks as large as the endpoint takes."""
        start = wanted.first
        while start <= wanted.last:
            end = min(wanted.last, start + self._log_range - 1)
            try:
                found = self.request("eth_getLogs", _filter(wanted, start, end))
            except RpcError:
                if end == start:
                    raise
                # Too many results or too wide a range: endpoints word it in a dozen ways, so any error halves it.
                self._log_range = max(1, (end - start + 1) // 2)
                continue
            yield from found
            start = end + 1

    # Time.

    def pause(self) -> None:
        """Wait for as long as the network's poll interval."""
        time.sleep(self.network.poll_seconds)

    def close(self) -> None:
        """Let go of the connection."""
        release = getattr(self._provider, "release", None)
        if release is not None:
            release()

    def __enter__(self) -> Chain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(network: Network, home: Path | None = None) -> Chain:
    """Connect to a network.

    Args:
        network: which one.
        home: where embedded chains keep their state; None keeps them in memory.
    Raises:
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
        sys.setrecursionlimit(limit)
        path = None if home is None else home / "embedded" / f"{network.name}.sqlite"
        provider = open_embedded(network.chain_id or 0, path, network.timeout_seconds)
        try:
            return Chain(network, provider)
        except BaseException:
            provider.release()
            raise
    return Chain(network, _http(network.url, network), [_http(url, network) for url in network.witnesses])


def _http(url: str, network: Network) -> _Provider:
    from web3 import HTTPProvider

    return cast(
        _Provider,
        HTTPProvider(url, request_kwargs={"timeout": network.timeout_seconds}, exception_retry_configuration=None),
    )


def _ask(question: Any, network: Network) -> Any:
    # Whatever happens below (refused, timeout, TLS, HTTP status, not JSON), nothing was answered.
    from json import JSONDecodeError

    import requests
    from web3.exceptions import Web3Exception

    try:
        return _patiently(question)
    except (
        requests.RequestException,
        Web3Exception,
        OSError,
        JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise ChainUnavailableError(
            f"network {network.name} does not answer",
            expected=f"a node at {_shown(network.url)}" if network.url else None,
            found=type(error).__name__,
            hint="Start the node, or choose another network with --network.",
        ) from error


def _patiently(question: Any) -> Any:
    """Ask, and again if the connection broke or nothing came. Every request here may be asked twice.

    Nodes close idle connections, and Ganache now and then forgets to answer an estimate while it mines.
    """
    import requests

    for pause in RETRY_SECONDS:
        try:
            return question()
        except requests.Timeout:
            break
        except requests.ConnectionError:
            time.sleep(pause)
    return question()


def _shown(url: str) -> str:
    # Endpoints of providers carry keys in their path and user names: show scheme, host and port only.
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _result(method: str, answer: Any) -> Any:
    if not isinstance(answer, Mapping) or not ("result" in answer or "error" in answer):
        raise ChainUnavailableError(f"the endpoint's answer to {method} is no JSON-RPC answer")
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    if not isinstance(error, Mapping):
        raise RpcError(method, 0, str(error), None)
    raise RpcError(method, int(error.get("code", 0)), str(error.get("message", "")), _revert_data(error))


def _revert_data(error: Mapping[str, Any]) -> bytes | None:
    """Revert data, wherever a client puts it: `data` (Geth, Anvil), `data.result` (Ganache), `data.data` (others)."""
    data = error.get("data")
    if isinstance(data, Mapping):
        data = data.get("result", data.get("data"))
    if isinstance(data, str):
        text = data.removeprefix("Reverted ")  # OpenEthereum, Nethermind
        try:
            return bytes.fromhex(text[2:]) if text.startswith("0x") else None
        except ValueError:
            return None
    return b"" if "revert" in str(error.get("message", "")) else None


def _block_of(provider: _Provider, which: str, network: Network) -> BlockRef:
    method = "eth_getBlockByNumber"
    found = _result(method, _ask(lambda: provider.make_request(method, [which, False]), network))
    if found is None:
        raise ChainUnavailableError(f"the endpoint has no block {which}")
    return BlockRef(int(found["number"], 16), _bytes(found["hash"], method), int(found["timestamp"], 16))


def _filter(wanted: LogRange, start: int, end: int) -> dict[str, Any]:
    return {
        "address": list(wanted.addresses),
        "topics": [["0x" + topic.hex() for topic in wanted.topics]] if wanted.topics else [],
        "fromBlock": hex(start),
        "toBlock": hex(end),
    }


def _at(block: int | None) -> str:
    return "latest" if block is None else hex(block)


def _bytes(value: Any, method: str) -> bytes:
    try:
        return bytes.fromhex(value.removeprefix("0x"))
    except (AttributeError, ValueError) as error:
        raise ChainUnavailableError(f"the endpoint's answer to {method} is not hex") from error
