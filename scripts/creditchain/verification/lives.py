"""The lives of records at a time, from their cells. Pure.

A record's cell tells its life now. A change after the time is undone by the old word of the entry that made it; lives
only grow, so three steps at most lead back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from creditchain.log.entries import StatusBody
from creditchain.log.facts import EntryPlace, Facts, MissingFactError
from creditchain.log.reading import RegionReading
from creditchain.log.record_cells import disputes_key, life_key, record_state
from creditchain.log.views import RecordState
from creditchain.vocabulary import Life

#: A record: node and leaf hash.
RecordKey = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Lives:
    """What had become of records by a time. One that is not here is live."""

    lives: Mapping[RecordKey, Life]
    #: The leaf hash (32 bytes) of the record that superseded a record.
    successors: Mapping[RecordKey, bytes]
    #: When each of these lives began, unix seconds.
    since: Mapping[RecordKey, int] = field(default_factory=dict)

    def life(self, record: RecordKey) -> Life:
        """The life of a record."""
        return self.lives.get(record, Life.LIVE)


class Successions:
    """Where chains of records that superseded each other end. Each link is seen once, however many start in a chain."""

    def __init__(self, lives: Lives, stolen: Callable[[RecordKey], bool] = lambda _: False) -> None:
        """`stolen`: whether a record's life may be a thief's doing."""
        self._lives, self._stolen = lives, stolen
        self._ends: dict[RecordKey, RecordKey | None] = {}
        self._doubted: dict[RecordKey, bool] = {}

    def end(self, record: RecordKey) -> RecordKey | None:
        """The last record that took this one's place; None if they take each other's in a circle."""
        self._follow(record)
        return self._ends[record]

    def life(self, record: RecordKey) -> Life:
        """The life of a record."""
        return self._lives.life(record)

    def is_doubted(self, record: RecordKey) -> bool:
        """Whether the life of one that took this record's place, one after the other, may be a thief's doing."""
        self._follow(record)
        return self._doubted[record]

    def _follow(self, record: RecordKey) -> None:
        path: dict[RecordKey, None] = {}
        at, lives = record, self._lives
        while at not in self._ends and at not in path and lives.life(at) is Life.SUPERSEDED:
            path[at] = None
            at = at[0], lives.successors[at]
        if at in path:
            circle = list(path)[list(path).index(at) :]
            doubted = any(map(self._stolen, circle))
            self._ends.update(dict.fromkeys(circle))
            self._doubted.update(dict.fromkeys(circle, doubted))
        elif at not in self._ends:
            self._ends[at], self._doubted[at] = at, False
        for one in reversed(path):
            if one not in self._ends:
                after = one[0], lives.successors[one]
                self._ends[one] = self._ends[after]
                self._doubted[one] = self._doubted[after] or self._stolen(after)


NO_LIVES = Lives({}, {})


def read_states(facts: Facts, records: Iterable[RecordKey]) -> dict[RecordKey, RecordState]:
    """Life and disputes of records, as of the block of these facts. Raises as `Facts` does."""
    listed = list(dict.fromkeys(records))
    words = facts.words([key for one in listed for key in (life_key(*one), disputes_key(*one))])
    return {one: record_state(*one, *words[2 * at : 2 * at + 2]) for at, one in enumerate(listed)}


def read_lives(facts: Facts, records: Iterable[RecordKey], time: int) -> Lives:
    """The lives of these records at `time` (unix seconds), and of all that superseded them. Raises as `Facts` does."""
    lives: dict[RecordKey, Life] = {}
    successors: dict[RecordKey, bytes] = {}
    since: dict[RecordKey, int] = {}
    wanted = list(dict.fromkeys(records))
    seen = set(wanted)
    while wanted:
        words = facts.words([life_key(*one) for one in wanted])
        found = {one: _at(facts, one, word, time) for one, word in zip(wanted, words, strict=True)}
        wanted = []
        for record, state in found.items():
            if state.life == Life.LIVE:
                continue
            lives[record], since[record] = Life(state.life), state.life_at
            if state.life == Life.SUPERSEDED:
                successors[record] = _successor(facts, record, state.entry)
                after = record[0], successors[record]
                if after not in seen:
                    seen.add(after)
                    wanted.append(after)
    return Lives(lives, successors, since)


def _at(facts: Facts, record: RecordKey, word: bytes, time: int) -> RecordState:
    """The life of a record at a time, whose cell has this word now: its state as the last change by then left it."""
    state = record_state(*record, word, bytes(32))
    if state.life_at <= time:
        return state
    for written in RegionReading(facts).writes_of(life_key(*record)):
        state = record_state(*record, written.write.old, bytes(32))
        if state.life_at <= time:
            break
    return state


def _successor(facts: Facts, record: RecordKey, entry: int) -> bytes:
    (found,) = facts.entries([EntryPlace(entry)])
    body = found.body
    if isinstance(body, StatusBody) and (body.node, body.leaf) == record and body.life == Life.SUPERSEDED:
        return body.successor
    raise MissingFactError(
        f"entry {entry} of the log is not the one that superseded a record of node {record[0]}",
        f"日志第 {entry} 条并未取代节点 {record[0]} 的记录",
    )
