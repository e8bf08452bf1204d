"""keccak-256 over many messages, eight at a time and on all cores, with code that Numba compiles.

Functions, shapes and results are those of `merkle.plain`. `threads` is the number of threads that share the work, 0 for
all cores of this process; the compiled code runs without the GIL. Importing this module compiles the code, or loads
the copy that an earlier process cached. `merkle.lanes` decides when that is worth the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from creditchain.merkle import plain, vector
from creditchain.merkle.rows import (
    KEY_BYTES,
    Column,
    Offsets,
    Places,
    Rows,
    available_cores,
    check_columns,
    check_key,
    check_pieces,
    check_rows,
    check_sortable,
)

SORTED_BY_INSERTION = 64  #: largest bucket of rows that is sorted by insertion; numpy sorts larger ones
SHARE = 8192  #: messages that a thread takes at a time; handing over fewer costs more than it saves


def keccak_rows(data: Rows, *, threads: int = 0) -> Rows:
    """keccak-256 of each row of `data` (n, any width)."""
    check_rows(data)
    return _hash_all([data], len(data), threads)


def keccak_ragged(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each `data[offsets[i]:offsets[i + 1]]`."""
    return _hash_slices([], data, offsets, threads)


def node_level(level: Rows, *, threads: int = 0) -> Rows:
    """The level above `level` (n, 32): keccak-256(0x01 || left || right) of each pair; a last lonely node moves up."""
    check_rows(level, 32)
    above = np.empty(((len(level) + 1) // 2, 32), np.uint8)
    with _Team(len(above), threads) as team:
        _fill_level(np.ascontiguousarray(level), above, team)
    return above


def levels(leaf_hashes: Rows, *, threads: int = 0) -> list[Rows]:
    """All levels of the tree, from `leaf_hashes` (n, 32) itself to the root (1, 32); just the empty level for n = 0."""
    check_rows(leaf_hashes, 32)
    built = [np.ascontiguousarray(leaf_hashes)]
    with _Team(len(leaf_hashes) // 2, threads) as team:
        while len(built[-1]) > 1:
            above = np.empty(((len(built[-1]) + 1) // 2, 32), np.uint8)
            _fill_level(built[-1], above, team)
            built.append(above)
    return built


def leaf_rows(keys: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes keccak-256(0x00 || key[69]) of keys as `leaf_keys` makes them.

    `keys` may be the first columns of wider rows.
    """
    check_rows(keys, KEY_BYTES)
    packed = keys if keys.strides[1] == 1 and keys.strides[0] > 0 else np.ascontiguousarray(keys)
    digests = np.empty((len(keys), 32), np.uint8)
    source, step, target = _address(packed), packed.strides[0], _address(digests)
    with _Team(len(keys), threads) as team:
        team.run(lambda start, stop: vector.hash_leaves(source, step, target, start, stop), len(keys))
    return digests


def cell_rows(keys: Rows, words: Rows, *, threads: int = 0) -> Rows:
    """Leaf hashes of the state tree, keccak-256(0x07 || key[32] || word[32])."""
    check_rows(keys, 32)
    check_rows(words, 32, rows=len(keys))
    return _hash_all([_same(b"\x07"), keys, words], len(keys), threads)


def subject_tags(tag_key: bytes, scheme: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Subject tags keccak-256(0x02 || tag_key[32] || scheme || 0x00 || number) of numbers of one scheme."""
    check_key(tag_key)
    return _hash_slices([_same(b"\x02" + tag_key + scheme + b"\x00")], data, offsets, threads)


def prefixed_digests(prefix: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256(prefix || piece) of each piece `data[offsets[i]:offsets[i + 1]]`."""
    return _hash_slices([_same(prefix)], data, offsets, threads)


def document_digests(data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """keccak-256 of each document's bytes, as `salts` wants them."""
    return keccak_ragged(data, offsets, threads=threads)


def salts(secret: bytes, tags: Rows, digests: Rows, *, threads: int = 0) -> Rows:
    """Salts keccak-256(0x04 || secret[32] || tag[32] || digest[32])."""
    check_key(secret)
    check_rows(tags, 32)
    check_rows(digests, 32, rows=len(tags))
    return _hash_all([_same(b"\x04" + secret), tags, digests], len(tags), threads)


def commitments(salts: Rows, media_type: bytes, data: Rows, offsets: Offsets, *, threads: int = 0) -> Rows:
    """Commitments keccak-256(0x03 || salt[32] || media_type || 0x00 || document) of documents of one media type."""
    check_rows(salts, 32, rows=len(offsets) - 1)
    return _hash_slices([_same(b"\x03"), salts, _same(media_type + b"\x00")], data, offsets, threads)


def join_columns(columns: Sequence[Column], count: int) -> tuple[Rows, Offsets]:
    """The pieces of each of `count` rows joined, row after row: the bytes, and the count + 1 offsets of the rows."""
    check_columns(columns, count)
    plan, kept, size = np.zeros((len(columns), 5), np.int64), list[npt.NDArray[np.generic]](), 0
    for number, column in enumerate(columns):
        if isinstance(column, bytes):
            # Eight spare bytes, because the compiled code reads short pieces in words of eight bytes.
            data = np.frombuffer(column + bytes(8), np.uint8)
            size += count * len(column)
            plan[number] = _address(data), 0, 0, len(column), _address(data) + len(data)
        else:
            data, ends = np.ascontiguousarray(column[0]), np.ascontiguousarray(column[1], np.int64)
            places = None if column[2] is None else np.ascontiguousarray(column[2], np.int64)
            size += int(ends[-1] - ends[0] if places is None else np.diff(ends)[places].sum())
            by_place = 0 if places is None else _address(places)
            plan[number] = _address(data), _address(ends), by_place, 0, _address(data) + len(data)
            kept += [ends] if places is None else [ends, places]
        kept.append(data)  # the plan holds bare addresses, so something must keep the arrays alive
    joined, bounds = np.empty(size + 8, np.uint8), np.zeros(count + 1, np.int64)
    vector.join_columns(plan, count, _address(bounds), _address(joined))
    return joined[:size], bounds


def row_order(rows: Rows) -> Places:
    """Positions of the rows (n, 8 or more) in ascending order; equal rows keep their order."""
    check_sortable(rows)
    packed = np.ascontiguousarray(rows)
    ends, heads = np.zeros(max(2, len(rows) // 4), np.int64), np.empty(len(rows), np.uint64)
    order = np.empty(len(rows), np.int64)
    vector.order_rows(_address(packed), packed.shape[1], SORTED_BY_INSERTION, ends, heads, order)
    # Buckets cut the rows by their first bytes, so only rows that share these, as many records of one enterprise do,
    # make a large one.
    sizes = np.diff(ends, prepend=0)
    for stop, size in zip(ends[sizes > SORTED_BY_INSERTION], sizes[sizes > SORTED_BY_INSERTION], strict=True):
        bucket = order[stop - size : stop]
        bucket[:] = bucket[plain.row_order(packed[bucket])]
    return order


def lower_bounds(rows: Rows, keys: Rows) -> Places:
    """For each of `keys` (m, width), how many of `rows` (n, width) come before it. Both ascend, equal ones allowed."""
    check_sortable(rows)
    check_rows(keys, rows.shape[1])
    packed = [data if data.strides[1] == 1 and len(data) else np.ascontiguousarray(data) for data in (rows, keys)]
    (first, step), (sought, key_step) = ((_address(data), data.strides[0]) for data in packed)
    places = np.empty(len(keys), np.int64)
    vector.lower_bounds(first, step, len(rows), sought, key_step, rows.shape[1], places)
    return places


class _Team:
    """Threads that share the work of one call; no threads if there is too little work."""

    def __init__(self, work: int, threads: int) -> None:
        wanted = min(threads or available_cores(), work // SHARE)
        self._pool: Executor | None = ThreadPoolExecutor(wanted) if wanted > 1 else None

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def run(self, work: Callable[[int, int], None], count: int) -> None:
        """Call `work(start, stop)` on shares that together cover range(count)."""
        if self._pool is None or count < 2 * SHARE:
            work(0, count)
            return
        starts = range(0, count, SHARE)
        for _ in self._pool.map(lambda start: work(start, min(start + SHARE, count)), starts):
            pass


def _same(piece: bytes) -> Rows:
    """A piece that is the same in every message."""
    return np.frombuffer(piece, np.uint8).reshape(1, -1)


def _address(data: npt.NDArray[np.generic]) -> int:
    return int(data.__array_interface__["data"][0])


def _fill_level(level: Rows, above: Rows, team: _Team) -> None:
    source, target = _address(level), _address(above)
    team.run(lambda start, stop: vector.hash_nodes(source, target, start, stop), len(level) // 2)
    if len(level) % 2:
        above[-1] = level[-1]


def _hash_slices(pieces: list[Rows], data: Rows, offsets: Offsets, threads: int) -> Rows:
    check_pieces(data, offsets)
    return _hash_all(pieces, len(offsets) - 1, threads, np.ascontiguousarray(data), offsets)


def _hash_all(
    pieces: list[Rows], count: int, threads: int, data: Rows | None = None, offsets: Offsets | None = None
) -> Rows:
    """Hash `count` messages, each made of pieces of fixed width and then a slice of `data`.

    A piece has shape (count, width), or (1, width) if it is the same in every message.
    """
    digests = np.empty((count, 32), np.uint8)
    # The plan holds bare addresses, so `kept` must live until the hashing is done.
    kept = [np.ascontiguousarray(piece) for piece in pieces]
    plan = np.zeros(vector.PLAN_SIZE, np.int64)
    for place, piece in enumerate(kept):
        width = piece.shape[1]
        plan[3 * place : 3 * place + 3] = (_address(piece), width, width if len(piece) == count else 0)
    if data is not None and offsets is not None:
        bounds = np.ascontiguousarray(offsets, np.int64)
        plan[12:14] = (_address(data), _address(bounds))
    plan[14] = _address(digests)
    with _Team(count, threads) as team:
        team.run(lambda start, stop: vector.hash_messages(plan, start, stop), count)
    return digests
