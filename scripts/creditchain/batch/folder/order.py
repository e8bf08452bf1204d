"""`order.bin`: for each leaf, in the order of the tree, the row of its document among all documents."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from creditchain.batch.errors import BatchError, storage
from creditchain.errors import Place

ORDER = "order.bin"
#: Type of one row number.
ROW_NUMBER = np.dtype("<i8")


def open_order(folder: Path, size: int) -> npt.NDArray[np.int64]:
    """The rows, mapped. Raises BatchError for a file of the wrong length, StorageError."""
    with storage(ORDER):
        length = (folder / ORDER).stat().st_size
        if length != size * ROW_NUMBER.itemsize:
            expected = f"{size * ROW_NUMBER.itemsize} bytes for {size} leaves"
            raise BatchError("the file has a wrong length", expected=expected, found=str(length), place=Place(ORDER))
        return np.memmap(folder / ORDER, dtype=ROW_NUMBER, mode="r")
