"""Which uploads in a folder are whole, and that each is offered once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from creditchain.batch import UploadError
from creditchain.batch.readers.inbox import Inbox


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def put(path: Path, text: str, at: float) -> Path:
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def test_an_upload_is_whole_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    inbox = Inbox(tmp_path, 5, clock)
    put(tmp_path / "a.jsonl", "x", 998)
    assert inbox.ready() == []
    assert inbox.unsettled()
    clock.now = 1_003.5
    (arrival,) = inbox.ready()
    inbox.deal_with(arrival)
    assert inbox.ready() == []
    assert not inbox.unsettled()
    put(tmp_path / "a.jsonl", "xy", 1_003)
    assert inbox.ready() == []
    clock.now = 1_010
    assert [found.path.name for found in inbox.ready()] == ["a.jsonl"]


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
    assert [found.path.name for found in inbox.ready()] == ["files", "c.jsonl", "a.parquet", "b.csv"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="not a folder"):
        Inbox(tmp_path / "none", 1)
