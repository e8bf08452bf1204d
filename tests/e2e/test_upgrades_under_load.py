"""Every contract is upgraded on the command line, one after the other, while batches, books and lives go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anchored import read_entries
from commands import Commands
from region_world import Place, anchor_documents, bring_up, enter_book, leaf_of, region_of

from creditchain.acts.upgrading import UPGRADED
from creditchain.chain.region import Region
from creditchain.vocabulary import EntryKind, Life, Space

GOVERNOR, SOURCE = "dev:0", "dev:3"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place("embedded", tmp_path)
    bring_up(made)
    return made


def _addresses(place: Place) -> dict[str, str]:
    shown = json.loads((place.folder / "deployments" / "embedded.json").read_text())
    return {name: contract["address"] for name, contract in shown["contracts"].items()}


def _upgrade(creditchain: Commands, name: str) -> str:
    # Where single keys govern, the first admin of another Governance is whoever creates it.
    creator = GOVERNOR if name == "Governance" else "dev:9"
    address: str = creditchain.done("upgrade", "create", name, "--signer", creator)["address"]
    swap = ("upgrade", "swap", name, address, "--signer", GOVERNOR)
    while not (swapped := creditchain.done(*swap))["writes"]:
        assert swapped["step"] == "contracts"
    creditchain.done("upgrade", "adopt", name, address)
    while creditchain.done(*swap)["step"] != "done":
        pass
    return address


def test_every_contract_is_upgraded_under_load(place: Place) -> None:
    creditchain = Commands(place.folder)
    before = _addresses(place)
    batches = []
    records = []
    for number, name in enumerate(UPGRADED, 1):
        batches.append(anchor_documents(place, (2000 + number,), number))
        package = place.folder / f"record-{number}.json"
        package.write_bytes(batches[-1][0].to_json())
        records.append(package)
        creditchain.done("record", "revoke", str(package), "--reason", "wrong", "--signer", SOURCE)
        address = _upgrade(creditchain, name)
        assert address != before[name]
        # What was revoked stays revoked, and is not revoked twice.
        twice = creditchain("record", "erase", str(package), "--reason", "again", "--signer", SOURCE)
        assert twice.code == 0, twice.error
        enter_book(place, *batches)
    after = _addresses(place)
    assert {name for name in after if after[name] != before[name]} == set(UPGRADED)
    anchor_documents(place, (2030,), len(UPGRADED) + 1)
    with region_of(place) as region:
        assert region.published(3, 1).batches == len(UPGRADED) + 1
        assert all(not region.is_writer(before[name]) and region.is_writer(after[name]) for name in UPGRADED)
        assert region.record(3, leaf_of(batches[0][0]).hash()).life == Life.ERASED
        _one_entry_each(region)
    # Packages from before the upgrades are verified as ever.
    answer = creditchain("verify", str(records[0]))
    (verdict,) = answer.value
    assert [step["outcome"] for step in verdict["steps"][:5]] == ["passed"] * 5
    assert creditchain.done("log", "replay", "--compare")


def _one_entry_each(region: Region) -> None:
    """Each swap is one entry: never are both versions writers, and never is none. The log's authority is one too."""
    entries = read_entries(region)
    writers = [entry for entry in entries if entry.kind == EntryKind.WRITER]
    swaps = [entry for entry in writers if entry.body is not None and entry.body.removed]  # type: ignore[union-attr]
    authorities = [entry for entry in entries if entry.kind == EntryKind.AUTHORITY]
    assert (len(swaps), len(authorities)) == (len(UPGRADED) - 1, 1)
    assert all(entry.writes[0] == Space.LOG for entry in swaps)


def test_an_upgrade_that_was_cut_off_goes_on(place: Place) -> None:
    creditchain = Commands(place.folder)
    made = [creditchain.done("upgrade", "create", "Disputes", "--signer", "dev:9")["address"] for _ in range(2)]
    assert made[0] == made[1], "the same contract"
    for _ in range(2):
        creditchain.done("upgrade", "swap", "Disputes", made[0], "--signer", GOVERNOR)
        creditchain.done("upgrade", "adopt", "Disputes", made[0])
