"""An outbox that sends nothing: what is submitted becomes a proposal to the governors, who act m of n."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.described_calls import described_call
from creditchain.chain.errors import ContractRefusedError, SignerError
from creditchain.chain.outbox import Outbox, Receipt, State, Wait
from creditchain.chain.region import Region
from creditchain.chain.safe import governors_safe, safe_state, safe_transaction
from creditchain.errors import CreditchainError, ExitCode, RefusedError
from creditchain.home.journal import Journal
from creditchain.log.views import ContractCall
from creditchain.packages.proposal_file import Proposal, ProposedCall


class ProposedError(CreditchainError):
    """Ends an act whose next step is the governors': the proposal is made. Whoever asked for one catches it."""

    exit_code = ExitCode.OK

    def __init__(self, proposal: Proposal) -> None:
        super().__init__("this is proposed, and not done yet")
        self.proposal = proposal


class ProposingOutbox(Outbox):
    """Collects calls, and ends the act with ProposedError where the first of them would be waited for.

    Each call is tried as the governors' Safe before it is proposed. One that has to wait is proposed as a call that
    schedules it.
    """

    def __init__(self, region: Region, journal: Journal, nonce: int | None = None) -> None:
        """`nonce`: of the Safe's transaction; by default the next.

        Raises:
            RefusedError: single keys govern this region.
        """
        safe = governors_safe(region.deployment)
        if safe is None:
            raise RefusedError("this region is governed by single keys", hint="Sign with a governor's key (--signer).")
        super().__init__(region.chain, _Nobody(safe), journal, region.deployment.log_id.hex())
        self._region, self._safe, self._nonce = region, safe, nonce
        self._calls: list[ProposedCall] = []

    def state(self, intent: str) -> State | None:  # noqa: ARG002 - nothing was begun
        return None

    def check(self, call: ContractCall) -> None:
        self._allowed(call)

    def post(self, intent: str, call: ContractCall, *, already_done: Callable[[], bool] | None = None) -> bool:  # noqa: ARG002
        if already_done is not None and already_done():
            return False
        allowed = self._allowed(call)
        if allowed.to is None:
            raise RefusedError("governors create no contracts", hint="Create it with any key, and propose its address.")
        words = described_call(self._region.deployment, allowed.to, allowed.data)
        self._calls.append(ProposedCall(allowed.to, allowed.data, words))
        return True

    def submit(
        self,
        intent: str,
        call: ContractCall,
        *,
        wait: Wait = "final",
        already_done: Callable[[], bool] | None = None,
    ) -> Receipt:
        if not self.post(intent, call, already_done=already_done):
            return Receipt(intent, "final", None, None, None, None, ())
        return self._follow(intent, wait)

    def go_on(self, intent: str, *, wait: Wait = "final") -> Receipt | None:  # noqa: ARG002
        return None

    def _follow(self, intent: str, wait: Wait) -> Receipt:  # noqa: ARG002
        raise ProposedError(self._proposal())

    def _proposal(self) -> Proposal:
        # What was posted before is posted again where an act submits what it posted.
        calls = tuple(dict.fromkeys(self._calls))
        deployment = self._region.deployment
        nonce = safe_state(self.chain, self._safe).nonce if self._nonce is None else self._nonce
        transaction = safe_transaction(deployment, self._safe, nonce, [(one.target, one.data) for one in calls])
        return Proposal(deployment.log_id, deployment.chain_id, self._safe, nonce, calls, transaction.digest())

    def _allowed(self, call: ContractCall) -> ContractCall:
        """The call, or the one that schedules it. Raises ContractRefusedError."""
        try:
            self._estimate(call)
        except ContractRefusedError as error:
            if error.name != "AccessManagerNotScheduled":
                raise
            scheduling = scheduled(self._region, call)
            self._estimate(scheduling)
            return scheduling
        return call


def scheduled(region: Region, call: ContractCall) -> ContractCall:
    """The call by which an admin schedules another, for as soon as it may be."""
    data = interface("Governance").encode("schedule", call.to, call.data, 0)
    return ContractCall(region.deployment.address("Governance"), data, f"schedule: {call.description}")


class _Nobody:
    """The Safe as the one who acts. It has no key; its owners sign."""

    def __init__(self, safe: str) -> None:
        self.address = safe

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:  # noqa: ARG002
        raise SignerError("a Safe signs nothing", hint="Its owners approve a proposal.")

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:  # noqa: ARG002
        raise SignerError("a Safe signs nothing", hint="Its owners approve a proposal.")
