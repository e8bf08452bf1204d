"""Where requests go, whatever this machine's environment says, and what is told of endpoints that no retry helps."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from misbehaving import HttpAnswer, http_server, json_answer, network, node, raw_server

from creditchain.chain import rpc
from creditchain.chain.connect import connect
from creditchain.chain.errors import ChainUnavailableError, EndpointError, JunkError
from creditchain.chain.http import Poster
from creditchain.chain.refusals import Refusal


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "FIRST_PAUSE", 0.0)


@contextmanager
def server_of_headers(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers `{}`, on TLS where a context is given; its URL, and the requests' (target, headers)."""
    seen: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((self.path, dict(self.headers)))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that does not trust the certificate hangs up

    with Server(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            scheme = "https"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for 127.0.0.1 that nobody trusts, and the certificate's file."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "node.pem", folder / "node.key"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, private)
    return context, chain


PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_for_this_machine_goes_through_no_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with server_of_headers() as (proxy, leaked), http_server(lambda asked: json_answer(node(asked))) as url:
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with connect(network(url.replace("127.0.0.1", host))) as chain:
            assert chain.chain_id == 31337
    assert leaked == []


def test_what_is_for_other_machines_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Institutions reach hosted nodes through their proxy, and only so."""
    with server_of_headers() as (proxy, seen):
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        assert Poster("http://node.invalid:8545").post(b"{}", 60).body == b"{}"
    assert [target for target, _ in seen] == ["http://node.invalid:8545/"]


def test_passwords_come_from_the_url_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with server_of_headers() as (url, seen):
        Poster(url).post(b"{}", 60)
        Poster(url.replace("http://", "http://name:p%40ss@")).post(b"{}", 60)
    without, with_one = (headers for _, headers in seen)
    assert "Authorization" not in without
    assert with_one["Authorization"] == "Basic bmFtZTpwQHNz"


def test_a_certificate_that_nobody_trusts_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, certificate = self_signed(tmp_path)
    with server_of_headers(context) as (url, seen):
        with pytest.raises(EndpointError, match="CERTIFICATE_VERIFY_FAILED") as raised:
            connect(network(url))
        assert raised.value.refusal is Refusal.REFUSED
        assert "REQUESTS_CA_BUNDLE" in str(raised.value)
        assert seen == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert Poster(url).post(b"{}", 60).body == b"{}"


def test_https_to_a_port_without_tls_is_told_at_once() -> None:
    def serve(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve) as url, pytest.raises(EndpointError, match="WRONG_VERSION_NUMBER") as raised:
        connect(network(url.replace("http://", "https://")))
    assert raised.value.refusal is Refusal.REFUSED


def test_what_speaks_no_http_is_asked_a_few_times_only() -> None:
    asked = []

    def serve(connection: Any) -> None:
        asked.append(1)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n" * 3)

    with raw_server(serve) as url, pytest.raises(JunkError, match="something that is not HTTP"):
        connect(network(url))
    assert len(asked) == rpc.JUNK_ATTEMPTS


@pytest.mark.parametrize("value", [b"[]", b"{}", b"[[0]]", b"0"])
def test_an_answer_of_very_many_values_is_not_decoded(value: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty megabytes of empty lists would take two gigabytes."""
    monkeypatch.setattr(rpc, "MAX_VALUES", 1000)
    body = b'{"jsonrpc":"2.0","id":1,"result":[' + b",".join([value] * 1000) + b"]}"
    answer: HttpAnswer = (200, {}, body)
    with http_server(lambda _: answer) as url, pytest.raises(ChainUnavailableError, match="sends too much for eth_cha"):
        connect(network(url))


def test_the_cap_on_values_lets_a_body_of_logs_through() -> None:
    """Nothing that is worth its bytes is refused: a log has about fifteen values in seven hundred bytes."""
    import json

    from creditchain.chain.http import MAX_BODY

    one = json.dumps(node({"id": 1, "method": "eth_getLogs", "params": []})["result"][0]).encode()
    padded = one.replace(b'"0x01"', b'"0x' + b"01" * 192 + b'"')
    assert rpc._values(padded) * (MAX_BODY // len(padded)) < rpc.MAX_VALUES
