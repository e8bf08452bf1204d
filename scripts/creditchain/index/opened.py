"""A region's log as of one final block, served from its index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from creditchain.errors import InputError
from creditchain.index.columns import IndexColumns
from creditchain.index.entries import CheckedEntries
from creditchain.index.errors import IndexDamagedError
from creditchain.index.state import IndexedState
from creditchain.index.states import States
from creditchain.log.cells import NO_WORD, writes_hash
from creditchain.log.entry_columns import EntryColumns
from creditchain.log.views import BlockRef, LogEntry, Opening
from creditchain.merkle import consistency_path, inclusion_path, verify_consistency, verify_inclusion
from creditchain.merkle.rows import Rows
from creditchain.merkle.stored import StoredTree, rows_to_append, stored_place, stored_rows
from creditchain.vocabulary import EntryKind


class IndexedLog:
    """The first `size` entries of a region's log, with the root that the contract stated at a final block.

    IndexDamagedError of any method: the files are not what was written there.
    """

    def __init__(self, columns: IndexColumns, size: int, root: bytes, block: BlockRef, states: States) -> None:
        """The tree of `size` entries has to have this root."""
        self.size, self.root, self.block = size, root, block
        self.log_id: bytes = columns.head.log_id
        self._columns, self._tree = columns, columns.tree.at(size)
        self._entries = CheckedEntries(columns, self._tree, root)
        self._states = states

    @property
    def tree(self) -> StoredTree:
        """The log's tree. Proofs made from it directly are not checked."""
        return self._tree

    def entry(self, index: int) -> LogEntry:
        """The entry with this index. Raises InputError if the log has none."""
        self._require(index, self.size - 1, "an entry's index")
        return self._entries.entry(index)

    def entries(self, first: int = 0, stop: int | None = None) -> Iterator[LogEntry]:
        """Entries from `first` to before `stop`, or the last, in order."""
        return (self._entries.entry(index) for index in range(first, self._stop(stop)))

    def of_kind(
        self, *kinds: EntryKind, first: int = 0, stop: int | None = None, holding: bytes = b""
    ) -> Iterator[LogEntry]:
        """The entries of these kinds, in order; only those whose body has the bytes `holding` somewhere."""
        return self._entries.of_kinds(tuple(map(int, kinds)), first, self._stop(stop), holding)

    def parts_with(self, *kinds: EntryKind, stop: int | None = None) -> Iterator[EntryColumns]:
        """Parts of the columns that hold all entries of these kinds, and others among them, in order; checked."""
        return self._entries.parts_with(tuple(map(int, kinds)), 0, self._stop(stop))

    def columns(self, first: int = 0, stop: int | None = None, *, checked: bool = True) -> EntryColumns:
        """Entries from `first` to before `stop` as columns, which share the mapped files.

        Not `checked`: as the files have them, for whoever hashes all of them and holds them against the root.
        """
        end = self._stop(stop)
        return self._entries.part(first, end) if checked else self._columns.part(first, end)

    def inclusion(self, index: int) -> list[bytes]:
        """Proof that entry `index` is in the log (RFC 9162, 2.1.3). Raises InputError if there is none."""
        self._require(index, self.size - 1, "an entry's index")
        proof = inclusion_path(self._tree, index)
        if not verify_inclusion(self._tree.node(0, index), index, self.size, proof, self.root):
            raise IndexDamagedError(f"the proof of entry {index} does not hold")
        return proof

    def opening(self, index: int, later: Sequence[bytes] = ()) -> Opening:
        """What opens entry `index` for a contract. Raises InputError if there is none.

        The proof ends at the largest perfect subtree that holds the entry (`RegionLog.peakOf`), so it stays good while
        others append. `later`: leaf hashes (32 bytes) of entries that follow this log already, in blocks that are not
        final. They are taken as they are given, since the contract refuses a proof that does not hold.
        """
        entry, whole = self.entry(index), self.inclusion(index)
        level = (index ^ self.size + len(later)).bit_length() - 1
        if later:
            rows = np.frombuffer(b"".join(later), np.uint8).reshape(-1, 32)
            added = rows_to_append(self.size, rows, self._tree.node)
            whole = [self._node_after(below, (index >> below) ^ 1, added) for below in range(level)]
        # In a perfect subtree no node lacks a sibling, so its part of the proof is the beginning of the whole.
        return Opening(entry.index, entry.writer, entry.time, writes_hash(entry.writes), tuple(whole[:level]))

    def _node_after(self, level: int, index: int, added: Rows) -> bytes:
        """A complete node of the tree after the nodes `added` follow those of this log."""
        place = stored_place(level, index) - stored_rows(self.size)
        return self._tree.node(level, index) if place < 0 else bytes(added[place])

    def consistency(self, old_size: int) -> list[bytes]:
        """Proof that the log only grew since it had `old_size` entries (RFC 9162, 2.1.4). Raises InputError."""
        self._require(old_size, self.size, "an earlier size")
        proof, before = consistency_path(self._tree, old_size), self._tree.at(old_size).root
        if not verify_consistency(old_size, before, self.size, self.root, proof):
            raise IndexDamagedError(f"the tree does not continue that of {old_size} entries")
        return proof

    def root_at(self, size: int) -> bytes:
        """The root when the log had `size` entries, 32 bytes. Raises InputError beyond the log."""
        self.consistency(size)
        return self._tree.at(size).root

    def word(self, key: bytes) -> bytes:
        """The word of a cell (key of 32 bytes) in this log; zero if it was never written."""
        return self.words([key])[0]

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of several cells, as `RegionLog.read` gives them."""
        base, changes = self._states.recent(self.size)
        return [changed if (changed := changes.word(key)) != NO_WORD else base.word(key) for key in keys]

    def state(self, size: int | None = None) -> IndexedState:
        """Cells and state tree after the first `size` entries; None for all. Raises InputError beyond the log.

        The newest is ready, or computed from a state that was kept; one long ago takes a replay of all before it.
        """
        wanted = self.size if size is None else size
        self._require(wanted, self.size, "a size of the log")
        return IndexedState(wanted, self._states.tree(wanted))

    def _stop(self, stop: int | None) -> int:
        return self.size if stop is None else min(stop, self.size)

    @staticmethod
    def _require(index: int, largest: int, what: str) -> None:
        if not 0 <= index <= largest:
            raise InputError(f"this is not {what}", expected=f"0 to {largest}", found=str(index))
