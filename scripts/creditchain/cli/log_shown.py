"""Entries of the log and proofs about it, as people and machines see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from creditchain.cli.bilingual import told as in_words

if TYPE_CHECKING:
    from creditchain.acts.replaying import LogHead
    from creditchain.index.opened import IndexedLog
    from creditchain.log.views import LogEntry


def described(entry: LogEntry) -> dict[str, Any]:
    """An entry as JSON."""
    from creditchain.log.cells import parse_writes

    return {
        "index": entry.index,
        "kind": entry.kind,
        "writer": entry.writer,
        "time": entry.time,
        "body_hash": "0x" + entry.body_hash.hex(),
        "entry": "0x" + entry.hash.hex(),
        "body": None if entry.body is None else {name: _plain(value) for name, value in fields_of(entry).items()},
        "writes": [
            {"key": "0x" + write.key.hex(), "old": "0x" + write.old.hex(), "new": "0x" + write.new.hex()}
            for write in parse_writes(entry.writes, entry.index)
        ],
        "block": entry.block,
        "transaction": "0x" + entry.transaction_hash.hex(),
    }


def fields_of(entry: LogEntry) -> dict[str, Any]:
    """The fields of its body; none if this version does not know the kind."""
    return {} if entry.body is None else asdict(entry.body)


def told(body: Mapping[str, Any]) -> str:
    """Fields as one line."""
    return "  ".join(f"{name} {in_words(name, value)}" for name, value in body.items())


def _plain(value: object) -> object:
    return "0x" + value.hex() if isinstance(value, bytes) else value


def hexed(proof: list[bytes]) -> list[str]:
    """The hashes of a proof."""
    return ["0x" + node.hex() for node in proof]


def head_of(log: IndexedLog) -> dict[str, Any]:
    """Size and root of an opened log, and of which block."""
    from creditchain.acts.replaying import LogHead

    return shown_head(LogHead(log.log_id, log.size, log.root, log.block.number))


def shown_head(head: LogHead) -> dict[str, Any]:
    """The head as JSON."""
    return {
        "log_id": "0x" + head.log_id.hex(),
        "size": head.size,
        "root": "0x" + head.root.hex(),
        "hash": "keccak-256",
        "block": head.block,
    }
