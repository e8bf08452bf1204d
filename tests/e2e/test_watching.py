"""Watching a folder through temporary faults: a chain that does not answer, a full pool, bad uploads, stuck rows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import PRODUCT, document, lines
from region_world import SOURCE, TAG_KEY
from tampering import Tampering, ask_the_node, tampering
from worlds import region_on_anvil

from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.resuming import BatchOutcome
from creditchain.acts.watching import FolderWatchedError, UploadOutcome, Watching, watch, watch_lock
from creditchain.batch.errors import StorageError, UploadError
from creditchain.batch.ledger import State
from creditchain.batch.readers.inbox import Inbox
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.connect import connect
from creditchain.chain.deployments import load_deployment
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import ExitCode
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from postgres import server


class World:
    """A node whose endpoint can be made to misbehave, and a folder in which uploads arrive."""

    def __init__(self, machine: Anchoring, endpoint: Tampering, folder: Path, home: Home) -> None:
        self.machine, self.endpoint, self.folder, self.home = machine, endpoint, folder / "inbox", home
        self.folder.mkdir()

    def put(self, day: int) -> Path:
        path = self.folder / f"day-{day}.jsonl"
        path.write_bytes(lines([document(record) for record in range(9 * day, 9 * day + 9)]))
        return path

    def order(self, path: str) -> AnchorOrder:
        return AnchorOrder(find_upload(path), PRODUCT, SOURCE, TAG_KEY)

    def watch(self, patience: float = 600.0) -> Iterator[BatchOutcome | UploadOutcome]:
        what = Watching(Inbox(self.folder, 0), self.order, TAG_KEY, once=True, patience=patience)
        return watch(self.machine, what)

    def anchored(self) -> int:
        return len(read_anchors(self.machine.region))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with watched(tmp_path) as made:
        yield made


@contextmanager
def watched(tmp_path: Path, address: DatabaseAddress | None = None) -> Iterator[World]:
    with region_on_anvil(tmp_path) as (place, server), tampering(server.url) as endpoint:
        network = load_network(place.network, place.networks_file)
        network = replace(network, url=endpoint.url, timeout_seconds=5.0, deadline_seconds=10.0, give_up_seconds=1.0)
        home = Home(tmp_path / ("home" if address is None else "node"))  # the first has a journal in its file
        with connect(network) as chain, open_journal(home.journal, address) as journal:
            region = Region(chain, load_deployment(place.network, tmp_path / "deployments"))
            outbox = region.outbox(dev_signer(SOURCE, chain), journal)
            yield World(Anchoring(region, outbox, journal, home, AnchorOptions()), endpoint, tmp_path, home)


def passes(world: World, message: str, end: Callable[[], None] = lambda: None) -> None:
    """The first upload is reported once as to be retried; when the fault is over, both are anchored in order."""
    uploads = [world.put(day) for day in (1, 2)]
    outcomes = world.watch()
    first = next(outcomes)
    assert isinstance(first, UploadOutcome)
    assert (first.upload, first.again, first.exit_code) == (uploads[0], True, ExitCode.OK)
    assert message in str(first.error)
    world.endpoint.rule = ask_the_node
    end()
    done = [each for each in outcomes if isinstance(each, UploadOutcome) and not each.again]
    assert [(each.upload, each.error) for each in done] == [(upload, None) for upload in uploads]
    assert world.anchored() == 2


def test_a_chain_that_is_away_is_waited_for(world: World) -> None:
    world.endpoint.rule = lambda *_: 503
    passes(world, "503")


def test_a_database_that_is_away_is_waited_for(tmp_path: Path) -> None:
    with server() as own, watched(tmp_path, own.database()) as world:
        own.stop()
        passes(world, "the database cannot be reached", own.start)


def test_a_full_pool_is_waited_for(world: World) -> None:
    world.endpoint.refuse_sending("txpool is full")
    passes(world, "txpool is full")


def test_what_does_not_pass_ends_a_watch_that_is_to_end(world: World) -> None:
    upload = world.put(1)
    world.endpoint.rule = lambda *_: 503
    outcomes = list(world.watch(patience=0.0))
    assert [(each.upload, each.again, each.exit_code) for each in outcomes if isinstance(each, UploadOutcome)] == [
        (upload, True, ExitCode.OK),
        (upload, False, ExitCode.COULD_NOT_CHECK),
    ]


def test_a_bad_upload_and_a_stuck_row_stop_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    removed = world.put(1)
    with monkeypatch.context() as patch:
        patch.setattr(Anchoring, "_prepare", stop)
        with pytest.raises(StoppedError):
            world.machine.anchor(world.order(str(removed)))
    removed.unlink()
    bad = world.folder / "bad.jsonl"
    bad.write_bytes(b"{\n")
    good = world.put(2)
    stuck, *uploads = list(world.watch())
    assert isinstance(stuck, BatchOutcome)
    assert (stuck.row.state, type(stuck.error)) == (State.PREPARING, StorageError)
    found = {each.upload: type(each.error) for each in uploads if isinstance(each, UploadOutcome)}
    assert found == {bad: UploadError, good: type(None)}
    assert world.anchored() == 1


def test_what_concerns_one_upload_alone_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key was lost, and a file cannot be read for now. Both are told, and tried again."""

    class StoppedError(Exception):
        pass

    def stop(*_: object) -> None:
        raise StoppedError

    uploads = [world.put(day) for day in (1, 2, 3)]
    for age, upload in enumerate(reversed(uploads)):
        os.utime(upload, (10**9 - age, 10**9 - age))
    lost, unreadable, good = uploads
    with monkeypatch.context() as patch:
        patch.setattr(Anchoring, "_prepare", stop)
        with pytest.raises(StoppedError):
            world.machine.anchor(world.order(str(lost)))
    secrets = world.home.region(world.machine.region.deployment.log_id).secrets
    for key in secrets.iterdir():
        key.unlink()
    failing = [True]

    def order(path: str) -> AnchorOrder:
        if path == str(unreadable) and failing:
            raise StorageError("the disk fails")
        return world.order(path)

    what = Watching(Inbox(world.folder, 0), order, TAG_KEY, once=True, patience=0.5)
    found: list[tuple[Path, str, bool]] = []
    for each in watch(world.machine, what):
        if isinstance(each, UploadOutcome):
            found.append((each.upload, type(each.error).__name__, each.again))
            if each.upload == good:
                failing.clear()
    assert found[:3] == [
        (lost, "SecretLostError", True),
        (unreadable, "StorageError", True),
        (good, "NoneType", False),
    ]
    assert sorted(found[3:]) == [(lost, "SecretLostError", False), (unreadable, "NoneType", False)]
    assert world.anchored() == 2


def test_a_name_that_is_no_text_is_one_error_and_stops_nothing(world: World) -> None:
    """As a file that was unpacked from another system's archive: its name is written in GBK."""
    bad = world.folder / os.fsdecode("企业.jsonl".encode("gbk"))
    bad.write_bytes(world.put(1).read_bytes())
    good = world.put(2)
    found = {each.upload: type(each.error) for each in world.watch() if isinstance(each, UploadOutcome)}
    assert found[bad] is UploadError
    assert found[good] is type(None)
    assert world.anchored() == 2


def test_a_folder_that_is_away_for_a_while_is_waited_for(world: World) -> None:
    world.put(1)
    away = world.folder.with_name("away")
    outcomes = world.watch()
    world.folder.rename(away)
    first = next(outcomes)
    assert isinstance(first, UploadOutcome)
    assert (first.upload, type(first.error), first.again) == (world.folder, StorageError, True)
    away.rename(world.folder)
    assert [each.error for each in outcomes] == [None]
    assert world.anchored() == 1


def test_a_folder_that_stays_away_ends_a_watch_that_is_to_end(world: World) -> None:
    outcomes = world.watch(patience=0.0)
    world.folder.rmdir()
    found = [(each.again, each.exit_code) for each in outcomes if isinstance(each, UploadOutcome)]
    assert found == [(True, ExitCode.OK), (False, ExitCode.COULD_NOT_CHECK)]


def test_two_watches_of_one_folder(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with watch_lock(world.home, world.folder):
        with pytest.raises(FolderWatchedError, match="another process watches"), watch_lock(world.home, world.folder):
            pass
        with watch_lock(world.home, other):
            pass
    with watch_lock(world.home, world.folder):
        pass
