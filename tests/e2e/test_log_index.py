"""The index of a real region's log: commands follow it, say what is wrong with it, and rebuild it."""

from __future__ import annotations

from pathlib import Path

import pytest
from acting import GENERATIONS, batch, publisher, region_on, set_profile
from commands import Commands

from creditchain.acts.indexing import check_index, open_log
from creditchain.acts.replaying import replay_log
from creditchain.chain.connect import Chain
from creditchain.chain.log_entries import entries_between
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import Journal
from creditchain.home.layout import Home
from creditchain.log.state_proofs import single_key, verify_cell_range
from creditchain.vocabulary import EntryKind


def test_it_is_the_log_of_the_region(chain: Chain, journal: Journal, tmp_path: Path) -> None:
    region = region_on(chain, journal, next(GENERATIONS))
    outbox = region.outbox(publisher(region, journal, 1), journal)
    home = Home(tmp_path / "home")
    home.regions.mkdir(parents=True)
    governor = region.outbox(dev_signer(0, chain), journal)
    for number in (1, 2, 3):
        outbox.submit(f"anchor {number}", region.calls.anchor(batch(1, number)))
        governor.submit(f"profile {number}", set_profile(region, 1, number))
        log = open_log(region, home)
        assert [*log.entries()] == entries_between(region, region.deployment.first_block, log.block.number)
        assert [*log.of_kind(EntryKind.ANCHOR)] == [one for one in log.entries() if one.kind == EntryKind.ANCHOR]
        assert log.root == region.log_root(log.block.number)
        state = log.state()
        assert state.root == replay_log(region, compare=True).state_root
        keys = [cell.key for cell in state.cells]
        assert state.words(keys) == region.words(keys, log.block.number)
        absent = bytes([8]) * 32
        assert verify_cell_range(state.prove_range(single_key(absent)), single_key(absent), state.size, state.root)
    assert check_index(region, home).state_root == state.root
    without_home = open_log(region, Home(tmp_path / "none"))
    assert [*without_home.entries()] == [*log.entries()]
    assert not (tmp_path / "none").exists()


@pytest.fixture
def creditchain(tmp_path: Path) -> Commands:
    made = Commands(tmp_path)
    made.done("deploy", "--signer", "dev:0")
    made.done("node", "admit", "--members", "yrd", "--dev-operators", "--signer", "dev:0")
    return made


def test_a_damaged_index_is_said_and_rebuilt(creditchain: Commands, tmp_path: Path) -> None:
    before = creditchain.done("log", "index", "--check")
    (folder,) = (tmp_path / "home" / "regions").glob("*/index")
    bodies = folder / "bodies.bin"
    raw = bodies.read_bytes()
    bodies.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    last = str(before["size"] - 1)
    refused = creditchain("log", "show", "--from", last)
    assert (refused.code, refused.error["kind"]) == (3, "IndexDamagedError")
    assert refused.error["hint"] == "Read the log anew with `creditchain log index --rebuild`."
    assert creditchain("log", "index", "--check").code == 3
    again = creditchain.done("log", "index", "--rebuild")
    assert {**again, "rebuilt": False, "checked": True} == before
    assert len(creditchain.done("log", "show", "--from", last)) == 1


def test_an_index_needs_a_home(tmp_path: Path) -> None:
    refused = Commands(tmp_path)("log", "index")
    assert (refused.code, refused.error["kind"]) == (4, "ConfigError")
    assert not (tmp_path / "home").exists()
