"""Entries read from the files of an index, each held against the root of its log before anybody sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np

from creditchain.index.columns import IndexColumns
from creditchain.index.errors import IndexDamagedError
from creditchain.log.appended import AppendedEntry
from creditchain.log.entry_columns import EntryColumns, entry_hashes
from creditchain.log.views import LogEntry
from creditchain.merkle import lanes, verify_inclusion
from creditchain.merkle.stored import StoredTree
from creditchain.merkle.tree import level_width

#: Leaf hashes that are checked together, as a level of the tree: a node of it has 1,024 leaves.
_BLOCK: Final = 10
#: Blocks of leaves whose entries are read as one part.
_PART: Final = 64


class CheckedEntries:
    """The first `tree.size` entries of an index, whose tree has the root `root`.

    Leaf hashes are checked against the root block by block, once; the content of each entry against its leaf hash.
    """

    def __init__(self, columns: IndexColumns, tree: StoredTree, root: bytes) -> None:
        self._columns, self.tree, self.root = columns, tree, root
        self._blocks: set[int] = set()
        self._kinds_checked = False

    def entry(self, index: int) -> LogEntry:
        """The entry with this index. IndexError outside the log; IndexDamagedError."""
        if not 0 <= index < self.tree.size:
            raise IndexError(f"no entry {index}")
        return self._logged(*self._appended(index))

    def _appended(self, index: int) -> tuple[AppendedEntry, bytes]:
        """An entry and its leaf hash, checked."""
        self._check_leaves(index, index + 1)
        appended = self._columns.part(index, index + 1).entry(0)
        leaf = appended.hash(self._columns.head.log_id)
        if leaf != self.tree.node(0, index):
            raise IndexDamagedError(f"entry {index} has another hash than the log")
        return appended, leaf

    def _logged(self, appended: AppendedEntry, leaf: bytes) -> LogEntry:
        block = int(self._columns.blocks[appended.index])
        transaction = self._columns.transactions[appended.index].tobytes()
        return LogEntry.of(appended, leaf, block=block, transaction_hash=transaction)

    def part(self, first: int, stop: int) -> EntryColumns:
        """The entries from `first` to before `stop` as columns, checked. IndexDamagedError."""
        self._check_leaves(first, stop)
        part = self._columns.part(first, stop)
        hashes = entry_hashes(part, self._columns.head.log_id)
        wrong = np.flatnonzero((hashes != self.tree.leaf_rows(first, stop)).any(axis=1))
        if len(wrong):
            raise IndexDamagedError(f"entry {first + int(wrong[0])} has another hash than the log")
        return part

    def of_kinds(self, kinds: tuple[int, ...], first: int, stop: int, holding: bytes = b"") -> Iterator[LogEntry]:
        """The entries of these kinds, in order. IndexDamagedError, also if an entry was made to look like another.

        `holding`: only those whose body has these bytes somewhere. Others are held against the root too.
        """
        self._check_kinds()
        places = np.flatnonzero(np.isin(self._columns.kinds[first:stop], np.array(kinds, np.uint8)))
        for place in places.tolist():
            appended, leaf = self._appended(first + place)
            if holding in appended.body:
                yield self._logged(appended, leaf)

    def parts_with(self, kinds: tuple[int, ...], first: int, stop: int) -> Iterator[EntryColumns]:
        """Parts of the columns that hold all entries of these kinds, and others that stand among them; in order.

        Whoever counts millions of entries reads them so. IndexDamagedError, as for `of_kinds`.
        """
        self._check_kinds()
        wanted = np.isin(self._columns.kinds[first:stop], np.array(kinds, np.uint8))
        blocks = np.unique((first + np.flatnonzero(wanted)) >> _BLOCK)
        # Blocks that follow each other are one part, up to a size that takes little memory.
        for run in np.split(blocks, np.flatnonzero(np.diff(blocks) != 1) + 1):
            for start in range(0, len(run), _PART):
                taken = run[start : start + _PART]
                yield self.part(max(first, int(taken[0]) << _BLOCK), min(stop, int(taken[-1]) + 1 << _BLOCK))

    def _check_kinds(self) -> None:
        head = self._columns.head
        if (
            not self._kinds_checked
            and hashlib.sha256(self._columns.kinds[: head.checked].data).hexdigest() != head.kinds
        ):
            raise IndexDamagedError("the kinds of entries have changed since they were written")
        self._kinds_checked = True

    def _check_leaves(self, first: int, stop: int) -> None:
        for block in range(first >> _BLOCK, (stop - 1 >> _BLOCK) + 1):
            if block not in self._blocks:
                self._check_block(block)
                self._blocks.add(block)

    def _check_block(self, block: int) -> None:
        start, size = block << _BLOCK, self.tree.size
        rows = self.tree.leaf_rows(start, min(start + (1 << _BLOCK), size))
        top = lanes.levels(rows)[-1].tobytes()
        # From this level on, the tree is one over these nodes: a last node without a sibling moves up unchanged.
        width, path = level_width(size, _BLOCK), list[bytes]()
        for level in range((width - 1).bit_length()):
            sibling = (block >> level) ^ 1
            if sibling < level_width(width, level):
                path.append(self.tree.node(_BLOCK + level, sibling))
        if not verify_inclusion(top, block, width, path, self.root):
            raise IndexDamagedError(f"the tree from entry {start} on does not give the root of the log")
