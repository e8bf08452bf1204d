"""A deep reorganisation removes an anchor that was final: every command notices, and the same bytes are sent again."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import PRODUCT, document, lines
from region_world import SOURCE, TAG_KEY, Place, region_of
from servers import Server
from worlds import region_on_anvil

from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.resuming import resume_all
from creditchain.acts.standing import (
    AnchorGoneError,
    NotAnchoredError,
    lost_anchors,
    require_nothing_lost,
    require_standing,
)
from creditchain.batch.folder.manifest import read_manifest
from creditchain.batch.folder.supersessions import read_supersessions
from creditchain.batch.ledger import AnchoringRow, State
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.outbox import Outbox
from creditchain.chain.outbox_journal import AttemptRow
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.errors import ExitCode
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.log.entries import AnchorBody
from creditchain.vocabulary import Life


class World:
    """A region on an Anvil, and a node that anchors uploads there."""

    def __init__(self, server: Server, region: Region, journal: Journal, folder: Path) -> None:
        self.server, self.region, self.journal, self.folder = server, region, journal, folder
        self.lost: list[int] = []
        outbox = region.outbox(dev_signer(SOURCE, region.chain), journal)
        options = AnchorOptions(on_lost=lambda row: self.lost.append(row.id))
        self.machine = Anchoring(region, outbox, journal, Home(folder / "home"), options)

    def anchor(self, day: int) -> AnchoringRow:
        upload = self.folder / f"day-{day}.jsonl"
        upload.write_bytes(lines([document(record) for record in range(9 * day, 9 * day + 9)]))
        return self.machine.anchor(AnchorOrder(find_upload(upload), PRODUCT, SOURCE, TAG_KEY))

    def hashes(self) -> list[bytes]:
        with self.journal.read() as session:
            sender = self.machine.outbox.signer.address
            return list(session.scalars(select(AttemptRow.hash).where(AttemptRow.sender == sender)))

    def roots(self) -> list[bytes]:
        return [found.root for found in read_anchors(self.region)]

    def reorganise(self, snapshot: str, blocks: int = 3) -> None:
        assert self.server.ask("evm_revert", snapshot)
        self.server.ask("anvil_mine", hex(blocks))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with (
        region_on_anvil(tmp_path) as (place, server),
        region_of(place) as region,
        open_journal(tmp_path / "home" / "journal.sqlite") as journal,
    ):
        yield World(server, region, journal, tmp_path)


def test_anchoring_again_sends_the_same_bytes_again_and_says_so(world: World) -> None:
    snapshot = world.server.ask("evm_snapshot")
    first = world.anchor(0)
    assert (first.state, world.roots()) == (State.FINAL, [first.root])
    world.reorganise(snapshot)
    assert world.roots() == []
    again = world.anchor(0)
    assert (again.state, again.root, world.lost) == (State.FINAL, first.root, [first.id])
    assert again.transaction_hash == first.transaction_hash
    assert again.block != first.block
    assert world.roots() == [first.root]
    assert len(world.hashes()) == 1
    world.anchor(0)
    assert world.lost == [first.id]


def test_resuming_finds_what_was_lost_in_its_order(world: World) -> None:
    kept = world.anchor(0)
    snapshot = world.server.ask("evm_snapshot")
    rows = [world.anchor(day) for day in (1, 2)]
    world.reorganise(snapshot)
    assert [row.id for row in lost_anchors(world.region, world.machine.ledger)] == [row.id for row in rows]
    outcomes = list(resume_all(world.machine, None))
    assert [(each.row.id, each.was_lost, each.error) for each in outcomes] == [(row.id, True, None) for row in rows]
    assert world.roots() == [row.root for row in (kept, *rows)]
    assert len(world.hashes()) == 3
    assert list(resume_all(world.machine, None)) == []


def test_a_record_that_was_superseded_and_is_live_again_is_superseded_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reorganisation removed the last of three supersessions, and not the anchor."""
    first = world.anchor(0)
    upload = world.folder / "day-0.jsonl"
    upload.write_bytes(lines([{**document(record), "as_of": "2025-01-01"} for record in range(3)]))
    machine = Anchoring(
        world.region, world.machine.outbox, world.journal, Home(world.folder / "home"), AnchorOptions(supersede=True)
    )
    snapshots: list[str] = []
    submit = Outbox.submit

    def marked(self: Outbox, intent: str, *more: Any, **options: Any) -> Any:
        if intent.startswith("life"):
            snapshots.append(world.server.ask("evm_snapshot"))
        return submit(self, intent, *more, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "submit", marked)
        row = machine.anchor(AnchorOrder(find_upload(upload), PRODUCT, SOURCE, TAG_KEY))
    pairs = read_supersessions(machine.batches / (row.root or b"").hex())

    def lives() -> list[int]:
        return [world.region.record(SOURCE, pair.earlier).life for pair in pairs]

    assert lives() == [Life.SUPERSEDED] * 3
    world.reorganise(snapshots[-1])
    assert lives() == [Life.SUPERSEDED, Life.SUPERSEDED, Life.LIVE]
    assert world.roots() == [first.root, row.root]
    (outcome,) = list(resume_all(world.machine, None))
    assert (outcome.row.id, outcome.was_lost, outcome.error) == (row.id, True, None)
    assert lives() == [Life.SUPERSEDED] * 3
    assert list(resume_all(world.machine, None)) == []


def test_a_place_that_another_took_meanwhile_gives_another_number(world: World) -> None:
    """After the reorganisation somebody with the same key anchors first, elsewhere."""
    snapshot = world.server.ask("evm_snapshot")
    first = world.anchor(0)
    world.reorganise(snapshot)
    other = AnchorBody(SOURCE, 1, PRODUCT.number, 1, b"\x07" * 32, 1, 1, 1)
    with open_journal(world.folder / "elsewhere" / "journal.sqlite") as journal:
        outbox = world.region.outbox(dev_signer(SOURCE, world.region.chain), journal)
        outbox.submit("other", world.region.calls.anchor(other))
    (outcome,) = list(resume_all(world.machine, None))
    assert (outcome.error, outcome.row.number, outcome.row.root) == (None, 2, first.root)
    assert world.roots() == [other.root, first.root]


def test_whatever_relies_on_an_anchor_can_ask(world: World) -> None:
    snapshot = world.server.ask("evm_snapshot")
    row = world.anchor(0)
    home = Home(world.folder / "home")
    manifest = read_manifest(world.machine.batches / (row.root or b"").hex())
    require_nothing_lost(world.region, home)
    assert require_standing(world.region, manifest).size == 9
    world.reorganise(snapshot)
    with pytest.raises(AnchorGoneError, match="reorganisation"):
        require_standing(world.region, manifest, [row])
    with pytest.raises(NotAnchoredError, match="not anchored"):
        require_standing(world.region, manifest)
    with pytest.raises(AnchorGoneError, match="1 lost"):
        require_nothing_lost(world.region, home)
    require_nothing_lost(world.region, Home(world.folder / "no home"))
    assert not (world.folder / "no home").exists()


def test_proving_reporting_and_verifying_notice_a_lost_anchor(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command line: none of them takes the journal's word, and each works again once the batch was resumed."""
    place = Place("spot", world.folder, world.folder / "networks.toml")
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    monkeypatch.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
    monkeypatch.setenv("CREDITCHAIN_SIGNER", f"dev:{SOURCE}")
    snapshot = world.server.ask("evm_snapshot")
    row = world.anchor(0)
    subject = document(0)["subject"]
    package = world.folder / "package.json"
    about = ["--number", subject["number"], "--scheme", subject["scheme"]]
    prove = ["prove", "--batch", "0x" + (row.root or b"").hex(), *about, "--output", str(package)]
    prove += ["--index", "3", "--force"]  # the subject has several records
    report = ["report", "assemble", "--product", "enterprise-basic-report/1", *about]
    report += ["--output", str(world.folder / "report.json"), "--tag-key", "env:REGION_KEY"]

    def run_command(arguments: list[str]) -> tuple[int, str]:
        code = run([*place.options, *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run_command(prove)
    assert code == ExitCode.OK, said
    code, said = run_command(["verify", str(package)])
    assert code != ExitCode.NOT_VALID, said
    world.reorganise(snapshot)
    for command in (prove, report):
        code, said = run_command(command)
        assert code == ExitCode.REFUSED, said
        assert "batch resume" in said, said
    assert run_command(["verify", str(package)])[0] == ExitCode.NOT_VALID
    assert run_command(["batch", "resume"])[0] == ExitCode.OK
    assert run_command(prove)[0] == ExitCode.OK
    code, said = run_command(report)
    assert code != ExitCode.REFUSED, said
    code, said = run_command(["verify", str(package)])
    assert code != ExitCode.NOT_VALID, said
