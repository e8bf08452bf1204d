"""Facts under a checkpoint that enough pinned signers signed: no endpoint is asked, also years later.

What is shown is checked once, against the roots that were signed; then words and entries are looked up. A cell that no
run shows, and that no two neighbours of a run leave out, is missing: that says nothing of whether it exists.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from creditchain.checkpoints.checking import CheckedCheckpoint, PinnedSigners, check_checkpoint
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import CellRow, EntryRow, ShownFacts
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import Place
from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import NO_WORD
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry
from creditchain.merkle.runs import verify_runs

_LOWEST, _HIGHEST = bytes(32), b"\xff" * 32


class SignedFacts:
    """Cells and entries shown under one checkpoint."""

    basis: Final = Basis.SIGNED

    def __init__(self, shown: ShownFacts, pinned: PinnedSigners, shared: SignedFacts | None = None) -> None:
        """Check all of it.

        Args:
            shared: facts of the region that were checked before; they count if they are under the same checkpoint.
        Raises:
            CheckpointError: too few pinned signers signed, somebody else did, or what is shown is not under the roots.
            SignatureError: a signature is not in canonical form.
        """
        self.checked: CheckedCheckpoint = check_checkpoint(shown.checkpoint, pinned)
        self.checkpoint: Checkpoint = self.checked.require_enough()
        self._words: dict[bytes, bytes] = {}
        self._shown: dict[int, tuple[AppendedEntry, bytes]] = {}  #: entries with their leaf hashes
        self._entries: dict[int, LogEntry] = {}  #: those that were asked for
        #: Of the keys of which a run says whether they have a cell: the first and the last one, for each run.
        self._lows: list[bytes] = []
        self._highs: list[bytes] = []
        self._shared = shared if shared is not None and shared.checkpoint == self.checkpoint else None
        if shown.cells or shown.cells_proof:
            self._take_cells(shown.cells, shown.cells_proof)
        if shown.entries or shown.entries_proof:
            self._take_entries(shown.entries, shown.entries_proof)

    @property
    def block(self) -> BlockRef:
        """The block of the checkpoint."""
        return BlockRef(self.checkpoint.block_number, self.checkpoint.block_hash, self.checkpoint.block_time)

    @property
    def head(self) -> FactsHead:
        """Size and root of the log as signed."""
        return FactsHead(self.checkpoint.size, self.checkpoint.root, self.block)

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Nothing to do: whatever there is, is there."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells, see `Facts.words`."""
        return [self._word(key) for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, see `Facts.entries`. Their blocks are not signed: that of the checkpoint is."""
        return [self._entry(place.index) for place in wanted]

    def knows(self, key: bytes) -> bool:
        """Whether these facts say what the word of a cell is, zero included."""
        if key in self._words or self._is_absent(key):
            return True
        return self._shared is not None and self._shared.knows(key)

    def has_entry(self, index: int) -> bool:
        """Whether these facts hold an entry."""
        return index in self._shown or (self._shared is not None and self._shared.has_entry(index))

    def _word(self, key: bytes) -> bytes:
        found = self._words.get(key)
        if found is not None:
            return found
        if self._is_absent(key):
            return NO_WORD
        if self._shared is not None:
            return self._shared._word(key)
        raise MissingFactError(
            f"the signed facts do not show cell 0x{key.hex()}",
            "已签署的事实未包含所需状态",
            hint="Name the file of region facts with --region-facts, or renew the facts with `evidence refresh`.",
        )

    def _entry(self, index: int) -> LogEntry:
        if index not in self._entries and index in self._shown:
            # Bodies are read only then: a file may show far more entries than a verification needs.
            entry, leaf = self._shown[index]
            block = self.checkpoint.block_number
            self._entries[index] = LogEntry.of(entry, leaf, block=block, transaction_hash=bytes(32))
        if index in self._entries:
            return self._entries[index]
        if self._shared is not None:
            return self._shared._entry(index)
        raise MissingFactError(
            f"the signed facts do not show entry {index} of the log",
            "已签署的事实未包含所需日志条目",
            hint="Name the file of region facts with --region-facts, or renew the facts with `evidence refresh`.",
        )

    def _is_absent(self, key: bytes) -> bool:
        # Keys ascend over all runs, so only the last span that begins at or below the key can hold it.
        at = bisect_right(self._lows, key) - 1
        return at >= 0 and key <= self._highs[at]

    def _take_cells(self, rows: Sequence[CellRow], proof: Sequence[bytes]) -> None:
        size = self.checkpoint.cells
        shown = [cell for row in rows for cell in row.cells]
        for before, cell in pairwise(shown):
            if not before.key < cell.key:
                raise _wrong("the keys of the cells do not ascend", "cells")
        hashes = [(row.first, [cell.hash() for cell in row.cells]) for row in rows]
        if not verify_runs(hashes, size, proof, self.checkpoint.state_root):
            raise _wrong("the cells are not under the state root that was signed", "cells")
        self._words.update((cell.key, cell.word) for cell in shown)
        for row in rows:
            low = _LOWEST if row.first == 0 else row.cells[0].key
            high = _HIGHEST if row.first + len(row.cells) == size else row.cells[-1].key
            self._lows.append(low)
            self._highs.append(high)

    def _take_entries(self, rows: Sequence[EntryRow], proof: Sequence[bytes]) -> None:
        log_id, checkpoint = self.checkpoint.domain.log_id, self.checkpoint
        hashes = [(row.first, [entry.hash(log_id) for entry in row.entries]) for row in rows]
        if not verify_runs(hashes, checkpoint.size, proof, checkpoint.root):
            raise _wrong("the entries are not under the log's root that was signed", "entries")
        for row, (_, leaves) in zip(rows, hashes, strict=True):
            for entry, leaf in zip(row.entries, leaves, strict=True):
                self._shown[entry.index] = entry, leaf


def _wrong(message: str, path: str) -> CheckpointError:
    return CheckpointError(message, place=Place(field=path))
