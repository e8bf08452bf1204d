"""HTTP POST with bounds: one deadline for the whole exchange, one cap on the decoded body.

The timeouts of HTTP libraries bound the wait for the next byte, so an endpoint that sends a byte a second is never
late. Here every read gets what is left until the deadline, from the TLS handshake to the last byte. And a body is
counted as it is decompressed, so a gzip bomb costs no more memory than the cap.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from http.client import BadStatusLine, RemoteDisconnected
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from creditchain.chain.networks import is_loopback

if TYPE_CHECKING:
    from urllib3 import PoolManager

#: Most bytes of a decoded answer. What this package asks for in one request stays far below.
MAX_BODY = 64 * 2**20
#: Bytes read at a time.
_CHUNK = 2**16


class NoReply(Enum):
    """Why no HTTP answer came."""

    UNREACHED = "unreached"  #: there was not even a connection
    BROKEN = "broken"  #: the connection broke, or was too slow
    NOT_HTTP = "not HTTP"  #: what answers speaks something else
    UNTRUSTED = "untrusted"  #: its certificate is not trusted here, or it speaks no TLS: asking again does not help


class NoReplyError(Exception):
    """No HTTP answer came. The message is fit to be shown."""

    def __init__(self, message: str, why: NoReply = NoReply.BROKEN) -> None:
        super().__init__(message)
        self.why = why


class TooLargeError(Exception):
    """The body is larger than the cap."""


class _UndecodableError(Exception):
    """The body is compressed in another way than asked for, or ends early."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `retry_after`: seconds after which the server wants to be asked again, if it said so."""

    status: int
    body: bytes
    retry_after: float | None


class Poster:
    """Posts JSON to one URL over kept connections. Thread safe.

    Proxies and certificate authorities come from the environment, as `requests` finds them. A loopback URL never goes
    through a proxy: signed transactions and questions would leave this machine. Passwords come from the URL alone,
    never from a `.netrc`.
    """

    def __init__(self, url: str, max_body: int = MAX_BODY) -> None:
        self._url, self._max_body = url, max_body
        host = urlsplit(url).hostname or ""
        self._proxies = {"no_proxy": host} if is_loopback(url) else None
        self._session = requests.Session()
        self._session.auth = _UrlAuth(*get_auth_from_url(url))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter())

    def post(self, body: bytes, seconds: float) -> Reply:
        """One exchange, redirects not followed.

        Args:
            body: JSON.
            seconds: for everything, from the connection to the last byte.
        Raises:
            NoReplyError: no connection, it broke, or the time was over.
            TooLargeError: the answer is larger than the cap.
        """
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        with _deadline(seconds):
            try:
                with self._session.post(
                    self._url,
                    data=body,
                    headers=headers,
                    timeout=seconds,
                    stream=True,
                    allow_redirects=False,
                    proxies=self._proxies,
                ) as response:
                    wait = _retry_after(response.headers.get("Retry-After"))
                    return Reply(response.status_code, self._body(response), wait)
            except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error, _UndecodableError) as error:
                raise _no_reply(error, seconds) from error

    def close(self) -> None:
        """Close the kept connections."""
        self._session.close()

    def _body(self, response: requests.Response) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding in ("", "identity"):
            unpack: _Unpacker | None = None
        elif encoding in ("gzip", "x-gzip", "deflate"):
            unpack = _Unpacker()
        else:
            raise _UndecodableError
        body = bytearray()
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            body += chunk if unpack is None else unpack(chunk, self._max_body + 1 - len(body))
            if len(body) > self._max_body:
                raise TooLargeError(f"an answer of more than {self._max_body // 2**20} MiB")
        if unpack is not None:
            unpack.finish()
        return bytes(body)


class _UrlAuth(HTTPBasicAuth):
    """User name and password of a URL. While a session has one of these, `requests` looks into no `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.username or self.password:
            super().__call__(request)  # type: ignore[no-untyped-call]
        return request


class _Unpacker:
    """Decompresses a stream, never more than asked for."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, by its header

    def __call__(self, chunk: bytes, room: int) -> bytes:
        """At most `room` bytes, which is at least 1; what is beyond them is left undone."""
        return self._stream.decompress(chunk, room)

    def finish(self) -> None:
        if not self._stream.eof:
            raise _UndecodableError


# The deadline of the exchange that this thread is in. `requests` hands sockets deep inside a pool, which is no place
# to pass it through.
_current = threading.local()


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    _current.end = time.monotonic() + seconds
    try:
        yield
    finally:
        del _current.end


def _left() -> float:
    left: float = _current.end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class _Reader(io.RawIOBase):
    """The reading side of a socket, each read given what is left until the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        # Python's own raw reader keeps the socket open until it is closed itself, as http.client relies on.
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Socket:
    """A connected socket whose readers keep the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        assert mode == "rb", mode  # noqa: S101 - http.client asks for nothing else
        return io.BufferedReader(_Reader(self._sock))

    def sendall(self, data: Any) -> None:
        self._sock.settimeout(_left())
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _Socket(self.sock)


class _TlsConnection(HTTPSConnection):
    _plain: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        sock: socket.socket = super()._new_conn()
        self._plain = sock.dup()
        return sock

    def connect(self) -> None:
        # The handshake reads from the socket itself: at the deadline, the connection is shut under it.
        alarm = threading.Timer(_left(), self._shut)
        alarm.daemon = True
        alarm.start()
        try:
            super().connect()
        finally:
            alarm.cancel()
            if self._plain is not None:
                self._plain.close()
        self.sock = _Socket(self.sock)

    def _shut(self) -> None:
        try:
            if self._plain is not None:
                self._plain.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        _use_ours(self.poolmanager)

    def proxy_manager_for(self, proxy: Any, **named: Any) -> Any:
        return _use_ours(super().proxy_manager_for(proxy, **named))


def _use_ours(manager: PoolManager) -> PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager


def _no_reply(error: Exception, seconds: float) -> NoReplyError:
    if isinstance(error, _UndecodableError | zlib.error):
        return NoReplyError("a body that cannot be decompressed")
    cause = _root(error)
    if isinstance(cause, ssl.SSLError) and _is_lasting(cause):
        return NoReplyError(f"no TLS connection ({cause.reason})", NoReply.UNTRUSTED)
    if isinstance(error, requests.exceptions.SSLError):
        return NoReplyError(f"no TLS connection ({type(cause).__name__})")
    if isinstance(error, requests.exceptions.ProxyError):
        return NoReplyError("the proxy gives no connection", NoReply.UNREACHED)
    if isinstance(cause, ConnectionRefusedError | socket.gaierror):
        return NoReplyError(cause.strerror or type(cause).__name__, NoReply.UNREACHED)
    if isinstance(error, requests.Timeout) or isinstance(cause, TimeoutError):
        return NoReplyError(f"no whole answer within {seconds:.3g} s")
    if isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected):
        return NoReplyError("something that is not HTTP", NoReply.NOT_HTTP)
    return NoReplyError(f"the connection broke ({type(cause).__name__})")


def _is_lasting(error: ssl.SSLError) -> bool:
    """A certificate that is not trusted, or a port without TLS, is the same the next time."""
    return isinstance(error, ssl.SSLCertVerificationError) or error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")


def _root(error: BaseException) -> BaseException:
    """What is at the bottom of a chain of wrapped errors: `requests` wraps urllib3's, which wrap the socket's."""
    seen = {id(error)}
    while True:
        inner = error.__cause__ or error.__context__ or getattr(error, "reason", None)
        if not isinstance(inner, BaseException) or id(inner) in seen:
            return error
        seen.add(id(inner))
        error = inner


def _retry_after(text: str | None) -> float | None:
    """RFC 9110 section 10.2.3: seconds, or a date. None for anything else."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def shown(url: str) -> str:
    """Scheme, host and port of a URL: endpoints of providers carry keys in their path and user name."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
