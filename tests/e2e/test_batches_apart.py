"""Each batch on its own: resumed, dropped, listed; and records are erased once everything was checked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import PRODUCT, document, lines
from region_world import GOVERNOR, PLATFORM, SOURCE, TAG_KEY, Place, region_of
from worlds import Kept, kept_region

from creditchain.acts.anchor_rules import AnchoringError
from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.dropping import NotDroppedError, drop, find_row
from creditchain.acts.listing import list_anchorings
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.purging import Purged, PurgeOrder, PurgeRefusedError, purge
from creditchain.acts.resuming import resume_all
from creditchain.acts.standing import NotAnchoredError
from creditchain.batch.errors import BatchError, StorageError
from creditchain.batch.folder import purging as erasing
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.ledger import AnchoringRow, State
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import CreditchainError, InputError
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.home.reasons import ReasonError
from creditchain.vocabulary import Life


class StoppedError(Exception):
    """Raised by a test to end a run at this point."""


class World:
    """A region, a home, and a node that anchors there."""

    def __init__(self, place: Place, region: Region, journal: Journal) -> None:
        self.place, self.region, self.journal = place, region, journal
        self.home = Home(place.folder / "home")

    def machine(self, key: int = SOURCE, stop: State | None = None) -> Anchoring:
        def observe(state: State) -> None:
            if state == stop:
                raise StoppedError

        outbox = self.region.outbox(dev_signer(key, self.region.chain), self.journal)
        return Anchoring(self.region, outbox, self.journal, self.home, AnchorOptions(observe=observe))

    def upload(self, day: int) -> Path:
        path = self.place.folder / f"day-{day}.jsonl"
        path.write_bytes(lines([document(record) for record in range(9 * day, 9 * day + 9)]))
        return path

    def anchor(self, day: int, *, node: int = SOURCE, stop: State | None = None) -> AnchoringRow:
        machine = self.machine(node, stop)
        order = AnchorOrder(find_upload(self.upload(day)), PRODUCT, node, TAG_KEY)
        if stop is None:
            return machine.anchor(order)
        with pytest.raises(StoppedError):
            machine.anchor(order)
        return self.rows()[-1]

    def begun(self, day: int, *, node: int = SOURCE) -> AnchoringRow:
        """A row whose folder was never made: the process was killed while it read the upload."""
        upload = find_upload(self.upload(day))
        order = AnchorOrder(upload, PRODUCT, node, TAG_KEY)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Anchoring, "_prepare", _stop)
            with pytest.raises(StoppedError):
                self.machine(node).anchor(order)
        return self.rows()[-1]

    def rows(self) -> list[AnchoringRow]:
        return list(self.machine().ledger.rows())

    def roots(self) -> list[bytes]:
        return [found.root for found in read_anchors(self.region)]

    def keys(self) -> list[Path]:
        folder = self.home.region(self.region.deployment.log_id).secrets
        return list(folder.iterdir()) if folder.exists() else []

    def folder(self, row: AnchoringRow) -> Path:
        return self.machine().batches / (row.root or b"").hex()

    def purge(self, row: AnchoringRow, *indices: int, key: int = SOURCE, reason: str = "court order 17") -> Purged:
        outbox = self.region.outbox(dev_signer(key, self.region.chain), self.journal)
        return purge(self.region, outbox, self.home, PurgeOrder(self.folder(row), indices, reason))

    def life(self, row: AnchoringRow, index: int) -> Life:
        with open_batch(self.folder(row)) as batch:
            return Life(self.region.record(row.node, batch.leaves[index].hash()).life)

    def readable(self, row: AnchoringRow) -> list[int]:
        """Indices whose documents are still in the folder."""
        found = []
        with open_batch(self.folder(row)) as batch:
            for index in range(batch.manifest.size):
                try:
                    batch.document(index)
                except BatchError:
                    continue
                found.append(index)
        return found


def _stop(*_: object) -> None:
    raise StoppedError


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    place = kept.fresh(tmp_path / "world")
    with region_of(place) as region, open_journal(place.folder / "home" / "journal.sqlite") as journal:
        yield World(place, region, journal)


# Resuming and dropping.


def test_one_row_s_fault_stops_no_other(world: World) -> None:
    gone, changed, foreign = world.begun(0), world.begun(1), world.begun(2, node=PLATFORM)
    good, last = world.begun(3), world.anchor(4, stop=State.PREPARED)
    (world.place.folder / "day-0.jsonl").unlink()
    (world.place.folder / "day-1.jsonl").write_bytes(lines([document(7)]))
    outcomes = {each.row.id: each for each in resume_all(world.machine(), TAG_KEY)}
    assert list(outcomes) == [gone.id, changed.id, foreign.id, good.id, last.id]
    errors = [type(each.error) for each in outcomes.values()]
    assert errors == [StorageError, AnchoringError, NotEntitledError, type(None), type(None)]
    assert "has changed" in str(outcomes[changed.id].error)
    assert "does not act" in str(outcomes[foreign.id].error)
    assert [row.state for row in world.rows()] == [State.PREPARING] * 3 + [State.FINAL] * 2
    assert len(world.roots()) == 2


@pytest.mark.parametrize("stop", [None, State.PREPARED])
def test_what_cannot_be_finished_can_be_dropped(world: World, stop: State | None) -> None:
    row = world.begun(0) if stop is None else world.anchor(0, stop=stop)
    folder = world.folder(row) if row.root else None
    assert len(world.keys()) == 1
    dropped = drop(world.journal, world.home, row, None)
    assert (dropped.row.id, dropped.folder) == (row.id, folder)
    assert (world.rows(), world.keys()) == ([], [])
    assert folder is None or not folder.exists()
    assert list(resume_all(world.machine(), TAG_KEY)) == []
    with pytest.raises(InputError, match="no row"):
        find_row(world.journal, row.id)
    # The upload can be anchored afresh.
    assert world.anchor(0).state == State.FINAL


@pytest.mark.parametrize("stop", [State.MINED, None])
def test_what_the_chain_has_is_not_dropped(world: World, stop: State | None) -> None:
    row = world.anchor(0, stop=stop)
    for region in (world.region, None):
        with pytest.raises(NotDroppedError):
            drop(world.journal, world.home, row, region)
    assert [each.id for each in world.rows()] == [row.id]
    assert world.folder(row).exists()


def test_what_is_signed_but_not_sent_is_not_dropped(world: World) -> None:
    row = world.anchor(0, stop=State.NUMBERED)
    machine = world.machine()

    def stop(_: str, state: str) -> None:
        if state == "signed":
            raise StoppedError

    machine.outbox.on_state(stop)
    with pytest.raises(StoppedError):
        machine.resume(row, None)
    with pytest.raises(CreditchainError, match="cannot be called back"):
        drop(world.journal, world.home, world.rows()[0], world.region)
    assert [each.error for each in resume_all(world.machine(), None)] == [None]
    assert world.roots() == [row.root]


def test_what_was_signed_for_a_chain_that_is_gone_is_dropped_on_the_operator_s_word(world: World) -> None:
    row = world.anchor(0, stop=State.MINED)
    with pytest.raises(NotDroppedError, match="its chain must be asked"):
        drop(world.journal, world.home, row, None)
    with pytest.raises(NotDroppedError, match="the batch is anchored"):
        drop(world.journal, world.home, row, world.region, chain_is_gone=True)
    assert [each.id for each in world.rows()] == [row.id]
    assert drop(world.journal, world.home, row, None, chain_is_gone=True).folder is not None
    assert world.rows() == []


def test_a_row_that_was_dropped_meanwhile_is_not_gone_on_with(world: World) -> None:
    row = world.anchor(0, stop=State.PREPARED)
    drop(world.journal, world.home, row, None)
    with pytest.raises(AnchoringError, match="dropped meanwhile"):
        world.machine().resume(row, TAG_KEY)
    assert (world.rows(), world.roots()) == ([], [])


def test_two_that_resume_one_row_do_it_once(world: World) -> None:
    """The second run holds the row as it was before the first run finished it."""
    row = world.anchor(0, stop=State.PREPARED)
    done = world.machine().resume(row, None)
    again = world.machine().resume(world_row(row), None)
    assert (again.state, again.block, again.transaction_hash) == (State.FINAL, done.block, done.transaction_hash)
    assert world.roots() == [done.root]


def world_row(row: AnchoringRow) -> AnchoringRow:
    """A row as it was read when it was only prepared."""
    return AnchoringRow(**{column.key: getattr(row, column.key) for column in AnchoringRow.__table__.columns})


def test_a_row_says_its_region_and_network(world: World) -> None:
    row = world.anchor(0)
    (listed,) = list_anchorings(world.journal, world.place.folder / "deployments")
    assert (listed.row.id, listed.region, listed.network) == (row.id, "YRD", "embedded")
    (unknown,) = list_anchorings(world.journal, world.place.folder / "nowhere")
    assert (unknown.region, unknown.network) == (None, None)


# Purging.


def test_purging_tells_the_chain_and_then_erases(world: World) -> None:
    row = world.anchor(0)
    with open_batch(world.folder(row)) as batch:
        salts = [batch.document(index).salt for index in (2, 5)]
    made = world.purge(row, 2, 5, 2)
    assert (made.node, made.root, len(made.leaves), len(made.reason_files)) == (SOURCE, row.root, 2, 2)
    assert [world.life(row, index) for index in (2, 5, 6)] == [Life.ERASED, Life.ERASED, Life.LIVE]
    assert world.readable(row) == [0, 1, 3, 4, 6, 7, 8]
    for path in world.folder(row).rglob("*.arrow"):
        assert not any(salt in path.read_bytes() for salt in salts)
    assert world.purge(row, 2, 5).reason_files == ()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"key": PLATFORM}, NotEntitledError, "does not act"),
        ({"key": GOVERNOR}, NotEntitledError, "does not act"),
        ({"reason": ""}, ReasonError, "line of text"),
        ({"indices": (9,)}, InputError, "no leaf"),
    ],
)
def test_what_is_refused_erases_nothing(
    world: World, how: dict[str, object], error: type[Exception], message: str
) -> None:
    row = world.anchor(0)
    indices = how.pop("indices", (2,))
    with pytest.raises(error, match=message):
        world.purge(row, *indices, **how)  # type: ignore[misc, arg-type]
    assert world.readable(row) == list(range(9))
    assert world.life(row, 2) == Life.LIVE


def test_a_suspended_publisher_erases_nothing(world: World) -> None:
    row = world.anchor(0)
    with open_journal(world.place.folder / "governor" / "journal.sqlite") as journal:
        outbox = world.region.outbox(dev_signer(GOVERNOR, world.region.chain), journal)
        outbox.submit("suspend", world.region.calls.suspend(SOURCE))
    with pytest.raises(PurgeRefusedError, match="not an active node"):
        world.purge(row, 2)
    assert (world.readable(row), world.life(row, 2)) == (list(range(9)), Life.LIVE)


def test_a_batch_that_is_not_anchored_is_not_purged(world: World) -> None:
    row = world.anchor(0, stop=State.PREPARED)
    with pytest.raises(NotAnchoredError):
        world.purge(row, 2)
    assert world.readable(row) == list(range(9))


def test_a_disk_that_cannot_be_written_is_found_before_the_chain_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.anchor(0)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(erasing, "fsync", full)
    with pytest.raises(StorageError):
        world.purge(row, 2)
    monkeypatch.undo()
    assert (world.readable(row), world.life(row, 2)) == (list(range(9)), Life.LIVE)


def test_killed_between_the_chain_and_the_disk_it_is_finished_by_the_same_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = world.anchor(0)
    monkeypatch.setattr("creditchain.acts.purging.erase", _stop)
    with pytest.raises(StoppedError):
        world.purge(row, 2)
    monkeypatch.undo()
    assert (world.readable(row), world.life(row, 2)) == (list(range(9)), Life.ERASED)
    world.purge(row, 2)
    assert 2 not in world.readable(row)
