"""The index of a log: following a chain, opening what was followed, and what it serves then.

The chain is in memory (`tools.bench.log_chain`), so what is measured is the work of this side: reading the answers,
decoding, replaying, hashing, writing and syncing. Rates are judged as ratios to parsing the same JSON, or to another
question to the same index, in the same run.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from creditchain.acts.indexing import replayed
from creditchain.index.following import IndexPlace, follow_log
from creditchain.index.opened import IndexedLog
from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entry_columns import EntryColumns
from creditchain.log.replay import replay
from creditchain.merkle import lanes
from tools.bench import Row, median_seconds
from tools.bench.log_chain import LogChain
from tools.bench.replay import LOG_ID, random_log

_T = TypeVar("_T")

ENTRIES = 200_000
#: Entries of a block, and those that come between two calls of a command.
A_BLOCK, NEW = 20, 20
SERVED = 300
GROUP = "index"


def measure() -> list[Row]:
    """Rows of group `index`: entries of 200 to 400 bytes with two writes each."""
    lanes.load_fastest()
    entries = random_log(ENTRIES + NEW)
    chain = _chain(entries.part(0, ENTRIES))
    with tempfile.TemporaryDirectory() as folder:
        place = IndexPlace(Path(folder) / "index", Path(folder) / "lock")
        rows = [_followed(chain, place, entries.part(0, ENTRIES))]
        rows += _opened(chain, place)
        chain.append([entries.entry(index) for index in range(ENTRIES, ENTRIES + NEW)])
        rows += _grown(chain, place)
    return rows


def _chain(entries: EntryColumns) -> LogChain:
    chain = LogChain(LOG_ID)
    for start in range(0, len(entries), A_BLOCK):
        chain.append([entries.entry(index) for index in range(start, start + A_BLOCK)])
    return chain


def _follow(chain: LogChain, place: IndexPlace) -> IndexedLog:
    region = chain.region()
    return follow_log(region, place, region.chain.final_block())


def _followed(chain: LogChain, place: IndexPlace, entries: EntryColumns) -> Row:
    raw = json.dumps([one for block in chain.blocks for one in block]).encode()
    start = time.perf_counter()
    json.loads(raw)
    parsing = time.perf_counter() - start
    start = time.perf_counter()
    log = _follow(chain, place)
    ours = time.perf_counter() - start
    if log.root != replay(entries, LOG_ID).root:
        raise AssertionError("the index has another root than the entries")
    beside = f"json.loads of the same events, {len(entries) / parsing:,.0f} /s"
    what = f"a log of {ENTRIES:,} entries followed, written and synced"
    return _row(what, len(entries) / ours, "/s", beside, ours / parsing, 6)


def _opened(chain: LogChain, place: IndexPlace) -> list[Row]:
    """Opening the index as a command does that finds nothing new, and questions to it."""
    region = chain.region()
    block = region.chain.final_block()
    opening = 1000 * median_seconds(lambda: follow_log(region, place, block), runs=9)
    asking = 1000 * median_seconds(lambda: region.log_head(block.number), runs=9)
    rows = [
        _row("… opened, nothing new", opening, "ms", f"asking size and root, {asking:.2f} ms", opening / asking, 20)
    ]
    log = follow_log(region, place, block)
    rows += [_replayed(log), *_asked(log)]
    start = time.perf_counter()
    state = log.state()
    first = 1000 * (time.perf_counter() - start)
    rows.append(Row(GROUP, f"… state tree of {state.size:,} cells, kept while following", first, "ms"))
    again = 1000 * median_seconds(lambda: follow_log(region, place, block).state().root, runs=5)
    rows.append(Row(GROUP, "… opened with that state", again, "ms"))
    return rows


def _replayed(log: IndexedLog) -> Row:
    """`log replay`: every cell from the entries in the files, beside hashing their bodies and writes alone."""

    def hash_alone() -> None:
        entries = log.columns(checked=False)
        lanes.keccak_ragged(entries.bodies, entries.body_ends)
        lanes.keccak_ragged(entries.writes.reshape(-1), WRITE_BYTES * entries.write_ends)

    ours, alone = median_seconds(lambda: replayed(log), runs=3), median_seconds(hash_alone, runs=3)
    beside = f"hashing bodies and writes alone, {log.size / alone:,.0f} /s"
    target = "≤ 30 × (≥ 300,000 /s when quiet)"
    return Row(GROUP, "… replayed", log.size / ours, "/s", beside, ours / alone, target, ours / alone <= 30)


def _asked(log: IndexedLog) -> list[Row]:
    random = Random(1)  # noqa: S311 - not for keys
    indices = [random.randrange(1, log.size) for _ in range(SERVED)]
    reading = _each(log.entry, indices)
    proofs = _each(log.inclusion, indices)
    keys = [log.columns(index, index + 1).own_writes()[0][0, :32].tobytes() for index in indices]
    log.word(keys[0])
    words = _each(log.word, keys)
    beside = f"an entry read and checked, {reading:.3f} ms"
    return [
        _row("… inclusion proof made and checked", proofs, "ms", beside, proofs / reading, 2),
        _row("… word of a cell, proven under its state", words, "ms", beside, words / reading, 3),
    ]


def _grown(chain: LogChain, place: IndexPlace) -> list[Row]:
    start = time.perf_counter()
    log = _follow(chain, place)
    followed = 1000 * (time.perf_counter() - start)
    start = time.perf_counter()
    size = log.state().size
    computed = 1000 * (time.perf_counter() - start)
    return [
        Row(GROUP, f"… {NEW} new entries followed, written and synced", followed, "ms"),
        Row(GROUP, f"… state tree of {size:,} cells after them, computed and kept", computed, "ms"),
    ]


def _each(action: Callable[[_T], object], values: Sequence[_T]) -> float:
    """Median milliseconds of one."""
    taken = []
    for value in values:
        start = time.perf_counter()
        action(value)
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def _row(name: str, value: float, unit: str, beside: str, ratio: float, most: float) -> Row:
    return Row(GROUP, name, value, unit, beside, ratio, f"≤ {most:g} ×", ratio <= most)
