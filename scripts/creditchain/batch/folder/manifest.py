"""The manifest of a batch folder: what the batch is, and the digest of each of its files. Written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from creditchain.batch.errors import BatchError, storage
from creditchain.errors import Place
from creditchain.hashing import HASH_NAME

FORMAT = "creditchain/batch@1"
FILE = "manifest.json"
FILE_DIGEST = "sha-256"
#: What to do about a damaged batch: salts are nowhere else.
AGAIN = "Restore the folder from a backup (`creditchain restore`); its salts are nowhere else."


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known about a batch before its root. Numbers and digests are those that `AnchorRegistry.anchor` takes."""

    log_id: bytes
    chain_id: int
    anchor_registry: str
    node: int
    product: str  #: name/version
    product_digest: bytes
    product_number: int  #: what stands for the product in each leaf
    key_epoch: int
    upload_digest: bytes
    #: Options with which the upload was read, if any: encoding, sheet, header_row, digest of the mapping.
    reading: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartFile:
    """One file of leaves or of documents: number of rows, and sha256 (hex)."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a batch in its folder."""

    terms: Terms
    root: bytes
    size: int
    subjects: int
    domains: int
    leaves: tuple[PartFile, ...]
    documents: tuple[PartFile, ...]
    order: str  #: sha256 (hex) of order.bin
    levels: str  #: sha256 (hex) of levels.bin

    def to_bytes(self) -> bytes:
        """The file's content."""
        terms = {name: _plain(value) for name, value in asdict(self.terms).items() if name != "reading" or value}
        whole = {
            "format": FORMAT,
            "hash": HASH_NAME,
            "file_digest": FILE_DIGEST,
            "root": "0x" + self.root.hex(),
            "size": self.size,
            "subjects": self.subjects,
            "domains": self.domains,
            **terms,
            "levels": self.levels,
            "order": self.order,
            "leaves": [asdict(part) for part in self.leaves],
            "documents": [asdict(part) for part in self.documents],
        }
        # The terms cannot be recomputed from the other files; this digest shows a change to them.
        whole["manifest"] = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
        return (json.dumps(whole, indent=2) + "\n").encode()


def parse_manifest(raw: bytes) -> Manifest:
    """A manifest from its file's content. Raises BatchError."""
    try:
        whole = json.loads(raw)
        if whole["format"] != FORMAT or whole["hash"] != HASH_NAME or whole["file_digest"] != FILE_DIGEST:
            raise ValueError("another format")
        manifest = Manifest(
            terms=_terms(whole),
            root=_digest(whole["root"]),
            size=_number(whole["size"]),
            subjects=_number(whole["subjects"]),
            domains=_number(whole["domains"]),
            leaves=_parts(whole["leaves"]),
            documents=_parts(whole["documents"]),
            order=str(whole["order"]),
            levels=str(whole["levels"]),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        found = "no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)[:80]
        raise BatchError(
            "not a batch's manifest", expected=FORMAT, found=found, hint=AGAIN, place=Place(FILE)
        ) from error
    for name, parts in (("leaves", manifest.leaves), ("documents", manifest.documents)):
        if sum(part.rows for part in parts) != manifest.size or manifest.size < 1:
            raise BatchError(
                "the rows of the parts do not add up to the size of the batch", place=Place(FILE, field=name)
            )
    if manifest.to_bytes() != raw:
        raise BatchError("the manifest has changed since it was written", place=Place(FILE))
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder. Raises BatchError, or StorageError if there is none."""
    with storage(f"{folder.name}/{FILE}"):
        return parse_manifest((folder / FILE).read_bytes())


def _terms(whole: Mapping[str, Any]) -> Terms:
    return Terms(
        log_id=_digest(whole["log_id"]),
        chain_id=_number(whole["chain_id"]),
        anchor_registry=str(whole["anchor_registry"]),
        node=_number(whole["node"]),
        product=str(whole["product"]),
        product_digest=_digest(whole["product_digest"]),
        product_number=_number(whole["product_number"]),
        key_epoch=_number(whole["key_epoch"]),
        upload_digest=_digest(whole["upload_digest"]),
        reading=_reading(whole.get("reading", {})),
    )


def _reading(told: Any) -> dict[str, str | int]:
    kinds = {"encoding": str, "sheet": str, "header_row": int, "mapping": str}
    if any(type(value) is not kinds.get(name) for name, value in told.items()):
        raise ValueError("not a way of reading an upload")
    return dict(told)


def _parts(told: Any) -> tuple[PartFile, ...]:
    return tuple(PartFile(_number(part["rows"]), str(part["sha256"])) for part in told)


def _digest(value: Any) -> bytes:
    raw = bytes.fromhex(value.removeprefix("0x"))
    if len(raw) != 32:
        raise ValueError("not 32 bytes")
    return raw


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a whole number")
    return value


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
