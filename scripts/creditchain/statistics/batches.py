"""Batches: what was anchored, by Anchor entries; and what of it counts no more."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from creditchain.log.entry_columns import EntryColumns
from creditchain.statistics.bodies import lengths_of, ones, places_of, rows_of, word_at
from creditchain.statistics.folding import Columns
from creditchain.statistics.months import months_of
from creditchain.vocabulary import EntryKind

#: Batches, their records and the enterprises that each declares, added up; of these, in broken and annulled batches.
BATCHES: Final = ("batches", "records", "declared_enterprises", "spoiled_batches", "spoiled_records")
_ANCHOR, _BROKEN, _ANNULLED = 8 * 32, 5 * 32, 5 * 32


def spoiled_by(entries: EntryColumns) -> npt.NDArray[np.int64]:
    """The indices of the entries that these entries call broken or annulled, batches and books alike."""
    found = []
    for kind, width in ((EntryKind.BROKEN, _BROKEN), (EntryKind.ANNULLED, _ANNULLED)):
        places = places_of(entries, kind)
        places = places[lengths_of(entries, places) == width]
        found.append(word_at(rows_of(entries, places, width), 2))
    return np.concatenate(found)


def batches_of(entries: EntryColumns, spoiled: npt.NDArray[Any]) -> Columns:
    """The batches among these entries. `spoiled`: indices of entries that count no more, see `spoiled_by`."""
    places = places_of(entries, EntryKind.ANCHOR)
    places = places[lengths_of(entries, places) == _ANCHOR]
    rows = rows_of(entries, places, _ANCHOR)
    records, gone = word_at(rows, 5), ones(np.isin(entries.indices[places].astype(np.int64), spoiled))
    return {
        "month": months_of(entries.times[places]),
        "node": word_at(rows, 0),
        "product": word_at(rows, 2),
        "batches": np.ones(len(rows), np.int64),
        "records": records,
        "declared_enterprises": word_at(rows, 7),
        "spoiled_batches": gone,
        "spoiled_records": gone * records,
    }
