"""Messages that institution and provider sign about a query. QueryLedger checks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from creditchain.hashing import require_hash
from creditchain.messages.consents import NO_DIGEST
from creditchain.messages.domains import LogDomain
from creditchain.messages.typed import MemberTypes, TypedMessage


@dataclass(frozen=True, slots=True)
class QueryRequest(TypedMessage):
    """An institution asks a provider for a report. Signed by the institution's operator, or its host's."""

    TYPE: ClassVar[str] = "QueryRequest"
    MEMBERS: ClassVar[MemberTypes] = (
        ("institution", "uint24"),
        ("provider", "uint24"),
        ("consent", "bytes32"),
        ("subject", "bytes32"),
        ("product", "bytes32"),
        ("sections", "uint8"),
        ("domains", "uint32"),
        ("purpose", "uint8"),
        ("staff", "bytes32"),
        ("issuedAt", "uint40"),
        ("deadline", "uint40"),
        ("nonce", "uint48"),
        ("via", "uint24"),
        ("terms", "bytes32"),
    )

    domain: LogDomain
    institution: int
    provider: int  #: node of a platform or a bureau
    consent: bytes  #: token id, 32 bytes; zeros when all domains may be used without consent
    subject: bytes  #: subject digest, 32 bytes, with a fresh salt for every request
    product: bytes  #: digest of the report's product, 32 bytes
    sections: int  #: bit n for section n
    domains: int  #: bit set
    purpose: int  #: purpose code
    staff: bytes  #: salted digest of the name of the member of staff who asks, 32 bytes
    issued_at: int  #: unix seconds
    deadline: int  #: unix seconds, inclusive
    nonce: int  #: used once by this institution for this provider
    via: int = 0  #: node of the platform that brokers it and signs it too; 0 for none
    terms: bytes = NO_DIGEST  #: digest of the provider's price list, 32 bytes; NO_DIGEST for none

    def __post_init__(self) -> None:
        for name in ("consent", "subject", "product", "staff", "terms"):
            require_hash(getattr(self, name), name)

    @property
    def id(self) -> bytes:
        """The request's identity, 32 bytes: the struct hash."""
        return self.struct_hash()


@dataclass(frozen=True, slots=True)
class DeliveryReceipt(TypedMessage):
    """The provider's promise to meter a delivery by a given time. Signed by the provider's operator or its host's."""

    TYPE: ClassVar[str] = "Receipt"
    MEMBERS: ClassVar[MemberTypes] = (
        ("request", "bytes32"),
        ("report", "bytes32"),
        ("deliveredAt", "uint40"),
        ("meterBy", "uint40"),
    )

    domain: LogDomain
    request: bytes  #: struct hash of the request, 32 bytes
    report: bytes  #: commitment to the report that was delivered, 32 bytes
    delivered_at: int  #: unix seconds
    meter_by: int  #: unix seconds, at most METER_WITHIN after delivered_at

    def __post_init__(self) -> None:
        require_hash(self.request, "request")
        require_hash(self.report, "report")


#: Seconds after the delivery by which a provider must promise to meter.
METER_WITHIN = 3600
