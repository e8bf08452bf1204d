"""The index of a real region's log: commands follow it, say what is wrong with it, and rebuild it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from acting import batch, publisher, set_profile
from commands import Commands
from founded import founded_on
from region_world import region_of
from worlds import region_on_anvil

from creditchain.acts.indexing import check_index, open_log
from creditchain.acts.replaying import replay_log
from creditchain.chain.answers import Log
from creditchain.chain.connect import Chain, LogRange
from creditchain.chain.log_entries import entries_between
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.evidence.record import live_evidence
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.log.facts import EntryPlace, MissingFactError
from creditchain.log.state_proofs import single_key, verify_cell_range
from creditchain.vocabulary import EntryKind


def test_it_is_the_log_of_the_region(chain: Chain, journal: Journal, tmp_path: Path) -> None:
    region = founded_on(chain, journal)
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


def test_a_reorganised_chain_is_said_and_the_index_rebuilt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a real node whose final blocks are gone: no command goes on as if nothing had happened."""
    with region_on_anvil(tmp_path) as (place, server):
        snapshot = server.ask("evm_snapshot")

        def change(number: int) -> None:
            with region_of(place) as region, open_journal(tmp_path / f"{number}.sqlite") as fresh:
                region.outbox(dev_signer(0, region.chain), fresh).submit("profile", set_profile(region, 1, number))

        change(1)
        assert run(["--json", *place.options, "log", "index"]) == 0
        before = json.loads(capsys.readouterr().out)
        assert server.ask("evm_revert", snapshot)
        change(2)
        for words in (["log", "show"], ["dispute", "list"], ["log", "index"], ["log", "index", "--check"]):
            assert run(["--json", *place.options, *words]) == 3
            said = json.loads(capsys.readouterr().err)["error"]
            assert said["kind"] == "ForkedLogError"
            assert f"the chain no longer has block {before['block']}" in said["message"]
            assert "creditchain log index --rebuild" in said["hint"]
        assert run(["--json", *place.options, "log", "index", "--rebuild", "--check"]) == 0
        after = json.loads(capsys.readouterr().out)
        assert (after["size"], after["block"]) == (before["size"], before["block"])
        assert after["root"] != before["root"]
        assert run(["--json", *place.options, "dispute", "list"]) == 0


def test_a_chain_that_was_started_anew_is_said(creditchain: Commands, tmp_path: Path) -> None:
    """Another chain under the same name: its log has another id, so the index of the old one is never asked."""
    creditchain.done("log", "index")
    shutil.rmtree(tmp_path / "home" / "embedded")
    refused = creditchain("log", "index")
    assert (refused.code, refused.error["kind"]) == (5, "WrongChainError")
    creditchain.done("deploy", "--signer", "dev:0", "--force")
    creditchain.done("log", "index")
    assert len(list((tmp_path / "home" / "regions").glob("*/index/head.json"))) == 2


def test_live_facts_take_old_entries_from_the_index(chain: Chain, journal: Journal, tmp_path: Path) -> None:
    """An entry whose block nobody named is not sought in all blocks where a home has the index."""
    region = founded_on(chain, journal)
    region.home = Home(tmp_path / "home")
    region.home.regions.mkdir(parents=True)
    last = open_log(region, region.home).size - 1
    asked: list[str] = []
    ask = chain.logs

    def logs(wanted: LogRange) -> Iterator[Log]:
        asked.append(repr(wanted))
        return ask(wanted)

    chain.logs = logs  # type: ignore[method-assign]
    (entry,) = live_evidence(region).facts.entries([EntryPlace(last)])
    assert (entry.index, asked) == (last, [])
    with pytest.raises(MissingFactError, match=f"log entry {last + 1}"):
        live_evidence(region).facts.entries([EntryPlace(last + 1)])
    region.home = None
    assert live_evidence(region).facts.entries([EntryPlace(last)]) == [entry]
    assert len(asked) == 1
