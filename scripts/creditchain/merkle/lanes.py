"""keccak-256 over many messages, by the fastest available engine. Functions and results are those of `merkle.plain`.

`merkle.kernel` does the work as soon as there is enough of it to make loading worthwhile, provided that Numba can be
imported and CREDITCHAIN_KERNEL is not `plain`. `threads` is the number of threads that share the work, 0 for all cores
of this process.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

import numpy as np

from creditchain.merkle import plain
from creditchain.merkle.rows import KEY_BYTES, Column, Offsets, Places, Rows

WORTH_LOADING = 200_000  #: messages that the plain engine hashes in the time it takes to import Numba and load the code
WORTH_CALLING = 64  #: messages below which preparing a call of the kernel costs more than it saves


class Engine(Protocol):
    """The functions that `merkle.plain` and `merkle.kernel` both have."""

    def keccak_rows(self, data: Rows, *, threads: int = 0) -> Rows: ...
    def keccak_ragged(self, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows: ...
    def node_level(self, level: Rows, *, threads: int = 0) -> Rows: ...
    def levels(self, leaf_hashes: Rows, *, threads: int = 0) -> list[Rows]: ...
    def leaf_rows(self, keys: Rows, *, threads: int = 0) -> Rows: ...
    def cell_rows(self, keys: Rows, words: Rows, *, threads: int = 0) -> Rows: ...
    def salts(self, secret: bytes, tags: Rows, digests: Rows, *, threads: int = 0) -> Rows: ...
    def subject_tags(
        self, tag_key: bytes, scheme: bytes, data: Rows, offsets: Offsets, *, threads: int = 0
    ) -> Rows: ...
    def prefixed_digests(self, prefix: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows: ...
    def commitments(
        self, salts: Rows, media_type: bytes, data: Rows, offsets: Offsets, *, threads: int = 0
    ) -> Rows: ...
    def row_order(self, rows: Rows) -> Places: ...
    def lower_bounds(self, rows: Rows, keys: Rows) -> Places: ...
    def join_columns(self, columns: Sequence[Column], count: int) -> tuple[Rows, Offsets]: ...


class _Choice:
    """Chooses the engine of each call. The kernel is loaded once the calls so far would have paid for loading it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen = 0
        self._loaded: Engine | None = None

    def engine(self, messages: int) -> Engine:
        """The engine for a call over this many messages."""
        if messages < WORTH_CALLING:
            return plain
        if self._loaded is None:
            self._seen += messages
            if self._seen < WORTH_LOADING:
                return plain
        return self.fastest()

    def fastest(self) -> Engine:
        """The kernel, loaded now if necessary; the plain engine if the kernel cannot be loaded."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _load()
            return self._loaded


def _load() -> Engine:
    if os.environ.get("CREDITCHAIN_KERNEL") == "plain":
        return plain
    try:
        from creditchain.merkle import kernel

        if _agrees(kernel):
            return kernel
        reason = "it hashes wrongly on this machine"
    except ImportError:
        return plain
    except Exception as error:  # whatever keeps Numba from compiling here, the plain engine gives the same digests
        reason = type(error).__name__
    warnings.warn(f"hashing without the compiled kernel, which is slower: {reason}", RuntimeWarning, stacklevel=4)
    return plain


def _agrees(engine: Engine) -> bool:
    """Whether `engine` agrees with the plain engine on messages of up to three blocks on leaves and on a small tree.

    A processor or compiler that miscompiles the kernel must not produce wrong roots, so it is tried before it is used.
    """
    data = np.arange(4096, dtype=np.int64).astype(np.uint8)
    ends = np.concatenate([[0], np.cumsum(np.arange(0, 301, 15))])
    same_digests = np.array_equal(engine.keccak_ragged(data, ends), plain.keccak_ragged(data, ends))
    rows, keys = data.reshape(-1, 32)[:19], data[: 19 * KEY_BYTES].reshape(-1, KEY_BYTES)
    same_leaves = np.array_equal(engine.leaf_rows(keys), plain.leaf_rows(keys))
    return same_digests and same_leaves and np.array_equal(engine.levels(rows)[-1], plain.levels(rows)[-1])


_choice = _Choice()


def load_fastest() -> str:
    """Load the kernel now, before work that is known to be large. Returns the engine's name: `kernel` or `plain`."""
    return "plain" if _choice.fastest() is plain else "kernel"


def keccak_rows(data: Rows, *, threads: int = 0) -> Rows:
    """keccak-256 of each row of `data` (n, any width)."""
    return _choice.engine(len(data)).keccak_rows(data, threads=threads)


def keccak_ragged(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each `data[offsets[i]:offsets[i + 1]]`."""
    return _choice.engine(len(offsets)).keccak_ragged(data, offsets, threads=threads)


def node_level(level: Rows, *, threads: int = 0) -> Rows:
    """The level above `level` (n, 32): keccak-256(0x01 || left || right) of each pair; a last lonely node moves up."""
    return _choice.engine(len(level) // 2).node_level(level, threads=threads)


def levels(leaf_hashes: Rows, *, threads: int = 0) -> list[Rows]:
    """All levels of the tree, from `leaf_hashes` (n, 32) itself to the root (1, 32); just the empty level for n = 0."""
    return _choice.engine(len(leaf_hashes)).levels(leaf_hashes, threads=threads)


def leaf_rows(keys: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes keccak-256(0x00 || key[69]) of keys as `leaf_keys` makes them."""
    return _choice.engine(len(keys)).leaf_rows(keys, threads=threads)


def cell_rows(keys: Rows, words: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes of the state tree, keccak-256(0x07 || key[32] || word[32])."""
    return _choice.engine(len(keys)).cell_rows(keys, words, threads=threads)


def subject_tags(tag_key: bytes, scheme: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Subject tags keccak-256(0x02 || tag_key[32] || scheme || 0x00 || number) of numbers of one scheme."""
    return _choice.engine(len(offsets)).subject_tags(tag_key, scheme, data, offsets, threads=threads)


def prefixed_digests(prefix: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256(prefix || piece) of each piece `data[offsets[i]:offsets[i + 1]]`."""
    return _choice.engine(len(offsets)).prefixed_digests(prefix, data, offsets, threads=threads)


def document_digests(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each document's bytes, as `salts` wants them."""
    return keccak_ragged(data, offsets, threads=threads)


def salts(secret: bytes, tags: Rows, digests: Rows, *, threads: int = 0) -> Rows:
    """Salts keccak-256(0x04 || secret[32] || tag[32] || digest[32])."""
    return _choice.engine(len(tags)).salts(secret, tags, digests, threads=threads)


def commitments(salts: Rows, media_type: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Commitments keccak-256(0x03 || salt[32] || media_type || 0x00 || document) of documents of one media type."""
    return _choice.engine(len(salts)).commitments(salts, media_type, data, offsets, threads=threads)


def row_order(rows: Rows) -> Places:
    """Positions of the rows (n, 8 or more) in ascending order; equal rows keep their order."""
    return _choice.engine(len(rows)).row_order(rows)


def lower_bounds(rows: Rows, keys: Rows) -> Places:
    """For each of `keys` (m, width), how many of `rows` (n, width) come before it. Both ascend, equal ones allowed."""
    return _choice.engine(len(keys)).lower_bounds(rows, keys)


def join_columns(columns: Sequence[Column], count: int) -> tuple[Rows, Offsets]:
    """The pieces of each of `count` rows joined, row after row: the bytes, and the count + 1 offsets of the rows."""
    return _choice.engine(count).join_columns(columns, count)
