"""The manifest of a book's folder: what the book is, what it is made of, and the digest of each of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from creditchain.errors import NotValidError, Place
from creditchain.hashing import HASH_NAME
from creditchain.home.files import storage

FORMAT = "creditchain/book@1"
FILE = "manifest.json"
FILE_DIGEST = "sha-256"
#: What to do about a damaged book: nothing is lost with it.
AGAIN = "Remove the book's folder, and make the book again from the batches: `creditchain book make`."


class BookError(NotValidError):
    """A book is not what it says, or the batches that it was to be made of are not."""


@dataclass(frozen=True, slots=True)
class BookTerms:
    """Whose book it is, of which key epoch, on which log."""

    log_id: bytes  #: 32 bytes
    chain_id: int
    anchor_registry: str
    node: int
    key_epoch: int


@dataclass(frozen=True, slots=True)
class BookBatch:
    """A batch whose leaves the book holds. `number`: among all batches of the node and key epoch, from 1.

    `entry` and `block` say where its anchor is in the log, if that is known. They only help to find it.
    """

    number: int
    root: bytes  #: 32 bytes
    size: int
    entry: int | None = field(default=None, compare=False)
    block: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BookPart:
    """Two files of one name: number of rows, and sha256 (hex) of the leaves and of the numbers of their batches."""

    rows: int
    leaves: str
    origins: str


@dataclass(frozen=True, slots=True)
class BookManifest:
    """The description of a book. `gone`: numbers of broken or annulled batches, whose leaves it does not hold."""

    terms: BookTerms
    root: bytes
    size: int
    batches: tuple[BookBatch, ...]
    gone: tuple[int, ...]
    parts: tuple[BookPart, ...]
    levels: str  #: sha256 (hex) of levels.bin

    @property
    def covered(self) -> int:
        """The number of batches that the book covers, broken and annulled ones included."""
        return len(self.batches) + len(self.gone)

    def to_bytes(self) -> bytes:
        """The file's content."""
        whole = {
            "format": FORMAT,
            "hash": HASH_NAME,
            "file_digest": FILE_DIGEST,
            "root": "0x" + self.root.hex(),
            "size": self.size,
            **{name: _plain(value) for name, value in asdict(self.terms).items()},
            "batches": [{name: _plain(value) for name, value in asdict(one).items()} for one in self.batches],
            "gone": list(self.gone),
            "levels": self.levels,
            "parts": [asdict(part) for part in self.parts],
        }
        whole["manifest"] = hashlib.sha256(json.dumps(whole).encode()).hexdigest()
        return (json.dumps(whole, indent=2) + "\n").encode()


def parse_manifest(raw: bytes) -> BookManifest:
    """A manifest from its file's content. Raises BookError."""
    try:
        whole = json.loads(raw)
        if whole["format"] != FORMAT or whole["hash"] != HASH_NAME or whole["file_digest"] != FILE_DIGEST:
            raise ValueError("another format")
        manifest = BookManifest(
            terms=_terms(whole),
            root=_digest(whole["root"]),
            size=_number(whole["size"]),
            batches=tuple(
                BookBatch(
                    _number(one["number"]),
                    _digest(one["root"]),
                    _number(one["size"]),
                    *(None if one[name] is None else _number(one[name]) for name in ("entry", "block")),
                )
                for one in whole["batches"]
            ),
            gone=tuple(_number(one) for one in whole["gone"]),
            parts=tuple(
                BookPart(_number(one["rows"]), str(one["leaves"]), str(one["origins"])) for one in whole["parts"]
            ),
            levels=str(whole["levels"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        found = "no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)[:80]
        raise BookError("not a book's manifest", expected=FORMAT, found=found, hint=AGAIN, place=Place(FILE)) from error
    if manifest.to_bytes() != raw:
        raise BookError("the manifest has changed since it was written", hint=AGAIN, place=Place(FILE))
    require_numbers((one.number for one in manifest.batches), manifest.gone)
    for name, sizes in (("batches", manifest.batches), ("parts", manifest.parts)):
        total = sum(one.size if isinstance(one, BookBatch) else one.rows for one in sizes)
        if total != manifest.size or not total:
            raise BookError(f"the {name} do not add up to the size of the book", place=Place(FILE, field=name))
    return manifest


def read_manifest(folder: Path) -> BookManifest:
    """The manifest of a book's folder. Raises BookError, or StorageError if there is none."""
    with storage("the manifest"):
        raw = (folder / FILE).read_bytes()
    return parse_manifest(raw)


def require_numbers(numbers: Iterable[int], gone: Iterable[int]) -> None:
    """Raise BookError unless the numbers of a book's batches and of those gone are together 1, 2, 3 … without gaps."""
    expected = 1
    for number in sorted((*numbers, *gone)):
        if number > expected:
            raise BookError(
                f"batch number {expected} is missing",
                found=f"number {number}",
                hint="A book covers all batches of the node under the key epoch. Give the batch's folder or list.",
            )
        if number < expected:
            raise BookError(f"two batches have the number {number}")
        expected += 1


def _terms(whole: Mapping[str, Any]) -> BookTerms:
    return BookTerms(
        log_id=_digest(whole["log_id"]),
        chain_id=_number(whole["chain_id"]),
        anchor_registry=str(whole["anchor_registry"]),
        node=_number(whole["node"]),
        key_epoch=_number(whole["key_epoch"]),
    )


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
