"""Anchoring is killed by SIGKILL before and after every step that is durable or visible outside, and run again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from postgres import Postgres

DRIVER = Path(__file__).with_name("anchoring_driver.py")


class Driver:
    """The process that has everything imported and forks a child for each attempt."""

    def __init__(self, template: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVER), str(template)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._read() == "ready\n"

    def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command, default=str) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._read())
        return found

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the driver ended"
        return line

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait() == 0


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    started = Driver(tmp_path_factory.mktemp("template"))
    yield started
    started.close()


def finished(driver: Driver, home: Path, *, known_root: str | None, secrets: set[str]) -> None:
    """Run to the end and check that everything is as without a kill, and that `secrets` and their keys are gone."""
    done = driver.ask(home=home, kill_at=None)
    assert not done["killed"]
    (row,) = done["rows"]
    assert (row["state"], row["secret"], row["number"]) == ("final", "", 1)
    assert known_root in (None, row["root"])
    seen = driver.ask(home=home, look=True)
    assert seen == {"anchors": [{"root": row["root"], "size": 40}], "nonce": 1, "folders": [row["root"]]}
    for path in (path for path in home.rglob("*") if path.is_file()):
        for secret in secrets:
            assert bytes.fromhex(secret) not in path.read_bytes(), path.name


def test_killed_at_some_steps(driver: Driver, tmp_path: Path) -> None:
    _, states = _killed_and_finished(driver, tmp_path, 8)
    assert len(states) >= 4, states


def test_killed_at_some_steps_with_the_journal_in_a_database(
    driver: Driver, tmp_path: Path, postgres: Postgres
) -> None:
    """At each step that lasts or shows outside, thinned out; the database is a new one for each."""

    def place(home: Path) -> None:
        home.with_name(f"{home.name}.database").write_text(postgres.database().given)

    _, states = _killed_and_finished(driver, tmp_path, 30, place)
    assert len(states) >= 2, states


@pytest.mark.slow
def test_killed_at_every_step(driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points, states = _killed_and_finished(driver, tmp_path, 1)
    assert states == {"nothing", "preparing", "prepared", "numbered", "mined", "final"}
    with capsys.disabled():
        print(f"\nanchoring was killed at {points} points and finished each time")


def _killed_and_finished(
    driver: Driver, tmp_path: Path, step: int, place: Callable[[Path], None] = lambda _: None
) -> tuple[int, set[str]]:
    """Kill an anchor at each `step`-th point and finish it; how many points there are, and the states it was in."""
    place(tmp_path / "whole")
    points = driver.ask(home=tmp_path / "whole", kill_at=None)["points"]
    assert points > 30
    states: set[str] = set()
    for point in range(0, points, step):
        home = tmp_path / f"at-{point}"
        place(home)
        stopped = driver.ask(home=home, kill_at=point)
        assert stopped["killed"], point
        row = stopped["rows"][0] if stopped["rows"] else {"state": "nothing", "root": "", "secret": "", "key": ""}
        states.add(row["state"])
        finished(driver, home, known_root=row["root"] or None, secrets={row["secret"], row["key"]} - {""})
        shutil.rmtree(home)
    return points, states


@pytest.mark.slow
def test_killed_again_while_going_on(driver: Driver, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed at one point, killed again at each point of the second run."""
    points = driver.ask(home=tmp_path / "whole", kill_at=None)["points"]
    tried = 0
    for first in range(0, points, 5):
        second = 0
        while True:
            home = tmp_path / f"at-{first}-{second}"
            driver.ask(home=home, kill_at=first)
            stopped = driver.ask(home=home, kill_at=second)
            row = stopped["rows"][0] if stopped["rows"] else {"root": "", "secret": "", "key": ""}
            finished(driver, home, known_root=row["root"] or None, secrets={row["secret"], row["key"]} - {""})
            shutil.rmtree(home)
            tried += 1
            if not stopped["killed"]:
                break
            second += 3
    with capsys.disabled():
        print(f"\nanchoring was killed twice at {tried} pairs of points and finished each time")
