"""The web server of one process: it tells when it serves, and a signal to end is a good end from then on."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn


class Server(uvicorn.Server):
    """Calls `serving` once it accepts calls. Run it within `ended_by_signals`."""

    def __init__(self, configuration: uvicorn.Config, serving: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._serving = serving

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
        await super().startup(sockets)
        # Whoever is told may send a signal at once. The handlers stand since before `run`.
        self._serving()
