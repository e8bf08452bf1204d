"""One attempt to hand over a webhook: a POST to a judged address, bounded in time, without redirects."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from creditchain import __version__
from creditchain.errors import ConfigError, CreditchainError, Place
from creditchain.packages.webhook import HEADERS, signature
from creditchain.posting.addresses import Allowed
from creditchain.posting.resolving import Resolver

#: Seconds that an attempt may take in all, from the name's look-up to the answer's status.
ATTEMPT_SECONDS: Final = 15.0
#: Names that are looked up at once: in all, and for one member.
LOOK_UPS: Final = 64
LOOK_UPS_EACH: Final = 8


@dataclass(frozen=True, slots=True)
class Letter:
    """A webhook to be sent: whose, where, and what. `event`: the event's id."""

    member: int
    address: str = field(repr=False)
    event: str
    body: bytes = field(repr=False)
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt. `status`: of the receiver's answer, None without one; `trouble`: a word for people."""

    taken: bool
    status: int | None = None
    trouble: str | None = None


class WebhookPoster:
    """Sends webhooks. Use it as an async context, which ends with its look-ups of names."""

    def __init__(
        self, allowed: Allowed, authorities: Path | None = None, seconds: float = ATTEMPT_SECONDS,
        resolver: Resolver | None = None,
    ) -> None:  # fmt: skip
        """`authorities`: certificates (PEM) that receivers' have to follow from, beside the usual ones."""
        self._allowed, self._seconds = allowed, seconds
        self._resolver = resolver or Resolver(threads=LOOK_UPS, each=LOOK_UPS_EACH)
        # No proxy of the environment: it would resolve and connect by itself. No connection is kept for another host.
        self._http = httpx.AsyncClient(
            verify=_trust(authorities), follow_redirects=False, trust_env=False, timeout=seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    async def post(self, letter: Letter, timestamp: int) -> Attempt:
        """Send a webhook once. `timestamp`: now, unix seconds. A receiver takes it by an answer of 2xx."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._posted(letter, timestamp)
        except TimeoutError:
            return Attempt(False, trouble="timeout")
        except CreditchainError as error:
            return Attempt(False, trouble=type(error).__name__.removesuffix("Error"))
        except (httpx.HTTPError, OSError) as error:
            return Attempt(False, trouble=type(error).__name__)

    async def _posted(self, letter: Letter, timestamp: int) -> Attempt:
        target = await self._allowed.target(letter.address, letter.member, self._resolver)
        values = letter.event, str(timestamp), signature(letter.secret, letter.event, timestamp, letter.body)
        headers = {
            **dict(zip(HEADERS, values, strict=True)),
            "Host": target.authority,
            "Content-Type": "application/json",
            "User-Agent": f"creditchain/{__version__}",
        }
        # The certificate is held against the name, though the connection goes to the address.
        named = {"sni_hostname": target.host} if target.scheme == "https" else {}
        async with self._http.stream(
            "POST", target.url, content=letter.body, headers=headers, extensions=named
        ) as answer:  # its body is not read: nobody needs it, and it may have no end
            taken = 200 <= answer.status_code < 300
            return Attempt(taken, answer.status_code, None if taken else "status")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resolver.close()
        await self._http.aclose()


def _trust(authorities: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError("the certificates cannot be read", place=Place(str(authorities))) from error
    return context
