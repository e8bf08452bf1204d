"""Disputes: filed, answered and overdue, and how long answers took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any, Final

from creditchain.log.disputes import LoggedDispute
from creditchain.statistics.folding import Row
from creditchain.statistics.months import month_of
from creditchain.vocabulary import DisputeState

#: Filed; of these still open, and overdue; answered, of these within 20 days, and with which outcome.
DISPUTES: Final = (*("filed", "open", "overdue", "answered", "answered_in_time", "corrected", "upheld", "unresolved"),)
#: How long answers took, in seconds; None where there are none.
ANSWERING: Final = ("median_answer_seconds", "longest_answer_seconds")
_OUTCOMES: Final = (DisputeState.CORRECTED, DisputeState.UPHELD, DisputeState.UNRESOLVED)


def dispute_rows(disputes: Iterable[LoggedDispute], time: int) -> list[Row]:
    """A row for each filing, as of a time in unix seconds; its `month` is that of the filing.

    `took` is a list with the seconds until the answer, empty while there is none.
    """
    return [_row(one, time) for one in disputes]


def _row(one: LoggedDispute, time: int) -> Row:
    answered = one.state is not DisputeState.OPEN
    return {
        "month": month_of(one.filed_at),
        "node": one.node,
        "platform": one.platform,
        "filed": 1,
        "open": int(not answered),
        "overdue": int(one.overdue(time)),
        "answered": int(answered),
        "answered_in_time": int(answered and one.answered_at <= one.due_at),
        **{outcome.label: int(one.state is outcome) for outcome in _OUTCOMES},
        "took": [one.answered_at - one.filed_at] if answered else [],
    }


def answering(rows: Sequence[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    """How long answers took, by the values of these keys; without keys: of all rows."""
    taken: dict[tuple[Any, ...], list[int]] = {(): []} if not keys else {}
    for row in rows:
        taken.setdefault(tuple(row[key] for key in keys), []).extend(row["took"])
    return {
        key: dict(zip(ANSWERING, (int(statistics.median(took)), max(took)) if took else (None, None), strict=True))
        for key, took in taken.items()
    }
