"""Addresses that are no public host's, by IANA's registries of special-purpose addresses (as of October 2025).

Python's `is_global` is not asked: what it says of an address differs between its releases, and 3.11 takes site-local
addresses (fec0::/10), 192.0.0.9 (a router's port control) and documentation's 3fff::/20 for public ones.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address

_SPECIAL_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by a provider's customers
            "127.0.0.0/8",  # this machine
            "169.254.0.0/16",  # link-local; clouds keep credentials there
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocols; 192.0.0.9 and .10 are answered by a router of the own network
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112, answered by whatever name server is near
            "192.52.193.0/24",  # multicast relays (AMT)
            "192.88.99.0/24",  # 6to4 relays, given up (RFC 7526)
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
#: All global unicast addresses of IPv6 (RFC 4291) begin with these three bits. What does not is loopback, local, an
#: address of IPv4 in another form, multicast, or reserved: among them ::/96, 64:ff9b:1::/48, 5f00::/16 and fec0::/10.
_GLOBAL_6: Final = IPv6Network("2000::/3")
_SPECIAL_6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols; among them Teredo, which leads to an address of IPv4, benchmarks and ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which leads to an address of IPv4, and was given up
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)
#: NAT64 by the well-known prefix (RFC 6052): the address of IPv4 stands in the last 32 bits. The prefix for local use,
#: 64:ff9b:1::/48, may hold it elsewhere (RFC 8215), so nothing there is public.
_NAT64: Final = IPv6Network("64:ff9b::/96")
#: The upper half of an interface identifier of ISATAP (RFC 5214); an address of IPv4 is the lower one.
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def reached(address: Address) -> Address:
    """The address that is reached in the end: one of IPv4 may stand in one of IPv6."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether an address may be that of a host of the public Internet, and of nothing nearer."""
    inner = reached(address)
    if isinstance(inner, IPv4Address):
        return not any(inner in network for network in _SPECIAL_4)
    isatap = int(inner) >> 32 & 0xFFFFFFFF in _ISATAP
    return inner in _GLOBAL_6 and not any(inner in network for network in _SPECIAL_6) and not isatap
