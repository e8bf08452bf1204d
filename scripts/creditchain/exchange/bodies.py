"""Reading what a caller sends: of one media type, bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from creditchain.exchange.guarding import guard_of
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Limits

JSON = "application/json"


async def read_json_body(request: Request, limits: Limits) -> bytes:
    """The bytes of a JSON body.

    Raises:
        HttpError: 415 for another media type, 413 for too many bytes, 408 if it does not arrive in time, 400 if the
            caller hangs up.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != JSON:
        raise HttpError(415, "media-type", "another media type is expected", expected=JSON, found=given[:100] or "none")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.body_bytes:
        raise _too_large(limits)
    try:
        with guard_of(request).sending():
            async with asyncio.timeout(limits.body_seconds):
                return await _bounded(request, limits)
    except TimeoutError as error:
        raise HttpError(
            408, "body-timeout", "the body did not arrive in time", expected=f"within {limits.body_seconds:g} seconds"
        ) from error
    except ClientDisconnect as error:
        raise HttpError(400, "body-incomplete", "the caller hung up before the body was complete") from error


async def _bounded(request: Request, limits: Limits) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limits.body_bytes:
            raise _too_large(limits)
        parts.append(part)
    return b"".join(parts)


def _too_large(limits: Limits) -> HttpError:
    return HttpError(413, "body-too-large", "the body is too large", expected=f"at most {limits.body_bytes} bytes")
