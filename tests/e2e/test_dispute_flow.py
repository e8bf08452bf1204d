"""Disputes that an enterprise signs itself, by command line: drafted, signed, endorsed, relayed, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from consent_world import ANYBODY, BANK, PLATFORM, SOURCE, World, make_consent_world, world_at
from region_world import Place, anchor_documents, pass_time
from worlds import Kept

from creditchain.packages.record_package import RecordPackage
from creditchain.verification.steps import leaf_of


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    place = Place("embedded", tmp_path_factory.mktemp("disputes"))
    make_consent_world(place)
    return Kept(place)


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    with world_at(kept.fresh(tmp_path / "world")) as made:
        yield made


@pytest.fixture
def packages(world: World) -> list[RecordPackage]:
    return anchor_documents(world.place, (2024,), 1)


def test_from_draft_to_the_mark_on_the_record(world: World, packages: list[RecordPackage]) -> None:
    record, file = world.path("record.json"), str(world.path("filing.json"))
    record.write_bytes(packages[0].to_json())
    words = ("--platform", str(PLATFORM), "--reason", "该登记信息有误。")
    world.commands.done("dispute", "draft", str(record), *words, "-o", file)
    early = world.commands("dispute", "endorse", file, "--signer", f"dev:{PLATFORM}")
    assert (early.code, early.error["message"]) == (4, "the enterprise has not signed this")
    signed = world.commands.done("dispute", "sign", file, "--mnemonic", "env:ENTERPRISE")
    assert signed["key"].startswith("0x")
    twice = world.commands("dispute", "sign", file, "--signer", f"dev:{ANYBODY}")
    assert (twice.code, twice.error["message"]) == (4, "the enterprise has signed this already")
    assert world.commands("dispute", "relay", file, "--signer", f"dev:{ANYBODY}").code == 4
    assert world.commands("dispute", "endorse", file, "--signer", f"dev:{BANK}").code == 5
    world.commands.done("dispute", "endorse", file, "--signer", f"dev:{PLATFORM}")
    filed = world.commands.done("dispute", "relay", file, "--signer", f"dev:{ANYBODY}")
    assert (filed["dispute"], filed["filings"], filed["node"]) == ("open", 1, SOURCE)
    assert world.commands.done("dispute", "relay", file, "--signer", f"dev:{ANYBODY}") == filed

    before = Path(file).read_bytes()
    assert world.commands("dispute", "draft", str(record), *words, "-o", file).error["kind"] == "OutputExistsError"
    assert Path(file).read_bytes() == before
    answered = ("--outcome", "upheld", "--reason", "checked", "--signer", f"dev:{SOURCE}")
    world.commands.done("dispute", "answer", str(record), *answered)
    used = world.commands("dispute", "sign", file, "--mnemonic", "env:ENTERPRISE")
    assert (used.code, used.error["place"]["field"]) == (4, "message.previous")


def test_what_was_changed_or_came_too_late(world: World, packages: list[RecordPackage]) -> None:
    name = f"{SOURCE}:0x{leaf_of(packages[1]).hex()}"
    path = world.path("filing.json")
    words = ("--platform", str(PLATFORM), "--reason", "wrong", "--deadline", "1")
    world.commands.done("dispute", "draft", name, *words, "-o", str(path))
    world.commands.done("dispute", "sign", str(path), "--mnemonic", "env:ENTERPRISE")
    value = json.loads(path.read_text())
    bad = world.path("bad.json")
    bad.write_text(json.dumps(value | {"reason": {**value["reason"], "text": "other"}}))
    assert world.commands("dispute", "endorse", str(bad)).error["kind"] == "ContentError"
    bad.write_text(json.dumps(value | {"message": {**value["message"], "platform": 7}}))
    answer = world.commands("dispute", "endorse", str(bad), "--signer", f"dev:{PLATFORM}")
    assert (answer.code, answer.error["kind"]) == (1, "SignatureError")
    world.commands.done("dispute", "endorse", str(path), "--signer", f"dev:{PLATFORM}")
    pass_time(world.place, 86_500)
    answer = world.commands("dispute", "relay", str(path), "--signer", f"dev:{ANYBODY}")
    assert (answer.code, "DisputesFilingExpired" in answer.error["message"]) == (5, True)
    assert "draft" in answer.error["hint"]
    assert world.commands("dispute", "sign", str(path), "--mnemonic", "env:ENTERPRISE").error["kind"] == "TermsError"
