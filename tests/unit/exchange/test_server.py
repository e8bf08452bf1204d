"""A signal to end is a good end as soon as anybody is told that the server serves. A real server, real signals.

Nothing that the server or its event loop logs has the words of an exception.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from http.client import IncompleteRead
from threading import Thread

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from creditchain.exchange.server import Server

NUMBER = "914403001922038216"
ENDS = pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)


class KilledError(Exception):
    """What a signal did that would have killed the process."""


@pytest.fixture(autouse=True)
def killed() -> Iterator[None]:
    """Signals that nobody handles fail the test, and do not end all tests."""

    def kill(number: int, _frame: object) -> None:
        raise KilledError(signal.Signals(number).name)

    before = {one: signal.signal(one, kill) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert all(signal.getsignal(one) is kill for one in before)  # a server leaves handlers as they were
    for one, handler in before.items():
        signal.signal(one, handler)


def app() -> FastAPI:
    made = FastAPI()

    @made.get("/")
    def root() -> str:
        return "served"

    return made


@ENDS
def test_a_signal_right_when_it_tells_that_it_serves(ends: signal.Signals) -> None:
    told = []

    def serving() -> None:
        told.append(ends)
        os.kill(os.getpid(), ends)

    server = Server(uvicorn.Config(app(), log_config=None), serving)
    with server.ended_by_signals(), socket.create_server(("127.0.0.1", 0)) as bound:
        server.run(sockets=[bound])
    assert told == [ends]


@ENDS
def test_signals_before_and_after_it_runs(ends: signal.Signals) -> None:
    server = Server(uvicorn.Config(app(), log_config=None), lambda: None)
    with server.ended_by_signals(), socket.create_server(("127.0.0.1", 0)) as bound:
        os.kill(os.getpid(), ends)
        server.run(sockets=[bound])
        os.kill(os.getpid(), ends)


def test_it_accepts_calls_once_it_tells_so() -> None:
    answers = []

    def call(port: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            answers.append(answer.read())
        os.kill(os.getpid(), signal.SIGTERM)

    with socket.create_server(("127.0.0.1", 0)) as bound:
        caller = Thread(target=call, args=(bound.getsockname()[1],))
        server = Server(uvicorn.Config(app(), log_config=None), caller.start)
        with server.ended_by_signals():
            server.run(sockets=[bound])
        caller.join()
    assert answers == [b'"served"']


async def fails() -> None:
    raise KeyError(NUMBER)


def failing_app() -> FastAPI:
    """Fails where no handler of the application sees it: while an answer is under way, and in a forgotten task."""
    made = FastAPI()

    async def lines() -> AsyncIterator[bytes]:
        yield b"one"
        raise ValueError(f"no such enterprise: {NUMBER}")

    @made.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(lines())

    @made.get("/forgotten")
    async def forgotten() -> str:
        asyncio.get_running_loop().create_task(fails())
        await asyncio.sleep(0)
        gc.collect()
        return "done"

    return made


def test_nothing_that_is_logged_has_the_words_of_an_exception(caplog: pytest.LogCaptureFixture) -> None:
    def call(port: int) -> None:
        for path in ("stream", "forgotten"):
            with suppress(IncompleteRead), urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
                answer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    with socket.create_server(("127.0.0.1", 0)) as bound:
        caller = Thread(target=call, args=(bound.getsockname()[1],))
        server = Server(uvicorn.Config(failing_app(), log_config=None), caller.start)
        with server.ended_by_signals():
            server.run(sockets=[bound])
        caller.join()
    assert "ValueError at" in caplog.text
    assert "KeyError at" in caplog.text
    assert NUMBER not in caplog.text
