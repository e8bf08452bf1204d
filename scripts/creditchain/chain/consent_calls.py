"""Build every state-changing call about consents, deliveries, loans and signed disputes, ready for the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.deployments import Deployment
from creditchain.log.views import ContractCall
from creditchain.messages import (
    SIGNATURE_BYTES,
    Consent,
    DeliveryReceipt,
    DisputeFiling,
    Pause,
    QueryRequest,
    Resumption,
)
from creditchain.vocabulary import Limit

#: The most gas that metering takes: for the call, and for each delivery. An estimate is not enough: a delivery dated
#: seconds after the last block is rejected during the estimate, which is cheap, and accepted once it is mined.
#: Measured on Anvil: 93,809 for one alone, 30,771 each of a hundred (docs/benchmarks.md).
METER_GAS, METER_GAS_EACH = 100_000, 90_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request and its receipt with both signatures, as `QueryLedger.meter` takes them."""

    request: QueryRequest
    receipt: DeliveryReceipt
    request_signature: bytes
    receipt_signature: bytes
    broker_signature: bytes = b""  #: over the request, if it names a broker


@dataclass(frozen=True, slots=True)
class LoanReport:
    """What `QueryLedger.reportLoans` takes. `month` YYYYMM, `amount` fen, `revision` 0 for a month's first report."""

    institution: int
    month: int
    revision: int
    count: int
    amount: int
    queries: bytes


class ConsentCalls:
    """Builds calls without asking the chain. Descriptions complete "refused to …" and name nobody."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def _call(self, contract: str, function: str, description: str, *arguments: Any) -> ContractCall:
        data = interface(contract).encode(function, *arguments)
        return ContractCall(self._deployment.address(contract), data, description)

    def grant(self, consent: Consent, key_signature: bytes, endorsement: bytes) -> ContractCall:
        doing = f"relay a consent to node {consent.institution}"
        return self._call("ConsentToken", "grant", doing, consent.form(), key_signature, endorsement)

    def revoke(self, consent: Consent) -> ContractCall:
        return self._call("ConsentToken", "revoke", "revoke a consent", consent.form())

    def revoke_signed(self, consent: Consent, signature: bytes) -> ContractCall:
        return self._call("ConsentToken", "revokeSigned", "relay a revocation", consent.form(), signature)

    def revoke_by_governors(self, consent: bytes) -> ContractCall:
        number = int.from_bytes(consent, "big")
        return self._call("ConsentToken", "revokeByGovernors", "revoke a consent as governors", number)

    def pause(self, consent: Consent) -> ContractCall:
        return self._call("ConsentToken", "pause", "pause a consent", consent.form())

    def resume(self, consent: Consent) -> ContractCall:
        return self._call("ConsentToken", "resume", "resume a consent", consent.form())

    def turn_signed(self, consent: Consent, message: Pause | Resumption, signature: bytes) -> ContractCall:
        pauses = isinstance(message, Pause)
        function, doing = ("pauseSigned", "relay a pause") if pauses else ("resumeSigned", "relay a resumption")
        return self._call("ConsentToken", function, doing, consent.form(), message.deadline, signature)

    def set_limit(self, limit: Limit, value: int) -> ContractCall:
        return self._call("ConsentToken", "setLimit", f"set the limit {limit.label}", limit, value)

    def meter(self, deliveries: Sequence[Delivery]) -> ContractCall:
        doing, structs = f"meter {len(deliveries)} deliveries", [_delivery(each) for each in deliveries]
        call = self._call("QueryLedger", "meter", doing, structs)
        return replace(call, gas=METER_GAS + METER_GAS_EACH * len(deliveries))

    def report_loans(self, report: LoanReport) -> ContractCall:
        struct = (report.institution, report.month, report.revision, report.count, report.amount, report.queries)
        return self._call("QueryLedger", "reportLoans", f"report the loans of {report.month}", struct)

    def file_dispute_signed(self, filing: DisputeFiling, key_signature: bytes, endorsement: bytes) -> ContractCall:
        doing = f"relay a dispute of a record of node {filing.node}"
        return self._call("Disputes", "fileDisputeSigned", doing, filing.values(), key_signature, endorsement)


def _delivery(delivery: Delivery) -> tuple[Any, ...]:
    receipt = delivery.receipt
    return (
        delivery.request.values(),
        receipt.report,
        receipt.delivered_at,
        receipt.meter_by,
        *map(_words, (delivery.request_signature, delivery.receipt_signature, delivery.broker_signature)),
    )


def _words(signature: bytes) -> tuple[bytes, bytes]:
    """A signature as two words. One that is none becomes zeros, which the ledger rejects with a finding."""
    words = signature if len(signature) == SIGNATURE_BYTES else bytes(SIGNATURE_BYTES)
    return words[:32], words[32:]
