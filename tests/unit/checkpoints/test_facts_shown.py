"""Facts under a checkpoint: what runs of cells say, and what they do not, over trees of every small size."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from eth_account import Account

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import (
    EntryRun,
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
from creditchain.log.state_proofs import CellRun
from creditchain.log.state_tree import StateTree
from creditchain.merkle import root as root_of
from creditchain.merkle.runs import run_proof
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


PINNED = PinnedSigners(LOG_ID, 1, frozenset({Account.from_key(KEY).address}), 1)


@pytest.mark.parametrize("size", range(1, 9))
def test_a_run_says_what_it_shows_and_what_lies_between(size: int) -> None:
    """Every run of every tree: a cell that is shown, one that is not there, and one of which nothing is said."""
    state = tree(size)
    signed = checkpoint(state)
    for first, stop in combinations(range(size + 1), 2):
        facts = SignedFacts(ShownFacts(signed, (state.prove_cells(first, stop - first),)), PINNED)
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
    facts = SignedFacts(ShownFacts(checkpoint(state), (state.prove_cells(0, 2), state.prove_cells(4, 2))), PINNED)
    assert [facts.knows(key(number)) for number in (5, 15, 25, 30, 45, 55, 65)] == [
        *(True, True, False, False, False, True, False)
    ]


def test_entries_in_runs() -> None:
    for first, stop in combinations(range(len(ENTRIES) + 1), 2):
        run = entry_run(first, stop)
        facts = SignedFacts(ShownFacts(checkpoint(tree(3)), (), (run,)), PINNED)
        for index, entry in enumerate(ENTRIES):
            if first <= index < stop:
                (found,) = facts.entries([EntryPlace(index)])
                assert found.appended == entry
                assert (found.hash, found.block) == (HASHES[index], 7)
            else:
                assert not facts.has_entry(index)
                with pytest.raises(MissingFactError, match="do not show entry"):
                    facts.entries([EntryPlace(index)])


def entry_run(first: int, stop: int) -> EntryRun:
    proof = run_proof(MemoryTree(HASHES), first, stop - first)
    return EntryRun(ENTRIES[first:stop], tuple(proof))


def test_what_is_shared_counts_under_the_same_checkpoint_only() -> None:
    state = tree(8)
    signed = checkpoint(state)
    shared = SignedFacts(ShownFacts(signed, (state.prove_cells(0, 4),), (entry_run(0, 2),)), PINNED)
    own = ShownFacts(signed, (state.prove_cells(6, 2),))
    facts = SignedFacts(own, PINNED, shared)
    assert facts.words([key(10), key(15), key(80)]) == [cell_word(0, 1), NO_WORD, cell_word(7, 8)]
    assert facts.has_entry(1)
    assert not facts.knows(key(50))
    other = SignedFacts(replace(own, checkpoint=checkpoint(state, block_number=8)), PINNED, shared)
    assert not other.knows(key(10))
    assert not other.has_entry(1)


STATE = tree(8)
RUN = STATE.prove_cells(2, 3)


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (ShownFacts(checkpoint(STATE), (replace(RUN, first=3),)), "not under the state root"),
        (ShownFacts(checkpoint(STATE), (replace(RUN, proof=RUN.proof[1:]),)), "not under the state root"),
        (ShownFacts(checkpoint(STATE), (replace(RUN, cells=RUN.cells[1:]),)), "not under the state root"),
        (ShownFacts(checkpoint(STATE), (replace(RUN, cells=RUN.cells[::-1]),)), "do not ascend"),
        (ShownFacts(checkpoint(tree(7)), (RUN,)), "not under the state root"),
        (ShownFacts(checkpoint(STATE, cells=9), (RUN,)), "not under the state root"),
        (ShownFacts(checkpoint(STATE), (), (EntryRun(ENTRIES[1:3], entry_run(0, 2).proof),)), "not under the log's"),
        (ShownFacts(checkpoint(STATE, size=8), (), (entry_run(0, 2),)), "not under the log's root"),
        (
            ShownFacts(checkpoint(STATE), (), (EntryRun((replace(ENTRIES[0], body=b"\1"),), entry_run(0, 1).proof),)),
            "not under the log's root",
        ),
    ],
)
def test_what_is_not_under_the_roots_is_refused(shown: ShownFacts, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as refused:
        SignedFacts(shown, PINNED)
    assert refused.value.place is not None
    assert str(refused.value.place.field).startswith(("cells[0]", "entries[0]"))


def test_keys_that_signers_put_out_of_order_show_no_absence() -> None:
    """Signers who sign a tree that is not sorted are found out by whoever is shown two of its neighbours."""
    cells = [Cell(key(number), cell_word(1, 1)) for number in (10, 30, 20, 40)]
    hashes = [cell.hash() for cell in cells]
    proof = tuple(run_proof(MemoryTree(hashes), 1, 2))
    unsorted = checkpoint(tree(4), cells=4, state_root=root_of(hashes))
    with pytest.raises(CheckpointError, match="do not ascend"):
        SignedFacts(ShownFacts(unsorted, (CellRun(1, tuple(cells[1:3]), proof),)), PINNED)


def test_files_are_what_was_written() -> None:
    shown = ShownFacts(checkpoint(STATE), (RUN,), (entry_run(2, 5),), region_facts=keccak256(b"file"))
    assert read_facts(shown.as_json()) == shown
    shared = replace(shown, region_facts=None)
    assert parse_region_facts(region_facts_file(shared)) == shared


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cells": [{"first": 0, "cells": "", "proof": ""}]}, "facts.cells[0].cells"),
        ({"cells": [{"first": 0, "cells": "AAAA", "proof": ""}]}, "facts.cells[0].cells"),
        ({"cells": [{"first": -1, "cells": "", "proof": ""}]}, "facts.cells[0].cells"),
        ({"entries": [{"first": 0, "entries": [], "proof": ""}]}, "facts.entries[0].entries"),
        ({"entries": [{"first": 0, "entries": [{}], "proof": ""}]}, "facts.entries[0].entries[0].body"),
        ({"region_facts": "0x"}, "facts.region_facts"),
        ({"more": 1}, "facts.(the whole file)"),
    ],
)
def test_files_that_are_none(change: dict[str, Any], field: str) -> None:
    value = ShownFacts(checkpoint(STATE), (RUN,)).as_json()
    with pytest.raises(PackageError) as refused:
        read_facts({**value, **change})
    assert refused.value.place is not None
    assert str(refused.value.place.field).removesuffix(".(the whole file)") in field
