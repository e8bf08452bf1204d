"""Parts of packages: documents, places in batches, tags, and their JSON (docs/format.md, section 7).

Packages of records and of reports share these, so that a document is written the same way in both.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from creditchain.documents import (
    JSON_MEDIA_TYPE,
    SECTIONS,
    JsonLimits,
    Section,
    canonical_bytes,
    commitment,
    parse_json,
    require_media_type,
)
from creditchain.errors import InputError, Place
from creditchain.identifiers import Subject, well_formed_subject
from creditchain.packages.fields import Fields, PackageError

HASH: Final = "keccak-256"


@dataclass(frozen=True, slots=True)
class PackageLimits:
    """How large a package may be. A larger one is refused before it is parsed."""

    package_bytes: int = 64 * 1024 * 1024  #: bytes of the whole file
    values: int = 1_000_000  #: commas and opening brackets, wherever they stand; a document of 1 MiB fits
    depth: int = 40  #: nested objects and lists, the outermost is 1; a document alone may have 32
    path: int = 64  #: hashes in one inclusion proof


PACKAGE_LIMITS: Final = PackageLimits()


@dataclass(frozen=True, slots=True)
class PackagedRecord:
    """A document with everything that its leaf hash is computed from."""

    media_type: str
    content: bytes  #: the document bytes: JCS bytes of a JSON document, else the file's own
    salt: bytes  #: 32 bytes
    section: Section
    product: int  #: the product's number
    subject: Subject

    @property
    def commitment(self) -> bytes:
        """The commitment to the document, 32 bytes."""
        return commitment(self.salt, self.media_type, self.content)


@dataclass(frozen=True, slots=True)
class PackagedBatch:
    """Where a record was anchored, as the package claims, with its inclusion proof."""

    log_id: bytes  #: 32 bytes
    chain_id: int
    node: int
    root: bytes  #: 32 bytes
    size: int  #: leaves in the batch
    index: int  #: of the record's leaf, from 0
    proof: tuple[bytes, ...]  #: sibling hashes from the leaf up, 32 bytes each
    key_epoch: int
    entry: int  #: index of the anchor in the region's log
    block: int  #: where its entry is to be looked for; it decides nothing


@dataclass(frozen=True, slots=True)
class SignedTagStatement:
    """A platform's signed word that a number has this tag under this key epoch (docs/format.md, section 6)."""

    platform: int
    key_epoch: int
    subject_tag: bytes  #: 32 bytes
    subject: Subject
    issued_at: int  #: unix seconds
    signature: bytes  #: 64 bytes (EIP-2098)

    def as_json(self) -> dict[str, Any]:
        """The statement as the JSON object that packages and statement files hold."""
        return {
            "platform": self.platform,
            "key_epoch": self.key_epoch,
            "subject_tag": hexed(self.subject_tag),
            "scheme": self.subject.scheme,
            "number": self.subject.number,
            "issued_at": self.issued_at,
            "signature": hexed(self.signature),
        }


@dataclass(frozen=True, slots=True)
class PackagedTag:
    """A subject tag, and the statement that it belongs to this subject."""

    subject_tag: bytes  #: 32 bytes
    statement: SignedTagStatement | None


def load_json(raw: bytes, limits: PackageLimits = PACKAGE_LIMITS) -> dict[str, Any]:
    """The JSON object in a file, within limits and without duplicate names. Raises PackageError."""
    if len(raw) > limits.package_bytes:
        raise PackageError(
            "the file is too large", expected=f"at most {limits.package_bytes} bytes", found=f"{len(raw)} bytes"
        )
    # Counted before parsing: a parser that builds millions of empty lists takes minutes to refuse them.
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > limits.values:
        raise PackageError("the file holds too many values", expected=f"at most {limits.values}")
    try:
        return parse_json(raw, JsonLimits(max_bytes=limits.package_bytes, max_depth=limits.depth))
    except InputError as error:
        raise PackageError(
            error.message, expected=error.expected, found=error.found, hint=error.hint, place=error.place
        ) from error


def parse_statement(raw: bytes, limits: PackageLimits = PACKAGE_LIMITS) -> SignedTagStatement:
    """A tag statement from a file of its own. Raises PackageError."""
    return read_statement(load_json(raw, limits), "")


def read_record(value: object, path: str) -> PackagedRecord:
    """Read a document and what its leaf is computed from. Raises PackageError."""
    fields = Fields(value, path, ("media_type", "salt", "section", "product", "subject"), ("content", "content_base64"))
    if fields.has("content") == fields.has("content_base64"):
        raise PackageError("a record has content or content_base64, one of them", place=Place(field=f"{path}.content"))
    media_type = _media_type(fields)
    if fields.has("content") != (media_type == JSON_MEDIA_TYPE):
        raise PackageError(
            "a JSON document belongs into content, any other into content_base64",
            found=media_type,
            place=Place(field=f"{path}.media_type"),
        )
    return PackagedRecord(
        media_type=media_type,
        content=_document_bytes(fields.raw("content"), path)
        if fields.has("content")
        else fields.base64("content_base64"),
        salt=fields.digest("salt"),
        section=SECTIONS[fields.choice("section", SECTIONS)],
        product=fields.number("product", least=1, most=2**32 - 1),
        subject=read_subject(fields.raw("subject"), f"{path}.subject"),
    )


def _media_type(fields: Fields) -> str:
    try:
        return require_media_type(fields.text("media_type"))
    except InputError as error:
        place = Place(field=f"{fields.path}.media_type")
        raise PackageError(error.message, expected=error.expected, place=place) from error


def _document_bytes(value: object, path: str) -> bytes:
    if not isinstance(value, Mapping):
        raise PackageError("a JSON document is an object", place=Place(field=f"{path}.content"))
    try:
        return canonical_bytes(value)
    except InputError as error:
        inner = error.place.field if error.place is not None else None
        field = f"{path}.content" + (f".{inner}" if inner else "")
        raise PackageError(
            error.message, expected=error.expected, found=error.found, place=Place(field=field)
        ) from error


def read_subject(value: object, path: str) -> Subject:
    """A scheme and a number of its form. Raises PackageError."""
    fields = Fields(value, path, ("scheme", "number"))
    return _checked_subject(fields)


def _checked_subject(fields: Fields) -> Subject:
    try:
        return well_formed_subject(fields.text("scheme", longest=16), fields.text("number", longest=64))
    except InputError as error:
        raise PackageError(error.message, hint=error.hint, place=Place(field=f"{fields.path}.number")) from error


def read_batch(value: object, path: str, limits: PackageLimits) -> PackagedBatch:
    """Where a record was anchored. Raises PackageError."""
    names = (
        *("log_id", "chain_id", "node", "root", "size", "index", "proof", "key_epoch"),
        *("entry", "block"),
    )
    fields = Fields(value, path, names)
    return PackagedBatch(
        log_id=fields.digest("log_id"),
        chain_id=fields.number("chain_id", least=1),
        node=fields.number("node", least=1, most=2**24 - 1),
        root=fields.digest("root"),
        size=fields.number("size", least=1),
        index=fields.number("index"),
        proof=fields.digests("proof", most=limits.path),
        key_epoch=fields.number("key_epoch", least=1, most=2**32 - 1),
        entry=fields.number("entry"),
        block=fields.number("block"),
    )


def read_tag(value: object, path: str) -> PackagedTag:
    """A tag, with its statement or without. Raises PackageError."""
    fields = Fields(value, path, ("subject_tag", "statement"))
    statement = read_statement(fields.raw("statement"), f"{path}.statement") if fields.has("statement") else None
    return PackagedTag(fields.digest("subject_tag"), statement)


def read_statement(value: object, path: str) -> SignedTagStatement:
    """A signed tag statement. Raises PackageError."""
    names = ("platform", "key_epoch", "subject_tag", "scheme", "number", "issued_at", "signature")
    fields = Fields(value, path, names)
    return SignedTagStatement(
        platform=fields.number("platform", least=1, most=2**24 - 1),
        key_epoch=fields.number("key_epoch", least=1, most=2**32 - 1),
        subject_tag=fields.digest("subject_tag"),
        subject=_checked_subject(fields),
        issued_at=fields.number("issued_at"),
        signature=fields.hex("signature", length=64),
    )


def record_json(record: PackagedRecord) -> dict[str, Any]:
    """What `read_record` reads."""
    if record.media_type == JSON_MEDIA_TYPE:
        content = {"content": json.loads(record.content)}
    else:
        content = {"content_base64": base64.b64encode(record.content).decode()}
    return {
        "media_type": record.media_type,
        **content,
        "salt": hexed(record.salt),
        "section": record.section.label,
        "product": record.product,
        "subject": {"scheme": record.subject.scheme, "number": record.subject.number},
    }


def batch_json(batch: PackagedBatch) -> dict[str, Any]:
    """What `read_batch` reads."""
    return {
        "log_id": hexed(batch.log_id),
        "chain_id": batch.chain_id,
        "node": batch.node,
        "root": hexed(batch.root),
        "size": batch.size,
        "index": batch.index,
        "proof": [hexed(sibling) for sibling in batch.proof],
        "key_epoch": batch.key_epoch,
        "entry": batch.entry,
        "block": batch.block,
    }


def tag_json(tag: PackagedTag) -> dict[str, Any]:
    """What `read_tag` reads."""
    return {
        "subject_tag": hexed(tag.subject_tag),
        "statement": tag.statement.as_json() if tag.statement is not None else None,
    }


def hexed(value: bytes) -> str:
    """Bytes as packages write them."""
    return "0x" + value.hex()


def joined(hashes: Iterable[bytes]) -> str:
    """Values of one length, one after another, as one base64 text: what `Fields.hashes` and `pieces` read."""
    return base64.b64encode(b"".join(hashes)).decode()
