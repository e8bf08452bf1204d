"""Computing a region's state from the entries of its log alone, and comparing it with what the contract holds."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.acts.indexing import replayed
from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.home.layout import Home
from creditchain.index.opening import open_log
from creditchain.log.cell_columns import CellColumns
from creditchain.log.state_tree import StateTree
from creditchain.log.views import BlockRef

#: Cells that are read in one call: some 300 KB of answer.
CELLS_A_CALL = 4096


@dataclass(frozen=True, slots=True)
class LogHead:
    """Size and root (32 bytes) of a log (its id, 32 bytes) as of a block."""

    log_id: bytes
    size: int
    root: bytes
    block: int


def read_head(region: Region, block: int | None = None) -> LogHead:
    """Size and root as the contract says, at a final block; None: the newest. Raises InputError if it is not final."""
    at = final_block(region, block).number
    return LogHead(region.deployment.log_id, *region.log_head(at), at)


def final_block(region: Region, number: int | None) -> BlockRef:
    """The final block of this number; None: the newest. Raises InputError if it is not final yet."""
    newest = region.chain.final_block()
    if number is None or number == newest.number:
        return newest
    if number > newest.number:
        raise InputError("this block is not final yet", expected=f"up to {newest.number}", found=str(number))
    return region.chain.block(number)


@dataclass(frozen=True, slots=True)
class ReplayedState:
    """The state of a region that its entries add up to: cells ascending by key, and the root of their tree."""

    head: LogHead
    cells: CellColumns
    state_root: bytes
    compared: bool  #: whether each cell was compared with what the contract holds


def replay_log(
    region: Region,
    block: int | None = None,
    *,
    home: Home | None = None,
    compare: bool = False,
    watch: Watch = no_watch,
) -> ReplayedState:
    """Compute every cell from the entries alone, as of a final block; None: the newest.

    `compare` also reads every cell from the contract.

    Raises:
        LyingEndpointError: the entries do not add up to the contract's root, or a cell holds another word.
        InputError: the block is not final. As `open_log` and `replayed`.
    """
    log = open_log(region, home, final_block(region, block), watch)
    cells = replayed(log, watch).cells
    if compare:
        _require_held(region, cells, log.block.number)
    head = LogHead(log.log_id, log.size, log.root, log.block.number)
    return ReplayedState(head, cells, StateTree(cells).root, compare)


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
