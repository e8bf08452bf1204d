"""Erasing documents from a batch folder: content and salt are overwritten in place; every other proof stays.

The leaf stays: it is a salted hash, and says nothing without salt and content. `purged.json` lists the documents that
were erased on purpose, with the new digests of their files. It is written before anything is overwritten, so erasing
again finishes what a crash interrupted.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditchain.batch.errors import BatchError, storage
from creditchain.batch.folder.files import DOCUMENT_ROWS, file_digest, part_name
from creditchain.batch.folder.manifest import Manifest
from creditchain.batch.folder.order import ORDER, open_order
from creditchain.errors import Place
from creditchain.home.files import fsync, write_file

FILE = "purged.json"
FORMAT = "creditchain/purged@1"


@dataclass(frozen=True, slots=True)
class Purges:
    """Which leaves' documents were erased, and the sha256 (hex) of the files they were in, by number."""

    indices: frozenset[int] = frozenset()
    digests: dict[int, str] = field(default_factory=dict)


def read_purges(folder: Path) -> Purges:
    """What was erased from a batch. Raises BatchError for a file that is not one of ours."""
    path = folder / FILE
    if not path.exists():
        return Purges()
    try:
        with storage(FILE):
            told = json.loads(path.read_bytes())
        if told["format"] != FORMAT:
            raise ValueError("another format")
        return Purges(
            frozenset(map(int, told["indices"])), {int(part): str(digest) for part, digest in told["parts"].items()}
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BatchError("not a list of purged documents", place=Place(FILE)) from error


def check_erasable(folder: Path, manifest: Manifest, indices: Sequence[int]) -> None:
    """Could `erase` erase these documents now? Writes and removes an empty file, and changes nothing.

    Raises IndexError, BatchError, StorageError as `erase` does.
    """
    _require_sound(folder, manifest, indices)
    read_purges(folder)
    with storage(f"{folder.name}/{FILE}"):
        probe = folder / f".{FILE}.probe"
        with probe.open("wb") as handle:
            fsync(handle.fileno())
        probe.unlink()
    for part in range(len(manifest.documents)):
        with storage(f"{folder.name}/documents/{part_name(part)}"):
            (folder / "documents" / part_name(part)).open("r+b").close()


def erase(folder: Path, manifest: Manifest, indices: Sequence[int]) -> Purges:
    """Erase the documents at `indices` for good. Doing it again does no harm.

    Raises IndexError, StorageError; BatchError where `order.bin` is not as it was written: nothing is erased then.
    """
    _require_sound(folder, manifest, indices)
    known = read_purges(folder)
    whole = frozenset(indices) | known.indices
    with storage(f"{folder.name}/{FILE}"):
        _write(folder, Purges(whole, known.digests))
        rows = sorted(set(open_order(folder, manifest.size)[list(indices)].tolist()))
        digests = dict(known.digests)
        start = end = 0
        for part, file in enumerate(manifest.documents):
            start, end = end, end + file.rows
            here = [row - start for row in rows if start <= row < end]
            if here:
                path = folder / "documents" / part_name(part)
                _overwrite(path, here)
                digests[part] = file_digest(path)
        done = Purges(whole, digests)
        _write(folder, done)
    return done


def _require_sound(folder: Path, manifest: Manifest, indices: Sequence[int]) -> None:
    if any(not 0 <= index < manifest.size for index in indices):
        raise IndexError(f"a batch of {manifest.size} has no such index")
    with storage(f"{folder.name}/{ORDER}"):
        digest = file_digest(folder / ORDER)
    if digest != manifest.order:
        raise BatchError("the file has changed since it was written", expected=manifest.order, place=Place(ORDER))


def _overwrite(path: Path, rows: Sequence[int]) -> None:
    """Overwrite content and salt of some rows of a part with zeros, in place and durably."""
    with path.open("r+b") as handle, mmap.mmap(handle.fileno(), 0) as mapped:
        reader = pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped)))
        base = pa.py_buffer(mapped).address
        spans = [
            span for row in rows for span in _spans(reader.get_batch(row // DOCUMENT_ROWS), row % DOCUMENT_ROWS, base)
        ]
        del reader
        for start, length in spans:
            mapped[start : start + length] = bytes(length)
        mapped.flush()
        fsync(handle.fileno())


def _spans(batch: Any, row: int, base: int) -> list[tuple[int, int]]:
    """Offset and length, in the file, of the content and of the salt of a row."""
    _, offsets, data = batch.column("content").buffers()
    bounds = memoryview(offsets).cast("q")
    salts = batch.column("salt").buffers()[1]
    start, stop = bounds[row], bounds[row + 1]
    del bounds
    return [(data.address - base + start, stop - start), (salts.address - base + 32 * row, 32)]


def _write(folder: Path, purges: Purges) -> None:
    told = {
        "format": FORMAT,
        "indices": sorted(purges.indices),
        "parts": {str(part): digest for part, digest in sorted(purges.digests.items())},
    }
    write_file(folder / FILE, json.dumps(told, indent=2) + "\n", overwrite=True)
