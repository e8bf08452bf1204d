"""Receiving a file: written piece by piece and made durable in threads, so that other calls go on meanwhile."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

from anyio import CancelScope
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import Limits
from creditchain.home.files import new_file

OCTETS: Final = "application/octet-stream"
_T = TypeVar("_T")


async def receive_file(request: Request, path: Path, limits: Limits) -> tuple[int, bytes]:
    """Write the body to a new file, durably; its size and sha-256. Nothing is left of one that does not arrive whole.

    Raises HttpError: 400, 408, 413, 415, 422. StorageError, OutputExistsError.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != OCTETS:
        raise HttpError(415, "media-type", "another media type is expected", expected=OCTETS, found=given[:100])
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.upload_bytes:
        raise _too_large(limits.upload_bytes)
    digest, size = hashlib.sha256(), 0
    async with _in_threads(new_file(path)) as file:
        try:
            # Time counts for what the caller sends alone: what is whole is kept, however long the disk takes.
            async with asyncio.timeout(limits.upload_seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > limits.upload_bytes:
                        raise _too_large(limits.upload_bytes)
                    digest.update(part)
                    await run_in_threadpool(file.write, part)
        except TimeoutError as error:
            raise HttpError(408, "body-timeout", "the upload did not arrive in time") from error
        except ClientDisconnect as error:
            raise HttpError(400, "body-incomplete", "the caller hung up before the upload was complete") from error
        if size == 0:
            raise HttpError(422, "empty", "the upload is empty")
    return size, digest.digest()


@asynccontextmanager
async def _in_threads(manager: AbstractContextManager[_T]) -> AsyncIterator[_T]:
    """Enter and leave a context in threads; it is left also when the call is cancelled.

    `fastapi.concurrency.contextmanager_in_threadpool` does not leave it then.
    """
    entered = await run_in_threadpool(manager.__enter__)
    try:
        yield entered
    except BaseException:
        with CancelScope(shield=True):
            if not await run_in_threadpool(manager.__exit__, *sys.exc_info()):
                raise
    else:
        with CancelScope(shield=True):
            await run_in_threadpool(manager.__exit__, None, None, None)


def _too_large(most: int) -> HttpError:
    return HttpError(413, "body-too-large", "the upload is too large", expected=f"at most {most} bytes")
