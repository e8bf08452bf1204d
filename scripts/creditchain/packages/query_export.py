"""What an exchange signs of a file that it gave to a regulator (docs/format.md, section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from creditchain.errors import NotValidError, Place
from creditchain.messages import QueryExport
from creditchain.packages.delivery import message_json, read_log, read_message
from creditchain.packages.fields import PackageError
from creditchain.packages.parts import hexed
from creditchain.packages.reading import compact, read_object, read_signature, written

QUERY_EXPORT_FORMAT: Final = "creditchain/query-export@1"


@dataclass(frozen=True, slots=True)
class SignedExport:
    """The statement about a file of queries, signed by the exchange."""

    message: QueryExport
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """What `parse_query_export` reads."""
        return {
            "format": QUERY_EXPORT_FORMAT,
            "log_id": hexed(self.message.domain.log_id),
            "message": message_json(self.message),
            "signature": hexed(self.signature),
        }

    def to_json(self) -> bytes:
        """The bytes of its file."""
        return written(self.as_json())

    def to_line(self) -> str:
        """The same as one line of ASCII, for a header."""
        return compact(self.as_json())


def parse_query_export(raw: bytes) -> SignedExport:
    """Parse the statement about a file. Raises PackageError with the field."""
    fields = read_object(raw, QUERY_EXPORT_FORMAT, ("log_id", "message", "signature"))
    message = read_message(QueryExport, fields.raw("message"), "message", read_log(fields))
    signature = read_signature(fields, "signature")
    if not signature:
        raise PackageError("the statement is not signed", place=Place(field="signature"))
    return SignedExport(message, signature)


def require_file(export: SignedExport, digest: bytes) -> None:
    """Raise NotValidError unless the statement is about the file with this sha-256 digest."""
    if export.message.file != digest:
        raise NotValidError(
            "this is not the file that the exchange signed", expected=hexed(export.message.file), found=hexed(digest)
        )
