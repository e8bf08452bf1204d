"""Uploads read in another way than usual: journal and batch remember how, and a run that goes on reads them so."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from making import PRODUCT
from region_world import SOURCE, TAG_KEY, region_of
from test_anchoring import StoppedError, World
from test_mapping import MAPPING, own_rows, write_own
from worlds import Kept, kept_region

from creditchain.acts.anchoring import AnchorOptions, AnchorOrder
from creditchain.batch.folder.manifest import read_manifest
from creditchain.batch.ledger import AnchoringRow, State
from creditchain.batch.readers.mapping import load_mapping
from creditchain.batch.readers.reading import Reading
from creditchain.batch.readers.upload import find_upload
from creditchain.home.journal import open_journal


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "world"
    with region_of(kept.fresh(folder)) as region, open_journal(folder / "home" / "anchoring.sqlite") as journal:
        yield World(region, journal, folder)


def reading(folder: Path) -> Reading:
    """An upload with the institution's own columns, in GB18030."""
    path = folder / "own.toml"
    path.write_text(MAPPING, "utf-8")
    return Reading(encoding="gb18030", mapping=load_mapping(path, PRODUCT))


def begin(world: World, how: Reading, stop: State | None = None) -> AnchoringRow:
    def observe(state: State) -> None:
        if state == stop:
            raise StoppedError

    path = world.folder / "own.csv"
    path.write_bytes(write_own(world.folder / "utf8.csv", own_rows()).read_bytes().decode().encode("gb18030"))
    machine = world.machine(AnchorOptions(observe=observe))
    return machine.anchor(AnchorOrder(find_upload(path, how), PRODUCT, SOURCE, TAG_KEY))


def test_the_manifest_says_how_the_upload_was_read(world: World) -> None:
    how = reading(world.folder)
    row = begin(world, how)
    assert row.state == State.FINAL
    manifest = read_manifest(world.batches / (row.root or b"").hex())
    assert manifest.terms.reading == {"encoding": "gb18030", "mapping": "0x" + how.mapping.digest.hex()}  # type: ignore[union-attr]
    assert begin(world, how).id == row.id


def test_a_batch_is_made_again_as_it_was_read_though_the_mapping_file_is_gone(world: World) -> None:
    with pytest.raises(StoppedError):
        begin(world, reading(world.folder), State.PREPARED)
    (row,) = world.machine().ledger.rows(unfinished=True)
    root = row.root
    shutil.rmtree(world.batches / (root or b"").hex())
    (world.folder / "own.toml").unlink()
    world.machine().ledger.change(row, State.PREPARING)
    done = world.machine().resume(row, TAG_KEY)
    assert (done.state, done.root) == (State.FINAL, root)
    assert world.roots() == [root]
