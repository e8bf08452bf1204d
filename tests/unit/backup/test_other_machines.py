"""Homes that come from another machine: with another clock, other disks, and processes that are gone."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from homes import backup, content, make_home, restore, rows

from creditchain.home.journal import open_journal
from creditchain.home.layout import Home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "node")


@pytest.mark.parametrize("kind", ["b", "b.zip"])
@pytest.mark.parametrize("when", [0, 32_503_680_000], ids=["1970", "3000"])
def test_files_of_any_date_are_backed_up_and_restored(home: Path, tmp_path: Path, kind: str, when: int) -> None:
    for path in home.rglob("*"):
        os.utime(path, (when, when))
    before = content(home)
    backup(home, tmp_path / kind)
    restore(tmp_path / kind, tmp_path / "back" / "home")
    assert content(tmp_path / "back" / "home") == {**before, "backup-id": (home / "backup-id").read_bytes()}


@pytest.mark.parametrize("kind", ["b", "b.zip"])
@pytest.mark.parametrize("clock", [0.0, 32_503_680_000.0], ids=["1970", "3000"])
def test_a_wrong_clock_stops_no_backup(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, clock: float
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: clock)
        patch.setattr(time, "localtime", lambda *_: time.gmtime(clock))
        assert backup(home, tmp_path / kind).number == 1
    back = restore(tmp_path / kind, tmp_path / "back" / "home")
    assert back.made_at == clock
    if kind == "b":
        assert backup(home, tmp_path / kind).number == 2  # by number, not by time
        assert restore(tmp_path / kind, tmp_path / "again" / "home").number == 2


def test_deployments_on_another_disk(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(home, tmp_path / "b")
    disk = tmp_path / "back" / "deployments"

    def within_a_disk(step):  # type: ignore[no-untyped-def]
        def checked(source: Path, target: Path) -> object:
            if Path(source).is_relative_to(disk) != Path(target).is_relative_to(disk):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            return step(source, target)

        return checked

    for name in ("rename", "replace", "hardlink_to"):
        monkeypatch.setattr(Path, name, within_a_disk(getattr(Path, name)))
    restore(tmp_path / "b", tmp_path / "back" / "home")
    assert (disk / "embedded.json").read_bytes() == b'{"region": "YRD"}'
    assert [path.name for path in disk.iterdir()] == ["embedded.json"]


def test_locks_of_processes_that_are_gone_hold_nothing_up(tmp_path: Path) -> None:
    """One process holds the journal's lock and the backup's, and is killed; its lock files stay."""
    home = make_home(tmp_path / "node")
    script = """
import sys, time
from pathlib import Path
from creditchain.backup.making import _locked
from creditchain.home.databases.sqlite import SqliteDatabase
with _locked(Path(sys.argv[1])), SqliteDatabase(Path(sys.argv[1]) / "journal.sqlite").opened_alone():
    print("held", flush=True)
    sys.stdin.readline()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert (home / "locks" / "backup").exists()
    backup(home, tmp_path / "b")
    open_journal(Home(home).journal).close()


def test_lock_files_that_were_copied_with_a_home_hold_nothing_up(tmp_path: Path) -> None:
    """A home that was moved by `cp -r` has the lock files of the old machine, perhaps dated in the future."""
    home = make_home(tmp_path / "node")
    for name in ("locks/backup", "journal.sqlite.lock", "embedded/embedded.lock"):
        (home / name).write_bytes(b"4711")
        os.utime(home / name, (32_503_680_000, 32_503_680_000))
    backup(home, tmp_path / "b")
    restore(tmp_path / "b", tmp_path / "back" / "home")
    assert rows(tmp_path / "back" / "home" / "journal.sqlite")
    open_journal(Home(home).journal).close()
