"""Shared by the exchanged files: private texts, signatures that may still be missing, limits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.consents.errors import ContentError
from creditchain.errors import Place
from creditchain.messages import salted_digest
from creditchain.packages.delivery import LONGEST_SIGNATURE
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import PackageLimits, hexed, load_json

LIMITS: Final = PackageLimits(package_bytes=1 << 18, values=10_000, depth=8)
_FORMAT: Final = re.compile(r"creditchain/[a-z-]{1,40}@[0-9]{1,3}")
#: Most characters in a notice or a reason.
LONGEST_TEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class PrivateText:
    """Private text; only its salted digest goes on chain."""

    salt: bytes = field(repr=False)  #: 32 bytes
    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The salted digest of the text in UTF-8, 32 bytes."""
        return salted_digest(self.salt, self.text.encode())

    def as_json(self) -> dict[str, Any]:
        """What `read_private_text` reads."""
        return {"salt": hexed(self.salt), "text": self.text}


def read_private_text(value: object, path: str, digest: bytes) -> PrivateText:
    """Read a private text that has to match `digest`. Raises PackageError, ContentError."""
    fields = Fields(value, path, ("salt", "text"))
    text = fields.raw("text")
    if not isinstance(text, str) or not 1 <= len(text) <= LONGEST_TEXT:
        expected = f"a text of 1 to {LONGEST_TEXT} characters"
        raise PackageError("the value has the wrong shape", expected=expected, place=Place(field=f"{path}.text"))
    found = PrivateText(fields.digest("salt"), text)
    if found.digest != digest:
        raise ContentError(
            "this is not the text that the message was made for",
            expected=hexed(digest),
            found=hexed(found.digest),
            place=Place(field=path),
        )
    return found


def read_object(raw: bytes, name: str, members: tuple[str, ...]) -> Fields:
    """Read a file of format `name` with exactly these members beside `format`. Raises PackageError."""
    value = load_json(raw, LIMITS)
    require_format(value, name)
    return Fields(value, "", ("format", *members))


def require_format(value: Mapping[str, Any], name: str) -> None:
    """Check the format that a file names before any other field, lest a file of another kind be called damaged.

    Raises PackageError.
    """
    found = value.get("format")
    if found == name:
        return
    known = isinstance(found, str) and _FORMAT.fullmatch(found) is not None
    shown = found if known else "no format" if found is None else "something else"
    raise PackageError("the file is of another kind", expected=name, found=shown, place=Place(field="format"))


def format_of(raw: bytes) -> str:
    """The format that a file names. Raises PackageError."""
    name = load_json(raw, LIMITS).get("format")
    if not isinstance(name, str):
        raise PackageError("the file names no format", expected="a field format", place=Place(field="format"))
    return name


def read_signature(fields: Fields, name: str) -> bytes:
    """A signature, or b"" where it is null."""
    return fields.blob(name, most=LONGEST_SIGNATURE) if fields.has(name) else b""


def signature_json(signature: bytes) -> str | None:
    """What `read_signature` reads."""
    return hexed(signature) if signature else None


def written(value: Mapping[str, Any]) -> bytes:
    """A file's bytes: indented JSON in UTF-8."""
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def compact(value: Mapping[str, Any]) -> str:
    """JSON without white space, for a QR code."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
