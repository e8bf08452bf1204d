"""Anchoring when things changed between two runs: always one anchor, or one clear error."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import PRODUCT, document, lines
from region_world import GOVERNOR, SOURCE, TAG_KEY, region_of
from worlds import Kept, kept_region

from creditchain.acts.anchor_rules import AnchoringError
from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.superseding import lost_supersessions
from creditchain.batch.errors import BatchError, UploadError
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.supersessions import read_supersessions
from creditchain.batch.ledger import AnchoringRow, Ledger, State
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import ConfigError
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.identifiers import epoch_digest
from creditchain.log.entries import AnchorBody
from creditchain.vocabulary import Life


class StoppedError(Exception):
    """Raised by a test to end a run at this point."""


class World:
    """A region, a journal, an upload, and a node that anchors it."""

    def __init__(self, region: Region, journal: Journal, folder: Path) -> None:
        self.region, self.journal, self.folder = region, journal, folder
        self.upload = folder / "upload.jsonl"
        self.upload.write_bytes(lines([document(record) for record in range(20)]))

    def run(
        self, stop: State | None = None, *, tag_key: bytes = TAG_KEY, options: AnchorOptions | None = None
    ) -> AnchoringRow:
        def observe(state: State) -> None:
            if state == stop:
                raise StoppedError

        machine = self.machine(options or AnchorOptions(observe=observe))
        return machine.anchor(AnchorOrder(find_upload(self.upload), PRODUCT, SOURCE, tag_key))

    def machine(self, options: AnchorOptions | None = None) -> Anchoring:
        signer = dev_signer(SOURCE, self.region.chain)
        outbox = self.region.outbox(signer, self.journal)
        return Anchoring(self.region, outbox, self.journal, Home(self.folder), options)

    def stopped_at(self, state: State) -> AnchoringRow:
        with pytest.raises(StoppedError):
            self.run(state)
        (row,) = self.machine().ledger.rows(unfinished=True)
        assert row.state == state
        return row

    def behind_its_back(self, **changes: object) -> None:
        """Anchor something with the same key, but another journal."""
        told = {
            "node": SOURCE,
            "key_epoch": (epoch := self.region.current_key_epoch()),
            "product": PRODUCT.number,
            "number": self.region.published(SOURCE, epoch).batches + 1,
            "root": keccak256(b"another"),
            "size": 1,
            "domains": 1,
            "subjects": 1,
        } | changes
        with open_journal(self.folder / "other.sqlite") as journal:
            outbox = self.region.outbox(dev_signer(SOURCE, self.region.chain), journal)
            outbox.submit(f"behind {len(read_anchors(self.region))}", self.region.calls.anchor(AnchorBody(**told)))  # type: ignore[arg-type]

    def open_epoch(self, tag_key: bytes) -> None:
        with open_journal(self.folder / "governor.sqlite") as journal:
            outbox = self.region.outbox(dev_signer(GOVERNOR, self.region.chain), journal)
            outbox.submit(f"epoch {tag_key.hex()[:8]}", self.region.calls.open_key_epoch(epoch_digest(tag_key)))

    @property
    def batches(self) -> Path:
        return self.machine().batches

    def roots(self) -> list[bytes]:
        return [found.root for found in read_anchors(self.region)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "world"
    with region_of(kept.fresh(folder)) as region, open_journal(folder / "home" / "anchoring.sqlite") as journal:
        yield World(region, journal, folder)


def test_the_way_in_order(world: World) -> None:
    seen: list[State] = []
    row = world.run(options=AnchorOptions(observe=seen.append))
    assert seen == [State.PREPARED, State.NUMBERED, State.MINED, State.FINAL]
    assert (row.sealed_secret, row.sealing_key, row.number, row.size) == (None, None, 1, 20)
    assert world.roots() == [row.root]


@pytest.mark.parametrize("state", [State.PREPARED, State.NUMBERED, State.MINED])
def test_resume_needs_no_upload_once_the_folder_is_made(world: World, state: State) -> None:
    row = world.stopped_at(state)
    world.upload.unlink()
    done = world.machine().resume(row, None)
    assert done.state == State.FINAL
    assert world.roots() == [row.root]


def test_a_root_that_is_anchored_already_as_this_batch_is_success(world: World) -> None:
    row = world.stopped_at(State.PREPARED)
    world.behind_its_back(root=row.root, size=row.size, subjects=row.subjects, domains=row.domains)
    done = world.run()
    assert (done.state, done.transaction_hash, done.root) == (State.FINAL, None, row.root)
    assert world.roots() == [row.root]


@pytest.mark.parametrize("state", [State.PREPARED, State.NUMBERED])
def test_a_number_that_somebody_else_took_is_chosen_anew(world: World, state: State) -> None:
    row = world.stopped_at(state)
    world.behind_its_back()
    done = world.run()
    assert (done.state, done.number, done.root) == (State.FINAL, 2, row.root)


def test_an_unfinished_batch_of_the_node_is_sent_first(world: World) -> None:
    """Whoever began it was killed; the next upload of the node sends it, so that nothing waits for somebody's hand."""
    first = world.stopped_at(State.NUMBERED)
    world.upload.write_bytes(lines([document(record) for record in range(50, 60)]))
    second = world.run()
    assert (second.number, second.state) == (2, State.FINAL)
    assert world.roots() == [first.root, second.root]
    done = world.machine().resume(first, None)
    assert (done.number, done.state) == (1, State.FINAL)
    assert world.roots() == [first.root, second.root]


def test_an_unfinished_batch_whose_number_was_taken_gets_another(world: World) -> None:
    first = world.stopped_at(State.NUMBERED)
    world.behind_its_back()
    world.upload.write_bytes(lines([document(record) for record in range(50, 60)]))
    second = world.run()
    assert (second.number, second.state) == (2, State.FINAL)
    done = world.machine().resume(first, None)
    assert (done.number, done.state) == (3, State.FINAL)
    assert world.roots()[1:] == [second.root, first.root]


def test_a_product_that_is_withdrawn_is_not_anchored(world: World) -> None:
    with open_journal(world.folder / "governor.sqlite") as journal:
        outbox = world.region.outbox(dev_signer(GOVERNOR, world.region.chain), journal)
        outbox.submit("withdraw", world.region.calls.withdraw_product(PRODUCT.number))
    with pytest.raises(AnchoringError, match="cannot be anchored here"):
        world.run()
    assert world.roots() == []
    assert world.machine().ledger.rows() == []


@pytest.mark.parametrize("state", [State.PREPARED, State.NUMBERED])
def test_a_new_key_epoch_makes_another_batch(world: World, state: State) -> None:
    row = world.stopped_at(state)
    other = keccak256(b"the next tag key")
    world.open_epoch(other)
    with pytest.raises((AnchoringError, ContractRefusedError)):
        world.run()
    done = world.run(tag_key=other)
    assert (done.state, done.key_epoch) == (State.FINAL, 2)
    assert done.root != row.root
    assert world.roots() == [done.root]
    assert [path.name for path in (world.batches).iterdir()] == [(done.root or b"").hex()]


def lose(folder: Path) -> None:
    shutil.rmtree(folder)


def cut(folder: Path) -> None:
    (folder / "levels.bin").write_bytes(b"")


@pytest.mark.parametrize(("harm", "error"), [(lose, ConfigError), (cut, BatchError)])
def test_a_folder_that_was_lost_is_never_anchored(
    world: World, harm: Callable[[Path], None], error: type[Exception]
) -> None:
    row = world.stopped_at(State.PREPARED)
    harm(world.batches / (row.root or b"").hex())
    with pytest.raises(error):
        world.machine().resume(row, None)
    assert world.roots() == []


@pytest.mark.parametrize("again", ["anchor", "resume"])
@pytest.mark.parametrize("state", [State.PREPARED, State.NUMBERED, State.MINED])
def test_a_folder_that_was_lost_is_made_again_from_the_upload(world: World, state: State, again: str) -> None:
    row = world.stopped_at(state)
    lose(world.batches / (row.root or b"").hex())
    done = world.run() if again == "anchor" else world.machine().resume(row, TAG_KEY)
    assert (done.state, done.root, done.number) == (State.FINAL, row.root, 1)
    assert world.roots() == [row.root]
    open_batch(world.batches / (row.root or b"").hex()).close()


@pytest.mark.parametrize("state", [State.NUMBERED, State.MINED])
def test_a_folder_that_cannot_be_made_again_gives_nothing_up(
    world: World, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules have changed since: the upload is refused now. The row and its secret stay."""
    row = world.stopped_at(state)
    folder = world.batches / (row.root or b"").hex()
    kept = shutil.copytree(folder, world.folder / "kept")
    lose(folder)
    with monkeypatch.context() as patch:
        patch.setattr("creditchain.acts.anchoring.prepare", refuse)
        with pytest.raises(AnchoringError, match="does not give the same batch again"):
            world.machine().resume(row, TAG_KEY)
    with pytest.raises(ConfigError, match="needs the tag key"):
        world.machine().resume(row, None)
    assert world.roots() == ([row.root] if state == State.MINED else [])
    kept.rename(folder)
    assert world.machine().resume(row, None).state == State.FINAL


def refuse(*_: object, **__: object) -> None:
    raise UploadError("a rule of tomorrow")


def test_a_lost_journal_does_not_anchor_an_upload_twice(world: World) -> None:
    first = world.run()
    with open_journal(world.folder / "new" / "anchoring.sqlite") as journal:
        anew = World(world.region, journal, world.folder)
        again = anew.run()
        assert (again.state, again.root, again.number, again.size) == (State.FINAL, first.root, 1, 20)
        assert anew.run().root == first.root
        anew.upload.write_bytes(lines([document(record) for record in range(15, 40)]))
        with pytest.raises(UploadError, match="published before"):
            anew.run()
    assert world.roots() == [first.root]


def test_records_of_a_batch_that_the_journal_lost_do_not_come_again(world: World) -> None:
    first = world.run()
    with open_journal(world.folder / "new" / "anchoring.sqlite") as journal:
        anew = World(world.region, journal, world.folder)
        anew.upload.write_bytes(lines([document(record) for record in range(15, 40)]))
        with pytest.raises(UploadError, match="published before"):
            anew.run()
        assert anew.machine().ledger.rows() == []
    assert world.roots() == [first.root]


def test_what_was_made_and_never_anchored_stands_in_no_ones_way(world: World) -> None:
    world.stopped_at(State.PREPARED)
    with open_journal(world.folder / "new" / "anchoring.sqlite") as journal:
        done = World(world.region, journal, world.folder).run()
    assert (done.state, done.number) == (State.FINAL, 1)
    assert world.roots() == [done.root]


def test_an_upload_is_found_again_from_another_folder(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(world.folder)
    world.upload = Path(world.upload.name)
    row = world.stopped_at(State.PREPARED)
    world.machine().ledger.change(row, State.PREPARING)
    monkeypatch.chdir("/")
    assert world.machine().resume(row, TAG_KEY).state == State.FINAL


def test_an_upload_that_changed_is_another_anchoring(world: World) -> None:
    first = world.run()
    world.upload.write_bytes(lines([document(record) for record in range(100, 119)]))
    second = world.run()
    assert world.roots() == [first.root, second.root]
    assert (first.number, second.number) == (1, 2)


def test_a_record_that_was_published_is_not_published_again(world: World) -> None:
    first = world.run()
    world.upload.write_bytes(lines([document(record) for record in range(15, 40)]))
    with pytest.raises(UploadError, match="published before"):
        world.run()
    rest = world.run(options=AnchorOptions(skip_invalid=True))
    assert (rest.size, rest.skipped) == (20, 5)
    assert world.roots() == [first.root, rest.root]


def test_a_later_version_supersedes_the_record_on_chain(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended between two of its transactions continues with the rest when it is run again."""
    first = world.run()
    changed = [{**document(record), "as_of": "2025-01-01"} for record in range(3)]
    world.upload.write_bytes(lines([*changed, document(30)]))
    submit, stopped = Outbox.submit, []

    def once(self: Outbox, intent: str, *more: Any, **options: Any) -> Any:
        if intent.startswith("life") and not stopped:
            stopped.append(submit(self, intent, *more, **options))
            raise StoppedError
        return submit(self, intent, *more, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "submit", once)
        with pytest.raises(StoppedError):
            world.run(options=AnchorOptions(supersede=True))
    row = world.run(options=AnchorOptions(supersede=True))
    assert (row.state, row.size) == (State.FINAL, 4)
    pairs = read_supersessions(world.machine().batches / (row.root or b"").hex())
    assert len(pairs) == 3
    with open_batch(world.machine().batches / (first.root or b"").hex()) as opened:
        lives = {leaf.hash(): world.region.record(SOURCE, leaf.hash()).life for leaf in opened.leaves}
    assert [lives[pair.earlier] for pair in pairs] == [Life.SUPERSEDED] * 3
    assert sorted(lives.values()) == [Life.LIVE] * 17 + [Life.SUPERSEDED] * 3


def test_a_successor_that_is_revoked_before_it_takes_a_records_place(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract would refuse it, now and for ever; the other records of the batch are superseded."""
    world.run()
    world.upload.write_bytes(lines([{**document(record), "as_of": "2025-01-01"} for record in range(3)]))
    submit = Outbox.submit

    def never(self: Outbox, intent: str, *more: Any, **options: Any) -> Any:
        if intent.startswith("life"):
            raise StoppedError
        return submit(self, intent, *more, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "submit", never)
        with pytest.raises(StoppedError):
            world.run(options=AnchorOptions(supersede=True))
    machine = world.machine()
    (row,) = [row for row in machine.ledger.rows() if row.size == 3]
    pairs = read_supersessions(machine.batches / (row.root or b"").hex())
    revoked = world.region.calls.set_life(SOURCE, pairs[-1].later, Life.REVOKED, reason_digest=bytes(32))
    machine.outbox.submit("revoked by hand", revoked)
    world.run(options=AnchorOptions(supersede=True))
    lives = [world.region.record(SOURCE, pair.earlier).life for pair in pairs]
    assert lives == [Life.SUPERSEDED, Life.SUPERSEDED, Life.LIVE]
    assert lost_supersessions(world.region, machine.ledger.rows(), machine.batches) == []


def test_two_batches_made_at_the_same_time_do_not_share_a_record(world: World) -> None:
    world.stopped_at(State.PREPARED)
    one = world.upload.read_bytes()
    with open_journal(world.folder / "home" / "anchoring.sqlite") as journal:
        ledger = Ledger(journal, world.region.deployment.log_id)
        (waiting,) = ledger.rows()
        ledger.change(waiting, State.PREPARING)  # as if it were being made
        world.upload.write_bytes(one + lines([document(90)]))
        second = world.run()
        ledger.change(waiting, State.PREPARED)
    assert second.state == State.FINAL
    world.upload.write_bytes(one)
    with pytest.raises(AnchoringError, match="made at the same time"):
        world.run()
    assert world.roots() == [second.root]
