"""Every EIP-712 message, byte for byte as the contracts hash it (docs/format.md section 6). Pure."""

from creditchain.messages.domains import ContractDomain, LogDomain
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.signatures import SignatureError, recover, require_signature, signed_by
from creditchain.messages.statements import TagStatement
from creditchain.messages.typed import TypedMessage

__all__ = [
    "ContractDomain",
    "LogDomain",
    "OperatorAcceptance",
    "SignatureError",
    "TagStatement",
    "TypedMessage",
    "recover",
    "require_signature",
    "signed_by",
]
