"""What an enterprise sends to an exchange: answers to a challenge, and what it asks for (format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.errors import Place
from creditchain.identifiers import Subject
from creditchain.packages.delivery import LONGEST_SIGNATURE
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import hexed, read_subject
from creditchain.packages.reading import read_object, written

ENTERPRISE_SIGN_IN_FORMAT: Final = "creditchain/enterprise-sign-in@1"
OWN_REPORT_FORMAT: Final = "creditchain/own-report@1"
#: Most keys of one session.
MOST_KEYS: Final = 64


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """A challenge that one key of an enterprise answered."""

    consent: bytes  #: id of a granted consent with this key, 32 bytes
    signature: bytes  #: over `EnterpriseSignIn`


@dataclass(frozen=True, slots=True)
class EnterpriseSignInBody:
    """A challenge that an enterprise answered by one or several of its keys: it has one for each institution."""

    challenge: bytes  #: 32 bytes
    issued_at: int  #: unix seconds
    keys: tuple[KeyAnswer, ...]

    def to_json(self) -> bytes:
        """The bytes that `parse_enterprise_sign_in` reads."""
        value: dict[str, Any] = {"format": ENTERPRISE_SIGN_IN_FORMAT, "challenge": hexed(self.challenge)}
        keys = [{"consent": hexed(one.consent), "signature": hexed(one.signature)} for one in self.keys]
        return written(value | {"issued_at": self.issued_at, "keys": keys})


@dataclass(frozen=True, slots=True)
class OwnReportOrder:
    """An enterprise asks for its own report. The salt of a consent's subject shows which enterprise it is."""

    consent: bytes  #: id of a granted consent of this enterprise, 32 bytes
    product: str  #: name/version
    subject: Subject = field(repr=False)
    subject_salt: bytes = field(repr=False)  #: of the consent, 32 bytes

    def to_json(self) -> bytes:
        """The bytes that `parse_own_report` reads."""
        return written(
            {
                "format": OWN_REPORT_FORMAT,
                "consent": hexed(self.consent),
                "product": self.product,
                "subject": {"scheme": self.subject.scheme, "number": self.subject.number},
                "subject_salt": hexed(self.subject_salt),
            }
        )


def parse_enterprise_sign_in(raw: bytes) -> EnterpriseSignInBody:
    """Parse an answered challenge. Raises PackageError with the field."""
    fields = read_object(raw, ENTERPRISE_SIGN_IN_FORMAT, ("challenge", "issued_at", "keys"))
    keys = tuple(_key(item, path) for path, item in fields.items("keys", most=MOST_KEYS))
    if not keys:
        raise PackageError("nobody signs in", expected="at least one key", place=Place(field="keys"))
    return EnterpriseSignInBody(fields.digest("challenge"), fields.number("issued_at", most=2**40 - 1), keys)


def parse_own_report(raw: bytes) -> OwnReportOrder:
    """Parse what an enterprise asks for. Raises PackageError with the field."""
    fields = read_object(raw, OWN_REPORT_FORMAT, ("consent", "product", "subject", "subject_salt"))
    return OwnReportOrder(
        fields.digest("consent"),
        fields.text("product"),
        read_subject(fields.raw("subject"), "subject"),
        fields.digest("subject_salt"),
    )


def _key(value: object, path: str) -> KeyAnswer:
    fields = Fields(value, path, ("consent", "signature"))
    return KeyAnswer(fields.digest("consent"), fields.blob("signature", most=LONGEST_SIGNATURE))
