"""Bodies of many entries as rows of bytes, and numbers and digests from these rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from creditchain.log.entry_columns import EntryColumns
from creditchain.merkle.rows import Rows
from creditchain.vocabulary import EntryKind

Places = npt.NDArray[np.int64]
Whole = npt.NDArray[np.int64]


def places_of(entries: EntryColumns, kind: EntryKind) -> Places:
    """The places in these columns of the entries of a kind."""
    return np.flatnonzero(entries.kinds == kind)


def rows_of(entries: EntryColumns, places: Places, width: int) -> Rows:
    """The first `width` bytes of the bodies at these places (n, width), which have to be so long."""
    starts = entries.body_ends[:-1][places]
    rows: Rows = entries.bodies[starts[:, None] + np.arange(width)]
    return rows


def lengths_of(entries: EntryColumns, places: Places) -> Places:
    """How long the bodies at these places are, in bytes."""
    return entries.body_ends[1:][places] - entries.body_ends[:-1][places]


def number_at(rows: Rows, start: int, stop: int) -> Whole:
    """The big-endian numbers in bytes `start` to before `stop` of each row, at most 8 of them and below 2^63."""
    padded = np.zeros((len(rows), 8), np.uint8)
    padded[:, 8 - (stop - start) :] = rows[:, start:stop]
    return padded.view(">u8").reshape(-1).astype(np.int64)


def word_at(rows: Rows, place: int) -> Whole:
    """The number in the ABI word with this place, of which the last seven bytes count."""
    return number_at(rows, 32 * place + 25, 32 * place + 32)


def digests(rows: Rows) -> Any:
    """Rows (n, w) as an Arrow array of fixed binary values."""
    width = rows.shape[1]
    raw = pa.py_buffer(np.ascontiguousarray(rows).tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(rows), [None, raw])


def ones(marks: npt.NDArray[Any]) -> Whole:
    """1 where a mark is set, 0 elsewhere."""
    found: Whole = (marks != 0).astype(np.int64)
    return found
