"""Asking an exchange over HTTP: sign in with the member's key, send a signed request, get the package.

What may pass (no connection, a busy exchange, a chain that does not answer there) is tried again with the same request
until its time is over. That is safe: an exchange answers the same request with the same report, and meters it once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import requests

from creditchain.chain.networks import require_url
from creditchain.chain.signers import Signer
from creditchain.errors import ConfigError, NotValidError, Place, RefusedError, UnavailableError
from creditchain.messages import LogDomain, SignIn
from creditchain.packages.encrypted import AGE_MEDIA_TYPE, decrypt, is_encrypted
from creditchain.packages.fields import PackageError
from creditchain.packages.order_file import DECLINE_FORMAT, OrderFile
from creditchain.packages.parts import PackageLimits, load_json
from creditchain.packages.reading import written
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile
from creditchain.packages.sign_in import SignInBody

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_JSON: Final = "application/json"
#: Most bytes of an answer.
_LONGEST: Final = 64 << 20
_SMALL: Final = PackageLimits(package_bytes=1 << 16, values=1000, depth=8)
_LISTS: Final = PackageLimits(package_bytes=_LONGEST, values=100_000, depth=8)
#: Seconds between two attempts: at first, and at most.
_PAUSES: Final = (0.5, 15.0)
#: What may pass.
_PASSING: Final = frozenset({408, 429, 500, 502, 503, 504})


class ExchangeRefusedError(RefusedError):
    """The exchange refuses. `code` says why, for programs; nothing was delivered."""

    def __init__(self, status: int, problem: dict[str, Any], exchange: str) -> None:
        told = {name: _text(problem.get(name)) for name in ("title", "expected", "found", "hint", "type", "field")}
        super().__init__(
            f"the exchange refuses: {told['title'] or f'HTTP status {status}'}",
            expected=told["expected"],
            found=told["found"],
            hint=told["hint"],
            place=Place(exchange, field=told["field"]),
        )
        self.status, self.code = status, told["type"] or "unknown"


class ExchangeUnavailableError(UnavailableError):
    """The exchange did not answer in time, or with something that is no answer. Ask again with the same request."""

    retry_after = 0.0  #: seconds, if the exchange says so


class OtherExchangeError(RefusedError):
    """The exchange serves another region. Nothing was sent to it."""


class OtherAnswerError(NotValidError):
    """The exchange's answer is to another request. It is evidence against whoever signed its receipt."""


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """A report package as its bytes. `again`: the exchange had answered the same request before.

    `encrypted`: it came encrypted to the institution's key. Then `package` is what was in it, if the client has that
    key, else the file as it came (`opened` is False), for the institution to open.
    """

    package: bytes = field(repr=False)
    again: bool
    encrypted: bool = False
    opened: bool = True


class ExchangeClient:
    """A member's connection to one exchange. Not for several threads at once."""

    def __init__(
        self,
        url: str,
        log_id: bytes,
        node: int,
        signer: Signer,
        *,
        patience: float = 60.0,
        ca: str | None = None,
        keys: Sequence[bytes] = (),
        profile: bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked yet.

        Args:
            url: of the exchange, such as `https://exchange.example:8420`.
            log_id: of the region's log, 32 bytes; an exchange of another region is refused.
            node: who asks, by its node number; `signer` acts for it.
            patience: seconds for which to try again what may pass.
            ca: file with the certificates (PEM) that the exchange's has to follow from; None: the system's.
            keys: secret keys, 32 bytes each, that open deliveries to the institution; the newest, and those before it.
            profile: the institution's, as its file; an exchange that does not know it is sent it.
        Raises:
            ConfigError: it is no such address, or one in the clear that leaves this machine.
        """
        require_private(url)
        self._url, self._log_id, self._node, self._signer = url.rstrip("/"), log_id, node, signer
        self._patience, self._clock = patience, clock
        self._keys, self._profile = tuple(keys), profile
        self._http = requests.Session()
        self._http.verify = True if ca is None else ca
        self._http.trust_env = False
        self._token: str | None = None

    def ask(self, file: RequestFile) -> AskedAnswer:
        """The report that a signed request asks for.

        Raises:
            ExchangeRefusedError: it will not be delivered for this request.
            ExchangeUnavailableError: it may be delivered later, or was: ask again with the same request.
            OtherAnswerError, PackageError: what came is no answer to this request.
            NotForThisKeyError: it was delivered, and none of the keys opens it: ask again with the right one.
        """
        answer = self._with_profile(
            file.request.institution, lambda: self._signed_in("POST", "/v1/reports", file.to_json())
        )
        found = self._opened(answer)
        if found.opened:
            _require_answer(file, found.package)
        return found

    def place(self, file: OrderFile) -> dict[str, Any]:
        """Place an order; the same one again is the same order. What the exchange says of it: `state`, `times` …

        Raises:
            ExchangeRefusedError, ExchangeUnavailableError: as `ask`.
        """
        institution, body = file.request.request.institution, file.to_json()
        return _object(self._with_profile(institution, lambda: self._signed_in("POST", "/v1/orders", body)).content)

    def orders(self) -> list[dict[str, Any]]:
        """The newest orders: the member's own; for the provider, all that were placed at its exchange."""
        listed = self.call("GET", "/v1/orders").get("orders")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise _malformed("orders")
        return [dict(one) for one in listed]

    def order(self, order: bytes) -> dict[str, Any]:
        """How far an order has come. `order`: the id of its request, 32 bytes."""
        return _object(self._order("GET", order).content)

    def ordered(self, order: bytes) -> bytes:
        """The order file, for whoever at the provider has to look at it."""
        return self._order("GET", order, "/file").content

    def accept(self, order: bytes) -> dict[str, Any]:
        """As the provider, take on an order."""
        return _object(self._order("POST", order, "/acceptance", b"").content)

    def decline(self, order: bytes, reason: str) -> dict[str, Any]:
        """As the provider, turn an order down, with a reason that the institution reads."""
        body = written({"format": DECLINE_FORMAT, "reason": reason})
        return _object(self._order("POST", order, "/decline", body).content)

    def fetch(self, order: bytes) -> AskedAnswer:
        """What was delivered for an order: the same bytes until `received` is called. Raises as `ask`."""
        return self._opened(self._order("GET", order, "/delivery"))

    def received(self, order: bytes) -> dict[str, Any]:
        """Say that the delivery is here, durably. The exchange then forgets it."""
        return _object(self._order("POST", order, "/receipt", b"").content)

    def _order(self, method: str, order: bytes, part: str = "", body: bytes | None = None) -> _Answer:
        return self._signed_in(method, f"/v1/orders/0x{order.hex()}{part}", body)

    def send_profile(self, node: int, profile: bytes) -> None:
        """Hand over the profile of a member, which names the key that deliveries to it are encrypted to."""
        self._signed_in("PUT", f"/v1/members/{node}/profile", profile)

    def _with_profile(self, node: int, ask: Callable[[], _Answer]) -> _Answer:
        """What is asked; an exchange that does not know the institution's profile is sent it first."""
        try:
            return ask()
        except ExchangeRefusedError as error:
            if error.code != "profile-unknown" or self._profile is None:
                raise
        self.send_profile(node, self._profile)
        return ask()

    def _opened(self, answer: _Answer) -> AskedAnswer:
        if not is_encrypted(answer.content):
            return AskedAnswer(answer.content, answer.again)
        if not self._keys:
            return AskedAnswer(answer.content, answer.again, encrypted=True, opened=False)
        return AskedAnswer(decrypt(answer.content, self._keys), answer.again, encrypted=True)

    def call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """What the exchange answers to another call, such as `GET /v1/consents`; nothing where it answers nothing.

        What may pass is tried again, so the call has to be one that may come twice. Raises as `ask`.
        """
        content = self._signed_in(method, path, body).content
        return _object(content, _LISTS) if content else {}

    def close(self) -> None:
        """End the session, if there is one, and the connection."""
        if self._token is not None:
            try:
                self._once("DELETE", "/v1/sessions/current", None)
            except (ExchangeUnavailableError, ExchangeRefusedError):
                _log.info("the session was not ended; it ends by itself")
        self._http.close()

    def __enter__(self) -> ExchangeClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signed_in(self, method: str, path: str, body: bytes | None) -> _Answer:
        """The answer to a call that needs a session: one is opened first, and again if it is over."""
        had_session = self._token is not None
        if not had_session:
            self._patiently(self._sign_in)
        try:
            return self._patiently(lambda: self._once(method, path, body))
        except ExchangeRefusedError as error:
            if error.status != 401 or not had_session:
                raise
        self._patiently(self._sign_in)
        return self._patiently(lambda: self._once(method, path, body))

    def _sign_in(self) -> None:
        """Ask for a challenge and answer it. Tried again, this takes a new one: the first may count as answered."""
        self._token = None
        asked = _object(self._once("POST", "/v1/challenges", b"").content)
        log_id, challenge = _digest(asked, "log_id"), _digest(asked, "challenge")
        exchange = asked.get("exchange")
        if log_id != self._log_id:
            raise OtherExchangeError(
                "this is an exchange of another region", expected="0x" + self._log_id.hex(), found="0x" + log_id.hex()
            )
        if not isinstance(exchange, int) or not 0 <= exchange < 1 << 24:
            raise _malformed("exchange")
        message = SignIn(LogDomain(log_id), self._node, exchange, challenge, int(self._clock()))
        signature = self._signer.sign_typed(message.typed_data())
        body = SignInBody(self._node, challenge, message.issued_at, signature)
        token = _object(self._once("POST", "/v1/sessions", body.to_json()).content).get("token")
        if not isinstance(token, str) or len(token) != 64 or not token.isascii() or not token.isalnum():
            raise _malformed("token")
        self._token = token

    def _patiently(self, ask: Callable[[], _T]) -> _T:
        """What is asked; what may pass is tried again."""
        end, pause = time.monotonic() + self._patience, _PAUSES[0]
        while True:
            try:
                return ask()
            except ExchangeUnavailableError as error:
                wait = max(pause, error.retry_after)
                if time.monotonic() + wait > end:
                    raise
                _log.info("trying the exchange again in %.1f seconds: %s", wait, error.message)
                time.sleep(wait)
                pause = min(2 * pause, _PAUSES[1])

    def _once(self, method: str, path: str, body: bytes | None) -> _Answer:
        headers = {"Accept": f"{_JSON}, {AGE_MEDIA_TYPE}"} | ({} if body is None else {"Content-Type": _JSON})
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            with self._http.request(
                method, self._url + path, data=body, headers=headers, timeout=(10.0, 60.0), stream=True,
                allow_redirects=False,
            ) as response:  # fmt: skip
                content = self._content(response)
                status, told = response.status_code, response.headers
        except requests.RequestException as error:
            raise ExchangeUnavailableError(
                "the exchange does not answer",
                found=type(error).__name__,
                hint="Check its address and certificate; ask again with the same request.",
                place=Place(self._url),
            ) from error
        if status in (200, 201, 204):
            return _Answer(content, told.get("Creditchain-Answered-Before") == "yes")
        if status in _PASSING:
            raise _passing(status, content, told.get("Retry-After"), self._url)
        raise ExchangeRefusedError(status, _problem(content), self._url)

    def _content(self, response: requests.Response) -> bytes:
        parts, size = [], 0
        for part in response.iter_content(1 << 16):
            size += len(part)
            if size > _LONGEST:
                raise ExchangeUnavailableError(
                    "the exchange's answer is too long", expected=f"at most {_LONGEST} bytes", place=Place(self._url)
                )
            parts.append(part)
        return b"".join(parts)


def _require_answer(file: RequestFile, package: bytes) -> None:
    """Whether the report is good, `verify` says; here only whether it is the one that was asked for."""
    delivery = parse_report_package(package).delivery
    if delivery is None or delivery.request != file.request:
        raise OtherAnswerError("the exchange answered another request than it was sent", place=Place(field="delivery"))


def require_private(url: str) -> None:
    """A report and a session's token go over the wire: in the clear only on this machine."""
    parts = urlsplit(require_url(url))
    host = parts.hostname or ""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if parts.scheme != "https" and not loopback:
        raise ConfigError(
            "reports would cross the network in the clear", expected="https://…", found=f"{parts.scheme}://{host}"
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    content: bytes
    again: bool


def _passing(status: int, content: bytes, retry_after: str | None, exchange: str) -> ExchangeUnavailableError:
    problem = _problem(content)
    error = ExchangeUnavailableError(
        f"the exchange cannot answer now: {_text(problem.get('title')) or f'HTTP status {status}'}",
        expected=_text(problem.get("expected")),
        found=_text(problem.get("found")),
        hint="Ask again with the same request.",
        place=Place(exchange),
    )
    if retry_after is not None and retry_after.isdecimal():
        error.retry_after = min(float(retry_after), 600.0)
    return error


def _problem(content: bytes) -> dict[str, Any]:
    try:
        return _object(content)
    except ExchangeUnavailableError:
        return {}


def _object(content: bytes, limits: PackageLimits = _SMALL) -> dict[str, Any]:
    try:
        return dict(load_json(content, limits))
    except PackageError as error:
        raise ExchangeUnavailableError("the exchange's answer is none", found=error.message) from error


def _digest(answer: dict[str, Any], name: str) -> bytes:
    text = answer.get(name)
    try:
        raw = bytes.fromhex(text.removeprefix("0x")) if isinstance(text, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != 32:
        raise _malformed(name)
    return raw


def _malformed(name: str) -> ExchangeUnavailableError:
    return ExchangeUnavailableError("the exchange's answer is malformed", place=Place(field=name))


def _text(value: object) -> str | None:
    """What an exchange says, as far as people may be shown it."""
    if not isinstance(value, str):
        return None
    return "".join(letter if letter.isprintable() else " " for letter in value[:500])
