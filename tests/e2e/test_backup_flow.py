"""A node is lost and restored on an empty machine: anchors that were under way end as one, proofs go on."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "backup"))

from anchoring_driver import journal_of
from homes import PASSWORD, backup, restore, unstretched
from making import document, lines, number
from region_world import SOURCE, TAG_KEY, Place, bring_up
from test_kill_anchoring import Driver, finished

from creditchain.cli.app import run
from creditchain.errors import ExitCode


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    started = Driver(tmp_path_factory.mktemp("template"))
    yield started
    started.close()


def moved(home: Path, url: Path, machine: Path) -> Path:
    """The home as it comes back elsewhere, after the old one is gone."""
    restored = machine / "home"
    restore(url, restored)
    shutil.rmtree(home)
    return restored


def test_an_interrupted_anchor_ends_as_one_on_another_machine(driver: Driver, tmp_path: Path) -> None:
    states = _moved_when_killed_at_each(driver, tmp_path, 4)
    assert len(states) >= 4, states


@pytest.mark.slow
def test_an_interrupted_anchor_ends_as_one_on_another_machine_whenever_it_is_killed(
    driver: Driver, tmp_path: Path
) -> None:
    states = _moved_when_killed_at_each(driver, tmp_path, 1)
    assert states == {"nothing", "preparing", "prepared", "numbered", "mined", "final"}


def _moved_when_killed_at_each(driver: Driver, tmp_path: Path, step: int) -> set[str]:
    """Kill an anchor at each `step`-th point and finish it from a backup elsewhere; the states it was killed in."""
    points, states = driver.ask(home=tmp_path / "whole", kill_at=None)["points"], set()
    with unstretched():
        for point in sorted({*range(0, points, step), points - 1}):
            home = tmp_path / f"at-{point}"
            stopped = driver.ask(home=home, kill_at=point)
            row = stopped["rows"][0] if stopped["rows"] else {"state": "nothing", "root": "", "secret": "", "key": ""}
            states.add(row["state"])
            backup(home, tmp_path / f"backup-{point}")
            restored = moved(home, tmp_path / f"backup-{point}", tmp_path / f"machine-{point}")
            finished(driver, restored, known_root=row["root"] or None, secrets={row["secret"], row["key"]} - {""})
    return states


def test_backups_made_while_an_anchor_runs(driver: Driver, tmp_path: Path) -> None:
    home = tmp_path / "home"
    driver.ask(home=home, kill_at=0)  # makes the home
    told: dict[str, Any] = {}
    anchoring = threading.Thread(target=lambda: told.update(driver.ask(home=home, kill_at=None)))
    urls: list[Path] = []
    with unstretched():
        anchoring.start()
        while anchoring.is_alive() or not urls:
            urls.append(tmp_path / f"backup-{len(urls)}")
            backup(home, urls[-1])
        anchoring.join()
        (row,) = told["rows"]
        for at, url in enumerate(urls):
            restore(url, tmp_path / f"machine-{at}" / "home")
    for at in range(len(urls)):
        home = tmp_path / f"machine-{at}" / "home"
        begun = (home / "journal.sqlite").exists() and bool(journal_of(home)["rows"])
        finished(driver, home, known_root=row["root"] if begun else None, secrets=set())


def shell(place: Place, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any]:
    code = run(["--json", *place.options, *map(str, words)])
    printed = capsys.readouterr()
    return code, json.loads(printed.out or printed.err)


def test_a_node_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By the command line alone, with a real password."""
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    monkeypatch.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
    monkeypatch.setenv("CREDITCHAIN_SIGNER", f"dev:{SOURCE}")
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", PASSWORD)
    old, new = Place("embedded", tmp_path / "old"), Place("embedded", tmp_path / "new")
    old.folder.mkdir()
    new.folder.mkdir()
    bring_up(old)
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(30)]))
    anchor = ("anchor", upload, "--product", "registry-basic/1", "--node", SOURCE)
    code, made = shell(old, capsys, *anchor)
    assert code == ExitCode.OK, made

    archive = tmp_path / "node.zip"
    code, told = shell(old, capsys, "backup", archive)
    assert (code, told["number"], told["kept_files"]) == (ExitCode.OK, 1, 0)
    assert shell(old, capsys, "backup", archive)[0] == ExitCode.REFUSED
    code, checked = shell(new, capsys, "restore", archive, "--check")
    assert (code, checked["files"], checked["bytes"]) == (ExitCode.OK, told["files"], told["bytes"])
    code, found = shell(old, capsys, "restore", archive)
    assert (code, found["error"]["kind"]) == (ExitCode.REFUSED, "BackupRefusedError")
    shutil.rmtree(old.folder)

    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "another")
    code, found = shell(new, capsys, "restore", archive)
    assert (code, found["error"]["kind"]) == (ExitCode.BAD_INPUT, "PasswordError")
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", PASSWORD)
    torn = tmp_path / "torn.zip"
    torn.write_bytes(archive.read_bytes()[:-100])
    code, found = shell(new, capsys, "restore", torn)
    assert (code, found["error"]["kind"]) == (ExitCode.NOT_VALID, "BackupError")
    assert list(new.folder.iterdir()) == []
    assert shell(new, capsys, "restore", archive)[0] == ExitCode.OK

    assert shell(new, capsys, *anchor) == (ExitCode.OK, {**made, "folder": made["folder"].replace("/old/", "/new/")})
    package = tmp_path / "package.json"
    prove = ("prove", "--batch", made["root"], "--number", number(2), "--index")
    index = next(at for at in range(30) if shell(new, capsys, *prove, at, "-o", package)[0] == ExitCode.OK)
    assert index >= 0
    code, verdicts = shell(new, capsys, "verify", package)
    assert "failed" not in json.dumps(verdicts)
    assert shell(new, capsys, "batch", "check", made["root"])[0] == ExitCode.OK
