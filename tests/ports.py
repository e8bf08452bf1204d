"""Ports for nodes that tests start: free ones, and each for one test at a time on this machine."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Below the ports that the system gives to outgoing connections.
RANGE = range(10_000, 32_000)


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody listens on, and that no other test gets before the block ends.

    A test starts its node a moment after it chose the port, or ends it and starts it again there. Another process of
    tests (a worker, another checkout) may not take the port in between, so its file is locked for as long.
    """
    folder = Path(tempfile.gettempdir()) / f"creditchain-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    chance = random.SystemRandom()  # pytest-randomly seeds the usual one alike in all workers
    while True:
        port = chance.choice(RANGE)
        with (folder / str(port)).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if _is_free(port):
                yield port
                return


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
