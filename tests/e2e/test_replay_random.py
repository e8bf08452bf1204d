"""`log replay` against the storage of the log, after anybody of a region did anything in any order.

Every contract is replaced again and again meanwhile. What the entries say is then all that the log holds: no cell has
another word, nothing else was written, and the contracts with the rules hold nothing at all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from acting import region_on
from random_actions import WEIGHTS, Actions
from random_region import FREE, Ground
from servers import anvil

from creditchain.acts.replaying import ReplayedState, replay_log
from creditchain.chain.connect import connect
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.vocabulary import EntryKind, Role, Space

#: Slots of `RegionLog`: authority, head, 64 peaks; then the mapping of cells, and the log's id at a slot of its own.
HEAD_SLOT, PEAKS_SLOT, CELLS_SLOT = 1, 2, 66
ID_SLOT = int.from_bytes(keccak256(b"creditchain.RegionLog.logId"))


@pytest.fixture
def actions(tmp_path: Path) -> Iterator[Actions]:
    """A region with members of each role, in which nothing was published yet."""
    with (
        anvil(*FREE) as server,
        open_journal(tmp_path / "journal.sqlite") as journal,
        connect(server.network(), None) as chain,
    ):
        region = region_on(chain, journal)
        chance = random.Random(random.random())  # noqa: S311 - pytest-randomly's seed repeats it
        found = Actions(Ground(server, region, dev_signer(0, chain).address, chance))
        found.products.append(7)
        while len(found.ground.nodes) < 20 or {node.role for node in found.ground.nodes.values()} != set(Role):
            found.act("admit")
        for name in ("open_epoch", "limit", "signers"):
            found.act(name)
        yield found


def act(actions: Actions, count: int) -> None:
    """Each action at least once, and then as their weights say."""
    chance, names = actions.ground.chance, list(WEIGHTS)
    every = chance.sample(names, len(names))
    rest = chance.choices(names, list(WEIGHTS.values()), k=count - len(names))
    for name in (rest[: len(rest) // 2] + every + rest[len(rest) // 2 :])[:count]:
        actions.act(name)


def sealed(actions: Actions, count: int) -> None:
    """The log is closed, and only what ends consents is taken any more."""
    actions.act("seal")
    size = len(actions.ground.entries)
    for name in actions.ground.chance.choices(["revoke", "grant", "anchor", "turn", "admit"], k=count):
        actions.act(name)
    assert {entry.kind for entry in actions.ground.entries[size:]} <= {EntryKind.REVOCATION}


def require_same(actions: Actions) -> ReplayedState:
    """Storage, entries and contract say the same, and storage holds nothing else."""
    ground = actions.ground
    head = int(ground.ask("eth_blockNumber"), 16)
    state = replay_log(ground.region, head, compare=True)
    assert state.head.size == len(ground.entries)
    slots = [keccak256(cell.key + CELLS_SLOT.to_bytes(32)) for cell in state.cells]
    words = [cell.word for cell in state.cells]
    assert ground.storage(slots) == words
    held = ground.all_storage(ground.at["RegionLog"])
    of_cells = {int.from_bytes(slot): int.from_bytes(word) for slot, word in zip(slots, words, strict=True)}
    others = {slot: word for slot, word in held.items() if slot not in of_cells}
    assert {slot: word for slot, word in held.items() if slot in of_cells} == of_cells
    assert others[HEAD_SLOT] & (1 << 40) - 1 == len(ground.entries)
    assert others[ID_SLOT] == int.from_bytes(ground.region.deployment.log_id)
    assert set(others) - {ID_SLOT} <= set(range(CELLS_SLOT))
    for name, address in ground.at.items():
        if name != "RegionLog":
            # The authority of those that governors may call, and nothing that anybody did.
            assert set(ground.all_storage(address)) <= {0}
    return state


def told(actions: Actions, state: ReplayedState) -> str:
    """What happened, for whoever reads the test's output."""
    cells = Counter(Space(cell.space).name for cell in state.cells)
    lines = {"done": actions.done, "refused": actions.refused, "entries": actions.ground.kinds(), "cells": cells}
    rows = [f"{name} {sum(counts.values())}: {dict(counts.most_common())}" for name, counts in lines.items()]
    return "\n".join([*rows, f"writers {sum(e.kind == EntryKind.WRITER for e in actions.ground.entries)}"])


def test_300_random_actions(actions: Actions) -> None:
    act(actions, 280)
    sealed(actions, 19)
    require_same(actions)
    assert sum(actions.done.values()) > sum(actions.refused.values()) > 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_10_000_random_actions(actions: Actions) -> None:
    act(actions, 9_800)
    sealed(actions, 199)
    state = require_same(actions)
    print(told(actions, state))
    assert sum(actions.done.values()) > 5_000 < 20 * sum(actions.refused.values())
    missing = set(EntryKind) - set(actions.ground.kinds())
    assert missing <= {EntryKind.AUTHORITY}
    assert {cell.space for cell in state.cells} == set(Space)
