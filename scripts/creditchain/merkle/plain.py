"""keccak-256 over many messages, in plain loops over safe-pysha3: the reference for `merkle.kernel`.

Rows are numpy uint8 arrays of shape (n, width). Messages of varying length come as one uint8 buffer with n + 1
ascending offsets into it (int32 or int64, as in Arrow's binary arrays; the first need not be 0). Hashing functions
return new rows of shape (n, 32). They accept `threads` and ignore it. The formulas are in docs/format.md, sections 2
to 4.
"""

# ruff: noqa: ARG001 - same signatures as the kernel
from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise, repeat

import numpy as np
import sha3

from creditchain.merkle.rows import (
    KEY_BYTES,
    Column,
    Offsets,
    Places,
    Rows,
    as_texts,
    check_columns,
    check_key,
    check_pieces,
    check_rows,
    check_sortable,
)


def keccak_rows(data: Rows, *, threads: int = 0) -> Rows:
    """keccak-256 of each row of `data` (n, any width)."""
    check_rows(data)
    return _hash_all(row.tobytes() for row in data)


def keccak_ragged(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each `data[offsets[i]:offsets[i + 1]]`."""
    return _hash_all(_pieces(data, offsets))


def node_level(level: Rows, *, threads: int = 0) -> Rows:
    """The level above `level` (n, 32): keccak-256(0x01 || left || right) of each pair; a last lonely node moves up."""
    check_rows(level, 32)
    pairs = len(level) // 2
    raw = level.tobytes()
    above = _hash_all(b"\x01" + raw[start : start + 64] for start in range(0, pairs * 64, 64))
    return np.concatenate([above, level[2 * pairs :]])


def levels(leaf_hashes: Rows, *, threads: int = 0) -> list[Rows]:
    """All levels of the tree, from `leaf_hashes` (n, 32) itself to the root (1, 32); just the empty level for n = 0."""
    check_rows(leaf_hashes, 32)
    built = [leaf_hashes]
    while len(built[-1]) > 1:
        built.append(node_level(built[-1]))
    return built


def leaf_rows(keys: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes keccak-256(0x00 || key[69]) of keys as `leaf_keys` makes them."""
    check_rows(keys, KEY_BYTES)
    return _hash_all(b"\x00" + key.tobytes() for key in keys)


def cell_rows(keys: Rows, words: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes of the state tree, keccak-256(0x07 || key[32] || word[32])."""
    check_rows(keys, 32)
    check_rows(words, 32, rows=len(keys))
    return _hash_all(b"\x07" + key.tobytes() + word.tobytes() for key, word in zip(keys, words, strict=True))


def subject_tags(tag_key: bytes, scheme: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Subject tags keccak-256(0x02 || tag_key[32] || scheme || 0x00 || number) of numbers of one scheme."""
    check_key(tag_key)
    head = b"\x02" + tag_key + scheme + b"\x00"
    return _hash_all(head + number for number in _pieces(data, offsets))


def prefixed_digests(prefix: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256(prefix || piece) of each piece `data[offsets[i]:offsets[i + 1]]`."""
    return _hash_all(prefix + piece for piece in _pieces(data, offsets))


def document_digests(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each document's bytes, as `salts` wants them."""
    return keccak_ragged(data, offsets)


def salts(secret: bytes, tags: Rows, digests: Rows, *, threads: int = 0) -> Rows:
    """Salts keccak-256(0x04 || secret[32] || tag[32] || digest[32])."""
    check_rows(tags, 32)
    check_rows(digests, 32, rows=len(tags))
    check_key(secret)
    head = b"\x04" + secret
    return _hash_all(head + tag.tobytes() + digest.tobytes() for tag, digest in zip(tags, digests, strict=True))


def commitments(salts: Rows, media_type: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Commitments keccak-256(0x03 || salt[32] || media_type || 0x00 || document) of documents of one media type."""
    check_rows(salts, 32, rows=len(offsets) - 1)
    tail = media_type + b"\x00"
    documents = _pieces(data, offsets)
    joined = zip(salts, documents, strict=True)
    return _hash_all(b"\x03" + salt.tobytes() + tail + document for salt, document in joined)


def row_order(rows: Rows) -> Places:
    """Positions of the rows (n, 8 or more) in ascending order; equal rows keep their order."""
    check_sortable(rows)
    return np.argsort(as_texts(rows), kind="stable")


def lower_bounds(rows: Rows, keys: Rows) -> Places:
    """For each of `keys` (m, width), how many of `rows` (n, width) come before it. Both ascend, equal ones allowed."""
    check_sortable(rows)
    check_rows(keys, rows.shape[1])
    return np.searchsorted(as_texts(rows), as_texts(keys))


def join_columns(columns: Sequence[Column], count: int) -> tuple[Rows, Offsets]:
    """The pieces of each of `count` rows joined, row after row: the bytes, and the count + 1 offsets of the rows."""
    check_columns(columns, count)
    pieces = [repeat(column, count) if isinstance(column, bytes) else _placed(*column) for column in columns]
    return _column([b"".join(row) for row in zip(*pieces, strict=True)] if pieces else [b""] * count)


def _column(pieces: Sequence[bytes]) -> tuple[Rows, Offsets]:
    ends = np.fromiter(accumulate(map(len, pieces), initial=0), np.int64, len(pieces) + 1)
    return np.frombuffer(b"".join(pieces), np.uint8), ends


def _placed(data: Rows, offsets: Offsets, places: Places | None) -> Iterable[bytes]:
    pieces = _pieces(data, offsets)
    return pieces if places is None else map(list(pieces).__getitem__, places.tolist())


def _pieces(data: Rows, offsets: Offsets) -> Iterable[bytes]:
    check_pieces(data, offsets)
    bounds = offsets.tolist()
    return (data[start:stop].tobytes() for start, stop in pairwise(bounds))


def _hash_all(messages: Iterable[bytes]) -> Rows:
    keccak = sha3.keccak_256
    joined = b"".join([keccak(message).digest() for message in messages])
    return np.frombuffer(bytearray(joined), dtype=np.uint8).reshape(-1, 32)
