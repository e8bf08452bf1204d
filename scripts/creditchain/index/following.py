"""Follow a region's log from where the index stopped, and hold what was read against the log's root at a final block.

Entries are written as they come, and count as read then; they count as the log's once the root at the block that was
asked for shows that they are. Killed anywhere, the next call goes on where the head says, and overwrites what stands
after that. What turns out not to be the log's is forgotten, and read again the next time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.connect import LogPage
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import entry_pages
from creditchain.chain.region import Region
from creditchain.home.files import private_folder, remove_folder, storage
from creditchain.home.layout import RegionHome
from creditchain.home.locks import file_lock
from creditchain.index.columns import IndexColumns, NewEntries, append
from creditchain.index.entries import CheckedEntries
from creditchain.index.errors import REBUILD, ForkedLogError, IndexDamagedError
from creditchain.index.head import IndexHead, read_head, write_head
from creditchain.index.opened import IndexedLog
from creditchain.index.states import States
from creditchain.log.cell_layers import LayeredCells
from creditchain.log.entry_columns import EntryColumns, entry_hashes
from creditchain.log.event_columns import EventError, decode_binary
from creditchain.log.replay import ReplayError, changes_by, require_consecutive
from creditchain.log.views import BlockRef
from creditchain.merkle.rows import Rows
from creditchain.merkle.stored import rows_to_append

#: Seconds for which one process waits for another that follows the same log.
LOCK_SECONDS: Final = 600.0
#: Entries, and seconds, after which what was read is made durable although more is to come.
SAVED_AFTER_ENTRIES: Final = 1 << 16
SAVED_AFTER_SECONDS: Final = 5.0
_STAGE = "reading the log"


@dataclass(frozen=True, slots=True)
class IndexPlace:
    """Where an index lies, and the lock of whoever extends it."""

    folder: Path
    lock: Path

    @classmethod
    def of(cls, home: RegionHome) -> Self:
        """The index of a region in a home."""
        return cls(home.index, home.index_lock)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What the contract says at a block."""

    block: BlockRef
    size: int
    root: bytes


class _InconsistentError(Exception):
    """What was read cannot be the log, for this reason: the index is behind a fork, or an endpoint lies."""

    def __init__(self, error: LyingEndpointError) -> None:
        super().__init__(error.message)
        self.error = error


def follow_log(
    region: Region,
    place: IndexPlace,
    block: BlockRef,
    watch: Watch = no_watch,
    head: tuple[int, bytes] | None = None,
) -> IndexedLog:
    """The log as of a final block, read from the index and, for what is missing there, from the chain.

    Args:
        head: size and root (32 bytes) of the log at this block, if they are known better than by asking the contract.
    Raises:
        ForkedLogError: the log at that block is not a continuation, or a beginning, of what was read before.
        LyingEndpointError: the events do not give the log's root. Nothing of them is kept.
        IndexDamagedError: the files of the index are not what was written there.
        LockHeldError: another process has been following it for ten minutes. UnavailableError, StorageError.
    """
    stated = _Stated(block, *(region.log_head(block.number) if head is None else head))
    known = _read_own(place, region.deployment.log_id)
    if known is None or known.checked < stated.size:
        private_folder(place.folder)
        with file_lock(place.lock, LOCK_SECONDS, "another process follows this log"):
            known = _Follower(region, place, watch).follow(stated)
    columns = _opened(place, known)
    _require_grown(region, known, stated)
    if columns.tree.at(stated.size).root != stated.root:
        raise _contradiction(region, known, stated)
    checked = CheckedEntries(columns, columns.tree.at(stated.size), stated.root)
    states = States(place.folder, place.lock, columns, checked)
    return IndexedLog(columns, stated.size, stated.root, block, states)


def rebuild_index(region: Region, place: IndexPlace, block: BlockRef, watch: Watch = no_watch) -> IndexedLog:
    """Forget the index, whatever is in it, and read the log from its first entry. Raises as `follow_log`."""
    with file_lock(place.lock, LOCK_SECONDS, "another process follows this log"), storage("the index of the log"):
        remove_folder(place.folder)
    return follow_log(region, place, block, watch)


class _Follower:
    """One extension of an index, under its lock."""

    def __init__(self, region: Region, place: IndexPlace, watch: Watch) -> None:
        self._region, self._place, self._watch = region, place, watch
        self._log_id = region.deployment.log_id
        start = IndexHead(self._log_id, region.deployment.first_block)
        self._head = _read_own(place, self._log_id) or start
        _opened(place, self._head)
        self._cells: LayeredCells | None = None
        self._saved = time.monotonic()

    def follow(self, stated: _Stated) -> IndexHead:
        """Read up to a block, check, and write the head."""
        had_unchecked = self._head.entries > self._head.checked
        try:
            return self._read_and_check(stated)
        except _InconsistentError as first:
            error = first.error
        self._forget_unchecked()
        if had_unchecked:
            # What an earlier, interrupted run read may have been wrong, from another endpoint perhaps.
            try:
                return self._read_and_check(stated)
            except _InconsistentError as again:
                error = again.error
                self._forget_unchecked()
        if _is_forked(self._region, self._head, stated):
            raise _forked(self._head, stated) from error
        raise error

    def _read_and_check(self, stated: _Stated) -> IndexHead:
        self._read(stated)
        columns = IndexColumns(self._place.folder, self._head)
        if columns.head.entries < stated.size or columns.tree.at(stated.size).root != stated.root:
            raise _InconsistentError(_other_root(self._head.entries, stated))
        self._head = replace(
            self._head,
            checked=stated.size,
            root=stated.root,
            block_number=stated.block.number,
            block_hash=stated.block.hash,
            kinds=hashlib.sha256(columns.kinds[: stated.size].data).hexdigest(),
        )
        self._save()
        self._keep_state(IndexColumns(self._place.folder, self._head))
        return self._head

    def _read(self, stated: _Stated) -> None:
        """Append the entries of the blocks that were not read yet. Only what is saved on the way is durable then."""
        pages, waiting = list[LogPage](), 0
        for page in entry_pages(self._region, self._head.next_block, stated.block.number):
            pages.append(page)
            waiting += len(page.logs)
            self._watch(_STAGE, min(self._head.entries + waiting, stated.size), stated.size)
            late = time.monotonic() - self._saved > SAVED_AFTER_SECONDS
            if waiting >= SAVED_AFTER_ENTRIES or (waiting and late):
                self._append(pages)
                self._save()
                pages, waiting = [], 0
        self._append(pages)

    def _append(self, pages: Sequence[LogPage]) -> None:
        logs = [log for page in pages for log in page.logs]
        if logs:
            try:
                entries = decode_binary([log.topics for log in logs], [log.data for log in logs])
                require_consecutive(entries.indices, self._head.entries)
                self._replay(entries)
            except (EventError, ReplayError) as error:
                lie = LyingEndpointError(
                    f"the events of the region log contradict each other: {error.message}",
                    expected=error.expected,
                    found=error.found,
                    hint="The endpoint omits or changes events; use another endpoint.",
                )
                raise _InconsistentError(lie) from error
            blocks = np.array([log.block for log in logs], np.uint64)
            self._head = append(
                self._place.folder,
                self._head,
                NewEntries(entries, blocks, _hashes([log.transaction_hash for log in logs]), self._nodes(entries)),
            )
        if pages:
            self._head = replace(self._head, next_block=pages[-1].last + 1)

    def _replay(self, entries: EntryColumns) -> None:
        """Check that the writes continue what the cells hold."""
        if self._cells is None:
            columns = IndexColumns(self._place.folder, self._head)
            states = States(self._place.folder, self._place.lock, columns, _as_read(columns))
            self._cells = states.cells(self._head.entries)
        self._cells = self._cells.updated(changes_by(entries, self._cells))

    def _nodes(self, entries: EntryColumns) -> Rows:
        tree = IndexColumns(self._place.folder, self._head).tree
        return rows_to_append(tree.size, entry_hashes(entries, self._log_id), tree.node)

    def _save(self) -> None:
        write_head(self._place.folder, self._head)
        self._saved = time.monotonic()

    def _forget_unchecked(self) -> None:
        saved = read_head(self._place.folder)
        self._cells = None
        if saved is None:
            self._head = IndexHead(self._log_id, self._region.deployment.first_block)
            return
        bodies, writes = IndexColumns(self._place.folder, saved).cut_to(saved.checked)
        next_block = saved.block_number + 1 if saved.checked else self._region.deployment.first_block
        # At that block the log had exactly the entries that are checked, so the next ones come after it.
        self._head = replace(saved, entries=saved.checked, bodies=bodies, writes=writes, next_block=next_block)
        self._save()

    def _keep_state(self, columns: IndexColumns) -> None:
        size = self._head.checked
        checked = CheckedEntries(columns, columns.tree.at(size), self._head.root)
        states = States(self._place.folder, self._place.lock, columns, checked)
        states.keep(size)


def _read_own(place: IndexPlace, log_id: bytes) -> IndexHead | None:
    """The head of the index; None if there is none. IndexDamagedError if it is another log's."""
    head = read_head(place.folder)
    if head is not None and head.log_id != log_id:
        expected, found = "0x" + log_id.hex(), "0x" + head.log_id.hex()
        raise IndexDamagedError("it is of another log", expected=expected, found=found, file=str(place.folder))
    return head


def _opened(place: IndexPlace, head: IndexHead) -> IndexColumns:
    """The columns that a head counts, if their tree has the root that was checked. IndexDamagedError otherwise."""
    columns = IndexColumns(place.folder, head)
    if head.entries and columns.tree.at(head.checked).root != head.root:
        raise IndexDamagedError("its tree has another root than it says", expected="0x" + head.root.hex())
    return columns


def _as_read(columns: IndexColumns) -> CheckedEntries:
    """All entries that were read, checked or not, under the root that they give themselves."""
    return CheckedEntries(columns, columns.tree, columns.tree.root)


def _hashes(values: Sequence[bytes]) -> Rows:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def _require_grown(region: Region, head: IndexHead, stated: _Stated) -> None:
    """Raise ForkedLogError if the log got shorter, though the chain went on."""
    if stated.size < head.checked and stated.block.number >= head.block_number:
        raise _contradiction(region, head, stated)


def _is_forked(region: Region, head: IndexHead, stated: _Stated) -> bool:
    """Whether the chain no longer has the block at which the index was checked."""
    if not head.checked:
        return False
    if max(stated.block.number, region.chain.head().number) < head.block_number:
        return True
    return region.chain.block(head.block_number).hash != head.block_hash


def _contradiction(region: Region, head: IndexHead, stated: _Stated) -> LyingEndpointError:
    if _is_forked(region, head, stated):
        return _forked(head, stated)
    return ForkedLogError(
        f"the log at block {stated.block.number} is not the one that was read before",
        expected=_told(head.checked, head.root, head.block_number),
        found=_told(stated.size, stated.root, stated.block.number),
        hint=f"The endpoint changes answers, or the index was made from one that did. {REBUILD}",
    )


def _forked(head: IndexHead, stated: _Stated) -> ForkedLogError:
    return ForkedLogError(
        f"the chain no longer has block {head.block_number}, which was final when the log was read",
        expected=_told(head.checked, head.root, head.block_number),
        found=_told(stated.size, stated.root, stated.block.number),
        hint=f"The chain was reorganised, or this endpoint is on a fork. If you trust what it says now: {REBUILD}",
    )


def _other_root(entries: int, stated: _Stated) -> LyingEndpointError:
    return LyingEndpointError(
        f"the events of the region log do not give its root at block {stated.block.number}",
        expected=_told(stated.size, stated.root, stated.block.number),
        found=f"{entries} entries that give another root",
        hint="The endpoint omits or changes events; use another endpoint.",
    )


def _told(size: int, root: bytes, block: int) -> str:
    return f"{size} entries with root 0x{root.hex()} at block {block}"
