"""Locks between processes that share a home: files in its `locks` folder, held by the system while a process lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from creditchain.batch.ledger import Identity
from creditchain.errors import UnavailableError
from creditchain.hashing import keccak256
from creditchain.home.files import private_folder


@contextmanager
def locked(folder: Path, kind: str, name: str, seconds: float) -> Iterator[None]:
    """Hold the lock of this kind and name; wait for it at most `seconds`.

    Raises UnavailableError: another process holds it for longer.
    """
    lock = FileLock(private_folder(folder) / f"{kind}-{keccak256(name.encode()).hex()[:32]}")
    try:
        with lock.acquire(timeout=seconds):
            yield
    except Timeout as error:
        raise UnavailableError(f"another process works on this {kind}", hint="Wait for it to end.") from error


def upload_lock(identity: Identity) -> str:
    """The name of the lock under which one upload is anchored, resumed or dropped."""
    return repr(identity)
