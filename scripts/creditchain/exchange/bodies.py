"""Reading what a caller sends: of one media type, bounded in bytes and in time."""

from __future__ import annotations

from fastapi import Request

from creditchain.exchange.bounded import read_body
from creditchain.exchange.guarding import guard_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Limits

JSON = "application/json"


async def read_json_body(request: Request, limits: Limits) -> bytes:
    """The bytes of a JSON body. Raises HttpError: 415 for another media type, and as `read_body`."""
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != JSON:
        raise HttpError(415, "media-type", "another media type is expected", expected=JSON, found=given[:100] or "none")
    with guard_of(request).sending():
        return await read_body(request, limits.body_bytes, limits.body_seconds)
