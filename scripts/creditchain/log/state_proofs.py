"""Proofs about cells under the root of a state tree, and how they are checked (docs/format.md section 4). No numpy.

A run shows cells that are there. A range shows all cells of a range of keys, and by its neighbours that there are no
others: with no cell, it proves absence. Take size and root together from a checkpoint, since a root alone binds
neither the size of its tree nor the places in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from creditchain.log.cells import KEY_BYTES, Cell, CellError
from creditchain.merkle.hashing import EMPTY_ROOT, MAX_SIZE
from creditchain.merkle.runs import verify_run

#: Longest prefix of an id: one byte of the key is its space.
MAX_PREFIX: Final = KEY_BYTES - 1


@dataclass(frozen=True, slots=True)
class KeyRange:
    """The keys from `low` to `high`, both included, 32 bytes each. CellError for a wrong length or order."""

    low: bytes
    high: bytes

    def __post_init__(self) -> None:
        for key in (self.low, self.high):
            if len(key) != KEY_BYTES:
                raise CellError("a key has a wrong length", expected=f"{KEY_BYTES} bytes", found=f"{len(key)} bytes")
        if self.low > self.high:
            raise CellError("the range ends before it starts", expected=f"up to 0x{self.low.hex()}", found=self._end)

    def __contains__(self, key: bytes) -> bool:
        return self.low <= key <= self.high

    @property
    def _end(self) -> str:
        return "0x" + self.high.hex()


def single_key(key: bytes) -> KeyRange:
    """The range of one key. CellError unless it has 32 bytes."""
    return KeyRange(key, key)


def prefix_range(space: int, prefix: bytes = b"") -> KeyRange:
    """All keys of a space whose id starts with these bytes. CellError for a space past 255, or more than 31 bytes."""
    if not 0 <= space <= 255:
        raise CellError("the space is out of range", expected="0 to 255", found=str(space))
    if len(prefix) > MAX_PREFIX:
        raise CellError("the prefix is too long", expected=f"at most {MAX_PREFIX} bytes", found=f"{len(prefix)} bytes")
    start = bytes([space]) + prefix
    return KeyRange(start.ljust(KEY_BYTES, b"\x00"), start.ljust(KEY_BYTES, b"\xff"))


@dataclass(frozen=True, slots=True)
class CellRun:
    """Shows neighbouring cells of the state tree. It says nothing about what else there is."""

    first: int  #: index of the first cell in the tree
    cells: tuple[Cell, ...]  #: at least one
    proof: tuple[bytes, ...]  #: proof of the run, see `merkle.verify_run`


@dataclass(frozen=True, slots=True)
class CellRange:
    """Shows all cells of a range of keys. Without cells, it shows that there are none."""

    first: int  #: index of the first cell of the range, or where it would stand
    cells: tuple[Cell, ...]
    left: Cell | None  #: the cell at first - 1; None only if first = 0
    right: Cell | None  #: the cell at first + count; None only if that is the size
    proof: tuple[bytes, ...]  #: proof of the run from the left neighbour to the right one; empty for an empty tree

    def shown(self) -> tuple[Cell, ...]:
        """Every cell that the proof shows, from left to right."""
        return (*_some(self.left), *self.cells, *_some(self.right))


class CellFault(StrEnum):
    """Why a proof about cells does not hold."""

    BOUNDS = "the range does not lie inside the tree"
    LEFT_MISSING = "the left neighbour is not shown, though the range does not start the tree"
    LEFT_EXTRA = "a left neighbour is shown, though the range starts the tree"
    RIGHT_MISSING = "the right neighbour is not shown, though the range does not end the tree"
    RIGHT_EXTRA = "a right neighbour is shown, though the range ends the tree"
    NOT_INCLUDED = "the cells shown are not neighbours at this place in the tree"
    OTHER_KEY = "a cell of the range has a key outside it"
    NOT_OUTSIDE = "a neighbour lies inside the range, or on the wrong side of it"
    ORDER = "the keys do not strictly ascend"
    PRESENT = "the cell is there"


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """True as a condition exactly if the proof holds; otherwise the fault and, if it concerns one cell, its index."""

    fault: CellFault | None = None
    index: int | None = None

    def __bool__(self) -> bool:
        return self.fault is None


def verify_cells(run: CellRun, size: int, root: bytes) -> bool:
    """Whether these cells are neighbours, from index `first` on, in the state tree of `size` cells with this root."""
    return verify_run([cell.hash() for cell in run.cells], run.first, size, run.proof, root)


def verify_cell(run: CellRun, key: bytes, size: int, root: bytes) -> bool:
    """Whether the run shows one cell, the one with this key, in the state tree of `size` cells with this root."""
    return [cell.key for cell in run.cells] == [key] and verify_cells(run, size, root)


def verify_cell_range(proof: CellRange, keys: KeyRange, size: int, root: bytes) -> CellVerdict:
    """Whether the proof shows exactly the cells of `keys` in the state tree of `size` cells with this root.

    Leaf hashes are computed from what is shown. The verdict names the first fault, in the order of docs/format.md
    section 4.
    """
    fault = _shape_fault(proof, size) or _inclusion_fault(proof, size, root)
    return CellVerdict(fault) if fault else _keys_verdict(proof, keys)


def verify_absence(proof: CellRange, key: bytes, size: int, root: bytes) -> CellVerdict:
    """Whether the proof shows that no cell has this key in the state tree of `size` cells with this root."""
    verdict = verify_cell_range(proof, single_key(key), size, root)
    if verdict and proof.cells:
        return CellVerdict(CellFault.PRESENT, proof.first)
    return verdict


def _shape_fault(proof: CellRange, size: int) -> CellFault | None:
    end = proof.first + len(proof.cells)
    if not 0 <= proof.first <= end <= size <= MAX_SIZE:
        return CellFault.BOUNDS
    if (proof.left is None) != (proof.first == 0):
        return CellFault.LEFT_EXTRA if proof.left else CellFault.LEFT_MISSING
    if (proof.right is None) != (end == size):
        return CellFault.RIGHT_EXTRA if proof.right else CellFault.RIGHT_MISSING
    return None


def _inclusion_fault(proof: CellRange, size: int, root: bytes) -> CellFault | None:
    shown = proof.shown()
    if not shown:
        # Only the empty tree leaves nothing to show. A log without a written cell has it.
        holds = size == 0 and root == EMPTY_ROOT and not proof.proof
    else:
        holds = verify_cells(CellRun(proof.first - len(_some(proof.left)), shown, proof.proof), size, root)
    return None if holds else CellFault.NOT_INCLUDED


def _keys_verdict(proof: CellRange, keys: KeyRange) -> CellVerdict:
    for index, cell in enumerate(proof.cells, proof.first):
        if cell.key not in keys:
            return CellVerdict(CellFault.OTHER_KEY, index)
    if proof.left and not proof.left.key < keys.low:
        return CellVerdict(CellFault.NOT_OUTSIDE, proof.first - 1)
    if proof.right and not keys.high < proof.right.key:
        return CellVerdict(CellFault.NOT_OUTSIDE, proof.first + len(proof.cells))
    # The neighbours lie outside, so only the order inside the range is left to check.
    for index, (before, cell) in enumerate(pairwise(proof.cells), proof.first + 1):
        if not before.key < cell.key:
            return CellVerdict(CellFault.ORDER, index)
    return CellVerdict()


def _some(cell: Cell | None) -> tuple[Cell, ...]:
    return () if cell is None else (cell,)
