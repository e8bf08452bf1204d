"""Connections with limits: uvicorn waits for the head of a request, and for a reader, as long as it takes.

A caller that sends a byte a minute holds nothing but its connection, and that only for a while. The body of a request
is bounded where it is read (`bodies`), because some may be larger than others.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from creditchain.exchange import measures
from creditchain.exchange.service import Limits


def bounded_protocol(limits: Limits, keep_alive: float) -> type[BoundedProtocol]:
    """The protocol that serves connections within limits. `keep_alive`: seconds between two requests."""

    class Protocol(BoundedProtocol):
        bounds, idle_seconds = limits, keep_alive

    return Protocol


class BoundedProtocol(HttpToolsProtocol):
    """One connection. There is one timer for what is waited for, and one for a caller that does not read."""

    bounds: ClassVar[Limits]
    idle_seconds: ClassVar[float]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._waiting: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._in_head, self._in_message, self._head_bytes = False, False, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(self.bounds.head_seconds, "head")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.bounds.head_bytes:
                self._cut("head-bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._in_message, self._head_bytes = True, True, 0
        self._wait(self.bounds.head_seconds, "head")

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._wait(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()
        self._after_answer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._after_answer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.bounds.reading_seconds, self._cut, "reading")

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reads_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self._reads_again()
        super().connection_lost(exc)

    def _after_answer(self) -> None:
        """Once a call is answered: the rest of its body, or the next request, has to come in time."""
        if self._in_head or self.cycle is None or not self.cycle.response_complete:
            return
        if self._in_message:
            self._wait(self.bounds.body_seconds, "body")
        else:
            self._wait(self.idle_seconds)

    def _wait(self, seconds: float | None, what: str | None = None) -> None:
        """Wait for something else now; None: for nothing. `what` is counted if it does not come."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if seconds is None else self.loop.call_later(seconds, self._cut, what)

    def _reads_again(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
        self._writing = None

    def _cut(self, what: str | None) -> None:
        if self.transport.is_closing() and what != "reading":
            return
        if what is not None:
            measures.CUT.labels(what).inc()
        # Not `close`, which waits until the caller has read what was sent.
        self.transport.abort()
