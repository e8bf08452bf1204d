"""Facts that endpoints tell: by one of them, or agreed on by several. All at one final block, in few round trips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.connect import Question, call_question, logs_question
from creditchain.chain.errors import EndpointError
from creditchain.chain.log_entries import entry_from, range_of
from creditchain.chain.proven_facts import EntriesUpTo
from creditchain.chain.refusals import Refusal
from creditchain.chain.region import Region
from creditchain.log.allowance import Allowance
from creditchain.log.facts import Basis, EntryPlace, FactsHead, MissingFactError
from creditchain.log.views import BlockRef, LogEntry

#: Cells read in one call. 1,000 take some 2.3 million gas.
_CELLS_A_CALL: Final = 1000
#: Most entries sought by one question without the blocks that hold them: a node takes so many values of a topic.
_ENTRIES_A_RANGE: Final = 100


class LiveFacts:
    """What the endpoints of a region's network say, as of one final block. What was asked is asked once.

    With several endpoints, all of them must give the same answers (LyingEndpointError), so one honest one is enough.
    """

    def __init__(
        self, region: Region, all_entries: EntriesUpTo | None = None, allowance: Allowance | None = None
    ) -> None:
        """The block is chosen when the first question needs it.

        Args:
            all_entries: whence entries come whose block nobody named, such as an index; None: from the endpoint, which
                is asked about all blocks.
            allowance: how much may be asked for; None: as much as is needed.
        """
        self._region, self._all_entries, self._allowance = region, all_entries, allowance
        self._words: dict[bytes, bytes] = {}
        self._entries: dict[int, LogEntry] = {}
        #: Places that were asked for without success, and why.
        self._absent: dict[EntryPlace, MissingFactError] = {}
        self._cells_ahead: dict[bytes, None] = {}
        self._entries_ahead: dict[EntryPlace, None] = {}
        self._head: FactsHead | None = None

    @property
    def basis(self) -> Basis:
        """Agreed if several endpoints are asked, else told."""
        return Basis.AGREED if self._region.chain.network.witnesses else Basis.TOLD

    @cached_property
    def block(self) -> BlockRef:
        """The newest block that is final. Raises LyingEndpointError if the endpoints disagree about it."""
        return self._region.chain.final_block()

    @property
    def head(self) -> FactsHead:
        """Size and root of the log as the contract says at the block."""
        if self._head is None:
            self._ask([], [])
        if self._head is None:
            raise TypeError("unreachable")
        return self._head

    def expect(self, cells: Iterable[bytes] = (), entries: Iterable[EntryPlace] = ()) -> None:
        """Ask for these along with the next question."""
        self._cells_ahead.update((key, None) for key in cells if key not in self._words)
        self._entries_ahead.update((place, None) for place in entries if place.index not in self._entries)

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        """The words of cells, see `Facts.words`."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._words]
        if missing:
            self._ask(missing, [])
        return [self._words[key] for key in keys]

    def entries(self, wanted: Sequence[EntryPlace]) -> list[LogEntry]:
        """The entries of these places, see `Facts.entries`."""
        missing = [one for one in dict.fromkeys(wanted) if one.index not in self._entries and one not in self._absent]
        if missing:
            self._ask([], missing)
        for one in wanted:
            if one.index not in self._entries:
                raise self._absent[one]
        return [self._entries[one.index] for one in wanted]

    def _ask(self, keys: Sequence[bytes], places: Sequence[EntryPlace]) -> None:
        """Ask for these, and all that is expected, in one exchange with each endpoint."""
        if self._allowance is not None:
            self._allowance.exchange()
        cells = list(dict.fromkeys((*keys, *(key for key in self._cells_ahead if key not in self._words))))
        sought = list(dict.fromkeys((*places, *self._entries_ahead)))
        sought = [one for one in sought if one.index not in self._entries and one not in self._absent]
        self._cells_ahead, self._entries_ahead = {}, {}
        near = [one for one in sought if one.block is not None and one.block <= self.block.number]
        states, logs = list(self._state_questions(cells)), list(self._log_questions(near))
        try:
            answers = self._region.chain.ask([*states, *logs])
        except EndpointError as error:
            # A node without old logs, for one, still has the cells.
            if error.refusal is Refusal.PASSING or not logs:
                raise
            answers = self._region.chain.ask(states) if states else []
            self._take_states(cells, answers)
            self._ask_logs_alone(near)
        else:
            self._take_states(cells, answers[: len(states)])
            for found in answers[len(states) :]:
                self._take_logs(found)
        self._ask_far([one for one in sought if one.block is None])
        for one in sought:
            if one.index not in self._entries:
                self._absent.setdefault(one, _not_there(one))

    def _state_questions(self, cells: Sequence[bytes]) -> Iterator[Question[bytes]]:
        face, log = interface("RegionLog"), self._region.deployment.address("RegionLog")
        if self._head is None:
            for function in ("size", "root"):
                yield call_question(log, face.encode(function), self.block.number)
        for part in _parts(cells, _CELLS_A_CALL):
            data = face.encode("read", [int.from_bytes(key) for key in part])
            yield call_question(log, data, self.block.number)

    def _take_states(self, cells: Sequence[bytes], answers: Sequence[bytes]) -> None:
        face, left = interface("RegionLog"), list(answers)
        if self._head is None:
            size, root = (face.decode(name, left.pop(0))[0] for name in ("size", "root"))
            self._head = FactsHead(int(size), bytes(root), self.block)
        for part, answer in zip(_parts(cells, _CELLS_A_CALL), left, strict=True):
            words = (word.to_bytes(32) for word in face.decode("read", answer)[0])
            self._words.update(zip(part, words, strict=True))

    def _log_questions(self, places: Sequence[EntryPlace]) -> Iterator[Question[tuple[Log, ...]]]:
        for block, group in groupby(sorted(places, key=_block_of), key=_block_of):
            yield logs_question(range_of(self._region, [one.index for one in group], block, block))

    def _ask_logs_alone(self, places: Sequence[EntryPlace]) -> None:
        for one in places:
            try:
                self._take_logs(self._region.chain.ask(list(self._log_questions([one])))[0])
            except EndpointError as error:
                if error.refusal is Refusal.PASSING:
                    raise
                self._absent[one] = _no_old_logs(error)

    def _ask_far(self, places: Sequence[EntryPlace]) -> None:
        for part in _parts(places, _ENTRIES_A_RANGE):
            try:
                self._take_far([one.index for one in part])
            except EndpointError as error:
                if error.refusal is Refusal.PASSING:
                    raise
                self._absent.update((one, _no_old_logs(error)) for one in part)

    def _take_far(self, indices: Sequence[int]) -> None:
        if self._all_entries is None:
            if self._allowance is not None:
                self._allowance.search()
            first, last = self._region.deployment.first_block, self.block.number
            self._take_logs(self._region.chain.logs(range_of(self._region, indices, first, last)))
            return
        if self._allowance is not None:
            self._allowance.read(len(indices))
        known = self._all_entries(self.head)
        self._entries.update((index, known[index]) for index in indices if index < len(known))

    def _take_logs(self, found: Iterable[Log]) -> None:
        for log in found:
            entry = entry_from(self._region.deployment.log_id, log)
            self._entries.setdefault(entry.index, entry)


def _block_of(place: EntryPlace) -> int:
    return place.block or 0


def _parts(items: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for first in range(0, len(items), most):
        yield items[first : first + most]


def _not_there(place: EntryPlace) -> MissingFactError:
    where = "" if place.block is None else f" in block {place.block}"
    return MissingFactError(f"the endpoint does not return log entry {place.index}{where}", "节点未提供该日志条目")


def _no_old_logs(error: EndpointError) -> MissingFactError:
    return MissingFactError(f"the endpoint does not keep old logs: {error.found}", "节点不提供历史日志")
