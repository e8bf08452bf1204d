"""The parts of a report package about consent and delivery: messages, subject salts and signatures.

JSON as in docs/format.md, section 7: messages under their EIP-712 member names, digests and addresses in lower case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from creditchain.hashing import checksummed
from creditchain.messages import (
    NO_DIGEST,
    Consent,
    DeliveryReceipt,
    LogDomain,
    QueryRequest,
    TypedMessage,
)
from creditchain.messages.domains import Eip712Domain
from creditchain.messages.typed import field_name
from creditchain.packages.fields import Fields
from creditchain.packages.parts import hexed

#: Most bytes in a signature. A wallet contract's may be longer than an account's 65.
LONGEST_SIGNATURE: Final = 4096

_Message = TypeVar("_Message", bound=TypedMessage)


@dataclass(frozen=True, slots=True)
class PackagedConsent:
    """The consent that a report was delivered under. Whether it was granted, the chain says, by its id."""

    message: Consent
    subject_salt: bytes  #: 32 bytes; with a subject tag it gives `message.subject`

    def as_json(self) -> dict[str, Any]:
        """What `read_consent` reads."""
        return {
            "message": message_json(self.message),
            "subject_salt": hexed(self.subject_salt),
        }


@dataclass(frozen=True, slots=True)
class PackagedDelivery:
    """A request, and the provider's receipt for its delivery, with both signatures."""

    request: QueryRequest
    subject_salt: bytes  #: 32 bytes; with a subject tag it gives `request.subject`
    request_signature: bytes
    receipt: DeliveryReceipt
    receipt_signature: bytes
    broker_signature: bytes = b""  #: over the request, if it names a broker

    def as_json(self) -> dict[str, Any]:
        """What `read_delivery` reads."""
        return {
            "log_id": hexed(self.request.domain.log_id),
            "request": message_json(self.request),
            "subject_salt": hexed(self.subject_salt),
            "request_signature": hexed(self.request_signature),
            "receipt": message_json(self.receipt),
            "receipt_signature": hexed(self.receipt_signature),
            "broker_signature": hexed(self.broker_signature) if self.broker_signature else None,
        }


def read_consent(value: object, path: str) -> PackagedConsent:
    """A consent with the salt of its subject. Raises PackageError."""
    fields = Fields(value, path, ("message", "subject_salt"))
    message = read_consent_message(fields.raw("message"), f"{path}.message")
    return PackagedConsent(message, fields.digest("subject_salt"))


def read_delivery(value: object, path: str) -> PackagedDelivery:
    """A request and its receipt. Raises PackageError."""
    names = (
        *("log_id", "request", "subject_salt", "request_signature"),
        *("receipt", "receipt_signature", "broker_signature"),
    )
    fields = Fields(value, path, names)
    domain = read_log(fields)
    return PackagedDelivery(
        request=read_message(QueryRequest, fields.raw("request"), f"{path}.request", domain),
        subject_salt=fields.digest("subject_salt"),
        request_signature=fields.blob("request_signature", most=LONGEST_SIGNATURE),
        receipt=read_message(DeliveryReceipt, fields.raw("receipt"), f"{path}.receipt", domain),
        receipt_signature=fields.blob("receipt_signature", most=LONGEST_SIGNATURE),
        broker_signature=(
            fields.blob("broker_signature", most=LONGEST_SIGNATURE) if fields.has("broker_signature") else b""
        ),
    )


def read_consent_message(value: object, path: str) -> Consent:
    """Read a consent. It names its log itself. Raises PackageError."""
    message = read_message(Consent, value, path, LogDomain(NO_DIGEST))
    return replace(message, domain=LogDomain(message.log))


def read_log(fields: Fields) -> LogDomain:
    """The log that a file's messages are for."""
    return LogDomain(fields.digest("log_id"))


def read_message(kind: type[_Message], value: object, path: str, domain: Eip712Domain) -> _Message:
    """Read a message whose members are numbers, digests and addresses. Raises PackageError."""
    fields = Fields(value, path, [name for name, _ in kind.MEMBERS])
    values = {field_name(name): _member(fields, name, solidity) for name, solidity in kind.MEMBERS}
    return kind(domain=domain, **values)


def message_json(message: TypedMessage) -> dict[str, Any]:
    """What `read_message` reads."""
    return {name: _plain(getattr(message, field_name(name))) for name, _ in message.MEMBERS}


def _member(fields: Fields, name: str, solidity: str) -> int | bytes | str:
    if solidity == "bytes32":
        return fields.digest(name)
    if solidity == "address":
        return checksummed(bytes.fromhex(fields.address(name)[2:]))
    return fields.number(name, most=2 ** int(solidity.removeprefix("uint")) - 1)


def _plain(value: int | bytes | str) -> int | str:
    if isinstance(value, bytes):
        return hexed(value)
    return value.lower() if isinstance(value, str) else value
