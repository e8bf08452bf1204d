"""Uploads that cannot be anchored, now or ever: none of them holds up another one. The act itself, on a real region."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from making import PRODUCT, document, lines
from region_world import SOURCE, TAG_KEY, region_of
from worlds import Kept, kept_region

from creditchain.acts.anchoring import Anchoring, AnchorOptions, AnchorOrder
from creditchain.acts.operator_uploading import HandledUploads, UploadDesk, handle_open, sweep, take_up
from creditchain.batch.ledger import State
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.products import catalogue
from creditchain.chain.errors import SignerError
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.products import Product
from creditchain.store.operator_uploads import OperatorUpload, OperatorUploads, UploadState

OTHER = "administrative-licence/2"
#: What is in no log and in no error.
WORDS = "914403001922038216"


class Broken:
    """A product with which everything fails in a way that nobody foresaw."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(WORDS)


@dataclass
class World:
    desk: UploadDesk

    def given(self, content: bytes, product: str = PRODUCT.ref) -> OperatorUpload:
        id_ = secrets.token_hex(16)
        made = OperatorUpload(id_, product, "records.jsonl", len(content), bytes(32), UploadState.RECEIVED, 1, 1)
        path = self.desk.path(id_, made.name)
        path.write_bytes(content)
        take_up(self.desk, made)
        return made

    def handled(self) -> HandledUploads:
        return handle_open(self.desk, lambda: 1_800_000_000)

    def found(self, upload: OperatorUpload) -> OperatorUpload:
        found = self.desk.uploads.find(upload.id)
        assert found is not None
        return found

    def files(self) -> list[Path]:
        return list(self.desk.folder.iterdir())


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "world"
    with region_of(kept.fresh(folder)) as region, open_journal(folder / "home" / "anchoring.sqlite") as journal:
        home, log_id = Home(folder / "home"), region.deployment.log_id
        home.region(log_id).uploads.mkdir(parents=True)
        outbox = region.outbox(dev_signer(SOURCE, region.chain), journal)
        products = {one.ref: one for one in catalogue()} | {"broken/1": cast(Product, Broken())}
        yield World(
            UploadDesk(
                machine=Anchoring(region, outbox, journal, home),
                uploads=OperatorUploads(journal, log_id, SOURCE),
                folder=home.region(log_id).uploads,
                node=SOURCE,
                tag_keys=(TAG_KEY,),
                products=products,
            )
        )


def records(first: int, count: int = 5) -> bytes:
    return lines([document(record) for record in range(first, first + count)])


def with_lost_secret(world: World) -> bytes:
    """An upload whose batch was begun, and lost its folder and its secret."""
    content, machine = records(100), world.desk.machine

    class StoppedError(Exception):
        pass

    def stop(_state: State) -> None:
        raise StoppedError

    file = world.desk.folder.parent / "begun.jsonl"
    file.write_bytes(content)
    begun = Anchoring(machine.region, machine.outbox, machine.journal, machine.home, AnchorOptions(observe=stop))
    with pytest.raises(StoppedError):
        begun.anchor(AnchorOrder(find_upload(file), PRODUCT, SOURCE, TAG_KEY))
    (row,) = begun.ledger.rows(unfinished=True)
    assert row.root is not None
    shutil.rmtree(machine.batches / row.root.hex())
    shutil.rmtree(machine.journal.home.region(machine.region.deployment.log_id).secrets)
    return content


def test_uploads_that_cannot_succeed_are_failed_and_the_next_ones_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = world.given(records(0), "gone/1")
    missing = world.given(records(0))
    world.desk.path(missing.id, missing.name).unlink()
    broken = world.given(records(0), "broken/1")
    first = world.given(records(0))
    good = world.given(records(20))
    handled = world.handled()
    assert dict(handled.ended) == {UploadState.FAILED: 3, UploadState.ANCHORED: 2}, [
        world.found(one).told for one in (unknown, missing, broken, first, good)
    ]
    assert handled.waiting == 0
    reasons = [
        (unknown, "this exchange does not know the product any more"),
        (missing, "the file of this upload is gone"),
        (broken, "this is a bug in creditchain"),
    ]
    for upload, reason in reasons:
        found = world.found(upload)
        assert found.state is UploadState.FAILED
        assert reason in (found.told or {})["error"]["title"]
        assert WORDS not in json.dumps(found.told)
    assert (world.found(broken).told or {})["error"]["found"].startswith("KeyError at creditchain/")
    assert WORDS not in caplog.text
    assert world.files() == []
    assert dict(world.handled().ended) == {}


def test_a_secret_that_is_lost_does_not_come_back(world: World) -> None:
    lost = world.given(with_lost_secret(world))
    assert dict(world.handled().ended) == {UploadState.FAILED: 1}
    told = world.found(lost).told or {}
    assert "the key of a batch's secret is missing or damaged" in told["error"]["title"]
    assert told["records"] == 5  # what its check found is told too


def test_one_that_waits_holds_up_later_ones_of_its_product_alone(world: World) -> None:
    batches = world.desk.machine.batches
    batches.write_bytes(b"")  # no folder can be made here
    waits, later = world.given(records(0)), world.given(records(20))
    faulty = world.given(b"{}\n", OTHER)
    handled = world.handled()
    assert (dict(handled.ended), handled.waiting) == ({UploadState.FAULTY: 1}, 2)
    states = [world.found(one).state for one in (waits, later, faulty)]
    assert states == [UploadState.CHECKED, UploadState.RECEIVED, UploadState.FAULTY]
    assert len(world.files()) == 2
    told = world.found(waits).told or {}
    assert told["records"] == 5
    assert told["waits"]["title"]

    batches.unlink()
    handled = world.handled()
    assert (dict(handled.ended), handled.waiting) == ({UploadState.ANCHORED: 2}, 0)
    first, second = world.found(waits), world.found(later)
    assert (first.entry or 0) < (second.entry or 0)
    assert (first.told or {})["records"] == 5
    assert "waits" not in (first.told or {})
    assert world.files() == []


def test_a_signer_that_refuses_now_may_sign_later(world: World) -> None:
    """So does an account without money, or an endpoint of another chain: the upload is as good as it was."""
    machine, one = world.desk.machine, world.given(records(0))
    key = dev_signer(SOURCE, machine.region.chain)

    class Refusing:
        address = key.address

        def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
            raise SignerError("the signer refuses")

        def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
            return key.sign_typed(typed_data)

    outbox = machine.region.outbox(Refusing(), machine.journal)
    refused = replace(world.desk, machine=Anchoring(machine.region, outbox, machine.journal, machine.home))
    handled = handle_open(refused, lambda: 1_800_000_000)
    assert (dict(handled.ended), handled.waiting) == ({}, 1)
    assert (world.found(one).told or {})["waits"]["title"] == "the signer refuses"
    assert len(world.files()) == 1
    assert dict(world.handled().ended) == {UploadState.ANCHORED: 1}


def test_without_the_folder_of_uploads_all_wait(world: World) -> None:
    one = world.given(records(0))
    world.desk.folder.rename(world.desk.folder.with_name("unmounted"))
    assert dict(world.handled().ended) == {}
    assert world.found(one).state is UploadState.RECEIVED
    assert (world.found(one).told or {})["waits"]["title"] == "the folder of uploads is not there"
    world.desk.folder.with_name("unmounted").rename(world.desk.folder)
    assert dict(world.handled().ended) == {UploadState.ANCHORED: 1}


def test_a_file_that_cannot_be_removed_keeps_no_other_from_being_swept(world: World) -> None:
    open_one = world.given(records(0))
    folder = world.desk.folder
    for name in ("a", "b", "c"):
        (folder / f"{name}.jsonl").write_bytes(b"left behind")
    (folder / "b.jsonl").unlink()
    (folder / "b.jsonl").mkdir()  # `unlink` refuses it
    assert sweep(world.desk, 2.0**40) == 2
    assert {path.stem for path in world.files()} == {"b", open_one.id}


def test_it_ends_between_two_uploads_when_it_is_told_to(world: World) -> None:
    one = world.given(records(0))
    handled = handle_open(world.desk, lambda: 1_800_000_000, lambda: True)
    assert (dict(handled.ended), handled.waiting) == ({}, 0)
    assert world.found(one) == replace(one, state=UploadState.RECEIVED)
