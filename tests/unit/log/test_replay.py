"""Replay in columns and entry by entry: the vectors, random logs, every earlier size, every contradiction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from random_logs import LOG_ID, random_log

from creditchain.log.appended import AppendedEntry
from creditchain.log.cell_columns import NO_CELLS, CellColumns
from creditchain.log.cells import NO_WORD, CellWrite, cell_key, cell_word, pack_writes, parse_writes
from creditchain.log.entry_columns import HASHED_AT_ONCE, EntryColumns, entry_hashes
from creditchain.log.replay import NOTHING_REPLAYED, Replayed, ReplayError, replay, rewind
from creditchain.log.state_tree import StateTree
from creditchain.log.stepping import Replay
from creditchain.merkle import EMPTY_ROOT, Frontier, root
from vectors.reading import load

VECTORS = load("cells")
LOG = [
    AppendedEntry(
        case["index"], case["kind"], bytes.fromhex(case["writer"][2:]), case["time"], case["body"], case["packed"]
    )
    for case in VECTORS["log"]
]
ENTRIES, STATES = random_log(120)
COLUMNS = EntryColumns.of(ENTRIES)


def by_steps(entries: Sequence[AppendedEntry], log_id: bytes, before: Replayed = NOTHING_REPLAYED) -> Replayed:
    steps = Replay(log_id, before)
    for entry in entries:
        steps.append(entry)
    return steps.replayed()


def by_columns(entries: Sequence[AppendedEntry], log_id: bytes, before: Replayed = NOTHING_REPLAYED) -> Replayed:
    return replay(EntryColumns.of(entries), log_id, before)


Way = Callable[..., Replayed]
WAYS = pytest.mark.parametrize("way", [by_columns, by_steps])


def as_dict(cells: CellColumns) -> dict[bytes, bytes]:
    return {cell.key: cell.word for cell in cells}


@WAYS
def test_the_log_of_the_vectors_at_every_size(way: Way):
    for size, case in enumerate(VECTORS["log"], 1):
        found = way(LOG[:size], VECTORS["log_id"])
        assert (found.size, found.root) == (size, case["log_root"])
        assert StateTree(found.cells).root == case["state_root"]
        assert len(found.cells) == case["cells"]


def test_entries_hash_as_those_of_the_contracts():
    vectors = load("entries")
    for case in vectors["log"]:
        writer = bytes.fromhex(case["writer"][2:])
        entry = AppendedEntry(case["index"], case["kind"], writer, case["time"], case["body"], case["writes"])
        assert entry.hash(vectors["log_ids"][0]["log_id"]) == case["entry"]


def test_entry_hashes_of_the_vectors():
    expected = [case["entry"] for case in VECTORS["log"]]
    assert [entry.hash(VECTORS["log_id"]) for entry in LOG] == expected
    assert [row.tobytes() for row in entry_hashes(EntryColumns.of(LOG), VECTORS["log_id"])] == expected


@WAYS
def test_from_every_size_to_every_other(way: Way):
    for start in range(0, 34):
        before = by_columns(ENTRIES[:start], LOG_ID)
        for stop in range(start, 34):
            found = way(ENTRIES[start:stop], LOG_ID, before)
            assert found.root == root([entry.hash(LOG_ID) for entry in ENTRIES[:stop]])
            assert as_dict(found.cells) == (STATES[stop - 1] if stop else {})


def test_the_state_as_of_every_earlier_size():
    cells = replay(COLUMNS, LOG_ID).cells
    for size in range(len(ENTRIES) + 1):
        expected = STATES[size - 1] if size else {}
        assert as_dict(rewind(cells, COLUMNS.part(size, len(ENTRIES)))) == expected
        assert as_dict(replay(COLUMNS.part(0, size), LOG_ID).cells) == expected


def test_nothing_replayed():
    assert replay(COLUMNS.part(0, 0), LOG_ID).root == EMPTY_ROOT
    assert Replay(LOG_ID).root == EMPTY_ROOT
    assert len(rewind(NO_CELLS, COLUMNS.part(0, 0))) == 0


def test_steps_know_each_cell():
    steps = Replay(LOG_ID, by_columns(ENTRIES[:50], LOG_ID))
    for entry, cells in zip(ENTRIES[50:], STATES[50:], strict=True):
        assert steps.append(entry) == entry.hash(LOG_ID)
        assert all(steps.word(key) == word for key, word in cells.items())
        assert steps.word(cell_key(9, 9)) == NO_WORD
    assert steps.size == len(ENTRIES)


def test_columns_give_the_entries_back():
    assert [COLUMNS.entry(place) for place in range(len(COLUMNS))] == ENTRIES
    part = COLUMNS.part(40, 90)
    assert [part.entry(place) for place in range(len(part))] == ENTRIES[40:90]


def test_more_entries_than_are_hashed_at_once():
    count = HASHED_AT_ONCE + 3
    entries = EntryColumns(
        indices=np.arange(count, dtype=np.uint64),
        kinds=np.zeros(count, np.uint8),
        writers=np.zeros((count, 20), np.uint8),
        times=np.zeros(count, np.uint64),
        bodies=np.zeros(0, np.uint8),
        body_ends=np.zeros(count + 1, np.int64),
        writes=np.zeros((0, 96), np.uint8),
        write_ends=np.zeros(count + 1, np.int64),
    )
    expected = [entries.entry(place).hash(LOG_ID) for place in (0, HASHED_AT_ONCE - 1, HASHED_AT_ONCE, count - 1)]
    hashes = entry_hashes(entries, LOG_ID)
    assert [hashes[place].tobytes() for place in (0, HASHED_AT_ONCE - 1, HASHED_AT_ONCE, count - 1)] == expected
    frontier = Frontier()
    frontier.extend(row.tobytes() for row in hashes)
    assert replay(entries, LOG_ID).root == frontier.root


def rewritten(entry: AppendedEntry, writes: Sequence[CellWrite]) -> AppendedEntry:
    return replace(entry, writes=pack_writes(writes))


def with_entry(place: int, entry: AppendedEntry) -> list[AppendedEntry]:
    return [*ENTRIES[:place], entry, *ENTRIES[place + 1 :]]


def refused(way: Way, entries: Sequence[AppendedEntry], entry: int | None, match: str) -> None:
    with pytest.raises(ReplayError, match=match) as caught:
        way(entries, LOG_ID)
    assert caught.value.entry == entry
    assert caught.value.expected
    assert caught.value.found


@WAYS
@pytest.mark.parametrize("place", [0, 1, 60, 118])
def test_an_entry_left_out_doubled_or_exchanged(way: Way, place: int):
    following = "it does not follow the last entry"
    refused(way, [*ENTRIES[:place], *ENTRIES[place + 1 :]], place + 1, f"{following}; expected entry {place}")
    refused(way, [*ENTRIES[: place + 1], *ENTRIES[place:]], place, f"{following}; expected entry {place + 1}")
    exchanged = [*ENTRIES[:place], ENTRIES[place + 1], ENTRIES[place], *ENTRIES[place + 2 :]]
    refused(way, exchanged, place + 1, f"{following}; expected entry {place}")


@WAYS
def test_the_first_entry_writes_a_cell(way: Way):
    write = CellWrite(cell_key(1, 1), NO_WORD, cell_word(5, 1))
    refused(way, with_entry(0, rewritten(ENTRIES[0], [write])), 0, "entry 0: .* expected no writes")


WRITTEN = [(place, parse_writes(entry.writes, place)) for place, entry in enumerate(ENTRIES)]


@WAYS
def test_every_new_word_that_names_another_entry(way: Way):
    for place, writes in WRITTEN:
        for at, write in enumerate(writes):
            for other in (place - 1 or place + 2, place + 1, 2**56 - 1):
                wrong = replace(write, new=write.new[:25] + other.to_bytes(7))
                changed = [*writes[:at], wrong, *writes[at + 1 :]]
                match = f"entry {place}: .* new word names another entry; expected {place}; found {other}"
                refused(way, with_entry(place, rewritten(ENTRIES[place], changed)), place, match)


@WAYS
def test_every_cell_written_twice_in_one_entry(way: Way):
    for place, writes in WRITTEN:
        for write in writes:
            twice = [*writes, replace(write, old=write.new)]
            again = "writes a cell twice|old word"  # one by one, what the second old word says is seen first
            refused(way, with_entry(place, rewritten(ENTRIES[place], twice)), place, again)


@WAYS
def test_every_old_word_that_is_another(way: Way):
    for place, writes in WRITTEN:
        for at, write in enumerate(writes):
            for other in {NO_WORD, bytes([write.old[0] ^ 1]) + write.old[1:], cell_word(0, max(place - 1, 1))} - {
                write.old
            }:
                if 0 < int.from_bytes(other[25:]) < place or other == NO_WORD:
                    changed = [*writes[:at], replace(write, old=other), *writes[at + 1 :]]
                    match = f"entry {place}: an old word is not what the last write of cell 0x{write.key.hex()} left"
                    refused(way, with_entry(place, rewritten(ENTRIES[place], changed)), place, match)


@WAYS
def test_a_new_word_changed_after_the_fact_contradicts_the_next_write(way: Way):
    """Where the cell is not written again, only the log's root gives the change away."""
    found = 0
    for place, writes in WRITTEN:
        for at, write in enumerate(writes):
            changed = [*writes[:at], replace(write, new=bytes([write.new[0] ^ 1]) + write.new[1:]), *writes[at + 1 :]]
            entries = with_entry(place, rewritten(ENTRIES[place], changed))
            later = [next_ for next_, others in WRITTEN[place + 1 :] if write.key in {other.key for other in others}]
            if later:
                refused(way, entries, later[0], "an old word is not what")
                found += 1
            else:
                assert way(entries, LOG_ID).root != root([entry.hash(LOG_ID) for entry in ENTRIES])
    assert found > 50


@WAYS
def test_the_first_of_several_contradictions_is_named(way: Way):
    entries = list(ENTRIES)
    for place in (100, 50, 70):
        write = CellWrite(cell_key(7, 7), cell_word(place, 1), cell_word(1, place))
        entries[place] = rewritten(entries[place], [write])
    refused(way, entries, 50, "entry 50: an old word")


@WAYS
def test_writes_are_checked_against_the_state_before(way: Way):
    before = by_columns(ENTRIES[:60], LOG_ID)
    key, word = next(iter(STATES[59].items()))
    fresh = rewritten(ENTRIES[60], [CellWrite(key, NO_WORD, cell_word(1, 60))])
    with pytest.raises(ReplayError, match=f"expected 0x{word.hex()}; found 0x{NO_WORD.hex()}"):
        way([fresh], LOG_ID, before)


def test_a_refused_entry_changes_nothing():
    steps = Replay(LOG_ID, by_columns(ENTRIES[:60], LOG_ID))
    for wrong in (replace(ENTRIES[60], index=61), replace(ENTRIES[60], writes=bytes(95)), ENTRIES[59]):
        with pytest.raises(ReplayError):
            steps.append(wrong)
    for entry in ENTRIES[60:]:
        steps.append(entry)
    assert steps.root == replay(COLUMNS, LOG_ID).root


@WAYS
def test_the_root_of_the_log(way: Way):
    expected = root([entry.hash(LOG_ID) for entry in ENTRIES])
    found = way(ENTRIES, LOG_ID)
    assert found.require_root(120, expected) is found
    with pytest.raises(ReplayError, match="expected 121; found 120"):
        found.require_root(121, expected)
    for changed in (
        replace(ENTRIES[7], body=ENTRIES[7].body + b"\x00"),
        replace(ENTRIES[7], time=ENTRIES[7].time ^ 1),
        replace(ENTRIES[7], kind=ENTRIES[7].kind ^ 1),
        replace(ENTRIES[7], writer=bytes(20)),
    ):
        with pytest.raises(ReplayError, match=f"expected the root 0x{expected.hex()}"):
            way(with_entry(7, changed), LOG_ID).require_root(120, expected)
    with pytest.raises(ReplayError, match="not those of the log"):
        way(ENTRIES, bytes(32)).require_root(120, expected)


def test_rewinding_cells_that_are_not_the_logs():
    cells = replay(COLUMNS, LOG_ID).cells
    for place in range(len(cells)):
        words = cells.words.copy()
        words[place, 0] ^= 1
        with pytest.raises(ReplayError, match="the cell holds another word"):
            rewind(CellColumns(cells.keys, words), COLUMNS)
    with pytest.raises(ReplayError, match=f"found 0x{NO_WORD.hex()}"):
        rewind(NO_CELLS, COLUMNS)


def test_columns_that_do_not_fit():
    fields = {name: getattr(COLUMNS, name) for name in COLUMNS.__dataclass_fields__}
    for name in fields:
        with pytest.raises(ValueError, match="expected"):
            EntryColumns(**fields | {name: fields[name][:-1]})
    with pytest.raises(ValueError, match="uint64"):
        EntryColumns(**fields | {"times": fields["times"].astype(np.int64)})
    with pytest.raises(ValueError, match="96 bytes"):
        EntryColumns.of([replace(ENTRIES[0], writes=bytes(95))])
    with pytest.raises(ValueError, match="writer must be 20 bytes, not 32"):
        replace(ENTRIES[0], writer=bytes(32))
