"""Parameters of lists: a cursor to go on from, and how many at most."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request

from creditchain.errors import InputError, Place

#: As many as a list gives at once, and as it gives by default.
MOST: Final = 500
USUAL: Final = 100
_LARGEST: Final = 2**53 - 1


def _parameter(name: str, most: int, usual: int, text: str) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0 if name == "cursor" else 1, "maximum": most, "default": usual}
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


#: Their description for OpenAPI.
CURSOR: Final = _parameter("cursor", _LARGEST, 0, "`next` of the page before; 0: from the beginning.")
LIMIT: Final = _parameter("limit", MOST, USUAL, "At most so many.")


def page_of(request: Request) -> tuple[int, int]:
    """Cursor and limit of a call. Raises InputError."""
    return number_of(request, "cursor", 0, _LARGEST, 0), number_of(request, "limit", 1, MOST, USUAL)


def number_of(request: Request, name: str, least: int, most: int, usual: int) -> int:
    """A number in the query of a call. Raises InputError."""
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and least <= int(text) <= most):
        raise InputError(
            "the parameter is no such number", expected=f"{least} to {most}", place=Place(field=f"query.{name}")
        )
    return int(text)
