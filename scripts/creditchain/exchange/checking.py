"""Checking packages for whoever comes: bounded in bytes, in time and in how many at once, and nothing is kept.

Checks have threads of their own, so that they never take those in which members are answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TypeVar

from fastapi import Request

from creditchain.acts.verifying import Judge
from creditchain.acts.viewing import NameOf, Viewed, view_package
from creditchain.chain.region import Region
from creditchain.exchange.bounded import read_body
from creditchain.exchange.problems import HttpError
from creditchain.exchange.rates import Rate
from creditchain.exchange.uploads import SentFile, parse_form
from creditchain.rendering.pages import PagePlace

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """What whoever comes may ask of the Verify page, without a session."""

    upload_bytes: int = 16 << 20  #: most bytes of a form's body
    upload_seconds: float = 60.0  #: within which it has to arrive
    seconds: float = 60.0  #: after which nobody waits for a verdict any longer
    address_a_minute: int = 30  #: files from one network address
    under_way: int = 8  #: files that are sent, wait or are checked, of all callers together
    at_once: int = 2  #: of these, files that are checked


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file that was sent. `viewed`: None if the form held none."""

    sent: SentFile
    viewed: Viewed | None


class PackageChecker:
    """Gives files the verdict of `verify`: by this region, as of its newest final block."""

    def __init__(self, region: Region, judge: Judge, name_of: NameOf, limits: CheckLimits) -> None:
        self.limits = limits
        self._region, self._judge, self._name_of = region, judge, name_of
        self._rate = Rate(limits.address_a_minute)
        self._room = BoundedSemaphore(limits.under_way)
        self._threads = ThreadPoolExecutor(limits.at_once, thread_name_prefix="checking")

    async def check(self, request: Request, show: Callable[[CheckedFile], _T]) -> _T:
        """The verdict on the file in a form, as `show` makes it; that runs in the check's thread too.

        Raises:
            HttpError: 429 or 503 for too many, 503 if it takes too long; as `read_body` and `parse_form`.
        """
        self._rate.count(request.client.host if request.client else "")
        if not self._room.acquire(blocking=False):
            raise HttpError(503, "busy", "too many files are being checked", retry_after=5)
        running = None
        try:
            body = await read_body(request, self.limits.upload_bytes, self.limits.upload_seconds)
            running = self._threads.submit(self._shown, show, request.headers.get("content-type", ""), body)
            async with asyncio.timeout(self.limits.seconds):
                return await asyncio.wrap_future(running)
        except TimeoutError as error:
            raise HttpError(503, "check-timeout", "the check takes too long", retry_after=60) from error
        finally:
            # A thread cannot be stopped: a check for which nobody waits takes its room until it ends.
            if running is None:
                self._room.release()
            else:
                running.add_done_callback(lambda _: self._room.release())

    def _shown(self, show: Callable[[CheckedFile], _T], content_type: str, body: bytes) -> _T:
        sent, viewed = parse_form(content_type, body), None
        if sent.content is not None:
            viewed = view_package(sent.content, self._judge, self._region, self._name_of)
        return show(CheckedFile(sent, viewed))


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a service: whose they are, and who checks packages."""

    place: PagePlace
    checker: PackageChecker
