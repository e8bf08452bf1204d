"""Transactions that take effect exactly once, whatever crashes when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from creditchain.chain.views import BlockRef, ContractCall
from creditchain.journal import Journal

if TYPE_CHECKING:
    from creditchain.chain.connect import Chain
    from creditchain.chain.signers import Signer

State = Literal["signed", "sent", "mined", "final", "failed"]
Observer = Callable[[str, State], None]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an intent.

    `transaction_hash`, `block` and `gas_used` are None when the effect was found on chain without a transaction of
    this journal (`already_done`). `logs` are the raw logs of the receipt.
    """

    intent: str
    state: State
    transaction_hash: bytes | None
    block: BlockRef | None
    gas_used: int | None
    contract_address: str | None
    logs: tuple[dict[str, Any], ...]


class Outbox:
    """Sends calls of one signer on one chain, through the journal."""

    def __init__(self, chain: Chain, signer: Signer, journal: Journal, scope: str = "") -> None:
        raise NotImplementedError

    def on_state(self, observer: Observer) -> None:
        """Call `observer(intent, state)` right after each state was journaled."""
        raise NotImplementedError

    def submit(
        self,
        intent: str,
        call: ContractCall,
        *,
        wait: Literal["mined", "final"] = "final",
        already_done: Callable[[], bool] | None = None,
    ) -> Receipt:
        """Make `call` take effect exactly once under the name `intent`, and wait for it."""
        raise NotImplementedError

    def post(self, intent: str, call: ContractCall) -> None:
        """Journal, sign and send, without waiting: for many at once. `submit` with the same intent waits."""
        raise NotImplementedError
