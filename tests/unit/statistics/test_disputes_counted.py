"""Disputes by node and month, and how long answers took."""

from __future__ import annotations

from creditchain.log.disputes import LoggedDispute
from creditchain.log.views import ANSWER_SECONDS
from creditchain.statistics.disputes import DISPUTES, answering, dispute_rows
from creditchain.statistics.folding import regrouped, total
from creditchain.vocabulary import DisputeState

DAY = 86_400
FILED = 1_765_728_000


def filing(node: int, state: DisputeState, filed: int, took: int = 0) -> LoggedDispute:
    return LoggedDispute(node, bytes(32), 1, 4, 9, filed, state, filed + took if took else 0)


ROWS = dispute_rows(
    [
        filing(6, DisputeState.CORRECTED, FILED, DAY),
        filing(6, DisputeState.UPHELD, FILED, ANSWER_SECONDS),
        filing(6, DisputeState.UNRESOLVED, FILED, ANSWER_SECONDS + 1),
        filing(6, DisputeState.OPEN, FILED),
        filing(7, DisputeState.OPEN, FILED + 40 * DAY),
    ],
    FILED + 41 * DAY,
)


def test_each_filing_counts_once_by_what_became_of_it() -> None:
    found = regrouped(ROWS, ("node",), DISPUTES)
    assert found == [
        {"node": 6, "filed": 4, "open": 1, "overdue": 1, "answered": 3, "answered_in_time": 2, "corrected": 1,
         "upheld": 1, "unresolved": 1},
        {"node": 7, "filed": 1, "open": 1, "overdue": 0, "answered": 0, "answered_in_time": 0, "corrected": 0,
         "upheld": 0, "unresolved": 0},
    ]  # fmt: skip
    assert total(ROWS, DISPUTES)["filed"] == 5
    assert [row["month"] for row in regrouped(ROWS, ("month",), DISPUTES)] == [202512, 202601]


def test_how_long_answers_took() -> None:
    taken = answering(ROWS, ("node",))
    assert taken[6,] == {"median_answer_seconds": ANSWER_SECONDS, "longest_answer_seconds": ANSWER_SECONDS + 1}
    assert taken[7,] == {"median_answer_seconds": None, "longest_answer_seconds": None}
    assert answering(ROWS, ())[()]["median_answer_seconds"] == ANSWER_SECONDS
    assert answering([], ())[()] == {"median_answer_seconds": None, "longest_answer_seconds": None}
