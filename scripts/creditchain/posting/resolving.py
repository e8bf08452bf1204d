"""Looking up names, bounded in time and in number, in threads of its own.

The system's look-up cannot be ended, and how long it takes is up to the name servers of whoever owns the name. So
nobody waits for it longer than a few seconds, and what one owner's names hold up is that owner's share alone.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from socket import SOCK_STREAM, getaddrinfo
from typing import Final

from creditchain.errors import InputError, Place, UnavailableError
from creditchain.posting.special import Address

#: Where a host is wrong, in what a member sends.
ADDRESS_FIELD: Final = Place(field="address")


class UnresolvedAddressError(InputError):
    """The host of an address is not known to the name servers, or they do not say so in time."""


class TooManyLookUpsError(UnavailableError):
    """As many names of one owner are being looked up as may be."""


class Resolver:
    """Looks up names. Safe for several threads and event loops."""

    def __init__(self, threads: int = 16, each: int = 2, seconds: float = 5.0) -> None:
        """`threads`: look-ups at a time; `each`: those for one owner; `seconds`: that somebody waits for one."""
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look-up")
        self._each, self._seconds = each, seconds
        self._lock, self._under_way = threading.Lock(), dict[int, int]()

    async def find(self, host: str, port: int, owner: int) -> list[Address]:
        """The addresses of a host, in the order in which to try them. `owner`: the node whose address it is.

        Raises UnresolvedAddressError, TooManyLookUpsError.
        """
        self._begin(owner)
        future = self._pool.submit(_looked_up, host, port)
        # A look-up holds its place until its thread is free again, also when nobody waits for it any more.
        future.add_done_callback(lambda _: self._end(owner))
        try:
            async with asyncio.timeout(self._seconds):
                found = await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError:
            found = []
        finally:
            future.cancel()  # one that has begun goes on: nothing ends it
        if not found:
            raise UnresolvedAddressError("the host of the address is not known", place=ADDRESS_FIELD)
        return found

    def close(self) -> None:
        """Begin no more look-ups. Those under way end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, owner: int) -> None:
        with self._lock:
            count = self._under_way.get(owner, 0)
            if count >= self._each:
                raise TooManyLookUpsError(
                    "names of this member are still being looked up",
                    expected=f"at most {self._each} at a time",
                    hint="Try again once these are answered.",
                    place=ADDRESS_FIELD,
                )
            self._under_way[owner] = count + 1

    def _end(self, owner: int) -> None:
        with self._lock:
            count = self._under_way.pop(owner) - 1
            if count:
                self._under_way[owner] = count


def _looked_up(host: str, port: int) -> list[Address]:
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
        return [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    except (OSError, UnicodeError, ValueError):
        return []
