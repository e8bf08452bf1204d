"""Limits on what an endpoint may send: a deadline for the whole exchange, a cap on the decoded body, no redirects."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from misbehaving import HttpAnswer, http_server, json_answer, network, node, raw_server

from creditchain.chain import rpc
from creditchain.chain.connect import connect
from creditchain.chain.errors import ChainUnavailableError, NetworkError
from creditchain.chain.http import NoReplyError, Poster, TooLargeError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
RIGHT = b'{"jsonrpc":"2.0","id":1,"result":"0x7a69"}'
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(RIGHT) + RIGHT
#: Seconds between two bytes, and seconds that a client gets.
SLOWNESS, GIVEN = 0.05, 0.4


def dripping(start: int) -> Callable[[socket.socket], None]:
    """Serves the right answer, from byte `start` on so slowly that the whole takes seconds."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(WHOLE[:start])
        for byte in WHOLE[start:]:
            connection.sendall(bytes([byte]))
            time.sleep(SLOWNESS)

    return serve


@pytest.mark.parametrize("start", [0, len(HEAD), len(WHOLE) - len(RIGHT)], ids=["status", "headers", "body"])
def test_an_endpoint_that_drips_is_too_late(start: int) -> None:
    """Each byte arrives in time, so only a deadline for the whole answer ends this."""
    with raw_server(dripping(start)) as url, pytest.raises(NoReplyError, match="no whole answer within"):
        Poster(url).post(b"{}", GIVEN)


def test_an_endpoint_that_drips_is_one_error() -> None:
    patience = {"timeout_seconds": GIVEN, "deadline_seconds": GIVEN}
    with raw_server(dripping(0)) as url, pytest.raises(ChainUnavailableError, match="does not answer eth_chainId"):
        connect(network(url, **patience))


def test_a_tls_handshake_that_drips_is_too_late() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")  # the head of a handshake record of 16 KiB
        for _ in range(200):
            connection.sendall(b"\x02")
            time.sleep(SLOWNESS)

    with raw_server(serve) as url, pytest.raises(NoReplyError):
        Poster(url.replace("http:", "https:")).post(b"{}", GIVEN)


def test_an_answer_in_time_and_within_the_cap_is_read_whole() -> None:
    body = b'"' + b"a" * 200_000 + b'"'
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "identity": body}
    for encoding, sent in packed.items():
        with http_server(lambda _, encoding=encoding, sent=sent: (200, {"Content-Encoding": encoding}, sent)) as url:
            poster = Poster(url, max_body=len(body))
            for _ in range(2):
                assert poster.post(b"{}", 60).body == body
            with pytest.raises(TooLargeError):
                Poster(url, max_body=len(body) - 1).post(b"{}", 60)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(RIGHT)[:-9]), "cannot be decompressed"),
        ((200, {"Content-Encoding": "gzip"}, RIGHT), "cannot be decompressed"),
        ((200, {"Content-Encoding": "br"}, RIGHT), "cannot be decompressed"),
    ],
    ids=["cut", "not gzip", "unknown"],
)
def test_a_body_that_cannot_be_decoded_is_no_answer(answer: HttpAnswer, word: str) -> None:
    with http_server(lambda _: answer) as url, pytest.raises(NoReplyError, match=word):
        Poster(url).post(b"{}", 60)


def test_an_answer_that_ends_early_is_no_answer() -> None:
    with raw_server(lambda connection: connection.sendall(WHOLE[:-4])) as url, pytest.raises(NoReplyError):
        Poster(url).post(b"{}", 60)


#: Connects in a process that may take this much more memory than it has when it begins, in bytes.
MEMORY = 400 * 2**20
CHILD = f"""
import resource, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from misbehaving import network
from creditchain.chain.connect import connect
from creditchain.chain.errors import ChainUnavailableError
import creditchain.chain.http
now = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (now + {MEMORY}, now + {MEMORY}))
try:
    connect(network(sys.argv[1]))
except ChainUnavailableError as error:
    print(error)
"""


def flood(connection: socket.socket) -> None:
    """A gigabyte of JSON that never says how long it is."""
    connection.sendall(HEAD + b"\r\n[")
    for _ in range(1024):
        connection.sendall(b" " * 2**20)


def bomb(connection: socket.socket) -> None:
    """A few megabytes that unpack to six gigabytes."""
    packer = zlib.compressobj(9, wbits=31)
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\n\r\n")
    million, packed = b" " * 2**20, bytearray(packer.compress(b"["))
    for _ in range(64):
        packed += packer.compress(million)
    packed += packer.flush(zlib.Z_FULL_FLUSH)
    connection.sendall(packed)
    block = bytearray()
    for _ in range(64):
        block += packer.compress(million)
    block += packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(96):
        connection.sendall(block)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("serve", [flood, bomb])
def test_too_large_an_answer_is_one_error_within_bounded_memory(serve: Callable[[socket.socket], None]) -> None:
    with raw_server(serve) as url:
        done = subprocess.run([sys.executable, "-c", CHILD, url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "sends too much for eth_chainId; found an answer of more than 64 MiB" in done.stdout


def test_redirects_are_not_followed() -> None:
    """A redirected request would become a GET, or reveal its content to somebody else."""
    asked = []

    def answer(request: Any) -> HttpAnswer:
        asked.append(request)
        return 302, {"Location": "/elsewhere"}, b""

    with http_server(answer) as url, pytest.raises(ChainUnavailableError, match="HTTP status 302"):
        connect(network(url))
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ws://node:8546", "WebSocket"),
        ("wss://key@node:8546/secret", "WebSocket"),
        ("node:8545", "URL"),
        ("ftp://node", "URL"),
        ("http://", "URL"),
        ("http://[::1", "URL"),
        ("http://node:port", "URL"),
        ("", "URL"),
    ],
)
def test_a_url_that_is_none_of_an_endpoint(url: str, word: str) -> None:
    for witnesses in ((), (url,)):
        with pytest.raises(NetworkError, match=word) as raised:
            connect(network("http://127.0.0.1:9" if witnesses else url, witnesses=witnesses))
        assert "http://… or https://…" in str(raised.value)
        assert "secret" not in str(raised.value)


def test_keys_in_a_url_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "FIRST_PAUSE", 0.0)
    answers: list[HttpAnswer] = [(403, {}, b""), (200, {}, b"<html>")]
    for wrong in answers:
        with http_server(lambda _, wrong=wrong: wrong) as url, pytest.raises(ChainUnavailableError) as raised:
            connect(network(url.replace("http://", "http://name:secret@") + "/v3/secret?key=secret"))
        assert "secret" not in str(raised.value)


def test_a_body_just_below_the_cap_is_an_answer_and_not_junk() -> None:
    with http_server(lambda asked: json_answer(node(asked))) as url, connect(network(url)) as chain:
        assert chain.chain_id == 31337
