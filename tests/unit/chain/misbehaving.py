"""Loopback HTTP servers that misbehave on purpose, and connections to them."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from creditchain.chain.networks import Network

#: What a handler gives: HTTP status, headers, body.
HttpAnswer = tuple[int, dict[str, str], bytes]
CHAIN_ID = 31337
WORD = "0x" + "ab" * 32


def network(url: str, **changes: Any) -> Network:
    """A network that is patient with a busy machine."""
    patience = {"poll_seconds": 0.001, "timeout_seconds": 60.0, "deadline_seconds": 600.0}
    return Network(name="test", kind="rpc", url=url, **{**patience, **changes})


@contextmanager
def http_server(answer: Callable[[Any], HttpAnswer], port: int = 0) -> Iterator[str]:
    """A server that answers each decoded request body as the function says; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            status, headers, body = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that calls the function with each connection, after it has read something from it."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(connection, serve), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()


def _serve(connection: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    with connection:
        try:
            if connection.recv(65536):
                serve(connection)
        except OSError:
            return


def json_answer(value: Any, status: int = 200) -> HttpAnswer:
    """An answer in JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def node(request: dict[str, Any]) -> dict[str, Any]:
    """The answer of a well-behaved node with one block to one request."""
    return {"jsonrpc": "2.0", "id": request["id"], "result": result(request["method"], request["params"])}


def result(method: str, params: list[Any]) -> Any:
    """A well-formed result of each method that this package asks for."""
    log = {
        "address": "0x" + "12" * 20,
        "topics": [WORD],
        "data": "0x01",
        "blockNumber": "0x0",
        "transactionHash": WORD,
        "logIndex": "0x0",
        "blockHash": WORD,
        "transactionIndex": "0x0",
        "removed": False,
    }
    return {
        "eth_chainId": lambda: hex(CHAIN_ID),
        "eth_getBlockByNumber": lambda: {
            "number": "0x0" if params[0] in ("latest", "finalized") else params[0],
            "hash": WORD,
            "timestamp": "0x65000000",
            "baseFeePerGas": "0x7",
        },
        "eth_gasPrice": lambda: "0x9",
        "eth_maxPriorityFeePerGas": lambda: "0x2",
        "eth_call": lambda: "0x" + "00" * 31 + "07",
        "eth_getCode": lambda: "0x6001",
        "eth_getBalance": lambda: "0xde0b6b3a7640000",
        "eth_getTransactionCount": lambda: "0x5",
        "eth_estimateGas": lambda: "0x5208",
        "eth_sendRawTransaction": lambda: WORD,
        "eth_getLogs": lambda: [log],
        "eth_getTransactionByHash": lambda: {"hash": params[0], "blockNumber": None},
        "eth_getTransactionReceipt": lambda: {
            "transactionHash": params[0],
            "blockNumber": "0x0",
            "blockHash": WORD,
            "status": "0x1",
            "gasUsed": "0x5208",
            "contractAddress": None,
            "logs": [log],
        },
    }[method]()
