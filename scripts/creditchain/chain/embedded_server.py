"""An embedded chain behind a JSON-RPC endpoint on this machine: other processes use it while this one has it open."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from creditchain.chain.embedded_rpc import EmbeddedWire, open_embedded

#: Most bytes of a request: a deployment is a few hundred KB, a batch of calls less.
_LONGEST = 16 << 20
#: Seconds that a client may take to send its request.
_PATIENCE = 30
_JSON = "application/json"


@contextmanager
def embedded_endpoint(chain_id: int, path: Path) -> Iterator[str]:
    """The address of an endpoint for the embedded chain in this file, until the block ends.

    Only this machine reaches it; a web page in a browser here does not, because browsers ask before they send JSON to
    another site, and this endpoint does not answer that.
    """
    wire = open_embedded(chain_id, path, 30.0)
    try:
        with ThreadingHTTPServer(("127.0.0.1", 0), _handler(wire)) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, name="chain", daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()
    finally:
        wire.close()


def _handler(wire: EmbeddedWire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _PATIENCE

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.headers.get_content_type() != _JSON or not length.isdecimal() or int(length) > _LONGEST:
                self.close_connection = True
                self._send(415, b"{}")
                return
            self._send(200, json.dumps(_answered(wire, self.rfile.read(int(length)))).encode())

        def _send(self, status: int, content: bytes) -> None:
            self.send_response_only(status)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _answered(wire: EmbeddedWire, body: bytes) -> Any:
    """The answer to a request or to a batch. What is malformed gets JSON-RPC's error for it."""
    try:
        asked = json.loads(body)
        return wire.exchange(asked, 0.0).value
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "this is no valid request"}}
