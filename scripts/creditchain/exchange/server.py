"""The web server of one process: it tells when it serves, and a signal to end is a good end from then on.

What its library and the event loop log of faults has no words of exceptions, which may name an enterprise.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from creditchain.faults import told

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Calls `serving` once it accepts calls. Run it within `ended_by_signals`."""

    def __init__(self, configuration: uvicorn.Config, serving: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._serving = serving
        logging.getLogger("uvicorn.error").addFilter(_without_words)

    @contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end the server, and nothing else: neither is raised again. For the main thread.

        What stands around `run` belongs within too: a second signal must not kill what the first one ends.
        """
        before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # `ended_by_signals` did, before anybody was told that this serves

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(_log_fault)
        await super().startup(sockets)
        # Whoever is told may send a signal at once. The handlers stand since before `run`.
        self._serving()


def _without_words(record: logging.LogRecord) -> bool:
    """Let a record of the web server pass with the kind and the way of its exception alone."""
    if record.exc_info and record.exc_info[1] is not None:
        record.msg, record.args = f"{record.getMessage().strip()}: {told(record.exc_info[1])}", ()
        record.exc_info = record.exc_text = None
    return True


def _log_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the event loop tells of a fault that nobody waited for; its message alone has no values in it."""
    error = context.get("exception")
    _log.error("%s: %s", context["message"], told(error) if error is not None else "without an exception")
