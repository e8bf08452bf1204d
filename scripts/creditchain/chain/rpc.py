"""JSON-RPC with one endpoint: what may pass is asked again, batches shrink to what it takes, ids have to match."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import orjson

from creditchain.chain.errors import EndpointError, JunkError, RpcError, UnreachableError
from creditchain.chain.refusals import Refusal, classify, classify_status

if TYPE_CHECKING:
    from creditchain.chain.http import Reply

#: Requests in one batch; nodes limit it, the usual limit is 100 to 1000.
BATCH_REQUESTS = 100
#: Most values in an answer. A body full of logs, as large as an answer may be (http.MAX_BODY), has fewer.
MAX_VALUES = 2_000_000
#: Seconds before the second attempt, and most seconds between two attempts.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
#: With less time than this before the deadline, no further attempt is made.
LEAST_SECONDS = 0.1
#: Attempts at an endpoint that answers something other than JSON-RPC: it may be a proxy's error page, or the wrong URL.
JUNK_ATTEMPTS = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Answer:
    """Decoded JSON, the HTTP status it came with, and the seconds after which the server wants to be asked again."""

    value: Any
    status: int = 200
    retry_after: float | None = None


class Wire(Protocol):
    """Carries JSON to an endpoint and back."""

    #: What people call it; no keys in it.
    name: str

    def exchange(self, payload: Any, seconds: float) -> Answer:
        """One exchange that takes no longer than this.

        Raises:
            EndpointError: no JSON came back.
        """

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint is given, in seconds: for one attempt, and for a request with all its attempts.

    `again` False: every request is attempted once.
    """

    attempt: float
    request: float
    again: bool = True


class HttpWire:
    """JSON over HTTP."""

    def __init__(self, url: str) -> None:
        from creditchain.chain.http import Poster, shown

        self.name = shown(url)
        self._poster = Poster(url)

    def exchange(self, payload: Any, seconds: float) -> Answer:
        from creditchain.chain.http import NoReply, NoReplyError, TooLargeError

        asked = f"a batch of {len(payload)} requests" if isinstance(payload, list) else str(payload["method"])
        silent = f"the endpoint {self.name} does not answer {asked}"
        try:
            reply = self._poster.post(orjson.dumps(payload), seconds)
        except NoReplyError as error:
            if error.why is NoReply.UNREACHED:
                hint = "Start the node, or choose another network with --network."
                raise UnreachableError(silent, Refusal.PASSING, found=str(error), hint=hint) from error
            if error.why is NoReply.UNTRUSTED:
                raise EndpointError(silent, Refusal.REFUSED, found=str(error), hint=_TLS_HINT) from error
            kind = JunkError if error.why is NoReply.NOT_HTTP else EndpointError
            raise kind(silent, Refusal.PASSING, found=str(error)) from error
        except TooLargeError as error:
            raise self._too_much(asked, str(error)) from error
        if (values := _values(reply.body)) > MAX_VALUES:
            raise self._too_much(asked, f"an answer of {values} values")
        return _read(reply, silent)

    def _too_much(self, asked: str, found: str) -> EndpointError:
        return EndpointError(f"the endpoint {self.name} sends too much for {asked}", Refusal.TOO_MUCH, found=found)

    def close(self) -> None:
        self._poster.close()


def _values(body: bytes) -> int:
    """At least as many as the values in a JSON text, without reading it: each follows one of these, but the first.

    Decoded, an empty object takes thirty times its text: a body within the cap on bytes could take gigabytes.
    """
    return body.count(b",") + body.count(b"[") + body.count(b"{")


def _read(reply: Reply, silent: str) -> Answer:
    """The JSON in a reply; `silent` is the message of the error where there is none."""
    try:
        value = orjson.loads(reply.body)  # bounds the depth by itself
    except orjson.JSONDecodeError as error:
        if reply.status == 200:
            found = f"{len(reply.body)} bytes that are not JSON"
            raise JunkError(silent, Refusal.PASSING, found=found, retry_after=reply.retry_after) from error
        value = None
    # Clients that follow HTTP give their JSON-RPC errors statuses of their own (Besu: 400; Geth: 413).
    if reply.status == 200 or (isinstance(value, Mapping) and isinstance(value.get("error"), Mapping)):
        return Answer(value, reply.status, reply.retry_after)
    refusal = classify_status(reply.status)
    raise EndpointError(
        silent,
        refusal,
        found=f"HTTP status {reply.status}",
        retry_after=reply.retry_after,
        hint=_STATUS_HINTS.get(reply.status, "Check the network's url.") if refusal is Refusal.REFUSED else None,
    )


_TLS_HINT = (
    "Check the network's url, the machine's clock, and which certificate authorities it trusts (REQUESTS_CA_BUNDLE)."
)
_STATUS_HINTS = {
    401: "The endpoint wants a key or password: check the network's url.",
    403: "The endpoint does not let this machine or key in.",
}


class Endpoint:
    """One endpoint. Thread safe, as far as its wire is."""

    def __init__(self, wire: Wire, patience: Patience) -> None:
        self.name = wire.name
        self._wire, self._patience = wire, patience
        self._ids = itertools.count(1)
        self._batch_size = BATCH_REQUESTS
        self._answered = False

    def request(self, method: str, params: Sequence[Any]) -> Any:
        """The result of one request. Every request of this package may be asked twice.

        Raises:
            RpcError: the endpoint answers with an error.
            EndpointError: it gave no answer, or junk, until the deadline.
        """
        return self._patiently(lambda seconds: self._once(method, params, seconds))

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results of several requests, in their order, in as few exchanges as the endpoint lets it be.

        Raises: as `request`, for the first of them that fails.
        """
        results: list[Any] = []
        while len(results) < len(requests):
            part = requests[len(results) : len(results) + self._batch_size]
            results += self._part(part) if len(part) > 1 else [self.request(*part[0])]
        return results

    def close(self) -> None:
        """Let go of the connection."""
        self._wire.close()

    def _once(self, method: str, params: Sequence[Any], seconds: float) -> Any:
        number = next(self._ids)
        answer = self._exchange(_call(number, method, params), seconds)
        if not isinstance(answer.value, Mapping):
            raise self._junk(method, f"a JSON {type(answer.value).__name__}")
        return self._result(method, number, answer.value, answer)

    def _part(self, part: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Results of the first requests of this part, at least one: all of them where the endpoint takes batches."""
        try:
            found = self._patiently(lambda seconds: self._batch_once(part, seconds))
        except EndpointError as error:
            if error.refusal is Refusal.PASSING:
                raise
            # Too many at once, or batches are not wanted at all. If it is something else, one request alone says so.
            self._batch_size = max(1, len(part) // 2) if error.refusal is Refusal.TOO_MUCH else 1
            return []
        if len(found) < len(part):  # it answers only so many at once
            self._batch_size = max(1, len(found))
        results = []
        for position, (method, params) in enumerate(part):
            if position in found and not _ask_alone(found[position].value):
                number = found[position].value["id"]
                results.append(self._result(method, number, found[position].value, found[position]))
            else:
                results.append(self.request(method, params))
        return results

    def _batch_once(self, part: Sequence[tuple[str, Sequence[Any]]], seconds: float) -> dict[int, Answer]:
        """The answers by the position of their requests."""
        numbers = {next(self._ids): position for position in range(len(part))}
        calls = [_call(number, *request) for number, request in zip(numbers, part, strict=True)]
        answer = self._exchange(calls, seconds)
        what = f"a batch of {len(part)} requests"
        if isinstance(answer.value, Mapping):
            self._result(what, None, answer.value, answer)
        if not isinstance(answer.value, list):
            raise self._junk(what, f"a JSON {type(answer.value).__name__}")
        found: dict[int, Answer] = {}
        for each in answer.value:
            number = each.get("id") if isinstance(each, Mapping) else None
            if type(number) is not int or number not in numbers or numbers[number] in found:
                raise self._junk(what, "an element that answers none of them")
            found[numbers[number]] = Answer(each, answer.status, answer.retry_after)
        return found

    def _exchange(self, payload: Any, seconds: float) -> Answer:
        answer = self._wire.exchange(payload, seconds)
        self._answered = True
        return answer

    def _result(self, method: str, number: int | None, value: Mapping[str, Any], answer: Answer) -> Any:
        """The result in an answer's envelope. `number` None: the answer to a batch as a whole, which is an error."""
        error = value.get("error")
        if error is not None:
            raise self._error(method, error, answer)
        if number is None or "result" not in value:
            raise self._junk(method, "an object that is no JSON-RPC answer")
        if type(value.get("id")) is not int or value["id"] != number:
            raise self._junk(method, "an answer to another request")
        return value["result"]

    def _error(self, method: str, error: object, answer: Answer) -> EndpointError:
        fields = error if isinstance(error, Mapping) else {"message": error}
        code, message = _code(fields.get("code")), fields.get("message")
        message = message if isinstance(message, str) else ""
        refusal = classify(code, message)
        if refusal is Refusal.REFUSED and answer.status != 200:
            refusal = classify_status(answer.status)
        return RpcError(
            method,
            code,
            message,
            _revert_data(fields.get("data")),
            endpoint=self.name,
            refusal=refusal,
            retry_after=answer.retry_after,
        )

    def _junk(self, method: str, found: str) -> JunkError:
        return JunkError(f"the endpoint {self.name} does not answer {method} in JSON-RPC", Refusal.PASSING, found=found)

    def _patiently(self, attempt: Callable[[float], _T]) -> _T:
        """Attempt it until it works, does not pass, or the deadline is too near to wait once more."""
        end = time.monotonic() + self._patience.request
        pauses, failed = _pauses(), None
        for count in itertools.count(1):
            left = end - time.monotonic()
            # On a busy machine a pause takes too long. An attempt without time would hide what was answered before.
            if failed is not None and left < LEAST_SECONDS:
                raise failed
            try:
                return attempt(self._seconds(left))
            except EndpointError as error:
                if error.refusal is not Refusal.PASSING or self._hopeless(error, count):
                    raise
                pause = max(next(pauses), error.retry_after or 0.0)
                if time.monotonic() + pause >= end:
                    raise
                failed = error
            time.sleep(pause)
        raise AssertionError  # pragma: no cover - the loop has no end

    def _seconds(self, left: float) -> float:
        """For one attempt. Half of what is left for the request: Ganache forgets a request now and then."""
        most = left / 2 if self._patience.again else left
        return max(0.001, min(self._patience.attempt, most))

    def _hopeless(self, error: EndpointError, attempts: int) -> bool:
        """An endpoint that was never there is most likely a node that was not started; say so at once."""
        if not self._patience.again:
            return True
        if isinstance(error, UnreachableError):
            return not self._answered
        return isinstance(error, JunkError) and attempts >= JUNK_ATTEMPTS


def _call(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _pauses() -> Iterator[float]:
    """Seconds between attempts: doubling, with jitter, so that clients that failed together do not return together."""
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        pause = min(2 * pause, LONGEST_PAUSE)


def _ask_alone(value: Mapping[str, Any]) -> bool:
    """Did this element of a batch fail for something that may not befall the same request alone, or later?"""
    error = value.get("error")
    if not isinstance(error, Mapping):
        return False
    message = error.get("message")
    refusal = classify(_code(error.get("code")), message if isinstance(message, str) else "")
    return refusal in (Refusal.PASSING, Refusal.TOO_MUCH)


def _code(value: object) -> int:
    """An error's code; 0 for what is none. Some servers write it as text."""
    if isinstance(value, str):
        try:
            value = int(value[:20])
        except ValueError:
            return 0
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _revert_data(data: object) -> bytes | None:
    """Hex, wherever a client puts it: `data` (Geth, Besu, Anvil), `data.result` (Ganache), `data.data` (FISCO BCOS)."""
    if isinstance(data, Mapping):
        data = data.get("result", data.get("data"))
    if not isinstance(data, str):
        return None
    try:
        text = data.removeprefix("Reverted ")  # Nethermind until 2025
        return bytes.fromhex(text[2:]) if text.startswith("0x") else None
    except ValueError:
        return None
