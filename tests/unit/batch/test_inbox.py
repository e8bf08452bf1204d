"""An inbox offers each complete upload once, and moving an upload away loses nothing."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from creditchain.batch.errors import UploadError
from creditchain.batch.readers import moving
from creditchain.batch.readers.inbox import Inbox
from creditchain.batch.readers.moving import move_upload


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def put(path: Path, text: str, at: float) -> Path:
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def names(inbox: Inbox) -> list[str]:
    return [arrival.path.name for arrival in inbox.ready()]


def test_an_upload_is_whole_when_nobody_saw_it_change_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    inbox = Inbox(tmp_path, 5, clock)
    put(tmp_path / "a.jsonl", "x", 998)
    assert names(inbox) == []
    assert inbox.unsettled()
    clock.now = 4.9
    assert names(inbox) == []
    clock.now = 5
    (arrival,) = inbox.ready()
    inbox.deal_with(arrival)
    assert names(inbox) == []
    assert not inbox.unsettled()
    put(tmp_path / "a.jsonl", "xy", 1_003)
    assert not inbox.is_unchanged(arrival)
    assert names(inbox) == []
    clock.now = 10
    assert names(inbox) == ["a.jsonl"]


@pytest.mark.parametrize("days", [-3650, 1, 3650])
def test_the_date_of_a_file_says_nothing(tmp_path: Path, days: int) -> None:
    """A file that was copied with its date, or by a machine whose clock is ahead, is taken when it is complete."""
    clock = Clock()
    inbox = Inbox(tmp_path, 5, clock)
    put(tmp_path / "a.jsonl", "x", time.time() + days * 86_400)
    assert names(inbox) == []
    clock.now = 4
    put(tmp_path / "a.jsonl", "xy", time.time() + days * 86_400)
    assert names(inbox) == []
    clock.now = 8
    assert names(inbox) == []
    clock.now = 9
    assert names(inbox) == ["a.jsonl"]


def test_a_file_that_replaces_another_is_another_upload(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 0, Clock())
    put(tmp_path / "a.jsonl", "x", 10)
    inbox.deal_with(inbox.ready()[0])
    put(tmp_path / "b.part", "y", 10).replace(tmp_path / "a.jsonl")
    assert names(inbox) == ["a.jsonl"]


def test_the_oldest_comes_first_and_other_files_never(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 0, Clock())
    times = {"b.csv": 30, "a.parquet": 20, "c.jsonl": 10, ".d.jsonl": 5, "e.jsonl.part": 5, "f.txt": 5}
    for name, at in times.items():
        put(tmp_path / name, "x", at)
    (tmp_path / "empty").mkdir()
    folder = tmp_path / "files"
    folder.mkdir()
    put(folder / "manifest.csv", "file", 3)
    put(folder / "g.pdf", "x", 3)
    os.utime(folder, (4, 4))
    assert names(inbox) == ["files", "c.jsonl", "a.parquet", "b.csv"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="not a folder"):
        Inbox(tmp_path / "none", 1)


def upload_at(path: Path, text: str, kind: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    if kind == "file":
        path.write_text(text)
    else:
        path.mkdir()
        (path / "manifest.csv").write_text(text)
    return path


def text_of(path: Path) -> str:
    return (path if path.is_file() else path / "manifest.csv").read_text()


@pytest.fixture(params=["one file system", "two file systems"])
def across(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For "two file systems", links and renames between folders fail as Linux makes them fail there."""
    if request.param == "two file systems":
        link, rename = os.link, Path.rename

        def refuse(source: Path, target: Path) -> None:
            if Path(source).parent != Path(target).parent:
                raise OSError(errno.EXDEV, "Invalid cross-device link", str(source))

        def checked_link(source: Path, target: Path) -> None:
            refuse(source, target)
            link(source, target)

        def checked_rename(source: Path, target: Path) -> Path:
            refuse(source, target)
            return rename(source, target)

        monkeypatch.setattr(moving.os, "link", checked_link)
        monkeypatch.setattr(Path, "rename", checked_rename)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_moving_never_overwrites_a_namesake(tmp_path: Path, kind: str, across: None) -> None:
    done = tmp_path / "done"
    places = []
    for day in range(3):
        places.append(move_upload(upload_at(tmp_path / "in" / "day.jsonl", f"day {day}", kind), done))
    assert [path.name for path in places] == ["day.jsonl", "day.1.jsonl", "day.2.jsonl"]
    assert [text_of(path) for path in places] == ["day 0", "day 1", "day 2"]
    assert list((tmp_path / "in").iterdir()) == []
    assert sorted(path.name for path in done.iterdir()) == sorted(path.name for path in places)


def test_a_move_that_was_interrupted_is_finished(tmp_path: Path, across: None) -> None:
    """If a move was killed when the file had both names, or its copy was complete, moving again leaves one file."""
    upload = upload_at(tmp_path / "in" / "day.jsonl", "day", "file")
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "day.jsonl").write_text("day")
    assert move_upload(upload, tmp_path / "done").name == "day.jsonl"
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["day.jsonl"]
    assert not upload.exists()


def test_a_folder_with_a_link_to_nothing_is_taken(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, 0)
    folder = tmp_path / "month"
    folder.mkdir()
    (folder / "manifest.csv").write_bytes(b"x")
    (folder / "gone.pdf").symlink_to(tmp_path / "nothing")
    assert [arrival.path for arrival in inbox.ready()] == [folder]


def test_what_cannot_be_looked_at_is_offered_and_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails under one file: whoever reads it says what is wrong."""
    for name in ("good.csv", "bad.csv", "notes.pdf"):
        (tmp_path / name).write_bytes(b"x")
    stat = Path.stat

    def failing(path: Path, **options: bool) -> os.stat_result:
        if path.name in ("bad.csv", "notes.pdf"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", failing)
    assert {arrival.path.name for arrival in Inbox(tmp_path, 0).ready()} == {"good.csv", "bad.csv"}
