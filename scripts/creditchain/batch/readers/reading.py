"""How an upload is to be read, where that is a choice. Another choice may give other documents, so it is remembered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from creditchain.batch.readers.encodings import UTF_8, parse_encoding
from creditchain.batch.readers.mapping import UploadMapping, mapping_of
from creditchain.documents import canonical_bytes
from creditchain.errors import UsageError
from creditchain.products import Product

#: The last row of an Excel sheet.
MAX_HEADER_ROW = 1 << 20


@dataclass(frozen=True, slots=True)
class Reading:
    """The options that change which documents come of a file's bytes."""

    encoding: str = UTF_8  #: one of `encodings.ENCODINGS`; of text files
    sheet: str | None = None  #: a workbook's sheet, by name or number from 1; None: the only one that is visible
    header_row: int = 1  #: the row with the column names, of tables
    mapping: UploadMapping | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.header_row <= MAX_HEADER_ROW:
            raise UsageError("not the row of a header", expected=f"1 to {MAX_HEADER_ROW}")

    @classmethod
    def parse(cls, encoding: str | None, sheet: str | None, header_row: int) -> Reading:
        """The options as they are given on a command line. Raises UsageError."""
        return cls(parse_encoding(encoding or UTF_8), sheet, header_row)

    def mapped(self, mapping: UploadMapping | None) -> Reading:
        """The same with a mapping."""
        return replace(self, mapping=mapping)

    def described(self) -> dict[str, Any]:
        """The choices that differ from the usual, for a manifest: the mapping by its digest. Empty if none does."""
        found: dict[str, Any] = self._plain()
        if self.mapping is not None:
            found["mapping"] = "0x" + self.mapping.digest.hex()
        return found

    def kept(self) -> dict[str, Any]:
        """The choices that differ from the usual, with the whole mapping: enough to read the upload again."""
        found: dict[str, Any] = self._plain()
        if self.mapping is not None:
            found["mapping"] = dict(self.mapping.source)
        return found

    @classmethod
    def of_kept(cls, kept: Mapping[str, Any], product: Product) -> Reading:
        """The options from what `kept` gave. Raises MappingError."""
        mapping = mapping_of(kept["mapping"], product) if "mapping" in kept else None
        return cls(kept.get("encoding", UTF_8), kept.get("sheet"), kept.get("header_row", 1), mapping)

    def identify(self, file_digest: bytes) -> bytes:
        """The digest (32 bytes) of a file read this way: the file's own for the usual reading."""
        described = self.described()
        if not described:
            return file_digest
        return hashlib.sha256(b"creditchain/reading@1" + file_digest + canonical_bytes(described)).digest()

    def _plain(self) -> dict[str, Any]:
        chosen = {"encoding": self.encoding, "sheet": self.sheet, "header_row": self.header_row}
        usual = {"encoding": UTF_8, "sheet": None, "header_row": 1}
        return {name: value for name, value in chosen.items() if value != usual[name]}


#: UTF-8, the only visible sheet, column names in the first row, no mapping.
USUAL = Reading()
