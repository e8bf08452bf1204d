"""EIP-712 messages, hashed byte for byte as the contracts hash them (docs/format.md section 6). Pure."""

from creditchain.messages.consents import NO_DIGEST, NO_KEY, Consent, Revocation, salted_digest, subject_digest
from creditchain.messages.disputes import DisputeFiling
from creditchain.messages.domains import ContractDomain, LogDomain
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.queries import METER_WITHIN, DeliveryReceipt, QueryRequest
from creditchain.messages.signatures import SignatureError, recover, require_signature, signed_by
from creditchain.messages.statements import TagStatement
from creditchain.messages.typed import TypedMessage

__all__ = [
    "METER_WITHIN",
    "NO_DIGEST",
    "NO_KEY",
    "Consent",
    "ContractDomain",
    "DeliveryReceipt",
    "DisputeFiling",
    "LogDomain",
    "OperatorAcceptance",
    "QueryRequest",
    "Revocation",
    "SignatureError",
    "TagStatement",
    "TypedMessage",
    "recover",
    "require_signature",
    "salted_digest",
    "signed_by",
    "subject_digest",
]
