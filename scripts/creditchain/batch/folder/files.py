"""Write the files of a batch folder: each once, digested while it is written, durable before the folder is named."""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from creditchain.home.files import fsync, storage

#: Rows of every record batch of a part except the last. Part of the folder's format: a row is found by division.
LEAF_ROWS = 65_536
DOCUMENT_ROWS = 4_096

#: Files that may wait to be made durable; each of them stays open.
_PENDING = 64


LEVELS = "levels.bin"


def part_name(number: int) -> str:
    """Name of a file in the folders `leaves` and `documents`."""
    return f"{number:05}.arrow"


class DigestingFile(io.RawIOBase):
    """A new file that digests what is written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._digest = hashlib.sha256()
        self._handle = path.open("xb", buffering=1 << 20)

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, data: Any) -> int:
        """Append `data` (anything with a buffer)."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._handle.write(view)
        return view.nbytes

    def tell(self) -> int:
        """Bytes written so far."""
        return self._handle.tell()

    def close(self) -> None:
        """Flush and close."""
        if not self.closed:
            try:
                self._handle.close()
            finally:
                super().close()

    def hexdigest(self) -> str:
        """sha256 of everything written."""
        return self._digest.hexdigest()


def write_arrow(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], rows: int) -> str:
    """Write an Arrow IPC file with `rows` rows a record batch; return its sha256 in hex. Raises StorageError."""
    with storage(f"{path.parent.name}/{path.name}"):
        sink = DigestingFile(path)
        with sink, pa.ipc.new_file(pa.PythonFile(sink, "w"), schema) as writer:
            for batch in _even(batches, rows):
                writer.write_batch(batch)
    return sink.hexdigest()


def _even(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of `rows` each; the last may have fewer."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        start = 0
        if count:
            start = min(rows - count, len(batch))
            waiting.append(batch.slice(0, start))
            count += start
            if count < rows:
                continue
            yield pa.concat_batches(waiting)
        full = len(batch) - (len(batch) - start) % rows
        yield from (batch.slice(at, rows) for at in range(start, full, rows))
        waiting, count = [batch.slice(full)], len(batch) - full
    if count:
        yield pa.concat_batches(waiting)


def file_digest(path: Path) -> str:
    """sha256 of a file, in hex. Raises StorageError."""
    with storage(path.name), path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


class Syncer:
    """Make files durable at once, or in the background while others are written. Leaving the context waits for all."""

    def __init__(self, *, background: bool) -> None:
        self._pool = ThreadPoolExecutor(2) if background else None
        self._pending: deque[Future[None]] = deque()

    def add(self, path: Path, *, read_soon: bool = True) -> None:
        """Take a file that is completely written; it may be renamed. Raises StorageError, here or on leaving.

        Not `read_soon`: its pages are given up once the disk has them, and serve for what is written next.
        """
        with storage(path.name):
            handle = os.open(path, os.O_RDONLY)
            if self._pool is None:
                _sync(handle, read_soon=read_soon)
                return
        self._pending.append(self._pool.submit(_sync, handle, read_soon=read_soon))
        self._wait(_PENDING)

    def _wait(self, most: int) -> None:
        """Wait until at most so many files are left. Raises StorageError."""
        with storage("the batch's files"):
            while len(self._pending) > most:
                self._pending.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            if kind is None:
                self._wait(0)


def _sync(handle: int, *, read_soon: bool = True) -> None:
    try:
        fsync(handle)
        if not read_soon and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
