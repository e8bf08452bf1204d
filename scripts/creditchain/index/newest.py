"""The log and its cells as of the newest blocks, held in memory for a service that is asked about them all the time.

What is final is in the index; what was appended since is kept beside it. Each new block costs one exchange with the
endpoints, whatever is asked of it: its events, and the log's size and root, which the entries here have to give. If
they do not, the chain took blocks back (or an endpoint lies), and what was kept beside the index is read again. What is
asked is asked by a block's number, as not every node can do that by its hash; so the block of that number is asked for
in the same exchange, after the rest, and an answer counts only if it is still the same one.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from creditchain.chain.abi import interface
from creditchain.chain.connect import LogRange, Question, block_question, call_question, logs_question
from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError
from creditchain.chain.log_entries import entry_from
from creditchain.chain.region import Region
from creditchain.index.coalescing import Coalesced
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cells import parse_writes
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry
from creditchain.merkle import Frontier

#: Entries beside the index from which it is opened anew, when there is time (`NewestLog.settle`).
SETTLE_AFTER: Final = 1000
#: Blocks of which facts are kept for those that still work with them.
_KEPT_BLOCKS: Final = 8
#: How often the newest block is asked for while the chain goes on taking it back.
_ATTEMPTS: Final = 5


class _TakenBackError(Exception):
    """The chain took the block back that was being read."""


class _Base:
    """The log as the index has it, and its cells, which were held against their root."""

    def __init__(self, log: IndexedLog) -> None:
        state = log.state()
        state.require_intact()
        self.log = log
        self._cells: CellColumns = state.cells
        self._entries: dict[int, LogEntry] = {}

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        rows = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32)
        return [row.tobytes() for row in self._cells.words_of(rows)]

    def entry(self, index: int) -> LogEntry:
        found = self._entries.get(index)
        if found is None:
            found = self._entries[index] = self.log.entry(index)
        return found


class _Tail:
    """What was appended after the index, in order. It only grows; who looks at it says up to which size of the log."""

    def __init__(self, base: _Base) -> None:
        self.first, self.block = base.log.size, base.log.block.number
        self.frontier = Frontier.of(base.log.size, _peaks(base.log))
        self.entries: list[LogEntry] = []
        #: By key of the cell: the entries that wrote it, ascending, and the words that they left.
        self.writes: dict[bytes, tuple[list[int], list[bytes]]] = {}

    def taken(self, entries: Sequence[LogEntry]) -> Frontier | None:
        """The frontier with these entries; None if they do not follow those that are here."""
        grown = self.frontier.copy()
        for entry in entries:
            if entry.index != grown.size:
                return None
            grown.append(entry.hash)
        return grown

    def grow(self, entries: Sequence[LogEntry], frontier: Frontier, block: int) -> None:
        for entry in entries:
            for write in parse_writes(entry.writes, entry.index):
                indices, words = self.writes.setdefault(write.key, ([], []))
                words.append(write.new)  # first: whoever looks finds an index only with its word
                indices.append(entry.index)
            self.entries.append(entry)
        self.frontier, self.block = frontier, block

    def word(self, key: bytes, size: int) -> bytes | None:
        """The word of a cell in the first `size` entries, if one of these entries wrote it."""
        written = self.writes.get(key)
        if written is None:
            return None
        place = bisect_left(written[0], size)
        return written[1][place - 1] if place else None


class NewestFacts:
    """A `Facts` as of one block. No endpoint is asked; all was held against the root that endpoints stated."""

    def __init__(self, base: _Base, tail: _Tail, head: FactsHead, basis: Basis) -> None:
        self._base, self._tail, self._head, self._basis = base, tail, head, basis
        self._known: dict[bytes, bytes] = {}

    @property
    def basis(self) -> Basis:
        """On whose word the log's root is believed."""
        return self._basis

    @property
    def block(self) -> BlockRef:
        """The block as of which all is said."""
        return self._head.block

    @property
    def head(self) -> FactsHead:
        """Size and root of the log."""
        return self._head

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Nothing has to be asked for together."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells, see `Facts.words`."""
        known = self._known
        missing = [key for key in keys if key not in known]
        if missing:
            known |= self._looked_up(missing)
        return [known[key] for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, see `Facts.entries`."""
        return [self._entry(place.index) for place in wanted]

    def _entry(self, index: int) -> LogEntry:
        if not 0 <= index < self._head.size:
            raise MissingFactError(f"the log has no entry {index}", "日志中没有该条目")
        first = self._tail.first
        return self._base.entry(index) if index < first else self._tail.entries[index - first]

    def _looked_up(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        size = self._head.size
        found = {key: word for key in keys if (word := self._tail.word(key, size)) is not None}
        older = [key for key in keys if key not in found]
        return found | dict(zip(older, self._base.words(older), strict=True)) if older else found


@dataclass(frozen=True, slots=True)
class Newest:
    """Facts as of the newest block, by which a consent is judged, and as of the newest final one."""

    head: NewestFacts
    final: NewestFacts


class NewestLog:
    """The log of one region as of its newest blocks. Safe for several threads."""

    def __init__(self, region: Region) -> None:
        """Nothing is asked yet; the first question opens the index, which may have to follow the chain first."""
        self._region, self._lock = region, threading.RLock()
        self._state: tuple[_Base, _Tail] | None = None
        self._facts: OrderedDict[BlockRef, NewestFacts] = OrderedDict()
        self._newest: Newest | None = None
        self._ask = Coalesced(self._asked)
        #: How often the log was not what was kept of it: anchors may be gone then.
        self.forks = 0
        #: Time of the newest block that was seen, unix seconds; 0 before the first.
        self.seen_time = 0

    def newest(self) -> Newest:
        """Facts as of the newest blocks that the endpoints have, asked for after this call began.

        Calls of several threads share a question. Raises as `Chain.newest_block`, `region_log`.
        """
        return self._ask()

    def settle(self) -> bool:
        """Open the index anew if much was appended since; whether it was. To be called where nobody waits."""
        with self._lock:
            state = self._state
            if state is None or len(state[1].entries) < SETTLE_AFTER:
                return False
        opened = _Base(region_log(self._region))
        with self._lock:
            self._begin(opened)
        return True

    def _asked(self) -> Newest:
        for _ in range(_ATTEMPTS):
            try:
                return self._asked_once()
            except _TakenBackError:
                continue
        raise ChainUnavailableError(
            "the chain takes its newest blocks back while they are read",
            expected="one that stands for as long as it takes to ask for it",
            found=f"another one each of {_ATTEMPTS} times",
        )

    def _asked_once(self) -> Newest:
        chain = self._region.chain
        block = chain.newest_block()
        with self._lock:
            known = self._newest
            if known is not None and known.head.block == block:
                return known
            final = block if chain.network.finality != "finalized" and chain.network.confirmations == 1 else None
            final = chain.final_block() if final is None else final
            at_final = self._at(final, final)  # first: the tail only grows
            self._newest = Newest(self._at(block, final), at_final)
            self.seen_time = block.time
            return self._newest

    def _at(self, block: BlockRef, final: BlockRef) -> NewestFacts:
        """Facts as of a block. LyingEndpointError if the events do not give the log's root."""
        known = self._facts.get(block)
        if known is not None:
            return known
        if self._state is None:
            self._begin(_Base(region_log(self._region, final)))
        made = self._extended(block)
        if made is None:
            self.forks += 1
            self._begin(_Base(region_log(self._region, final)))
            made = self._extended(block)
        if made is None:
            raise LyingEndpointError(
                "the endpoint omits an entry of the log", expected="entries that give the log's root"
            )
        self._facts[block] = made
        while len(self._facts) > _KEPT_BLOCKS:
            self._facts.popitem(last=False)
        return made

    def _begin(self, base: _Base) -> None:
        """Forget all but the index."""
        self._state = base, _Tail(base)
        self._facts.clear()
        self._newest = None

    def _extended(self, block: BlockRef) -> NewestFacts | None:
        """Facts as of a block; None if what is here does not lead to it."""
        if self._state is None:
            raise TypeError("unreachable")
        base, tail = self._state
        if block.number - tail.block > self._region.chain.network.log_range_blocks:
            return None
        size, root, entries = self._read(block, tail.block + 1)
        basis = Basis.AGREED if self._region.chain.network.witnesses else Basis.TOLD
        head = FactsHead(size, root, block)
        if block.number <= tail.block:
            fits = tail.first <= size <= tail.frontier.size and _root_at(base, tail, size) == root
            return NewestFacts(base, tail, head, basis) if fits else None
        grown = tail.taken(entries)
        if grown is None or (grown.size, grown.root) != (size, root):
            return None
        tail.grow(entries, grown, block.number)
        return NewestFacts(base, tail, head, basis)

    def _read(self, block: BlockRef, first: int) -> tuple[int, bytes, list[LogEntry]]:
        """Size and root of the log at a block, and the entries of blocks from `first` to it: one exchange.

        _TakenBackError if the chain has another block of that number by then.
        """
        region, face = self._region, interface("RegionLog")
        log = region.deployment.address("RegionLog")
        questions: list[Question[Any]] = [
            call_question(log, face.encode(name), block.number) for name in ("size", "root")
        ]
        if first <= block.number:
            topic = face.events["Appended"].topic
            questions.append(logs_question(LogRange((log,), (topic,), first, block.number)))
        size, root, *logs, still = region.chain.ask([*questions, block_question(block.number)])
        if still != block:
            raise _TakenBackError
        entries = [entry_from(region.deployment.log_id, one) for found in logs for one in found]
        return int(face.decode("size", size)[0]), bytes(face.decode("root", root)[0]), entries


def _peaks(log: IndexedLog) -> list[bytes]:
    """The roots of the complete subtrees of a log's tree, the largest first."""
    found, first = [], 0
    for level in range(log.size.bit_length() - 1, -1, -1):
        if log.size >> level & 1:
            found.append(log.tree.node(level, first >> level))
            first += 1 << level
    return found


def _root_at(base: _Base, tail: _Tail, size: int) -> bytes:
    """The root when the log had `size` entries, from the index's size on."""
    frontier = Frontier.of(base.log.size, _peaks(base.log))
    for entry in tail.entries[: size - tail.first]:
        frontier.append(entry.hash)
    return frontier.root
