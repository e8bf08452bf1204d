"""Complaints of enterprises, and their answers (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from creditchain.errors import Place
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import LONGEST_TEXT, read_object, written

COMPLAINT_FORMAT: Final = "creditchain/complaint@1"
COMPLAINT_ANSWER_FORMAT: Final = "creditchain/complaint-answer@1"


@dataclass(frozen=True, slots=True)
class ComplaintFile:
    """What an enterprise complains about."""

    consent: bytes  #: id of a granted consent of this enterprise, 32 bytes
    text: str = field(repr=False)

    def to_json(self) -> bytes:
        """The bytes that `parse_complaint` reads."""
        return written({"format": COMPLAINT_FORMAT, "consent": hexed(self.consent), "text": self.text})


def parse_complaint(raw: bytes) -> ComplaintFile:
    """Parse a complaint. Raises PackageError with the field."""
    fields = read_object(raw, COMPLAINT_FORMAT, ("consent", "text"))
    return ComplaintFile(fields.digest("consent"), _text(fields))


def answer_json(text: str) -> bytes:
    """The bytes that `parse_complaint_answer` reads."""
    return written({"format": COMPLAINT_ANSWER_FORMAT, "text": text})


def parse_complaint_answer(raw: bytes) -> str:
    """Parse the answer to a complaint. Raises PackageError with the field."""
    return _text(read_object(raw, COMPLAINT_ANSWER_FORMAT, ("text",)))


def _text(fields: Fields) -> str:
    text = fields.raw("text")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_TEXT or "\0" in text:
        expected = f"a text of 1 to {LONGEST_TEXT} characters"
        raise PackageError("the value has the wrong shape", expected=expected, place=Place(field="text"))
    return text
