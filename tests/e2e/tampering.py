"""A loopback endpoint in front of a real node that sometimes gives answers of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests


@dataclass(frozen=True)
class Result:
    """A result that the endpoint makes up."""

    value: Any


#: Given method and params: None to ask the node, a result, a dict as the JSON-RPC error, a number as the HTTP status.
Rule = Callable[[str, list[Any]], Result | dict[str, Any] | int | None]


#: Given a request: the request that the node gets in its place.
Diversion = Callable[[dict[str, Any]], dict[str, Any]]
#: Given a request and the node's answer: the answer that goes out.
Alteration = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def ask_the_node(_: str, __: list[Any]) -> None:
    """The rule that tampers with nothing."""


@dataclass
class Tampering:
    """The endpoint: its URL, the rule it follows now, and every raw transaction that was handed to it."""

    url: str = ""
    rule: Rule = ask_the_node
    divert: Diversion = lambda request: request
    alter: Alteration = lambda _, answer: answer
    sent: list[str] = field(default_factory=list)

    def refuse_sending(self, message: str, times: int = 10**9, code: int = -32000) -> None:
        """Answer the next so many transactions with this error, in place of asking the node."""
        left = [times]

        def rule(method: str, _: list[Any]) -> dict[str, Any] | None:
            if method != "eth_sendRawTransaction" or left[0] == 0:
                return None
            left[0] -= 1
            return {"code": code, "message": message}

        self.rule = rule

    def refuse_only(self, raw: str, message: str) -> None:
        """Answer only this transaction with an error."""
        self.rule = lambda method, params: (
            {"code": -32000, "message": message} if method == "eth_sendRawTransaction" and params[0] == raw else None
        )


@contextmanager
def tampering(node: str) -> Iterator[Tampering]:
    """Serve until the end of the context, on a free loopback port."""
    endpoint = Tampering()

    def ask(request: dict[str, Any]) -> Any:
        return requests.post(node, json=request, timeout=30).json()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            one = not isinstance(asked, list)
            answers: list[Any] = []
            for request in [asked] if one else asked:
                if request["method"] == "eth_sendRawTransaction":
                    endpoint.sent.append(request["params"][0])
                said = endpoint.rule(request["method"], request["params"])
                if isinstance(said, int):
                    self._answer(said, b"not now")
                    return
                head = {"jsonrpc": "2.0", "id": request["id"]}
                if isinstance(said, Result):
                    answers.append({**head, "result": said.value})
                    continue
                answers.append(
                    {**head, "error": said} if said else endpoint.alter(request, ask(endpoint.divert(request)))
                )
            self._answer(200, json.dumps(answers[0] if one else answers).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        endpoint.url = url
        yield endpoint


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """An HTTP server on a free loopback port; its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def a_signer_that_hangs() -> Iterator[tuple[str, threading.Event]]:
    """A remote signer that takes a request and never answers; its URL, and an event that says it was asked."""
    asked, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.set()
            over.wait()

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        try:
            yield url, asked
        finally:
            over.set()
