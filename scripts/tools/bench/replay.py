"""Replay of a region log: from columns in memory, and from the events as JSON-RPC gives them.

Rates are judged as ratios to hashing the same bytes, or to parsing the same JSON, in the same run. Each bound is what
the goal in entries a second comes to on the quiet machine of docs/benchmarks.md.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entry_columns import EntryColumns, big_endian
from creditchain.log.event_columns import TOPIC, decode_events, read_logs
from creditchain.log.replay import Replayed, replay
from creditchain.log.stepping import Replay
from creditchain.merkle import lanes
from tools.bench import Row
from tools.bench.state import random_keys, random_rows

RUNS = 5
ENTRIES = 1_000_000
FROM_JSON = 100_000
BY_STEPS = 20_000
CELLS_EACH = 0.6  #: cells for each entry
LOG_ID = bytes(range(32))
ADDRESS = "0x" + "5f" * 20


def measure() -> list[Row]:
    """Rows of group `state`: entries of 200 to 400 bytes with two writes each."""
    lanes.load_fastest()
    entries = random_log(ENTRIES)
    return [_from_columns(entries), _from_json(entries.part(0, FROM_JSON)), _by_steps(entries.part(0, BY_STEPS))]


def random_log(count: int) -> EntryColumns:
    """A log whose writes are right: each old word is what the cell's last write left. Entry 0 writes nothing."""
    random = np.random.default_rng(1)
    cells = int(CELLS_EACH * count)
    first = random.integers(0, cells, count - 1)
    second = (first + random.integers(1, cells, count - 1)) % cells
    written = np.stack([first, second], axis=1).reshape(-1)
    indices = np.arange(count, dtype=np.uint64)
    writes = np.empty((len(written), WRITE_BYTES), np.uint8)
    writes[:, :32], writes[:, 64:] = random_keys(cells, 2)[written], random_rows(len(written), 3)
    writes[:, 89:] = big_endian(np.repeat(indices[1:], 2))[:, 1:]
    order = np.argsort(written, kind="stable")
    again = np.flatnonzero(np.diff(written[order]) == 0) + 1
    writes[:, 32:64] = 0
    writes[order[again], 32:64] = writes[order[again - 1], 64:]
    body_ends = np.concatenate([[0], np.cumsum(random.integers(200, 401, count))])
    return EntryColumns(
        indices=indices,
        kinds=random.integers(1, 16, count).astype(np.uint8),
        writers=random_rows(count, 4)[:, 12:],
        times=indices + np.uint64(1_700_000_000),
        bodies=np.frombuffer(random.bytes(int(body_ends[-1])), np.uint8),
        body_ends=body_ends,
        writes=writes,
        write_ends=np.concatenate([[0], np.arange(0, 2 * count, 2)]),
    )


def _from_columns(entries: EntryColumns) -> Row:
    def hash_alone() -> None:
        lanes.keccak_ragged(entries.bodies, entries.body_ends)
        lanes.keccak_ragged(entries.writes.reshape(-1), WRITE_BYTES * entries.write_ends)

    ours, alone = _in_turn(lambda: replay(entries, LOG_ID), hash_alone)
    beside = f"hashing bodies and writes alone, {len(entries) / alone:,.0f} /s"
    return _row("entries replayed from columns", len(entries), ours, beside, ours / alone, 30, "300,000 /s")


def _from_json(entries: EntryColumns) -> Row:
    raw = json.dumps([event(entries.entry(place)) for place in range(len(entries))]).encode()

    def from_json() -> Replayed:
        return replay(decode_events(read_logs(raw), ADDRESS), LOG_ID)

    if from_json().root != replay(entries, LOG_ID).root:
        raise AssertionError("events and columns differ in the root")
    ours, alone = _in_turn(from_json, lambda: json.loads(raw))
    beside = f"json.loads of the same {len(raw) / 1e6:.0f} MB, {len(entries) / alone:,.0f} /s"
    what = f"entries replayed from JSON logs of {len(raw) / len(entries):,.0f} bytes"
    return _row(what, len(entries), ours, beside, ours / alone, 3, "50,000 /s")


def _by_steps(entries: EntryColumns) -> Row:
    listed = [entries.entry(place) for place in range(len(entries))]

    def one_by_one() -> None:
        steps = Replay(LOG_ID)
        for entry in listed:
            steps.append(entry)

    ours, alone = _in_turn(one_by_one, lambda: replay(entries, LOG_ID))
    beside = f"from columns, {len(listed) / alone:,.0f} /s"
    return Row("state", "entries replayed one by one", len(listed) / ours, "/s", beside, ours / alone)


def event(entry: AppendedEntry) -> dict[str, object]:
    """The event of an entry as a node gives it."""
    padded = entry.body + bytes(-len(entry.body) % 32)
    numbers = [entry.time, 96, 128 + len(padded), len(entry.body)]
    data = b"".join(map(_word, numbers)) + padded + _word(len(entry.writes)) + entry.writes
    topics = [TOPIC, _word(entry.index), _word(entry.kind), entry.writer.rjust(32, b"\x00")]
    return {
        "address": ADDRESS,
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + data.hex(),
        "blockNumber": hex(entry.index // 20),
        "blockHash": "0x" + "ef" * 32,
        "transactionHash": "0x" + "12" * 32,
        "transactionIndex": hex(entry.index % 20),
        "logIndex": hex(entry.index % 20),
        "removed": False,
    }


def _word(number: int) -> bytes:
    return number.to_bytes(32)


def _in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of both; the first run of each is not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS + 1):
        for action, times in zip((one, other), taken, strict=True):
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


def _row(name: str, count: int, seconds: float, beside: str, ratio: float, most: float, goal: str) -> Row:
    target = f"≤ {most:g} × (≥ {goal} when quiet)"
    return Row("state", name, count / seconds, "/s", beside, ratio, target, ratio <= most)
