"""A loopback endpoint in front of a real node that answers some requests with temporary faults."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

#: HTTP status, headers and body of each fault; None drops the connection without an answer.
FAULTS: dict[str, tuple[int, dict[str, str], bytes] | None] = {
    "503": (503, {}, b"<html>Service Unavailable</html>"),
    "429": (429, {"Retry-After": "0"}, b""),
    "limit exceeded": (200, {}, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"limit exceeded"}}'),
    "junk": (200, {}, b"<html>welcome to the proxy</html>"),
    "dropped": None,
    "dropped after the node did it": None,
}


class Faulty:
    """The endpoint: its URL, the share of requests that get a fault, and which faults were given."""

    def __init__(self, node: str, seed: int) -> None:
        self.node, self.url, self.rate = node, "", 0.0
        self.given: Counter[str] = Counter()
        self.asked = 0
        self._random, self._lock = random.Random(seed), threading.Lock()  # noqa: S311 - a test

    def fault(self) -> str | None:
        with self._lock:
            self.asked += 1
            if self._random.random() >= self.rate:
                return None
            name = self._random.choice(sorted(FAULTS))
            self.given[name] += 1
            return name


@contextmanager
def faulty(node: str, seed: int) -> Iterator[Faulty]:
    """Serve in front of `node` until the end of the context, at first without faults."""
    endpoint, local = Faulty(node, seed), threading.local()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            name = endpoint.fault()
            answer = None if name is None else FAULTS[name]
            if name is None or name == "dropped after the node did it":
                said = self._node(asked)
                answer = (200, {}, said) if name is None else None
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _node(self, asked: bytes) -> bytes:
            if not hasattr(local, "session"):
                local.session = requests.Session()
            headers = {"Content-Type": "application/json"}
            return bytes(local.session.post(endpoint.node, data=asked, headers=headers, timeout=300).content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
