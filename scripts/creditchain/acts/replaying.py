"""Reading a region's whole log, which has to add up to the root in the contract, and making proofs about it."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import read_entries
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.log.cell_columns import CellColumns
from creditchain.log.state_tree import StateTree
from creditchain.log.stepping import Replay
from creditchain.log.views import LogEntry
from creditchain.merkle import consistency_proof, inclusion_proof
from creditchain.merkle import root as root_of

#: Cells that are read in one call: some 300 KB of answer.
CELLS_A_CALL = 4096


@dataclass(frozen=True, slots=True)
class LogHead:
    """Size and root (32 bytes) of a log (its id, 32 bytes) as of a block."""

    log_id: bytes
    size: int
    root: bytes
    block: int


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A log's entries, which add up to its root."""

    head: LogHead
    entries: tuple[LogEntry, ...]

    def inclusion(self, index: int) -> list[bytes]:
        """Proof that entry `index` is in the log (RFC 9162, 2.1.3). Raises InputError."""
        _require(index, self.head.size - 1, "an entry's index")
        return inclusion_proof([entry.hash for entry in self.entries], index)

    def consistency(self, old_size: int) -> list[bytes]:
        """Proof that the log only grew since it had `old_size` entries (RFC 9162, 2.1.4). Raises InputError."""
        _require(old_size, self.head.size, "an earlier size")
        return consistency_proof([entry.hash for entry in self.entries], old_size)

    def root_at(self, size: int) -> bytes:
        """The root when the log had `size` entries, 32 bytes."""
        return root_of([entry.hash for entry in self.entries[:size]])


def read_head(region: Region, block: int | None = None) -> LogHead:
    """Size and root as the contract says, at a block; None: the newest final one."""
    at = region.chain.final_block().number if block is None else block
    return LogHead(region.deployment.log_id, region.log_size(at), region.log_root(at), at)


def read_log(region: Region, block: int | None = None) -> LogCopy:
    """Every entry as of a block; None: the newest final one. Raises LyingEndpointError."""
    at = region.chain.final_block().number if block is None else block
    entries = tuple(read_entries(region, at))
    root = root_of([entry.hash for entry in entries])
    return LogCopy(LogHead(region.deployment.log_id, len(entries), root, at), entries)


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """The state of a region that its entries add up to: cells ascending by key, and the root of their tree."""

    head: LogHead
    cells: CellColumns
    state_root: bytes
    compared: bool  #: whether each cell was compared with what the contract holds


def replay_log(region: Region, block: int | None = None, *, compare: bool = False) -> ReplayedState:
    """Compute every cell from the entries alone, as of a block; None: the newest final one.

    `compare` also reads every cell from the contract.

    Raises:
        LyingEndpointError: the entries do not add up to the contract's root, or a cell holds another word.
        ReplayError: the entries contradict each other.
    """
    copy = read_log(region, block)
    replay = Replay(copy.head.log_id)
    for entry in copy.entries:
        replay.append(entry.appended)
    cells = replay.replayed().cells
    if compare:
        _require_held(region, cells, copy.head.block)
    return ReplayedState(copy.head, cells, StateTree(cells).root, compare)


def _require_held(region: Region, cells: CellColumns, block: int) -> None:
    for start in range(0, len(cells), CELLS_A_CALL):
        some = cells[start : start + CELLS_A_CALL]
        held = region.words([cell.key for cell in some], block)
        for cell, word in zip(some, held, strict=True):
            if cell.word != word:
                raise LyingEndpointError(
                    f"cell 0x{cell.key.hex()} is not what the entries add up to",
                    expected="0x" + cell.word.hex(),
                    found="0x" + word.hex(),
                    hint="The endpoint changes answers; use another endpoint.",
                )


def _require(index: int, largest: int, what: str) -> None:
    if not 0 <= index <= largest:
        raise InputError(f"this is not {what}", expected=f"0 to {largest}", found=str(index))
