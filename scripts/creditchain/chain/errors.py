"""What can go wrong between this program and a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditchain.errors import ConfigError, RefusedError, UnavailableError


class NetworkError(ConfigError):
    """The networks file is wrong, or names no such network."""


class ChainUnavailableError(UnavailableError):
    """The chain's endpoint did not answer, or answered something that is no answer."""


class WrongChainError(RefusedError):
    """The chain is not the one the deployment, or the network's configuration, is about."""


class ChainUnsuitableError(RefusedError):
    """The chain's EVM differs from what the contracts need."""


class LyingEndpointError(UnavailableError):
    """What an endpoint answered contradicts the chain's own log root, or another endpoint.

    That says nothing about what was to be checked: it could not be checked.
    """


class SignerError(RefusedError):
    """A signer could not be had, or signed something else than it was asked to."""


class TransactionError(RefusedError):
    """A transaction was not accepted, or can not be sent as asked."""


class ContractRefusedError(TransactionError):
    """A contract reverted. `name` is the error's name in the ABI (or `Error`, `Panic`), `values` its arguments."""

    def __init__(self, name: str, values: Mapping[str, Any], *, doing: str, hint: str | None = None) -> None:
        shown = ", ".join(f"{key}={_plain(value)}" for key, value in values.items())
        super().__init__(f"the contract refused to {doing}: {name}({shown})", hint=hint)
        self.name = name
        self.values = dict(values)


def _plain(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value
