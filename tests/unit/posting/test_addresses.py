"""Where webhooks may go: a member names the address, and must not reach the service's own network by it."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from creditchain.errors import UsageError
from creditchain.posting.addresses import Allowed, ForbiddenAddressError, Target, UnresolvedAddressError, parse_networks

PUBLIC = "93.184.215.14"


def target(allowed: Allowed, url: str) -> Target:
    return asyncio.run(allowed.target(url))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Name servers of these tests: the addresses of names. Addresses stand for themselves."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(_: Any, host: str, port: int, **__: Any) -> list[Any]:
        if host not in known:
            try:
                known_here = [str(ip_address(host))]
            except ValueError:
                raise socket.gaierror("unknown") from None
        else:
            known_here = known[host]
        return [(0, 0, 0, "", (address, port)) for address in known_here]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep credentials
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::a00:1",  # NAT64 of 10.0.0.1
        "2001:0:7f00:1::1",  # Teredo
    ],
)
def test_addresses_of_the_own_network(names: dict[str, list[str]], address: str) -> None:
    assert not Allowed().admits(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(ForbiddenAddressError, match="own network"):
        target(Allowed(), f"https://{host}/hook")
    names["bank.example"] = [address]
    with pytest.raises(ForbiddenAddressError, match="own network"):
        target(Allowed(), "https://bank.example/hook")


@pytest.mark.parametrize("address", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_other_ways_to_write_loopback(address: str) -> None:
    """The machine's own resolver reads them; what it makes of them is judged."""
    with pytest.raises((ForbiddenAddressError, UnresolvedAddressError)):
        target(Allowed(), f"https://{address}/hook")


def test_a_name_with_one_good_address_and_one_bad(names: dict[str, list[str]]) -> None:
    names["bank.example"] = [PUBLIC, "10.0.0.1"]
    with pytest.raises(ForbiddenAddressError, match="own network"):
        target(Allowed(), "https://bank.example/hook")


def test_what_is_judged_is_what_is_connected_to(names: dict[str, list[str]]) -> None:
    """A name that resolves to something else a moment later (DNS rebinding) leads nowhere."""
    names["bank.example"] = [PUBLIC]
    found = target(Allowed(), "https://bank.example:8443/hook?a=1")
    names["bank.example"] = ["127.0.0.1"]
    assert found.url == f"https://{PUBLIC}:8443/hook?a=1"
    assert (found.host, found.authority) == ("bank.example", "bank.example:8443")


def test_networks_that_the_operator_allows(names: dict[str, list[str]]) -> None:
    allowed = Allowed(parse_networks(["10.1.0.0/16", "127.0.0.1/32"]))
    names["inside.example"] = ["10.1.2.3"]
    assert target(allowed, "http://inside.example/hook").url == "http://10.1.2.3:80/hook"
    assert target(allowed, "http://127.0.0.1:9000/").address == ip_address("127.0.0.1")
    for refused in ("https://10.2.0.1/", "https://127.0.0.2/", "https://[::1]/"):
        with pytest.raises(ForbiddenAddressError):
            target(allowed, refused)


def test_in_the_clear_only_where_the_operator_says_so(names: dict[str, list[str]]) -> None:
    names["bank.example"] = [PUBLIC]
    with pytest.raises(ForbiddenAddressError, match="in the clear"):
        target(Allowed(), "http://bank.example/hook")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bank.example/hook",
        "ftp://bank.example/hook",
        "file:///etc/passwd",
        "gopher://bank.example/",
        "https://",
        "https:///hook",
        "https://user:secret@bank.example/",
        "https://bank.example@127.0.0.1/",
        "https://bank.example\\@127.0.0.1/",
        "https://bank.example/#part",
        "https://bank.example:0/",
        "https://bank.example:99999/",
        "https://bank.example/a b",
        "https://bank.example/\r\nX: y",
        "https://银行.example/",
        "https://bank.example/" + "a" * 1024,
    ],
)
def test_what_is_no_address(names: dict[str, list[str]], url: str) -> None:
    names["bank.example"] = [PUBLIC]
    with pytest.raises(ForbiddenAddressError, match="cannot be sent to this") as caught:
        target(Allowed(), url)
    assert "secret" not in str(caught.value)


def test_a_name_that_is_not_known(names: dict[str, list[str]]) -> None:
    with pytest.raises(UnresolvedAddressError):
        target(Allowed(), "https://nobody.example/")


def test_what_is_no_network() -> None:
    with pytest.raises(UsageError, match="no network"):
        parse_networks(["10.0.0.1/8"])
