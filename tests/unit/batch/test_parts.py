"""Files of a batch folder are cut evenly and are durable before anything relies on them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditchain.batch.errors import StorageError
from creditchain.batch.folder import files as parts
from creditchain.batch.making import worker as work


def files(folder: Path, count: int) -> list[Path]:
    made = [folder / str(number) for number in range(count)]
    for path in made:
        path.write_bytes(b"x")
    return made


def sync(made: list[Path], *, background: bool) -> None:
    with parts.Syncer(background=background) as syncer:
        for path in made:
            syncer.add(path)


@pytest.mark.parametrize("background", [False, True])
def test_every_file_is_durable_when_the_syncer_is_left(
    background: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    monkeypatch.setattr(parts, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino))
    monkeypatch.setattr(parts, "_PENDING", 3)
    made = files(tmp_path, 20)
    with parts.Syncer(background=background) as syncer:
        for path in made:
            syncer.add(path, read_soon=False)
            path.rename(path.with_suffix(".moved"))
    assert synced == {path.stat().st_ino for path in tmp_path.iterdir()}


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("number", [0, 19])
def test_a_disk_that_fails_later_is_noticed(
    background: bool, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = files(tmp_path, 20)
    failing = made[number].stat().st_ino

    def fsync(handle: int) -> None:
        if os.fstat(handle).st_ino == failing:
            raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(parts, "fsync", fsync)
    with pytest.raises(StorageError, match="could not be read or written"):
        sync(made, background=background)


@pytest.mark.parametrize("sizes", [[], [0], [1], [4], [5], [3, 1, 9, 0, 4, 4, 2], [1] * 11, [40]])
def test_batches_are_cut_evenly(sizes: list[int], tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64())])
    values = iter(range(1000))
    batches = [pa.record_batch([pa.array([next(values) for _ in range(size)], pa.int64())], schema) for size in sizes]
    parts.write_arrow(tmp_path / "t.arrow", schema, batches, 4)
    with pa.OSFile(str(tmp_path / "t.arrow")) as source:
        reader = pa.ipc.open_file(source)
        found = [reader.get_batch(number).column("n").to_pylist() for number in range(reader.num_record_batches)]
    whole = list(range(sum(sizes)))
    assert found == [whole[start : start + 4] for start in range(0, len(whole), 4)]


def test_what_one_stage_leaves_the_next_takes_up(tmp_path: Path) -> None:
    for count in (0, 3, 5000):
        work._leave(tmp_path / "x", np.arange(count))
        assert work.take_up(tmp_path / "x", np.int64, count).tolist() == list(range(count))
        assert not (tmp_path / "x").exists()
    work._leave(tmp_path / "x", np.arange(4))
    with pytest.raises(StorageError, match="short"):
        work.take_up(tmp_path / "x", np.int64, 5)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_is_noticed_however_little_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened(path, mode.replace("x", "w")))
    with pytest.raises(StorageError, match="the disk is full"):
        work._leave(Path("/dev/full"), np.arange(10))
