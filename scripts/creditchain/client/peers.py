"""Asking other exchanges for their parts of a report: all at once, each within a time that is bounded.

Whoever does not answer in time is left out, and why; nobody's silence holds up what the others gave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.to_thread import run_sync

from creditchain.chain.signers import Signer
from creditchain.client.asking import require_private
from creditchain.messages import LogDomain, SignIn
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import PackageLimits, load_json
from creditchain.packages.report_part import PartOrder
from creditchain.packages.sign_in import SignInBody
from creditchain.vocabulary import GapReason

_log = logging.getLogger(__name__)

_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json"}
#: Most bytes of a part.
_LONGEST: Final = 32 << 20
_SMALL: Final = PackageLimits(package_bytes=1 << 16, values=1000, depth=8)
#: What may pass within the time that is left.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
#: Seconds between two attempts.
_PAUSE: Final = 0.2


@dataclass(frozen=True, slots=True)
class PartAsked:
    """What is asked of the exchange of a publisher."""

    order: PartOrder
    servers: Collection[int]  #: nodes that may serve it: the publisher itself, and its host


class _RefusalError(Exception):
    """A peer gives nothing, and why."""

    def __init__(self, reason: GapReason) -> None:
        super().__init__(reason.label)
        self.reason = reason


@dataclass(slots=True)
class _Peer:
    """An exchange, and the session that is open there."""

    url: str
    token: str | None = field(default=None, repr=False)
    signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)


class Peers:
    """The exchanges of other publishers. For several threads at once; ask it first where it will be used."""

    def __init__(
        self,
        addresses: Mapping[int, str],
        log_id: bytes,
        node: int,
        signer: Signer,
        *,
        within: float = 1.5,
        ca: str | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            addresses: of exchanges, by the node whose parts they give.
            log_id: of the region's log, 32 bytes; an exchange of another region is not asked.
            node: who asks, by its node number; `signer` acts for it.
            within: seconds that each of them has, all asked at the same time.
            ca: file with the certificates (PEM) that theirs have to follow from; None: the system's.
        Raises:
            ConfigError: one is no such address, or one in the clear that leaves this machine.
        """
        for url in addresses.values():
            require_private(url)
        by_url = {url.rstrip("/"): _Peer(url.rstrip("/")) for url in addresses.values()}
        self._peers = {number: by_url[url.rstrip("/")] for number, url in addresses.items()}
        self._log_id, self._node, self._signer, self._within, self._ca = log_id, node, signer, within, ca
        self._lock = Lock()
        self._opened: tuple[BlockingPortal, httpx.AsyncClient] | None = None
        self._portal: Any = None

    def parts(self, asked: Mapping[int, PartAsked]) -> dict[int, bytes | GapReason]:
        """The answer of each publisher's exchange, or why there is none. By node."""
        portal, http = self._open()
        return portal.call(self._all, http, asked)

    def close(self) -> None:
        """End the connections. Sessions end by themselves."""
        with self._lock:
            if self._opened is not None:
                portal, http = self._opened
                portal.call(http.aclose)
                self._portal.__exit__(None, None, None)
                self._opened = None

    def _open(self) -> tuple[BlockingPortal, httpx.AsyncClient]:
        with self._lock:
            if self._opened is None:
                self._portal = start_blocking_portal()
                portal = self._portal.__enter__()
                self._opened = portal, portal.call(self._client)
            return self._opened

    async def _client(self) -> httpx.AsyncClient:
        verify: Any = True if self._ca is None else httpx.create_ssl_context(self._ca)
        return httpx.AsyncClient(
            verify=verify, trust_env=False, follow_redirects=False, timeout=self._within, headers=_HEADERS
        )

    async def _all(self, http: httpx.AsyncClient, asked: Mapping[int, PartAsked]) -> dict[int, bytes | GapReason]:
        found = await asyncio.gather(*(self._part(http, node, one) for node, one in asked.items()))
        return dict(zip(asked, found, strict=True))

    async def _part(self, http: httpx.AsyncClient, node: int, asked: PartAsked) -> bytes | GapReason:
        peer = self._peers.get(node)
        if peer is None:
            return GapReason.NO_ADDRESS
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._within):
                return await self._patiently(http, peer, asked)
        except _RefusalError as refused:
            reason = refused.reason
        except (TimeoutError, httpx.HTTPError):
            reason = GapReason.NO_ANSWER
        _log.warning("node %d gave no part in %.2f seconds: %s", node, time.monotonic() - begun, reason.label)
        return reason

    async def _patiently(self, http: httpx.AsyncClient, peer: _Peer, asked: PartAsked) -> bytes:
        """The part; what may pass is tried again until the time is over."""
        body, tokens = asked.order.to_json(), 0
        while True:
            token = peer.token
            if token is None:
                token = await self._signed_in(http, peer, asked.servers)
                tokens += 1
            status, content = await _post(http, peer.url + "/v1/parts", body, token)
            if status == 200:
                return content
            if status == 401 and tokens < 2:
                if peer.token == token:
                    peer.token = None
            elif status in _PASSING:
                await asyncio.sleep(_PAUSE)
            else:
                raise _RefusalError(GapReason.REFUSED)

    async def _signed_in(self, http: httpx.AsyncClient, peer: _Peer, servers: Collection[int]) -> str:
        """The token of a session; one that another call opened meanwhile is as good."""
        async with peer.signing_in:
            if peer.token is None:
                peer.token = await self._sign_in(http, peer, servers)
            return peer.token

    async def _sign_in(self, http: httpx.AsyncClient, peer: _Peer, servers: Collection[int]) -> str:
        status, content = await _post(http, peer.url + "/v1/challenges", b"", None)
        if status in _PASSING:
            raise _RefusalError(GapReason.NO_ANSWER)
        asked = _object(status, content)
        challenge, exchange = asked.get("challenge"), asked.get("exchange")
        # Whoever serves another node could pass on that one's challenge, and sign in there with the answer.
        if asked.get("log_id") != "0x" + self._log_id.hex() or exchange not in servers:
            raise _RefusalError(GapReason.NO_ADDRESS)
        if not isinstance(challenge, str) or len(challenge) != 66 or not isinstance(exchange, int):
            raise _RefusalError(GapReason.REFUSED)
        try:
            random = bytes.fromhex(challenge[2:])
        except ValueError:
            raise _RefusalError(GapReason.REFUSED) from None
        message = SignIn(LogDomain(self._log_id), self._node, exchange, random, int(time.time()))
        signature = await run_sync(self._signer.sign_typed, message.typed_data())
        body = SignInBody(self._node, random, message.issued_at, signature)
        status, content = await _post(http, peer.url + "/v1/sessions", body.to_json(), None)
        token = _object(status, content).get("token")
        if not isinstance(token, str) or len(token) != 64 or not token.isascii() or not token.isalnum():
            raise _RefusalError(GapReason.REFUSED)
        return token


async def _post(http: httpx.AsyncClient, url: str, body: bytes, token: str | None) -> tuple[int, bytes]:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with http.stream("POST", url, content=body, headers=headers) as response:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > _LONGEST:
                raise _RefusalError(GapReason.UNFIT)
            parts.append(part)
        return response.status_code, b"".join(parts)


def _object(status: int, content: bytes) -> dict[str, Any]:
    if status not in (200, 201):
        raise _RefusalError(GapReason.REFUSED)
    try:
        return load_json(content, _SMALL)
    except PackageError:
        raise _RefusalError(GapReason.REFUSED) from None
