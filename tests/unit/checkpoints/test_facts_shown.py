"""Facts under a checkpoint: what runs of cells say, and what they do not, over trees of every small size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from eth_account import Account

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import (
    CellRow,
    EntryRow,
    ShownFacts,
    parse_region_facts,
    read_facts,
    region_facts_file,
)
from creditchain.checkpoints.file import SignedCheckpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.hashing import keccak256
from creditchain.log.appended import AppendedEntry
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cells import NO_WORD, Cell, cell_key, cell_word
from creditchain.log.facts import EntryPlace, MissingFactError
from creditchain.log.state_tree import StateTree
from creditchain.log.views import LogEntry
from creditchain.merkle import root as root_of
from creditchain.merkle.runs import runs_proof
from creditchain.merkle.tree import MemoryTree
from creditchain.messages import LogDomain, compact
from creditchain.packages.fields import PackageError

LOG_ID = keccak256(b"a log")
KEY = keccak256(b"a signer")
ENTRIES = tuple(
    AppendedEntry(index, 1 + index, bytes([index]) * 20, 1_000 + index, bytes(index), b"") for index in range(9)
)
HASHES = [entry.hash(LOG_ID) for entry in ENTRIES]


def tree(size: int) -> StateTree:
    """Cells 10, 20, 30 … of one space."""
    return StateTree(CellColumns.of(Cell(key(10 * (n + 1)), cell_word(n, n + 1)) for n in range(size)))


def key(number: int) -> bytes:
    return cell_key(3, number)


def checkpoint(state: StateTree, **changes: Any) -> SignedCheckpoint:
    values: dict[str, Any] = {
        "size": len(ENTRIES),
        "root": root_of(HASHES),
        "cells": state.size,
        "state_root": state.root,
        "block_number": 7,
        "block_hash": keccak256(b"block"),
        "block_time": 2_000,
        "signer_epoch": 1,
    }
    message = Checkpoint(LogDomain(LOG_ID), **{**values, **changes})
    signed = Account.from_key(KEY).sign_typed_data(full_message=message.typed_data())
    return SignedCheckpoint(message).signed(compact(bytes(signed.signature)))


def shown(
    signed: SignedCheckpoint,
    state: StateTree,
    cells: Sequence[tuple[int, int]] = (),
    entries: Sequence[tuple[int, int]] = (),
    **changes: Any,
) -> ShownFacts:
    """Runs of cells and of entries, each by its first index and its count, with one proof for each tree."""
    made = ShownFacts(
        checkpoint=signed,
        cells=tuple(CellRow(first, tuple(state.cells[first : first + count])) for first, count in cells),
        cells_proof=tuple(runs_proof(state, cells)) if cells else (),
        entries=tuple(EntryRow(ENTRIES[first : first + count]) for first, count in entries),
        entries_proof=tuple(runs_proof(MemoryTree(HASHES), entries)) if entries else (),
    )
    return replace(made, **changes)


PINNED = PinnedSigners(LOG_ID, 1, frozenset({Account.from_key(KEY).address}), 1)


@pytest.mark.parametrize("size", range(1, 9))
def test_a_run_says_what_it_shows_and_what_lies_between(size: int) -> None:
    """Every run of every tree: a cell that is shown, one that is not there, and one of which nothing is said."""
    state = tree(size)
    signed = checkpoint(state)
    for first, stop in combinations(range(size + 1), 2):
        facts = SignedFacts(shown(signed, state, [(first, stop - first)]), PINNED)
        low = 0 if first == 0 else 10 * (first + 1)
        high = 10**6 if stop == size else 10 * stop
        for number in (*range(0, 10 * size + 25, 5), 10**6):
            known = low <= number <= high
            assert facts.knows(key(number)) is known
            if not known:
                with pytest.raises(MissingFactError, match="do not show cell"):
                    facts.words([key(number)])
            elif number % 10 == 0 and 0 < number <= 10 * size:
                assert facts.words([key(number)]) == [cell_word(number // 10 - 1, number // 10)]
            else:
                assert facts.words([key(number)]) == [NO_WORD]


def test_two_runs_say_nothing_of_what_lies_between_them() -> None:
    state = tree(8)
    facts = SignedFacts(shown(checkpoint(state), state, [(0, 2), (4, 2)]), PINNED)
    assert [facts.knows(key(number)) for number in (5, 15, 25, 30, 45, 55, 65)] == [
        *(True, True, False, False, False, True, False)
    ]


class CountedKey(bytes):
    """A key that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: bytes) -> bool:
        CountedKey.compared += 1
        return super().__lt__(other)

    def __le__(self, other: bytes) -> bool:
        CountedKey.compared += 1
        return super().__le__(other)


def test_many_runs_are_not_gone_through_for_each_key() -> None:
    """A hostile package may show 10,000 runs of one cell each, and have a verifier look for as many others."""
    state = tree(2000)
    facts = SignedFacts(shown(checkpoint(state), state, [(at, 1) for at in range(0, 2000, 2)]), PINNED)
    CountedKey.compared = 0
    assert [facts.knows(CountedKey(key(10 * at + 5))) for at in range(1, 1001)] == [False] * 1000
    assert CountedKey.compared <= 1000 * 12


def test_bodies_are_read_of_those_entries_alone_that_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[int]()
    of = LogEntry.of

    def noted(entry: AppendedEntry, *args: Any, **named: Any) -> LogEntry:
        read.append(entry.index)
        return of(entry, *args, **named)

    monkeypatch.setattr(LogEntry, "of", noted)
    facts = SignedFacts(shown(checkpoint(tree(3)), tree(3), (), [(0, len(ENTRIES))]), PINNED)
    facts.entries([EntryPlace(4), EntryPlace(4), EntryPlace(6)])
    assert read == [4, 6]


def test_entries_in_runs() -> None:
    for first, stop in combinations(range(len(ENTRIES) + 1), 2):
        facts = SignedFacts(shown(checkpoint(tree(3)), tree(3), (), [(first, stop - first)]), PINNED)
        for index, entry in enumerate(ENTRIES):
            if first <= index < stop:
                (found,) = facts.entries([EntryPlace(index)])
                assert found.appended == entry
                assert (found.hash, found.block) == (HASHES[index], 7)
            else:
                assert not facts.has_entry(index)
                with pytest.raises(MissingFactError, match="do not show entry"):
                    facts.entries([EntryPlace(index)])


def test_what_is_shared_counts_under_the_same_checkpoint_only() -> None:
    state = tree(8)
    signed = checkpoint(state)
    shared = SignedFacts(shown(signed, state, [(0, 4)], [(0, 2)]), PINNED)
    own = shown(signed, state, [(6, 2)])
    facts = SignedFacts(own, PINNED, shared)
    assert facts.words([key(10), key(15), key(80)]) == [cell_word(0, 1), NO_WORD, cell_word(7, 8)]
    assert facts.has_entry(1)
    assert not facts.knows(key(50))
    other = SignedFacts(replace(own, checkpoint=checkpoint(state, block_number=8)), PINNED, shared)
    assert not other.knows(key(10))
    assert not other.has_entry(1)


STATE = tree(8)
RUNS, ENTRY_RUNS = [(2, 3), (6, 1)], [(0, 2), (5, 1)]
GOOD = shown(checkpoint(STATE), STATE, RUNS, ENTRY_RUNS)
ROW, LAST = GOOD.cells
BENT = EntryRow((replace(ENTRIES[0], body=b"\1"), ENTRIES[1]))


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (replace(GOOD, cells=(replace(ROW, first=3), LAST)), "not under the state root"),
        (replace(GOOD, cells_proof=GOOD.cells_proof[1:]), "not under the state root"),
        (replace(GOOD, cells_proof=(*GOOD.cells_proof, bytes(32))), "not under the state root"),
        (replace(GOOD, cells=(replace(ROW, cells=ROW.cells[1:]), LAST)), "not under the state root"),
        (replace(GOOD, cells=(ROW,)), "not under the state root"),
        (replace(GOOD, cells=()), "not under the state root"),
        (replace(GOOD, cells=(replace(ROW, cells=ROW.cells[::-1]), LAST)), "do not ascend"),
        (replace(GOOD, cells=(LAST, ROW)), "do not ascend"),
        (replace(GOOD, cells=(ROW, ROW, LAST)), "do not ascend"),
        (replace(GOOD, checkpoint=checkpoint(tree(7))), "not under the state root"),
        (replace(GOOD, checkpoint=checkpoint(STATE, cells=9)), "not under the state root"),
        (replace(GOOD, entries=(EntryRow(ENTRIES[1:3]), GOOD.entries[1])), "not under the log's"),
        (replace(GOOD, entries=GOOD.entries[::-1]), "not under the log's"),
        (replace(GOOD, entries=()), "not under the log's"),
        (replace(GOOD, checkpoint=checkpoint(STATE, size=8)), "not under the log's root"),
        (replace(GOOD, entries=(BENT, GOOD.entries[1])), "not under the log's root"),
    ],
)
def test_what_is_not_under_the_roots_is_refused(shown: ShownFacts, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as refused:
        SignedFacts(shown, PINNED)
    assert refused.value.place is not None
    assert str(refused.value.place.field) in ("cells", "entries")


def test_keys_that_signers_put_out_of_order_show_no_absence() -> None:
    """Signers who sign a tree that is not sorted are found out by whoever is shown two of its neighbours."""
    cells = [Cell(key(number), cell_word(1, 1)) for number in (10, 30, 20, 40)]
    hashes = [cell.hash() for cell in cells]
    proof = tuple(runs_proof(MemoryTree(hashes), [(1, 2)]))
    unsorted = checkpoint(tree(4), cells=4, state_root=root_of(hashes))
    with pytest.raises(CheckpointError, match="do not ascend"):
        SignedFacts(ShownFacts(unsorted, (CellRow(1, tuple(cells[1:3])),), proof), PINNED)


def test_files_are_what_was_written() -> None:
    whole = replace(GOOD, region_facts=keccak256(b"file"))
    assert read_facts(whole.as_json()) == whole
    shared = replace(whole, region_facts=None)
    assert parse_region_facts(region_facts_file(shared)) == shared


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cells": [{"first": 0, "cells": ""}]}, "facts.cells[0].cells"),
        ({"cells": [{"first": 0, "cells": "AAAA"}]}, "facts.cells[0].cells"),
        ({"cells": [{"first": -1, "cells": ""}]}, "facts.cells[0].cells"),
        ({"cells_proof": "AAAA"}, "facts.cells_proof"),
        ({"entries": [{"first": 0, "entries": []}]}, "facts.entries[0].entries"),
        ({"entries": [{"first": 0, "entries": [{}]}]}, "facts.entries[0].entries[0].body"),
        ({"region_facts": "0x"}, "facts.region_facts"),
        ({"more": 1}, "facts.(the whole file)"),
    ],
)
def test_files_that_are_none(change: dict[str, Any], field: str) -> None:
    value = GOOD.as_json()
    with pytest.raises(PackageError) as refused:
        read_facts({**value, **change})
    assert refused.value.place is not None
    assert str(refused.value.place.field).removesuffix(".(the whole file)") in field
