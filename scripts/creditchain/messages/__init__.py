"""EIP-712 messages, hashed byte for byte as the contracts hash them (docs/format.md section 6). Pure."""

from creditchain.messages.accounts import StatementOfAccount
from creditchain.messages.consents import (
    NO_DIGEST,
    NO_KEY,
    Consent,
    Pause,
    Resumption,
    Revocation,
    salted_digest,
    subject_digest,
)
from creditchain.messages.countersignatures import Countersignature
from creditchain.messages.disputes import DisputeFiling
from creditchain.messages.domains import LogDomain
from creditchain.messages.exports import QueryExport
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.queries import METER_WITHIN, DeliveryReceipt, QueryRequest
from creditchain.messages.sessions import EnterpriseSignIn, SignIn
from creditchain.messages.signatures import (
    SIGNATURE_BYTES,
    SignatureError,
    compact,
    recover,
    require_signature,
    signed_by,
)
from creditchain.messages.statements import TagStatement
from creditchain.messages.typed import TypedMessage

__all__ = [
    "METER_WITHIN",
    "NO_DIGEST",
    "NO_KEY",
    "SIGNATURE_BYTES",
    "Consent",
    "Countersignature",
    "DeliveryReceipt",
    "DisputeFiling",
    "EnterpriseSignIn",
    "LogDomain",
    "OperatorAcceptance",
    "Pause",
    "QueryExport",
    "QueryRequest",
    "Resumption",
    "Revocation",
    "SignIn",
    "SignatureError",
    "StatementOfAccount",
    "TagStatement",
    "TypedMessage",
    "compact",
    "recover",
    "require_signature",
    "salted_digest",
    "signed_by",
    "subject_digest",
]
