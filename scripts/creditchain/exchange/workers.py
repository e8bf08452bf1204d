"""Several processes that serve one exchange: each is this command again, on the socket that the first process opened.

The first process serves nothing. It holds the lock of the exchange, starts the workers, replaces one that ends, and
ends all of them together. One of them meters. Workers notice the end of the first process, however it ends, by a pipe
whose other side it alone holds.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from prometheus_client import multiprocess

from creditchain.errors import UnavailableError, UsageError

_log = logging.getLogger(__name__)

#: Tells a process that it is a worker, and with what: "SOCKET LIFELINE READY METERS", three open files and 0 or 1.
WORKER: Final = "CREDITCHAIN_WORKER_FILES"
#: Where processes share what they count (prometheus-client's own name).
_COUNTS: Final = "PROMETHEUS_MULTIPROC_DIR"
#: Seconds that a worker has for the calls under way and metering, before it is ended for good.
ENDING_SECONDS: Final = 45.0
#: Seconds between a worker's end and the start of its successor, if it ended within as many.
_PAUSE: Final = 2.0
_LOOK: Final = 0.1


class WorkersError(UnavailableError):
    """A worker ended before it served; what it says on standard error is the reason."""


@dataclass(frozen=True, slots=True)
class WorkerRole:
    """What a worker was given: the socket to serve on, and whether it is the one that meters."""

    socket: socket.socket
    meters: bool
    _lifeline: int
    _ready: int

    @classmethod
    def own(cls) -> Self | None:
        """The role of this process; None if it is no worker."""
        given = os.environ.pop(WORKER, None)
        if given is None:
            return None
        listening, lifeline, ready, meters = map(int, given.split())
        return cls(socket.socket(fileno=listening), bool(meters), lifeline, ready)

    def serving(self) -> None:
        """Tell the first process that this one serves; and end it when the first one is gone."""
        os.write(self._ready, b"1")
        os.close(self._ready)
        threading.Thread(target=self._end_with_first, name="lifeline", daemon=True).start()

    def _end_with_first(self) -> None:
        while os.read(self._lifeline, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)


def require_server(*, workers: int, has_server: bool) -> None:
    """Raise UsageError where several workers would share an SQLite file: each delivery would wait for all others."""
    if workers > 1 and not has_server:
        raise UsageError(
            "several workers need a journal in PostgreSQL",
            expected="--database postgresql://…, or --workers 1",
            hint="`creditchain journal move` moves the journal there.",
        )


def supervise(count: int, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serve by so many workers until told to end (SIGINT, SIGTERM). `started` is called once all of them serve.

    Raises WorkersError: a worker ended before all served.
    """
    with tempfile.TemporaryDirectory(prefix="creditchain-") as counts, _Crew(count, listening, counts) as crew:
        if crew.serve_first():
            started()
            crew.keep()


class _Crew:
    """The workers of one exchange."""

    def __init__(self, count: int, listening: socket.socket, counts: str) -> None:
        self._listening, self._counts = listening, counts
        self._lifeline, self._held = os.pipe()
        self._ending = threading.Event()
        self._workers: list[tuple[subprocess.Popen[bytes], int, float]] = []
        self._count = count

    def __enter__(self) -> Self:
        self._before = {one: signal.signal(one, self._end) for one in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._finish()
        for one, handler in self._before.items():
            signal.signal(one, handler)
        os.close(self._lifeline)
        os.close(self._held)

    def _end(self, *_: object) -> None:
        self._ending.set()

    def serve_first(self) -> bool:
        """Start all workers, and wait until they serve. False: told to end before."""
        self._workers = [self._started(place) for place in range(self._count)]
        while not self._ending.is_set():
            if any(worker.poll() is not None for worker, _, _ in self._workers):
                if self._ending.is_set():  # Ctrl-C reaches them as well, maybe sooner
                    return False
                raise WorkersError("a worker of the exchange ended before it served")
            if all(_is_ready(ready) for _, ready, _ in self._workers):
                return True
            time.sleep(_LOOK)
        return False

    def keep(self) -> None:
        """Replace workers that end, until told to end."""
        while not self._ending.wait(_LOOK):
            for place, (worker, ready, since) in enumerate(self._workers):
                if worker.poll() is None:
                    continue
                if time.monotonic() - since < _PAUSE and self._ending.wait(_PAUSE):
                    return
                _log.error("a worker ended with %s, and is replaced", worker.returncode)
                try:
                    self._workers[place] = self._started(place)
                except OSError as error:  # of files or memory, say: the others go on, and it is tried again
                    _log.error("no other worker can be started, and it is tried again: %s", error.strerror)
                    if self._ending.wait(_PAUSE):
                        return
                    continue
                os.close(ready)
                multiprocess.mark_process_dead(worker.pid, self._counts)  # type: ignore[no-untyped-call]

    def _started(self, place: int) -> tuple[subprocess.Popen[bytes], int, float]:
        """A worker, the file that tells when it serves, and since when it runs. The first one meters."""
        ready, told = os.pipe()
        files = (self._listening.fileno(), self._lifeline, told)
        role = " ".join(map(str, (*files, int(place == 0))))
        command = [sys.executable, "-m", "creditchain", *sys.argv[1:]]
        worker = subprocess.Popen(  # noqa: S603 - this command again
            command, pass_fds=files, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={**os.environ, WORKER: role, _COUNTS: self._counts},
        )  # fmt: skip
        os.close(told)
        os.set_blocking(ready, False)
        return worker, ready, time.monotonic()

    def _finish(self) -> None:
        for worker, _, _ in self._workers:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGTERM)
        until = time.monotonic() + ENDING_SECONDS
        for worker, ready, _ in self._workers:
            try:
                worker.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            if worker.returncode != 0:
                _log.error("a worker did not end well, but with %d", worker.returncode)
            os.close(ready)


def _is_ready(file: int) -> bool:
    """Whether a worker told that it serves: it wrote into its pipe, or closed it after that."""
    try:
        return os.read(file, 1) in (b"1", b"")
    except BlockingIOError:
        return False


def shares_counts() -> bool:
    """Whether this process is one of several, which count together."""
    return _COUNTS in os.environ
