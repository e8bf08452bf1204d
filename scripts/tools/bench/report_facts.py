"""Facts of the benchmark's region under a signed checkpoint: its log and state tree have ten million leaves each.

Spaces of members, products and publishers are as they are; records, disputes, consents and nonces are as dense as in a
large region, so that what is not there stands between two made-up neighbours.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eth_account import Account

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.facts import CellRow, EntryRow, ShownFacts
from creditchain.checkpoints.file import SignedCheckpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.hashing import keccak256
from creditchain.log.cells import Cell, cell_word
from creditchain.merkle import runs_proof, tree_root
from creditchain.messages import LogDomain
from creditchain.vocabulary import Space
from tools.bench.report_region import ENTRIES, LOG_ID, BenchFacts, signed
from tools.bench.sparse import SparseTree

CELLS = 10_000_000
SIGNERS = tuple(keccak256(b"signer %d" % place) for place in range(3))
#: Spaces with millions of cells by digests, and their share of all.
_DENSE = {Space.RECORD: 0.3, Space.DISPUTE: 0.1, Space.CONSENT: 0.3, Space.PAUSE: 0.05, Space.NONCE: 0.2}
#: Cells and entries that nobody needs are shown too where that saves a proof.
_CELLS_BETWEEN, _ENTRIES_BETWEEN = 8, 1


@dataclass(frozen=True)
class SignedRegion:
    """What a checkpoint says, and the trees under its roots."""

    checkpoint: SignedCheckpoint
    cells: Sequence[Cell]  #: real ones and made-up neighbours, ascending
    places: Sequence[int]  #: of each in the state tree
    state: SparseTree
    log: SparseTree
    facts: BenchFacts

    @property
    def pinned(self) -> PinnedSigners:
        """The signers, of whom two must sign."""
        addresses = frozenset(str(Account.from_key(key).address) for key in SIGNERS)
        return PinnedSigners(LOG_ID, 1, addresses, 2)

    def shown(self, keys: Iterable[bytes], entries: Iterable[int], digest: bytes | None = None) -> ShownFacts:
        """These cells, or their neighbours where there are none, and entries."""
        order, wanted = [cell.key for cell in self.cells], set[int]()
        for key in keys:
            at = bisect_left(order, key)
            wanted |= {at} if at < len(order) and order[at] == key else {at - 1, at}
        known = dict(zip(self.places, self.cells, strict=True))
        cells = list(_runs(sorted(self.places[at] for at in wanted), _CELLS_BETWEEN, known))
        runs = list(_runs(sorted(set(entries)), _ENTRIES_BETWEEN, self.facts.log))
        return ShownFacts(
            checkpoint=self.checkpoint,
            cells=tuple(
                CellRow(first, tuple(known[place] for place in range(first, first + count))) for first, count in cells
            ),
            cells_proof=tuple(runs_proof(self.state, cells)),
            entries=tuple(
                EntryRow(tuple(self.facts.log[index].appended for index in range(first, first + count)))
                for first, count in runs
            ),
            entries_proof=tuple(runs_proof(self.log, runs)),
            region_facts=digest,
        )


def sign(facts: BenchFacts, keys: Iterable[bytes]) -> SignedRegion:
    """A checkpoint of the region, in which these keys have neighbours if there is no such cell."""
    made = dict(facts.cells)
    for key in keys:
        if key not in facts.cells and key[0] in _DENSE:
            number = int.from_bytes(key)
            for beside in (number - (1 << 224), number + (1 << 224)):
                made[beside.to_bytes(32)] = cell_word(1, 1 + beside % 1_000_000)
    cells = [Cell(key, made[key]) for key in sorted(made)]
    places = list(_places(cells))
    if any(after <= before for before, after in pairwise(places)):
        raise AssertionError("cells in the wrong order")
    state = SparseTree(CELLS, {place: cell.hash() for place, cell in zip(places, cells, strict=True)}, b"state")
    log = SparseTree(ENTRIES, {index: entry.hash for index, entry in facts.log.items()}, b"log")
    message = Checkpoint(
        LogDomain(LOG_ID), ENTRIES, tree_root(log), CELLS, tree_root(state),
        facts.block.number, facts.block.hash, facts.block.time, 1,
    )  # fmt: skip
    checkpoint = SignedCheckpoint(message)
    for key in SIGNERS:
        checkpoint = checkpoint.signed(signed(message, key))
    return SignedRegion(checkpoint, cells, places, state, log, facts)


def _places(cells: Sequence[Cell]) -> Iterator[int]:
    """Where each cell stands in the tree: by its digest in a dense space, else right behind the one before it."""
    last, starts, begin = -1, dict[int, int](), 0
    for space, share in _DENSE.items():
        starts[space], begin = begin + 1_000, begin + int(share * CELLS)
    before: Cell | None = None
    for cell in cells:
        part = _DENSE.get(Space(cell.space))
        beside = before is not None and cell.id - before.id <= 1 << 226 and cell.space == before.space
        if part is None or beside:
            last += 1
        else:
            last = starts[cell.space] + int(cell.id / 2**248 * (part * CELLS - 2_000))
        before = cell
        yield last


def _runs(places: Sequence[int], between: int, known: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First place and number of each run; places that are at most so far apart stand in one, if all there is known."""
    start, there = 0, set(known)
    for at, place in enumerate(places):
        after = places[at + 1] if at + 1 < len(places) else None
        joined = after is not None and after - place <= between + 1 and there.issuperset(range(place, after))
        if not joined:
            yield places[start], place - places[start] + 1
            start = at + 1
