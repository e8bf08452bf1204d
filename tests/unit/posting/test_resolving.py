"""Looking up names: whoever owns a name server that never answers holds up nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from creditchain.posting import resolving
from creditchain.posting.addresses import Allowed
from creditchain.posting.posting import Letter, WebhookPoster
from creditchain.posting.resolving import Resolver, TooManyLookUpsError, UnresolvedAddressError

PUBLIC = "93.184.215.14"
MALLORY, BANK = 7, 18


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Names ending in `.hangs` are not answered before this is set; all others are, at once."""
    answered = threading.Event()

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host.endswith(".hangs"):
            answered.wait()
        return [(0, 0, 0, "", (PUBLIC, port))]

    monkeypatch.setattr(resolving, "getaddrinfo", getaddrinfo)
    yield answered
    answered.set()


def test_a_name_server_that_never_answers(hangs: threading.Event) -> None:
    resolver = Resolver(seconds=0.05)
    with pytest.raises(UnresolvedAddressError):
        asyncio.run(resolver.find("one.hangs", 443, MALLORY))
    assert asyncio.run(resolver.find("bank.example", 443, BANK)) == [ip_address(PUBLIC)]
    resolver.close()


def test_one_owner_has_its_share_and_no_more(hangs: threading.Event) -> None:
    """Also when nobody waits any more: a thread that hangs is a place that is taken."""

    async def asked() -> None:
        resolver = Resolver(threads=4, each=2, seconds=0.05)
        for name in ("one.hangs", "two.hangs"):
            with pytest.raises(UnresolvedAddressError):
                await resolver.find(name, 443, MALLORY)
        with pytest.raises(TooManyLookUpsError):
            await resolver.find("three.hangs", 443, MALLORY)
        assert await resolver.find("bank.example", 443, BANK) == [ip_address(PUBLIC)]
        hangs.set()
        while True:  # the places come back
            try:
                assert await resolver.find("mallory.example", 443, MALLORY) == [ip_address(PUBLIC)]
                break
            except TooManyLookUpsError:
                await asyncio.sleep(0.01)
        resolver.close()

    asyncio.run(asked())


def test_look_ups_are_not_where_the_store_is_read(hangs: threading.Event) -> None:
    """What reads and writes the store goes by the loop's own threads, of which there may be five."""

    async def sent() -> None:
        async with WebhookPoster(Allowed(), seconds=30.0, resolver=Resolver(threads=64, each=64)) as poster:
            letters = [Letter(MALLORY, f"https://{n}.hangs/", "evt_0", b"{}", b"s" * 32) for n in range(64)]
            attempts = [asyncio.create_task(poster.post(one, 1)) for one in letters]
            await asyncio.sleep(0)
            assert await asyncio.to_thread(lambda: "read") == "read"
            for one in attempts:
                one.cancel()
            hangs.set()

    asyncio.run(sent())
