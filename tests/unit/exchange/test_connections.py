"""Connections within limits: slow callers are cut, others are served meanwhile. A real server, real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from creditchain.exchange import measures
from creditchain.exchange.bodies import read_json_body
from creditchain.exchange.connections import bounded_protocol
from creditchain.exchange.guarding import guard
from creditchain.exchange.problems import HttpError, problem
from creditchain.exchange.service import Limits

SOON = Limits(head_seconds=0.5, body_seconds=0.5, reading_seconds=0.5, head_bytes=4096)
#: Of these no limit is reached while a test looks at another one.
NEVER = Limits(head_seconds=900, body_seconds=900, reading_seconds=900, head_bytes=4096, at_once=4)
#: More than may be under way.
MANY = 20
BIG = 8 << 20
PATIENCE = 120.0


def app_of(limits: Limits) -> FastAPI:
    app = FastAPI()

    @app.get("/small")
    async def small() -> str:
        return "small"

    @app.get("/big")
    async def big() -> Response:
        return Response(b"x" * BIG)

    @app.post("/body")
    async def body(request: Request) -> Response:
        return Response(await read_json_body(request, limits))

    @app.post("/unread")
    async def unread() -> str:
        return "unread"

    async def told(_request: Request, error: Any) -> Response:
        return problem(error)

    app.add_exception_handler(HttpError, told)
    guard(app, limits)
    return app


@contextmanager
def served(limits: Limits, idle: float = 900) -> Iterator[tuple[str, int]]:
    """A server with these limits; its address."""
    config = uvicorn.Config(
        app_of(limits), http=bounded_protocol(limits, idle), log_config=None, timeout_keep_alive=900, lifespan="off"
    )
    server = uvicorn.Server(config)
    bound = socket.create_server(("127.0.0.1", 0), backlog=512)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        yield bound.getsockname()
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        bound.close()


def get(address: tuple[str, int], path: str = "/small") -> httpx.Response:
    return httpx.get(f"http://{address[0]}:{address[1]}{path}", timeout=PATIENCE)


def connected(address: tuple[str, int], stack: ExitStack, sent: bytes = b"") -> socket.socket:
    one = stack.enter_context(socket.create_connection(address, timeout=PATIENCE))
    one.sendall(sent)
    return one


def until_cut(one: socket.socket, drip: bytes = b"") -> bytes:
    """What comes until the server cuts the connection; meanwhile something is sent again and again."""
    told, end = b"", time.monotonic() + PATIENCE
    one.settimeout(0.05)
    while time.monotonic() < end:
        try:
            if drip:
                one.sendall(drip)
            got = one.recv(1 << 16)
        except TimeoutError:
            continue
        except OSError:
            return told
        if not got:
            return told
        told += got
    pytest.fail("it was never cut")


@pytest.mark.parametrize(
    ("sent", "drip"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"GET /small HTTP/1.1\r\n", b"a"),
        (b"GET /small HTTP/1.1\r\nHost: x\r\nX-Long: ", b"a"),
        (b"GET /small HTTP/1.1\r\nHost: x\r\n\r\nGET /sm", b"a"),
    ],
    ids=["nothing", "line breaks", "a line", "a header", "the second of two requests"],
)
def test_heads_that_do_not_end(sent: bytes, drip: bytes) -> None:
    with served(SOON) as address, ExitStack() as stack:
        slow = [connected(address, stack, sent) for _ in range(MANY)]
        assert get(address).status_code == 200
        for one in slow:
            until_cut(one, drip)
        assert get(address).status_code == 200


def test_others_are_served_while_callers_send_their_heads() -> None:
    with served(NEVER) as address, ExitStack() as stack:
        slow = [connected(address, stack, b"GET /small HTTP/1.1\r\nHost") for _ in range(MANY)]
        assert get(address).status_code == 200
        slow[0].sendall(b": x\r\n\r\n")
        assert slow[0].recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_others_are_served_while_callers_send_their_bodies() -> None:
    """More than may be under way are sending; none of them takes a place."""
    head = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
    with served(NEVER) as address, ExitStack() as stack:
        slow = []
        for _ in range(MANY):
            slow.append(connected(address, stack, head))
            assert get(address).status_code == 200
        for one in slow:
            one.sendall(b"}")
            assert one.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_no_more_send_at_once_than_may() -> None:
    head = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"
    with served(replace(NEVER, sending_at_once=3)) as address, ExitStack() as stack:
        answers = [connected(address, stack, head) for _ in range(4)]
        first = next(one for one in _cycle(answers) if _readable(one))
        assert first.recv(1 << 16).startswith(b"HTTP/1.1 503")


def _cycle(many: list[socket.socket]) -> Iterator[socket.socket]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        yield from many


def _readable(one: socket.socket) -> bool:
    one.settimeout(0.05)
    with suppress(TimeoutError):
        return bool(one.recv(1, socket.MSG_PEEK))
    return False


@pytest.mark.parametrize("path", ["/body", "/unread"])
def test_a_body_that_does_not_end(path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999\r\n\r\n"
    with served(SOON) as address, ExitStack() as stack:
        slow = [connected(address, stack, head.encode()) for _ in range(MANY)]
        for one in slow:
            told = until_cut(one, b" ")
            assert not told or told.startswith(b"HTTP/1.1 408" if path == "/body" else b"HTTP/1.1 200")
        assert get(address).status_code == 200


def test_a_head_that_is_too_long() -> None:
    with served(NEVER) as address, ExitStack() as stack:
        one = connected(address, stack, b"GET /small HTTP/1.1\r\nHost: x\r\nX-Long: ")
        until_cut(one, b"a" * 1000)
        assert get(address).status_code == 200


def test_a_caller_that_does_not_read() -> None:
    before = cut("reading")
    with served(replace(NEVER, reading_seconds=0.5, at_once=64)) as address, ExitStack() as stack:
        slow = [connected(address, stack, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(MANY)]
        assert get(address).status_code == 200
        end = time.monotonic() + PATIENCE
        while cut("reading") < before + MANY:
            assert time.monotonic() < end
            time.sleep(0.05)
        # What the kernels of both sides held still comes.
        assert all(len(until_cut(one)) < BIG for one in slow)


def cut(what: str) -> float:
    """How many connections were cut for this reason."""
    return float(measures.CUT.labels(what)._value.get())


def test_a_caller_that_reads_slowly_gets_all() -> None:
    with served(NEVER) as address, ExitStack() as stack:
        one = connected(address, stack, b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(1)
        assert len(until_cut(one)) > BIG


def test_an_idle_connection() -> None:
    with served(NEVER, idle=0.5) as address, ExitStack() as stack:
        one = connected(address, stack, b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
        assert until_cut(one, b"\r\n").startswith(b"HTTP/1.1 200")


def test_a_long_answer_to_many_requests_of_one_connection() -> None:
    """Timers of one request do not end the next one."""
    with served(SOON, idle=900) as address, httpx.Client(base_url=f"http://{address[0]}:{address[1]}") as client:
        for _ in range(3):
            assert client.get("/small", timeout=PATIENCE).status_code == 200
            assert client.post("/body", json={}, timeout=PATIENCE).content == b"{}"
            time.sleep(1)
        assert client.get("/small", timeout=PATIENCE).status_code == 200
