"""Where webhooks may go: a member names the address, and must not reach the service's own network by it."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from creditchain.errors import UsageError
from creditchain.posting import resolving
from creditchain.posting.addresses import Allowed, ForbiddenAddressError, Target, parse_networks
from creditchain.posting.resolving import Resolver, UnresolvedAddressError

PUBLIC = "93.184.215.14"


def target(allowed: Allowed, url: str) -> Target:
    resolver = Resolver()
    try:
        return asyncio.run(allowed.target(url, 18, resolver))
    finally:
        resolver.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Name servers of these tests: the addresses of names. Addresses stand for themselves."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            try:
                known_here = [str(ip_address(host))]
            except ValueError:
                raise socket.gaierror("unknown") from None
        else:
            known_here = known[host]
        return [(0, 0, 0, "", (address, port)) for address in known_here]

    monkeypatch.setattr(resolving, "getaddrinfo", getaddrinfo)
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
        "64:ff9b:1:a00:0:100::",  # NAT64 for local use, of 10.0.0.1 after a prefix of 48 bits (RFC 6052, 2.2)
        "64:ff9b:1::808:808",  # the same prefix: where the address of IPv4 stands, only its network knows
        "2001:0:7f00:1::1",  # Teredo
        "2002:808:808::1",  # 6to4 of a public address, by relays that nobody runs any more
        "::127.0.0.1",  # compatible
        "::8.8.8.8",
        "::ffff:0:7f00:1",  # translated
        "fec0::1",  # site-local
        "5f00::1",  # segment routing
        "100::1",  # discarded
        "4000::1",  # reserved
        "3fff::1",  # documentation
        "3fff:fff:ffff::1",
        "2001:db8::1",
        "2001:1::1",  # a router's port control
        "2001:20::1",  # ORCHID
        "2620:4f:8000::1",  # AS112
        "2400:cb00::5efe:a00:1",  # ISATAP of 10.0.0.1
        "2400:cb00::200:5efe:808:808",
        "192.0.0.9",  # a router's port control
        "192.0.0.170",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.88.99.1",  # 6to4 relays
        "192.175.48.1",
        "64:ff9b::c058:6301",  # NAT64 of a 6to4 relay
        "::ffff:192.0.0.9",
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


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        "1.1.1.1",
        "223.255.255.255",
        "192.0.1.1",
        "2400:cb00::1",
        "2001:4860:4860::8888",
        "3ffe::1",
        "64:ff9b::808:808",
    ],
)
def test_addresses_of_others(names: dict[str, list[str]], address: str) -> None:
    """The last one is how a network of IPv6 alone reaches a public host of IPv4 (NAT64)."""
    assert target(
        Allowed(), f"https://[{address}]/" if ":" in address else f"https://{address}/"
    ).address == ip_address(address)


def test_a_network_that_is_allowed_is_not_reached_by_another_network_s_translation() -> None:
    """The operator named 10.1.0.0/16: what leads there by 6to4, or by a prefix for local use, is another way."""
    allowed = Allowed(parse_networks(["10.1.0.0/16"]))
    assert allowed.admits(ip_address("::ffff:10.1.0.1"))
    assert allowed.admits(ip_address("64:ff9b::a01:1"))
    assert not allowed.admits(ip_address("2002:a01:1::1"))
    assert not allowed.admits(ip_address("64:ff9b:1::a01:1"))
    assert Allowed(parse_networks(["64:ff9b:1::/48"])).admits(ip_address("64:ff9b:1::a01:1"))


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
