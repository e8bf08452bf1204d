"""Facts under a checkpoint that enough pinned signers signed: no endpoint is asked, also years later.

What is shown is checked once, against the roots that were signed; then words and entries are looked up. A cell that no
run shows, and that no two neighbours of a run leave out, is missing: that says nothing of whether it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from creditchain.checkpoints.checking import CheckedCheckpoint, PinnedSigners, check_checkpoint
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import EntryRun, ShownFacts
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import Place
from creditchain.log.cells import NO_WORD
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.state_proofs import CellRun, verify_cells
from creditchain.log.views import BlockRef, LogEntry
from creditchain.merkle.runs import verify_run

_LOWEST, _HIGHEST = bytes(32), b"\xff" * 32


@dataclass(frozen=True, slots=True)
class _Span:
    """All keys of which a run says whether they have a cell, both ends included."""

    low: bytes
    high: bytes


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
        self._entries: dict[int, LogEntry] = {}
        self._spans: list[_Span] = []
        self._shared = shared if shared is not None and shared.checkpoint == self.checkpoint else None
        for place, run in enumerate(shown.cells):
            self._take_cells(run, f"cells[{place}]")
        for place, entries in enumerate(shown.entries):
            self._take_entries(entries, f"entries[{place}]")

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
        return index in self._entries or (self._shared is not None and self._shared.has_entry(index))

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
        return any(span.low <= key <= span.high for span in self._spans)

    def _take_cells(self, run: CellRun, path: str) -> None:
        size = self.checkpoint.cells
        for before, cell in pairwise(run.cells):
            if not before.key < cell.key:
                raise _wrong("the keys of neighbouring cells do not ascend", path)
        if not verify_cells(run, size, self.checkpoint.state_root):
            raise _wrong("the cells are not under the state root that was signed", path)
        self._words.update((cell.key, cell.word) for cell in run.cells)
        low = _LOWEST if run.first == 0 else run.cells[0].key
        high = _HIGHEST if run.first + len(run.cells) == size else run.cells[-1].key
        self._spans.append(_Span(low, high))

    def _take_entries(self, run: EntryRun, path: str) -> None:
        log_id, checkpoint = self.checkpoint.domain.log_id, self.checkpoint
        hashes = [entry.hash(log_id) for entry in run.entries]
        if not verify_run(hashes, run.first, checkpoint.size, run.proof, checkpoint.root):
            raise _wrong("the entries are not under the log's root that was signed", path)
        for entry, leaf in zip(run.entries, hashes, strict=True):
            found = LogEntry.of(entry, leaf, block=checkpoint.block_number, transaction_hash=bytes(32))
            self._entries[entry.index] = found


def _wrong(message: str, path: str) -> CheckpointError:
    return CheckpointError(message, place=Place(field=path))
