"""Files of a batch folder: written once, hashed while they are written, durable when closed."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditchain.batch.errors import storage

#: Rows of each record batch of a part but the last; part of the folder's format, so that a row is found by division.
LEAF_ROWS = 65_536
DOCUMENT_ROWS = 4_096


class DigestingFile(io.RawIOBase):
    """A new file that digests what goes through it. `close` makes it durable."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._digest = hashlib.sha256()
        self._handle = path.open("xb", buffering=1 << 20)

    def writable(self) -> bool:
        """True: that is what it is for."""
        return True

    def write(self, data: Any) -> int:
        """Append `data` (anything with a buffer)."""
        view = memoryview(data).cast("B")
        self._digest.update(view)
        self._handle.write(view)
        return view.nbytes

    def tell(self) -> int:
        """Bytes so far."""
        return self._handle.tell()

    def close(self) -> None:
        """Flush, fsync and close."""
        if not self.closed:
            try:
                self._handle.flush()
                fsync(self._handle.fileno())
            finally:
                self._handle.close()
                super().close()

    def hexdigest(self) -> str:
        """sha256 of everything written."""
        return self._digest.hexdigest()


def write_arrow(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], rows: int) -> str:
    """Write an Arrow IPC file, `rows` rows a record batch but the last; its sha256 in hex. Raises StorageError."""
    with storage(f"{path.parent.name}/{path.name}"):
        sink = DigestingFile(path)
        with sink, pa.ipc.new_file(pa.PythonFile(sink, "w"), schema) as writer:
            for batch in batches:
                for start in range(0, len(batch), rows):
                    writer.write_batch(batch.slice(start, rows))
    return sink.hexdigest()


def write_bytes(path: Path, data: bytes) -> str:
    """Write a small file durably; its sha256 in hex. Raises StorageError."""
    with storage(path.name), DigestingFile(path) as sink:
        sink.write(data)
    return sink.hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a file, in hex. Raises StorageError."""
    with storage(path.name), path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fsync(handle: int) -> None:
    """Make a file or folder durable. One place, so that a test can count these steps."""
    os.fsync(handle)


def fsync_folder(path: Path) -> None:
    """Make the entries of a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fsync(handle)
    finally:
        os.close(handle)


def rename(source: Path, target: Path) -> None:
    """Rename, and make that durable. One place, so that a test can count these steps."""
    source.rename(target)
    fsync_folder(target.parent)
