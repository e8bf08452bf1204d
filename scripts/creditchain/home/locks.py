"""Locks between processes that share a folder: files that the system holds for a process while it lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from creditchain.errors import Place, UnavailableError
from creditchain.home.files import FILE_MODE, private_folder, storage


class LockHeldError(UnavailableError):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, seconds: float, held: str, hint: str = "Wait for it to end.") -> Iterator[None]:
    """Hold the lock of this file, which is created with its folder if it is missing.

    Args:
        seconds: how long to wait for another process that holds it.
        held: the message of the error if that process goes on holding it.
    Raises:
        LockHeldError; StorageError: the file cannot be created, on a full or read-only disk for example.
    """
    lock = FileLock(private_folder(path.parent) / path.name, timeout=seconds, mode=FILE_MODE, thread_local=False)
    with storage("a lock file"):
        try:
            lock.acquire()
        except Timeout as error:  # an OSError too
            raise LockHeldError(held, hint=hint, place=Place(str(path))) from error
    try:
        yield
    finally:
        lock.release()
