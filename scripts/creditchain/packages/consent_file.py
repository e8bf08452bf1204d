"""The consent file and the revocation file (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from creditchain.consents.errors import ContentError
from creditchain.errors import Place
from creditchain.identifiers import Subject
from creditchain.messages import NO_DIGEST, NO_KEY, Consent, Pause, Resumption, Revocation, salted_digest
from creditchain.packages.delivery import PackagedConsent, message_json, read_consent_message, read_log, read_message
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import hexed, read_subject
from creditchain.packages.reading import (
    PrivateText,
    format_of,
    read_object,
    read_private_text,
    read_signature,
    signature_json,
    written,
)

CONSENT_FORMAT: Final = "creditchain/consent@1"
REVOCATION_FORMAT: Final = "creditchain/revocation@1"
PAUSE_FORMAT: Final = "creditchain/pause@1"
RESUMPTION_FORMAT: Final = "creditchain/resumption@1"


@dataclass(frozen=True, slots=True)
class ConsentFile:
    """A consent in the making: requested, then signed by the enterprise (or agreed on paper), then endorsed."""

    message: Consent
    subject: Subject = field(repr=False)
    subject_salt: bytes = field(repr=False)  #: 32 bytes
    notice: PrivateText  #: what the enterprise was shown
    paper_salt: bytes | None = field(default=None, repr=False)  #: 32 bytes; salt of the digest of the signed paper
    key_signature: bytes = b""
    endorsement: bytes = b""

    @property
    def packaged(self) -> PackagedConsent:
        """The consent as a report package holds it."""
        return PackagedConsent(self.message, self.subject_salt)

    @property
    def agreed(self) -> bool:
        """Whether the enterprise has agreed, by its signature in this file or on paper."""
        return bool(self.key_signature) or self.message.paper != NO_DIGEST

    def signed(self, message: Consent, signature: bytes) -> ConsentFile:
        """The file with the enterprise's signature over `message`, which names its key. Drops an endorsement."""
        return replace(self, message=message, paper_salt=None, key_signature=signature, endorsement=b"")

    def on_paper(self, salt: bytes, paper: bytes) -> ConsentFile:
        """The file with the digest of what the enterprise signed on paper; `paper` is the scan's bytes."""
        message = replace(self.message, key=NO_KEY, paper=salted_digest(salt, paper))
        return replace(self, message=message, paper_salt=salt, key_signature=b"", endorsement=b"")

    def as_json(self) -> dict[str, Any]:
        """What `parse_consent` reads."""
        return {
            "format": CONSENT_FORMAT,
            "message": message_json(self.message),
            "subject": {"scheme": self.subject.scheme, "number": self.subject.number},
            "subject_salt": hexed(self.subject_salt),
            "notice": self.notice.as_json(),
            "paper_salt": None if self.paper_salt is None else hexed(self.paper_salt),
            "key_signature": signature_json(self.key_signature),
            "endorsement": signature_json(self.endorsement),
        }

    def to_json(self) -> bytes:
        """The file's bytes."""
        return written(self.as_json())


@dataclass(frozen=True, slots=True)
class RevocationFile:
    """A revocation that the enterprise signed, for anyone to relay."""

    message: Revocation
    signature: bytes

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_revocation` reads them."""
        value: dict[str, Any] = {"format": REVOCATION_FORMAT, "log_id": hexed(self.message.domain.log_id)}
        value |= {"message": message_json(self.message), "signature": hexed(self.signature)}
        return written(value)


@dataclass(frozen=True, slots=True)
class TurnFile:
    """A pause or a resumption that the enterprise signed, for anyone to relay."""

    message: Pause | Resumption
    signature: bytes

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_turn` reads them."""
        kind = PAUSE_FORMAT if isinstance(self.message, Pause) else RESUMPTION_FORMAT
        value: dict[str, Any] = {"format": kind, "log_id": hexed(self.message.domain.log_id)}
        value |= {"message": message_json(self.message), "signature": hexed(self.signature)}
        return written(value)


def parse_turn(raw: bytes) -> TurnFile:
    """Parse a file of a pause or a resumption. Raises PackageError with the field."""
    resumes = format_of(raw) == RESUMPTION_FORMAT
    fields = read_object(raw, RESUMPTION_FORMAT if resumes else PAUSE_FORMAT, ("log_id", "message", "signature"))
    place, domain = fields.raw("message"), read_log(fields)
    message: Pause | Resumption
    if resumes:
        message = read_message(Resumption, place, "message", domain)
    else:
        message = read_message(Pause, place, "message", domain)
    return TurnFile(message, read_signature(fields, "signature"))


def parse_consent(raw: bytes) -> ConsentFile:
    """Parse a consent file. Raises PackageError with the field; ContentError where text and digest differ."""
    members = ("message", "subject", "subject_salt", "notice", "paper_salt", "key_signature", "endorsement")
    fields = read_object(raw, CONSENT_FORMAT, members)
    message = read_consent_message(fields.raw("message"), "message")
    found = ConsentFile(
        message=message,
        subject=read_subject(fields.raw("subject"), "subject"),
        subject_salt=fields.digest("subject_salt"),
        notice=read_private_text(fields.raw("notice"), "notice", message.notice),
        paper_salt=fields.digest("paper_salt") if fields.has("paper_salt") else None,
        key_signature=read_signature(fields, "key_signature"),
        endorsement=read_signature(fields, "endorsement"),
    )
    _require_one_way(found)
    return found


def parse_revocation(raw: bytes) -> RevocationFile:
    """Parse a revocation file. Raises PackageError with the field."""
    fields = read_object(raw, REVOCATION_FORMAT, ("log_id", "message", "signature"))
    message = read_message(Revocation, fields.raw("message"), "message", read_log(fields))
    return RevocationFile(message, read_signature(fields, "signature"))


def require_paper(file: ConsentFile, paper: bytes) -> None:
    """Raise ContentError unless `paper` is the scan whose digest the consent holds."""
    if file.paper_salt is None or salted_digest(file.paper_salt, paper) != file.message.paper:
        raise ContentError("this is not the paper that the consent was made for", expected=hexed(file.message.paper))


def _require_one_way(file: ConsentFile) -> None:
    """The consent is by key, on paper, or not agreed yet. A signature needs a key, an endorsement an agreement."""
    message, on_paper = file.message, file.message.paper != NO_DIGEST
    if on_paper and message.key != NO_KEY:
        raise PackageError("a consent is by key or on paper", place=Place(field="message.paper"))
    if on_paper != (file.paper_salt is not None):
        raise PackageError("a paper has a digest and a salt, or neither", place=Place(field="paper_salt"))
    if bool(file.key_signature) != (message.key != NO_KEY):
        raise PackageError("a key and its signature go together", place=Place(field="key_signature"))
    if file.endorsement and not file.agreed:
        raise PackageError("an endorsement without the enterprise's consent", place=Place(field="endorsement"))
