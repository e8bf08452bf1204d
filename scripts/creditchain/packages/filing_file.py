"""The filing file: a dispute in the enterprise's own words (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from creditchain.errors import Place
from creditchain.messages import NO_KEY, DisputeFiling
from creditchain.packages.delivery import message_json, read_log, read_message
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import (
    PrivateText,
    read_object,
    read_private_text,
    read_signature,
    signature_json,
    written,
)

FILING_FORMAT: Final = "creditchain/dispute-filing@1"


@dataclass(frozen=True, slots=True)
class FilingFile:
    """A dispute: drafted, then signed by the enterprise, then endorsed by the platform."""

    message: DisputeFiling
    reason: PrivateText
    key_signature: bytes = b""
    endorsement: bytes = b""

    def signed(self, message: DisputeFiling, signature: bytes) -> FilingFile:
        """The file with the enterprise's signature over `message`, which names its key. Drops an endorsement."""
        return replace(self, message=message, key_signature=signature, endorsement=b"")

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_filing` reads them."""
        value: dict[str, Any] = {
            "format": FILING_FORMAT,
            "log_id": hexed(self.message.domain.log_id),
            "message": message_json(self.message),
            "reason": self.reason.as_json(),
            "key_signature": signature_json(self.key_signature),
            "endorsement": signature_json(self.endorsement),
        }
        return written(value)


def parse_filing(raw: bytes) -> FilingFile:
    """Parse a filing file. Raises PackageError with the field; ContentError where reason and digest differ."""
    members = ("message", "reason", "key_signature", "endorsement")
    fields = read_object(raw, FILING_FORMAT, ("log_id", *members))
    message = read_message(DisputeFiling, fields.raw("message"), "message", read_log(fields))
    found = FilingFile(
        message,
        read_private_text(fields.raw("reason"), "reason", message.reason_digest),
        read_signature(fields, "key_signature"),
        read_signature(fields, "endorsement"),
    )
    if bool(found.key_signature) != (message.key != NO_KEY):
        raise PackageError("a key and its signature go together", place=Place(field="key_signature"))
    if found.endorsement and not found.key_signature:
        raise PackageError("an endorsement without the enterprise's signature", place=Place(field="endorsement"))
    return found
