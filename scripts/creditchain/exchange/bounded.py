"""Reading a body: bounded in bytes and in time."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from creditchain.exchange.problems import HttpError


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The bytes of a body, at most so many and within so many seconds.

    Raises:
        HttpError: 413 for too many bytes, 408 if it does not arrive in time, 400 if the caller hangs up.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)
    try:
        async with asyncio.timeout(seconds):
            return await _bounded(request, most)
    except TimeoutError as error:
        raise HttpError(
            408, "body-timeout", "the body did not arrive in time", expected=f"within {seconds:g} seconds"
        ) from error
    except ClientDisconnect as error:
        raise HttpError(400, "body-incomplete", "the caller hung up before the body was complete") from error


async def _bounded(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def _too_large(most: int) -> HttpError:
    return HttpError(413, "body-too-large", "the body is too large", expected=f"at most {most} bytes")
