"""Networks by name, read from TOML: the built-in ones, overridden and extended by the user's file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from creditchain.chain.errors import NetworkError
from creditchain.errors import Place

Kind = Literal["rpc", "embedded"]
Fees = Literal["auto", "eip1559", "legacy", "zero"]
Finality = Literal["confirmations", "finalized"]

#: Chain ids that only development chains use. Development keys work there, and only over a loopback address.
LOCAL_CHAIN_IDS = frozenset({1337, 31337, 3133701, 3133702, 3133703, 3133710})


@dataclass(frozen=True, slots=True)
class Network:
    """How to reach a chain and how to treat it. The fields are documented in `data/networks.toml`."""

    name: str
    kind: Kind
    url: str = ""
    witnesses: tuple[str, ...] = ()
    chain_id: int | None = None
    fees: Fees = "auto"
    finality: Finality = "confirmations"
    confirmations: int = 1
    poll_seconds: float = 1.0
    timeout_seconds: float = 30.0
    deadline_seconds: float = 60.0
    catch_up_seconds: float = 30.0
    stuck_seconds: float = 60.0
    give_up_seconds: float = 600.0
    bump_percent: int = 15
    log_range_blocks: int = 2000
    told: bool = False

    def is_local(self, chain_id: int) -> bool:
        """Whether this is a development chain on this machine. Development keys are accepted only there."""
        if self.kind == "embedded":
            return True
        return chain_id in LOCAL_CHAIN_IDS and is_loopback(self.url)


def load_network(name: str, file: Path | None = None) -> Network:
    """The network called `name`.

    Args:
        name: its name.
        file: a TOML file in the format of the built-in one. Its networks are added to the built-in ones; a table with
            a built-in name overrides the fields it gives.
    Raises:
        NetworkError: a field is wrong (the error names file and field), or there is no such network.
    """
    networks = load_networks(file)
    if name not in networks:
        raise NetworkError(
            "there is no network of this name",
            expected="one of " + ", ".join(sorted(networks)),
            found=name,
            hint="Add it to a TOML file and name the file with --networks.",
        )
    return networks[name]


def load_networks(file: Path | None = None) -> dict[str, Network]:
    """All networks by name: the built-in ones and those of `file`."""
    builtin = files("creditchain").joinpath("data/networks.toml").read_text(encoding="utf-8")
    tables = _tables(builtin, "networks.toml (built in)")
    origin = dict.fromkeys(tables, "networks.toml (built in)")
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NetworkError("the networks file cannot be read", found=str(error), place=Place(str(file))) from error
        for name, table in _tables(text, str(file)).items():
            tables[name] = {**tables.get(name, {}), **table}
            origin[name] = str(file)
    return {name: _network(name, table, origin[name]) for name, table in tables.items()}


def is_loopback(url: str) -> bool:
    """Whether this URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_url(url: str, place: Place | None = None) -> str:
    """Return the URL if an endpoint can have it.

    Raises:
        NetworkError: it is no such URL. The error shows only its scheme, because such URLs often hold keys.
    """
    expected = "http://… or https://…"
    try:
        parts = urlsplit(url)
        host, scheme, _ = parts.hostname, parts.scheme, parts.port
    except ValueError as error:
        raise NetworkError("not a URL", expected=expected, place=place) from error
    if scheme in ("ws", "wss"):
        raise NetworkError(
            "WebSocket endpoints are not supported",
            expected=expected,
            found=f"{scheme}://…",
            hint="Name the node's HTTP endpoint: usually the same host, on another port.",
            place=place,
        )
    if scheme not in ("http", "https") or not host:
        raise NetworkError("not the URL of an endpoint", expected=expected, found=f"{scheme}:…", place=place)
    return url


def _tables(text: str, where: str) -> dict[str, dict[str, Any]]:
    try:
        parsed = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        raise NetworkError("the networks file is not TOML", found=str(error), place=Place(where)) from error
    for name, table in parsed.items():
        if not isinstance(table, dict):
            raise NetworkError("a network must be a table", expected=f"[{name}]", place=Place(where, field=name))
    return parsed


def _network(name: str, table: dict[str, Any], where: str) -> Network:
    known = {field.name for field in fields(Network)} - {"name"}
    values: dict[str, Any] = {}
    for field, value in table.items():
        place = Place(where, field=f"{name}.{field}")
        if field not in known:
            raise NetworkError(
                "a network has no such field", expected="one of " + ", ".join(sorted(known)), place=place
            )
        values[field] = _value(field, value, place)
    network = Network(name=name, **{"kind": "rpc", **values})
    if network.kind == "rpc" and not network.url:
        raise NetworkError("an rpc network needs a url", place=Place(where, field=f"{name}.url"))
    return network


_CHOICES: dict[str, tuple[str, ...]] = {"kind": get_args(Kind), "fees": get_args(Fees), "finality": get_args(Finality)}
#: Smallest and largest allowed value, by field.
_WHOLE = {
    "chain_id": (1, 2**63),
    "confirmations": (1, 100_000),
    "bump_percent": (10, 1000),
    "log_range_blocks": (1, 1_000_000),
}
_SECONDS = {
    "poll_seconds": (0.001, 600.0),
    "timeout_seconds": (0.1, 3600.0),
    "deadline_seconds": (0.1, 3600.0),
    "catch_up_seconds": (0.0, 3600.0),
    "stuck_seconds": (0.1, 86400.0),
    "give_up_seconds": (1.0, 604800.0),
}


def _value(field: str, value: object, place: Place) -> object:
    if field in _CHOICES:
        if value not in _CHOICES[field]:
            raise NetworkError(
                "not an allowed value", expected=" or ".join(_CHOICES[field]), found=repr(value), place=place
            )
        return value
    if field in _WHOLE:
        low, high = _WHOLE[field]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise NetworkError(
                "not a number in range", expected=f"a whole number from {low} to {high}", found=repr(value), place=place
            )
        return value
    if field in _SECONDS:
        least, most = _SECONDS[field]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise NetworkError(
                "not a number in range", expected=f"{least} to {most} seconds", found=repr(value), place=place
            )
        return float(value)
    if field == "told":
        if not isinstance(value, bool):
            raise NetworkError("not a truth value", expected="true or false", found=repr(value), place=place)
        return value
    if field == "witnesses":
        if not isinstance(value, list):
            raise NetworkError("not a list", expected="a list of URLs", found=repr(value), place=place)
        return tuple(_url(item, place) for item in value)
    return _url(value, place)


def _url(value: object, place: Place) -> str:
    if not isinstance(value, str):
        raise NetworkError("not a URL", expected="http://… or https://…", found=type(value).__name__, place=place)
    return require_url(value, place)
