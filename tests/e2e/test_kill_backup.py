"""Backup and restore are killed by SIGKILL before and after every durable step, and between two pieces of a file."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "backup"))

from homes import add_batch, backup, content, make_home, restore, unstretched, write_row

from creditchain.backup.vault import Digesting
from creditchain.errors import CreditchainError

State = dict[str, Any]


@pytest.fixture(scope="module", autouse=True)
def passwords() -> Iterator[None]:
    with unstretched():
        yield


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do `work` in a child that kills itself at a point. False: there are not so many points, and it is done."""
    child = os.fork()
    if child == 0:
        try:
            passed = 0

            def pass_point() -> None:
                nonlocal passed
                if passed == point:
                    os.kill(os.getpid(), signal.SIGKILL)
                passed += 1

            def around(step: Callable[..., Any]) -> Callable[..., Any]:
                def wrapped(*arguments: Any, **named: Any) -> Any:
                    pass_point()
                    made = step(*arguments, **named)
                    pass_point()
                    return made

                return wrapped

            for name in ("fsync", "rename", "replace", "remove", "unlink", "mkdir"):
                setattr(os, name, around(getattr(os, name)))
            Digesting._passed = around(Digesting._passed)  # type: ignore[method-assign]
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def restored(url: Path, folder: Path) -> State:
    """What a restore of a place gives."""
    restore(url, folder / "home")
    found = content(folder / "home")
    shutil.rmtree(folder)
    return found


def copy(template: Path, at: Path) -> Path:
    return Path(shutil.copytree(template, at))


@pytest.mark.slow
def test_backup_killed_at_every_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = tmp_path / "template"
    home = make_home(template)
    backup(home, template / "b")
    old = content(home)
    write_row(home / "journal.sqlite", b"more")
    add_batch(home, 100)
    new = content(home)
    whole = copy(template, tmp_path / "whole")
    backup(whole / "home", whole / "b")
    names = {path.name for path in (whole / "b").rglob("*")}
    seen = []
    point = 0
    while True:
        here = copy(template, tmp_path / str(point))
        killed = killed_at(point, lambda here=here: backup(here / "home", here / "b"))  # type: ignore[misc]
        # At most the copy of a database that has nothing in it yet, and would have lost its name next.
        assert all(path.stat().st_size == 0 for path in (here / "home").glob(".backup-*"))
        assert content(here / "home") == new
        found = restored(here / "b", here / "back")
        assert found in (old, new)
        seen.append(found == new)
        if killed:
            backup(here / "home", here / "b")
            assert restored(here / "b", here / "back") == new
            assert len({path.name for path in (here / "b").rglob("*")}) == len(names)
            assert not [path for path in here.rglob("*") if path.name.startswith(".backup-") or path.suffix == ".part"]
        shutil.rmtree(here)
        if not killed:
            break
        point += 1
    assert seen == sorted(seen)
    assert point > 40
    with capsys.disabled():
        print(f"\nbackup was killed at {point} points")


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_archive_killed_at_every_step_or_some(step: int, tmp_path: Path) -> None:
    home = make_home(tmp_path / "node")
    backup(home, tmp_path / "first.zip")
    before = content(home)
    archive = tmp_path / "a.zip"
    point = 0
    while killed_at(point, lambda: backup(home, archive)):
        assert content(home) == before
        if archive.exists():
            assert restored(archive, tmp_path / "back") == before
            archive.unlink()
        point += step
    assert restored(archive, tmp_path / "back") == before
    assert point > 30


@pytest.mark.parametrize("force", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_restore_killed_at_every_step(force: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node = make_home(tmp_path / "node")
    backup(node, tmp_path / "b")
    new, old = content(node), None
    if force:
        old = content(make_home(tmp_path / "there"))
    point = 0
    while True:
        here = tmp_path / str(point)
        if force:
            copy(tmp_path / "there", here)
        home = here / "home"
        killed = killed_at(point, lambda home=home: restore(tmp_path / "b", home, force=force))  # type: ignore[misc]
        if home.exists():
            assert content(home) in (old, new)
        if force:
            assert old in [content(path) for path in (home, *here.glob("home.before-restore-*")) if path.exists()]
        if killed and not (home.exists() and content(home) == new):
            restore(tmp_path / "b", home, force=force)
        assert content(home) == new
        with pytest.raises(CreditchainError, match="home exists already"):
            restore(tmp_path / "b", home)
        if not killed:
            break
        point += 1 if force else 5  # what differs without it is the last step
        shutil.rmtree(here)
    assert point > 60
    left = {path.name for path in here.iterdir()} - {"upload-0.jsonl"}
    assert left == {"home", "deployments"} | ({"home.before-restore-1"} if force else set())
    with capsys.disabled():
        print(f"\nrestore was killed at points up to {point}")
