"""The parts of a book on disk: leaves as rows of 69 bytes, and beside them the number of each leaf's batch.

`leaves/00000.bin` holds the keys of leaves, tag[32] || section[1] || product[4] || commitment[32], one after another
in the order of the tree; `origins/00000.bin` as many numbers of batches, uint32 in little-endian order. Nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import BookError
from creditchain.errors import Place
from creditchain.home.files import storage
from creditchain.merkle.rows import KEY_BYTES, Numbers, Rows

LEAVES, ORIGINS, LEVELS = "leaves", "origins", "levels.bin"
#: Type of the number of a batch on disk.
ORIGIN = np.dtype("<u4")


def part_name(number: int) -> str:
    """Name of a part in the folders `leaves` and `origins`."""
    return f"{number:05}.bin"


@dataclass(frozen=True, slots=True)
class PartRows:
    """The rows of one part, mapped: keys (n, 69) and numbers of batches (n,)."""

    keys: Rows
    origins: Numbers


def open_part(folder: Path, number: int, rows: int) -> PartRows:
    """Map a part. Raises BookError for files of another length, StorageError."""
    keys = _mapped(folder / LEAVES / part_name(number), np.dtype(np.uint8), rows * KEY_BYTES)
    return PartRows(keys.reshape(-1, KEY_BYTES), _mapped(folder / ORIGINS / part_name(number), ORIGIN, rows))


def _mapped(path: Path, kind: np.dtype[np.generic], count: int) -> np.ndarray:
    name = f"{path.parent.name}/{path.name}"
    with storage(name):
        length = path.stat().st_size
        if length != count * kind.itemsize:
            expected = f"{count * kind.itemsize} bytes"
            raise BookError(
                "a file of the book has a wrong length", expected=expected, found=str(length), place=Place(name)
            )
        # An empty file cannot be mapped.
        return np.asarray(np.memmap(path, dtype=kind, mode="r")) if count else np.empty(0, kind)
