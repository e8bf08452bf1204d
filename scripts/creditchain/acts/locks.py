"""Locks between processes that share a home: what each of them holds, by its kind and name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from creditchain.batch.ledger import Identity
from creditchain.errors import RefusedError
from creditchain.hashing import keccak256
from creditchain.home.locks import LockHeldError, file_lock


def locked(folder: Path, kind: str, name: str, seconds: float) -> AbstractContextManager[None]:
    """Hold the lock of this kind and name, a file in `folder`; wait for it at most `seconds`.

    Raises LockHeldError: another process holds it for longer. StorageError.
    """
    path = folder / f"{kind}-{keccak256(os.fsencode(name)).hex()[:32]}"
    return file_lock(path, seconds, f"another process works on this {kind}")


@contextmanager
def only_one(folder: Path, kind: str, name: str, refused: RefusedError) -> Iterator[None]:
    """As `locked`, without waiting: raises `refused` where another process holds the lock. StorageError."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder, kind, name, 0.0))
        except LockHeldError as error:
            raise refused from error
        yield


def upload_lock(identity: Identity) -> str:
    """The name of the lock under which one upload is anchored, resumed or dropped."""
    return repr(identity)
