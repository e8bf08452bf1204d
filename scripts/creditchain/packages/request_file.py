"""The request file: what an institution sends to a provider (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.errors import Place
from creditchain.identifiers import Subject
from creditchain.messages import NO_DIGEST, QueryRequest
from creditchain.packages.delivery import PackagedConsent, message_json, read_consent, read_log, read_message
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import hexed, read_subject
from creditchain.packages.reading import read_object, read_signature, signature_json, written

REQUEST_FORMAT: Final = "creditchain/query-request@1"
REQUEST_MEMBERS: Final = (
    *("request", "request_signature", "broker_signature"),
    *("subject", "subject_salt", "consent"),
)


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A signed request, its subject, and the consent that it names."""

    request: QueryRequest
    signature: bytes
    subject: Subject = field(repr=False)
    subject_salt: bytes = field(repr=False)  #: 32 bytes
    consent: PackagedConsent | None
    broker_signature: bytes = b""  #: of the platform that brokers it; missing until it signs, or if there is none

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_request` reads them."""
        value: dict[str, Any] = {
            "format": REQUEST_FORMAT,
            "log_id": hexed(self.request.domain.log_id),
            "request": message_json(self.request),
            "request_signature": hexed(self.signature),
            "broker_signature": signature_json(self.broker_signature),
            "subject": {"scheme": self.subject.scheme, "number": self.subject.number},
            "subject_salt": hexed(self.subject_salt),
            "consent": None if self.consent is None else self.consent.as_json(),
        }
        return written(value)


def parse_request(raw: bytes) -> RequestFile:
    """Parse a request file. Raises PackageError with the field."""
    fields = read_object(raw, REQUEST_FORMAT, ("log_id", *REQUEST_MEMBERS))
    request = read_message(QueryRequest, fields.raw("request"), "request", read_log(fields))
    consent = read_consent(fields.raw("consent"), "consent") if fields.has("consent") else None
    if request.consent != (NO_DIGEST if consent is None else consent.message.id):
        raise PackageError("the consent is not the one that the request names", place=Place(field="consent"))
    signature = read_signature(fields, "request_signature")
    if not signature:
        raise PackageError("the request is not signed", place=Place(field="request_signature"))
    broker = read_signature(fields, "broker_signature")
    if broker and not request.via:
        raise PackageError(
            "a signature of a broker that the request does not name", place=Place(field="broker_signature")
        )
    subject, salt = read_subject(fields.raw("subject"), "subject"), fields.digest("subject_salt")
    return RequestFile(request, signature, subject, salt, consent, broker)
