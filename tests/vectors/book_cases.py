"""A small book: lists of leaves of its batches, and each of its files."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import reference as ref
from attacks import BATCH, Opening

LOG = ref.keccak(b"a log")


def _key(leaf: Opening) -> bytes:
    tag, section, product, commitment = leaf
    return tag + bytes([section]) + product.to_bytes(4, "big") + commitment


def _levels(hashes: list[bytes]) -> bytes:
    """All nodes, level after level; a last node without a sibling stands in the level above unchanged."""
    found, level = b"".join(hashes), hashes
    while len(level) > 1:
        pairs = [ref.keccak(b"\x01", level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) // 2 * 2 :]
        found += b"".join(level)
    return found


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def book_cases() -> dict[str, Any]:
    """The file books.json."""
    # Batch 2 is gone; batches 1 and 3 share the enterprises between them.
    batches = {1: BATCH[::2], 3: BATCH[1::2]}
    origins = [1 if leaf in batches[1] else 3 for leaf in BATCH]
    hashes = [ref.leaf(*leaf) for leaf in BATCH]
    files = {
        "leaves/00000.bin": b"".join(map(_key, BATCH)),
        "origins/00000.bin": b"".join(number.to_bytes(4, "little") for number in origins),
        "levels.bin": _levels(hashes),
    }
    roots = {number: ref.mth([ref.leaf(*leaf) for leaf in leaves]) for number, leaves in batches.items()}
    manifest: dict[str, Any] = {
        "format": "creditchain/book@1",
        "hash": "keccak-256",
        "file_digest": "sha-256",
        "root": "0x" + ref.mth(hashes).hex(),
        "size": len(BATCH),
        "log_id": "0x" + LOG.hex(),
        "chain_id": 31337,
        "anchor_registry": "0x" + "a1" * 20,
        "node": 7,
        "key_epoch": 1,
        "batches": [
            {
                "number": number,
                "root": "0x" + roots[number].hex(),
                "size": len(leaves),
                "entry": 40 + number,
                "block": 100,
            }
            for number, leaves in batches.items()
        ],
        "gone": [2],
        "levels": _sha256(files["levels.bin"]),
        "parts": [
            {
                "rows": len(BATCH),
                "leaves": _sha256(files["leaves/00000.bin"]),
                "origins": _sha256(files["origins/00000.bin"]),
            }
        ],
    }
    manifest["manifest"] = _sha256(json.dumps(manifest).encode())
    return {
        "lists": [
            {
                "number": number,
                "root": roots[number],
                "entry": 40 + number,
                "block": 100,
                "keys": b"".join(map(_key, leaves)),
            }
            for number, leaves in batches.items()
        ],
        "manifest": json.dumps(manifest, indent=2) + "\n",
        "files": [{"name": name, "content": content} for name, content in files.items()],
    }
