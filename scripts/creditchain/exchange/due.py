"""What is to be answered by a day: which of it a call asks for. The same words for disputes and complaints."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from fastapi import Request

from creditchain.exchange.problems import HttpError
from creditchain.exchange.shapes import parameter


class Due(StrEnum):
    """Which ones."""

    OPEN = "open"  #: not answered
    OVERDUE = "overdue"  #: not answered, and should be
    ALL = "all"


#: The parameter's description for OpenAPI.
STATE: Final = parameter("state", {"enum": [one.value for one in Due]}, "Which ones; open if it is left out.")


def due_of(request: Request) -> Due:
    """Which ones a call asks for. Raises HttpError (422)."""
    text = request.query_params.get("state", Due.OPEN.value)
    if text not in set(Due):
        raise HttpError(422, "parameter", "there is no such state", expected="open, overdue or all")
    return Due(text)
