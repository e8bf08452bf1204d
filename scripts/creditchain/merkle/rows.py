"""Shared by the functions over many messages: array types, checks on arrays, the number of cores."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.uint8]
#: One number of a row each.
Numbers = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int32] | npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
#: Either bytes that all rows share; or a buffer, the offsets that cut it into pieces, and the index of each row's piece
#: (None: row i has piece i).
Column = bytes | tuple[Rows, Offsets, Places | None]


KEY_BYTES = 69  #: length of the key of a leaf


def available_cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_rows(data: Rows, width: int | None = None, *, rows: int | None = None) -> None:
    """Raise ValueError unless `data` is uint8 of shape (rows, width); None leaves that number open."""
    fits = data.dtype == np.uint8 and data.ndim == 2 and width in (None, data.shape[1]) and rows in (None, len(data))
    if not fits:
        raise ValueError(f"expected uint8 rows of shape ({rows}, {width}), found {data.dtype} {data.shape}")


def check_bytes(data: Rows, *, size: int | None = None) -> None:
    """Raise ValueError unless `data` is uint8 of one dimension (and of this size)."""
    if data.dtype != np.uint8 or data.ndim != 1 or size not in (None, len(data)):
        raise ValueError(f"expected uint8 of shape ({size},), found {data.dtype} {data.shape}")


def check_sortable(data: Rows) -> None:
    """Raise ValueError unless `data` is uint8 of shape (n, width), at least 8 bytes wide, as they are compared."""
    check_rows(data)
    if data.shape[1] < 8:
        raise ValueError(f"expected rows of at least 8 bytes, found {data.shape[1]}")


def check_pieces(data: Rows, offsets: Offsets) -> None:
    """Raise ValueError unless `offsets` has n + 1 ascending integers that cut uint8 `data` into n pieces."""
    check_bytes(data)
    if offsets.ndim != 1 or offsets.dtype.kind != "i" or len(offsets) == 0:
        raise ValueError(f"expected n + 1 signed offsets, found {offsets.dtype} {offsets.shape}")
    inside = offsets[0] >= 0 and offsets[-1] <= len(data)
    if not inside or bool(np.any(offsets[1:] < offsets[:-1])):
        raise ValueError("expected ascending offsets within the data")


def leaf_keys(tags: Rows, sections: Rows, products: Numbers, commitments: Rows) -> Rows:
    """What leaves say, and what they are ordered by, (n, 69): tag[32] || section[1] || product[4] || commitment[32].

    `tags` and `commitments` are (n, 32), `sections` uint8 (n,), `products` uint32 (n,). Raises ValueError otherwise.
    """
    check_rows(tags, 32)
    check_rows(commitments, 32, rows=len(tags))
    check_bytes(sections, size=len(tags))
    if products.dtype != np.uint32 or products.shape != (len(tags),):
        raise ValueError(f"expected uint32 of shape ({len(tags)},), found {products.dtype} {products.shape}")
    keys = np.empty((len(tags), KEY_BYTES), np.uint8)
    keys[:, :32], keys[:, 32], keys[:, 37:] = tags, sections, commitments
    keys[:, 33:37] = products.astype(">u4")[:, None].view(np.uint8)
    return keys


def as_texts(rows: Rows) -> npt.NDArray[np.bytes_]:
    """Rows (n, width) as numpy compares and searches them: as bytes, from the first on.

    numpy pads fixed-width bytes with zeros and compares all of them, so rows that end in zeros compare correctly.
    """
    packed = np.ascontiguousarray(rows)
    return packed.view(f"S{packed.shape[1]}").reshape(-1)


def check_key(key: bytes) -> None:
    """Raise ValueError unless `key` (a tag key, a batch secret) has 32 bytes. The error never shows it."""
    if len(key) != 32:
        raise ValueError(f"expected a key of 32 bytes, found {len(key)}")


def check_columns(columns: Sequence[Column], count: int) -> None:
    """Raise ValueError unless each column has a piece for each of `count` rows."""
    for column in columns:
        if not isinstance(column, bytes):
            data, offsets, places = column
            check_pieces(data, offsets)
            found = len(offsets) - 1 if places is None else len(places)
            if found != count:
                raise ValueError(f"expected {count} pieces, found {found}")
            if places is not None and count and not 0 <= places.min() <= places.max() < len(offsets) - 1:
                raise ValueError(f"expected places from 0 to {len(offsets) - 2}")
