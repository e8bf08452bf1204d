"""Where webhooks may go: a member names the address, and this machine connects to it from inside its own network.

So an address is resolved here, every address that it resolves to is judged, and the connection goes to one that was
judged. A name that resolves to something else a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from creditchain.errors import InputError, UsageError
from creditchain.packages.webhook import LONGEST_ADDRESS
from creditchain.posting.resolving import ADDRESS_FIELD, Resolver
from creditchain.posting.special import Address, is_public, reached

Network = IPv4Network | IPv6Network

_PORTS: Final = {"http": 80, "https": 443}


class ForbiddenAddressError(InputError):
    """Webhooks do not go there."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect: an address that was judged, and the name that certificate and Host header go by."""

    scheme: str
    host: str
    port: int
    path: str  #: with the query
    address: Address

    @property
    def url(self) -> str:
        """The URL with the address in place of the name."""
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """What the Host header holds."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks as options name them, such as 10.1.0.0/16. Raises UsageError."""
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        raise UsageError("this is no network", expected="such as 10.1.0.0/16 or 127.0.0.1/32") from error


class Allowed:
    """Public addresses, and those in networks that the operator allows."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def admits(self, address: Address) -> bool:
        """Whether webhooks may go to this address, in the clear or not."""
        return self.is_named(address) or is_public(address)

    def is_named(self, address: Address) -> bool:
        """Whether the operator named a network that holds this address."""
        inner = reached(address)
        return any(inner in network for network in self._networks if network.version == inner.version)

    async def target(self, url: str, owner: int, resolver: Resolver) -> Target:
        """Where to connect for an address that a member named. `owner`: the member.

        Raises:
            ForbiddenAddressError: it is no such address; or a name among whose addresses one is in a private network,
                or is this machine; or it would go in the clear over a network that the operator did not name.
            UnresolvedAddressError: the name is not known now. TooManyLookUpsError: other names of the member hang.
        """
        parts = _parts(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        found = await resolver.find(host, port, owner)
        # All of them: a name with one good address and one bad would lead to the bad one sooner or later.
        for address in found:
            self._require(parts.scheme, address)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme, host, port, path, found[0])

    def _require(self, scheme: str, address: Address) -> None:
        if not self.admits(address):
            raise ForbiddenAddressError(
                "webhooks do not go to addresses inside the service's own network",
                expected="a public address",
                hint="The exchange's operator can allow it: --allow-webhooks-to.",
                place=ADDRESS_FIELD,
            )
        if scheme == "http" and not self.is_named(address):
            raise ForbiddenAddressError("webhooks do not go in the clear", expected="https://…", place=ADDRESS_FIELD)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _no_address() from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= LONGEST_ADDRESS
    if not plain or parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise _no_address()
    if "@" in parts.netloc or parts.fragment:
        raise _no_address()
    return parts


def _no_address() -> ForbiddenAddressError:
    return ForbiddenAddressError(
        "webhooks cannot be sent to this",
        expected=f"https://HOST/PATH in ASCII, of at most {LONGEST_ADDRESS} characters, without user and fragment",
        place=ADDRESS_FIELD,
    )
