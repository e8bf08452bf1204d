"""Disputes as answers show them: records by their leaf hashes, which name no enterprise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from creditchain.exchange.due import Due, due_of
from creditchain.exchange.shapes import BLOCK, COUNT, DIGEST, NODE, TIME, or_null, record, rows
from creditchain.log.disputes import LoggedDispute
from creditchain.log.views import BlockRef
from creditchain.packages.parts import hexed
from creditchain.vocabulary import DisputeState

DISPUTES = record(
    {
        "block": BLOCK,
        "disputes": rows(
            record(
                {
                    "publisher": NODE | {"description": "Who published the record."},
                    "leaf": DIGEST | {"description": "Leaf hash of the record."},
                    "filing": COUNT | {"description": "Its number among all filings about the record, from 1."},
                    "platform": NODE | {"description": "Who filed or endorsed it."},
                    "filed_at": TIME,
                    "due_at": TIME | {"description": "20 days after it was filed (art. 25)."},
                    "overdue": {"type": "boolean"},
                    "state": {"enum": [one.label for one in DisputeState if one is not DisputeState.NONE]},
                    "answered_at": or_null(TIME),
                }
            )
        ),
    }
)


def disputes_shown(request: Request, block: BlockRef, disputes: Iterable[LoggedDispute]) -> dict[str, Any]:
    """The disputes that a call asks for, as of a final block. Raises HttpError (422)."""
    wanted = due_of(request)
    told = [_shown(one, block.time) for one in disputes if _is_wanted(one, wanted, block.time)]
    return {"block": {"number": block.number, "time": block.time}, "disputes": told}


def _is_wanted(one: LoggedDispute, wanted: Due, time: int) -> bool:
    if wanted is Due.ALL:
        return True
    return one.overdue(time) if wanted is Due.OVERDUE else one.state is DisputeState.OPEN


def _shown(one: LoggedDispute, time: int) -> dict[str, Any]:
    return {
        "publisher": one.node,
        "leaf": hexed(one.leaf),
        "filing": one.number,
        "platform": one.platform,
        "filed_at": one.filed_at,
        "due_at": one.due_at,
        "overdue": one.overdue(time),
        "state": one.state.label,
        "answered_at": one.answered_at or None,
    }
