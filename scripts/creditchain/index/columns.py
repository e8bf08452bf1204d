"""The files of an index: one for each column of the entries, to which rows are only appended.

kinds.bin          1 byte for each entry
times.bin          unix seconds; this and all other numbers: uint64, little-endian
blocks.bin         numbers of the blocks that hold the events
writers.bin        addresses, 20 bytes
transactions.bin   hashes, 32 bytes
bodies.bin         all bodies, one after another
body-ends.bin      where each ends
writes.bin         96 bytes for each write
write-ends.bin     number of writes up to each entry's last
tree.bin           nodes of the log's tree, see `merkle.stored`
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from creditchain.home.files import extend_file, storage
from creditchain.index.errors import IndexDamagedError
from creditchain.index.head import IndexHead
from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entry_columns import EntryColumns
from creditchain.merkle.rows import Rows
from creditchain.merkle.stored import StoredTree, stored_rows

Counts = npt.NDArray[np.uint64]

#: Bytes that each file takes for a row.
WIDTHS: Final[Mapping[str, int]] = {
    "kinds": 1,
    "times": 8,
    "blocks": 8,
    "writers": 20,
    "transactions": 32,
    "bodies": 1,
    "body-ends": 8,
    "writes": WRITE_BYTES,
    "write-ends": 8,
    "tree": 32,
}


@dataclass(frozen=True, slots=True, eq=False)
class NewEntries:
    """Entries to append, with number of block, hash of transaction (n, 32) of each, and the new nodes of the tree."""

    entries: EntryColumns
    blocks: Counts
    transactions: Rows
    nodes: Rows


class IndexColumns:
    """The columns as far as a head counts them, mapped. They stay as they are while a process appends."""

    def __init__(self, folder: Path, head: IndexHead) -> None:
        """Map the files. Raises IndexDamagedError if one is missing or too short; StorageError."""
        files = {name: _mapped(folder, name, rows) for name, rows in _rows(head).items()}
        self.head = head
        self.kinds = files["kinds"].reshape(-1)
        self.times, self.blocks = _numbers(files["times"]), _numbers(files["blocks"])
        self.writers, self.transactions = files["writers"], files["transactions"]
        self._bodies, self._writes = files["bodies"].reshape(-1), files["writes"]
        self._body_ends, self._write_ends = _numbers(files["body-ends"]), _numbers(files["write-ends"])
        self.tree = StoredTree(files["tree"], head.entries)

    def part(self, first: int, stop: int) -> EntryColumns:
        """Entries `first` to before `stop`; shares the mapped memory. IndexDamagedError if the ends make no sense."""
        try:
            return EntryColumns(
                indices=np.arange(first, stop, dtype=np.uint64),
                kinds=self.kinds[first:stop],
                writers=self.writers[first:stop],
                times=self.times[first:stop].astype(np.uint64),
                bodies=self._bodies,
                body_ends=_ends(self._body_ends, first, stop),
                writes=self._writes,
                write_ends=_ends(self._write_ends, first, stop),
            )
        except ValueError as error:
            raise IndexDamagedError(
                "the ends of bodies or writes make no sense", expected=str(error).removeprefix("expected ")
            ) from None

    def cut_to(self, entries: int) -> tuple[int, int]:
        """Length of the bodies, and number of the writes, of the first `entries` entries."""
        if not entries:
            return 0, 0
        return int(self._body_ends[entries - 1]), int(self._write_ends[entries - 1])


def append(folder: Path, head: IndexHead, new: NewEntries) -> IndexHead:
    """Append entries to the files, durably. They count once the head that this returns is written.

    What a process that was killed left after the rows that count is overwritten. Raises StorageError.
    """
    entries, (bodies, body_ends), (writes, write_ends) = new.entries, _bodies(new.entries), _writes(new.entries)
    content: dict[str, npt.NDArray[np.generic]] = {
        "kinds": entries.kinds,
        "times": entries.times.astype("<u8"),
        "blocks": new.blocks.astype("<u8"),
        "writers": entries.writers,
        "transactions": new.transactions,
        "bodies": bodies,
        "body-ends": (body_ends + head.bodies).astype("<u8"),
        "writes": writes,
        "write-ends": (write_ends + head.writes).astype("<u8"),
        "tree": new.nodes,
    }
    for name, rows in _rows(head).items():
        raw = np.ascontiguousarray(content[name]).reshape(-1).view(np.uint8)
        extend_file(folder / f"{name}.bin", rows * WIDTHS[name], raw.data)
    return head.grown(
        entries=head.entries + len(entries), bodies=head.bodies + len(bodies), writes=head.writes + len(writes)
    )


def _rows(head: IndexHead) -> dict[str, int]:
    """How many rows of each file the head counts."""
    rows = dict.fromkeys(WIDTHS, head.entries)
    return rows | {"bodies": head.bodies, "writes": head.writes, "tree": stored_rows(head.entries)}


def _mapped(folder: Path, name: str, rows: int) -> Rows:
    path, length = folder / f"{name}.bin", rows * WIDTHS[name]
    if not length:
        return np.empty((0, WIDTHS[name]), np.uint8)
    with storage("the index of the log"):
        found = path.stat().st_size if path.exists() else 0
        if found < length:
            raise IndexDamagedError(
                "a file is too short", expected=f"{length} bytes", found=f"{found} bytes", file=str(path)
            )
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.uint8).reshape(rows, WIDTHS[name])


def _numbers(rows: Rows) -> Counts:
    return rows.reshape(-1).view("<u8")


def _ends(ends: Counts, first: int, stop: int) -> npt.NDArray[np.int64]:
    begin = ends[first - 1 : first] if first else np.zeros(1, np.uint64)
    return np.concatenate([begin, ends[first:stop]]).astype(np.int64)


def _bodies(entries: EntryColumns) -> tuple[Rows, npt.NDArray[np.int64]]:
    start = entries.body_ends[0]
    return entries.bodies[start : entries.body_ends[-1]], (entries.body_ends[1:] - start).astype(np.int64)


def _writes(entries: EntryColumns) -> tuple[Rows, npt.NDArray[np.int64]]:
    start = entries.write_ends[0]
    return entries.writes[start : entries.write_ends[-1]], (entries.write_ends[1:] - start).astype(np.int64)
