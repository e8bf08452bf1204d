"""Disputes as answers show them: records by their leaf hashes, which name no enterprise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import Request

from creditchain.exchange.problems import HttpError
from creditchain.exchange.shapes import BLOCK, COUNT, DIGEST, NODE, TIME, or_null, parameter, record, rows
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
OPEN_ONLY = parameter("state", {"enum": ["open", "overdue", "all"]}, "Which ones; open if it is left out.")


def disputes_shown(request: Request, block: BlockRef, disputes: Iterable[LoggedDispute]) -> dict[str, Any]:
    """The disputes that a call asks for, as of a final block. Raises HttpError (422)."""
    wanted = request.query_params.get("state", "open")
    if wanted not in ("open", "overdue", "all"):
        raise HttpError(422, "parameter", "there is no such state", expected="open, overdue or all")
    told = [
        _shown(one, block.time)
        for one in disputes
        if wanted == "all" or (one.state is DisputeState.OPEN and (wanted == "open" or one.overdue(block.time)))
    ]
    return {"block": {"number": block.number, "time": block.time}, "disputes": told}


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
