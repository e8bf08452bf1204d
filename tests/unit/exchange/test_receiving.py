"""A file that a caller sends: other calls go on while it is made durable, and one that is cut off leaves nothing."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from creditchain.exchange.problems import HttpError, problem
from creditchain.exchange.receiving import OCTETS, _in_threads, receive_file
from creditchain.exchange.service import Limits
from creditchain.home import files
from creditchain.home.files import new_file

PATIENCE = 60.0
HEADERS = {"Content-Type": OCTETS}


@contextmanager
def served(folder: Path, limits: Limits) -> Iterator[httpx.Client]:
    app = FastAPI()

    @app.post("/files")
    async def receive(request: Request) -> list[Any]:
        size, digest = await receive_file(request, folder / "new" / "file", limits)
        return [size, digest.hex()]

    @app.get("/other")
    async def other() -> str:
        return "answered"

    async def told(_request: Request, error: Any) -> Response:
        return problem(error)

    app.add_exception_handler(HttpError, told)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{bound.getsockname()[1]}", timeout=PATIENCE) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def left(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_other_calls_are_answered_while_a_file_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, waited, durable = threading.Event(), [], files.fsync

    def held(handle: int) -> None:
        """A disk that takes until another call was answered."""
        waited.append(answered.wait(PATIENCE / 4))
        durable(handle)

    monkeypatch.setattr(files, "fsync", held)
    content = b"x" * 100_000
    with served(tmp_path, Limits()) as client:
        sent: list[httpx.Response] = []
        sender = threading.Thread(target=lambda: sent.append(client.post("/files", content=content, headers=HEADERS)))
        sender.start()
        while not waited and sender.is_alive() and not answered.is_set():
            assert client.get("/other").json() == "answered"
            if (tmp_path / "new").exists():  # the first of these steps has begun
                assert client.get("/other").json() == "answered"
                answered.set()
        sender.join()
    assert sent[0].json() == [len(content), hashlib.sha256(content).hexdigest()]
    assert waited
    assert all(waited)
    assert (tmp_path / "new" / "file").read_bytes() == content


@pytest.mark.parametrize(
    ("limits", "content", "headers", "status"),
    [
        (Limits(upload_bytes=10), b"x" * 11, HEADERS, 413),
        (Limits(upload_bytes=10), iter([b"x" * 6, b"x" * 6]), HEADERS, 413),
        (Limits(), b"", HEADERS, 422),
        (Limits(), b"x", {"Content-Type": "text/plain"}, 415),
        (Limits(upload_seconds=0.0), b"x", HEADERS, 408),
    ],
    ids=["too large", "too large, in parts", "empty", "another media type", "too slow"],
)
def test_nothing_is_left_of_what_is_refused(
    tmp_path: Path, limits: Limits, content: Any, headers: dict[str, str], status: int
) -> None:
    with served(tmp_path, limits) as client:
        assert client.post("/files", content=content, headers=headers).status_code == status
    assert left(tmp_path) == []


def test_nor_of_what_is_cut_off(tmp_path: Path) -> None:
    with served(tmp_path, Limits()) as client:
        address = (client.base_url.host, client.base_url.port or 0)
        with socket.create_connection(address) as raw:
            raw.sendall(
                f"POST /files HTTP/1.1\r\nHost: x\r\nContent-Type: {OCTETS}\r\nContent-Length: 9\r\n\r\nx".encode()
            )
            while not left(tmp_path):
                client.get("/other")
        while left(tmp_path):
            client.get("/other")
    assert not (tmp_path / "new" / "file").exists()


def test_nor_when_the_call_is_cancelled(tmp_path: Path) -> None:
    async def received() -> None:
        async with _in_threads(new_file(tmp_path / "file")) as file:
            file.write(b"x")
            assert len(left(tmp_path)) == 1
            await asyncio.sleep(PATIENCE)

    async def cancelled_by_its_task() -> None:
        task = asyncio.create_task(received())
        while not left(tmp_path):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert left(tmp_path) == []

    async def cancelled_by_a_scope() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(received)
            while not left(tmp_path):
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        assert left(tmp_path) == []

    asyncio.run(cancelled_by_its_task())
    asyncio.run(cancelled_by_a_scope())
