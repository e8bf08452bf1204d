"""Find improper characters (`documents.texts`) in the bytes of many texts at once.

Nearly all bytes of an upload are ASCII or belong to common ideographs, and no improper character begins as those do.
So one pass of comparisons finds the few bytes that could begin an improper character; a table of first and second
bytes clears nearly all of them (full-width punctuation, the middle dot); only what remains is decoded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from creditchain.batch.records import Bytes
from creditchain.documents.texts import IMPROPER

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Bytes looked at in one pass: small enough for the cache that holds them and the masks made of them.
_CHUNK = 1 << 16
# Lead bytes E3 to E9 begin U+3000 to U+9FFF: the common ideographs, none of which is improper.
_FIRST_COMMON, _LAST_COMMON = 0xE3, 0xE9
_DELETE, _FIRST_LEAD = 0x7F, 0xC0

#: The first code point of each improper run and the one after its last: inside a run an odd number lies at or below.
_EDGES = np.array([edge for first, last, _ in IMPROPER for edge in (first, last + 1)], dtype=np.int64)


def _suspects() -> npt.NDArray[np.bool_]:
    """Whether a first and second byte, as first * 256 + second, begin an improper character."""
    table = np.zeros(65_536, dtype=bool)
    for first, last, kind in IMPROPER:
        if kind.startswith("half"):
            continue  # surrogates have no UTF-8
        for point in range(max(first, 0x7F), last + 1):
            encoded = chr(point).encode()
            if len(encoded) > 1:
                table[encoded[0] << 8 | encoded[1]] = True
            else:
                table[encoded[0] << 8 : (encoded[0] + 1) << 8] = True
    return table


_SUSPECTS = _suspects()


def improper_places(text: Bytes) -> Places:
    """Where improper characters begin in valid UTF-8. Bytes below 0x20 are not looked for: JSON has none."""
    found = [start + _leads(text[start : start + _CHUNK]) for start in range(0, len(text), _CHUNK)]
    places: Places = np.concatenate(found) if found else np.empty(0, np.int64)
    if not len(places):
        return places
    pairs = text[places].astype(np.uint16) << 8 | text[np.minimum(places + 1, len(text) - 1)]
    places = places[_SUSPECTS[pairs]]
    if not len(places):
        return places
    improper: Mask = np.searchsorted(_EDGES, _code_points(text, places), side="right") % 2 == 1
    return places[improper]


def improper_rows(text: Bytes, bounds: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> Mask:
    """Which of the rows `text[bounds[i]:bounds[i + 1]]` hold an improper character."""
    rows = np.zeros(len(bounds) - 1, dtype=bool)
    first = int(bounds[0])
    if len(places := improper_places(text[first : int(bounds[-1])])):
        rows[np.searchsorted(bounds, places + first, side="right") - 1] = True
    return rows


def _leads(chunk: Bytes) -> Places:
    """Bytes that could begin an improper character."""
    mask = chunk > _LAST_COMMON
    mask |= (chunk - np.uint8(_FIRST_LEAD)) < _FIRST_COMMON - _FIRST_LEAD  # wraps: bytes below are large then
    mask |= chunk == _DELETE
    return np.flatnonzero(mask)


def _code_points(text: Bytes, places: Places) -> Places:
    """The code points that begin at `places`."""
    last = len(text) - 1
    one, two, three, four = (text[np.minimum(places + ahead, last)].astype(np.int64) for ahead in range(4))
    two, three, four = two & 0x3F, three & 0x3F, four & 0x3F
    return np.select(
        [one < 0x80, one < 0xE0, one < 0xF0],
        [one, (one & 0x1F) << 6 | two, (one & 0x0F) << 12 | two << 6 | three],
        (one & 0x07) << 18 | two << 12 | three << 6 | four,
    )
