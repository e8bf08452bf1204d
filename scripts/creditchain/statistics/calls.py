"""Calls: the metered deliveries, by the items of Queries entries."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from creditchain.log.entry_columns import EntryColumns
from creditchain.log.query_items import ITEM_BYTES
from creditchain.statistics.bodies import digests, lengths_of, number_at, ones, places_of
from creditchain.statistics.folding import Columns
from creditchain.statistics.months import months_of
from creditchain.vocabulary import EntryKind, MeterFlag

#: What is counted: all calls; of these, those without a consent, and those with a flag of the ledger.
CALLS: Final = ("queries", "without_consent", "overdrawn", "late", "old", "paused")
#: Where the hashes of an item begin (docs/format.md section 5): request, receipt, report, consent, product, terms.
_HASHES: Final = 32
_PRODUCT, _TERMS = (slice(_HASHES + 32 * place, _HASHES + 32 * (place + 1)) for place in (4, 5))


def calls_of(entries: EntryColumns) -> Columns:
    """The calls among these entries: a row for each item.

    `month` is that of the delivery. `product` and `terms` are digests (32 bytes), `flags` those of the ledger.
    """
    items = _items(entries)
    flags = number_at(items, 31, 32)
    return {
        "month": months_of(number_at(items, 22, 27)),
        "institution": number_at(items, 0, 4),
        "provider": number_at(items, 4, 8),
        "via": number_at(items, 8, 12),
        "purpose": number_at(items, 30, 31),
        "product": digests(items[:, _PRODUCT]),
        "terms": digests(items[:, _TERMS]),
        "flags": flags,
        "queries": np.ones(len(items), np.int64),
        "without_consent": ones(flags & MeterFlag.OPEN),
        "overdrawn": ones(flags & MeterFlag.OVERDRAWN),
        "late": ones(flags & MeterFlag.LATE),
        "old": ones(flags & MeterFlag.OLD),
        "paused": ones(flags & MeterFlag.PAUSED),
    }


def _items(entries: EntryColumns) -> Any:
    """All items (n, 224). A body of another form, which no contract of this version writes, holds none."""
    places = places_of(entries, EntryKind.QUERIES)
    places = places[lengths_of(entries, places) % ITEM_BYTES == 0]
    counts = lengths_of(entries, places) // ITEM_BYTES
    # Item k of an entry begins k items after its body does.
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.repeat(entries.body_ends[:-1][places], counts) + ITEM_BYTES * within
    return entries.bodies[starts[:, None] + np.arange(ITEM_BYTES)]
