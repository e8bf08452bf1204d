"""The head of an index: how much of each file counts, and what the contract said of it. Written last, in one step."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from creditchain.home.files import storage, write_file
from creditchain.index.errors import IndexDamagedError
from creditchain.merkle.hashing import EMPTY_ROOT

FILE = "head.json"
FORMAT = "creditchain/log-index@1"


@dataclass(frozen=True, slots=True)
class IndexHead:
    """What an index holds. Entries from `checked` on wait for the root that shows whether they are the log's."""

    log_id: bytes  #: 32 bytes
    next_block: int  #: the events of all blocks before it are read
    entries: int = 0  #: number of entries in the files
    bodies: int = 0  #: length of their bodies, bytes
    writes: int = 0  #: number of their writes
    checked: int = 0  #: number of entries that gave the log's root
    root: bytes = EMPTY_ROOT  #: that root, 32 bytes
    block_number: int = 0  #: the final block at which the log had it
    block_hash: bytes = bytes(32)
    kinds: str = hashlib.sha256().hexdigest()  #: sha256 (hex) of the kinds of the checked entries

    def grown(self, **counts: int) -> Self:
        """With more entries that are not checked."""
        return replace(self, **counts)  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        """The file's content."""
        whole: dict[str, Any] = {"format": FORMAT}
        whole |= {name: _plain(value) for name, value in asdict(self).items()}
        return (json.dumps(whole | {"head": _digest(whole)}, indent=1) + "\n").encode()


def read_head(folder: Path) -> IndexHead | None:
    """The head of the index in this folder; None if there is none. Raises IndexDamagedError, StorageError."""
    with storage("the index of the log"):
        try:
            raw = (folder / FILE).read_bytes()
        except FileNotFoundError:
            return None
    try:
        head = _parsed(json.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise IndexDamagedError("its head cannot be read", expected=FORMAT, file=str(folder / FILE)) from None
    if head.to_bytes() != raw:
        raise IndexDamagedError("its head has changed since it was written", file=str(folder / FILE))
    return head


def write_head(folder: Path, head: IndexHead) -> None:
    """Make this the head: from then on, what it counts is the index. Raises StorageError."""
    write_file(folder / FILE, head.to_bytes(), overwrite=True)


def _parsed(whole: dict[str, Any]) -> IndexHead:
    given = {name: value for name, value in whole.items() if name not in ("format", "head")}
    for name in ("log_id", "root", "block_hash"):
        given[name] = bytes.fromhex(given[name][2:])
    return IndexHead(**given)


def _digest(whole: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return "0x" + value.hex() if isinstance(value, bytes) else value
