"""Errors between this program and a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditchain.chain.refusals import Refusal, classify
from creditchain.errors import ConfigError, CreditchainError, Place, RefusedError, UnavailableError

#: Characters of an endpoint's own message that are kept.
_MESSAGE = 300
#: What to do about each kind of refusal that has a general remedy.
_HINTS = {
    Refusal.PASSING: "This may pass; run the same command again.",
    Refusal.UNSUPPORTED: "The node does not offer this method; enable it there, or ask another node.",
    Refusal.TOO_MUCH: "Lower log_range_blocks of the network, or raise the node's limits.",
    Refusal.MISSING: "The node does not keep this; ask one that keeps all blocks, logs and state (an archive node).",
}


class NetworkError(ConfigError):
    """The networks file is wrong, or has no network of this name."""


class ChainUnavailableError(UnavailableError):
    """The chain's endpoint did not answer, or its answer cannot be used."""


class EndpointError(ChainUnavailableError):
    """A request got no result. `refusal` classifies why; `retry_after` is in how many seconds to retry, if known."""

    def __init__(
        self, message: str, refusal: Refusal, *, found: str, retry_after: float | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, found=found, hint=hint or _HINTS.get(refusal))
        self.refusal, self.retry_after = refusal, retry_after


class UnreachableError(EndpointError):
    """There is no connection to the endpoint at all."""


class JunkError(EndpointError):
    """The endpoint's answer is not JSON-RPC."""


class RpcError(EndpointError):
    """The endpoint answered a request with a JSON-RPC error.

    `reason` is the endpoint's own message, shortened. `data` is the revert data; None unless a contract reverted.
    """

    def __init__(
        self,
        method: str,
        code: int,
        message: str,
        data: bytes | None = None,
        *,
        endpoint: str = "",
        refusal: Refusal | None = None,
        retry_after: float | None = None,
    ) -> None:
        reason = "".join(letter if letter.isprintable() else " " for letter in message[:_MESSAGE])
        super().__init__(
            f"the endpoint {endpoint} refused {method}" if endpoint else f"the endpoint refused {method}",
            classify(code, message) if refusal is None else refusal,
            found=f"{reason} (code {code})",
            retry_after=retry_after,
        )
        self.method, self.code, self.reason = method, code, reason
        self.data = (data or b"") if self.refusal is Refusal.REVERTED else None


class MalformedAnswerError(ChainUnavailableError):
    """The endpoint's result does not have the shape that the method defines. `field` is a dotted path in the result."""

    def __init__(self, endpoint: str, method: str, field: str, expected: str, found: str) -> None:
        super().__init__(
            f"the endpoint {endpoint} gave a malformed answer to {method}",
            expected=expected,
            found=found,
            hint="Is this an Ethereum JSON-RPC endpoint? Ask another one.",
            place=Place(field=field),
        )


class WrongChainError(RefusedError):
    """The chain is not the one that the deployment or the network's configuration names."""


class ChainUnsuitableError(RefusedError):
    """The chain's EVM differs from what the contracts need."""


class LyingEndpointError(UnavailableError):
    """An endpoint's answer contradicts the chain's own log root, the hash of a block, or another endpoint.

    That says nothing about the package to be checked: it could not be checked.
    """


class SignerError(RefusedError):
    """A signer is not available, or signed something other than it was asked to."""


class TransactionError(RefusedError):
    """A transaction was not accepted, or cannot be sent as asked."""


class ContractRefusedError(TransactionError):
    """A contract reverted. `name` is the error's name in the ABI (or `Error`, `Panic`), `values` its arguments.

    `shown`: the same arguments as people read them, where that differs.
    """

    def __init__(
        self,
        name: str,
        values: Mapping[str, Any],
        *,
        doing: str,
        hint: str | None = None,
        shown: Mapping[str, Any] | None = None,
    ) -> None:
        text = ", ".join(f"{key}={_plain(value)}" for key, value in (shown or values).items())
        super().__init__(f"the contract refused to {doing}: {name}({text})", hint=hint)
        self.name = name
        self.values = dict(values)


def as_told(error: CreditchainError) -> CreditchainError:
    """Behind a contract's refusal, that of the endpoint: it names the endpoint and the call. Else the error itself."""
    return error.__cause__ if isinstance(error.__cause__, RpcError) else error


def _plain(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value
