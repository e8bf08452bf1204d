"""The follower is killed: before each step that makes something durable, and at random. It goes on where it was."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "log"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))

from random_kills import Sweep, measured
from random_logs import LOG_ID, random_log

from creditchain.home import files
from creditchain.index import following, states
from creditchain.index.following import IndexPlace, follow_log
from creditchain.index.opened import IndexedLog
from creditchain.merkle import root
from tools.bench.log_chain import LogChain

LENGTH = 60
ENTRIES, CELLS = random_log(LENGTH)
KILLS = 100


class KilledError(BaseException):
    """The process is gone, in the midst of what it did."""


@pytest.fixture
def chain() -> LogChain:
    made = LogChain(LOG_ID)
    for start in range(0, LENGTH, 5):
        made.append(ENTRIES[start : start + 5])
    return made


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a long log does after thousands of entries, this one does after a few."""
    monkeypatch.setattr(following, "SAVED_AFTER_ENTRIES", 10)
    monkeypatch.setattr(states, "KEPT_AFTER", 20)
    monkeypatch.setattr(states, "WORTH_KEEPING", 1)


def follow(chain: LogChain, place: IndexPlace, block: int | None = None) -> IndexedLog:
    region = chain.region(log_range_blocks=2)
    at = region.chain.final_block() if block is None else region.chain.block(block)
    return follow_log(region, place, at)


def is_whole(log: IndexedLog) -> None:
    assert log.root == root([entry.hash(LOG_ID) for entry in ENTRIES])
    assert [entry.appended for entry in log.entries()] == ENTRIES
    assert {cell.key: cell.word for cell in log.state().cells} == CELLS[-1]
    log.state().require_intact()


def work(chain: LogChain, place: IndexPlace) -> None:
    """Follow in two goes, the second of which finds an index."""
    follow(chain, place, 6)
    follow(chain, place)


def test_killed_before_each_step(chain: LogChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, real = 0, files.fsync
    for step in range(1000):
        place, left = IndexPlace(tmp_path / f"{step}", tmp_path / f"lock-{step}"), [step]

        def fsync(handle: int, left: list[int] = left) -> None:
            if not left[0]:
                raise KilledError
            left[0] -= 1
            real(handle)

        with monkeypatch.context() as patched:
            patched.setattr(files, "fsync", fsync)
            try:
                work(chain, place)
                break
            except KilledError:
                steps += 1
        is_whole(follow(chain, place))
    assert steps > 60


@pytest.mark.slow
def test_killed_at_random(chain: LogChain, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    whole = measured(lambda: work(chain, IndexPlace(tmp_path / "whole", tmp_path / "lock-whole")))
    sweep = Sweep(random.Random(seed), whole)  # noqa: S311
    while sweep.kills < KILLS:
        place = IndexPlace(tmp_path / f"run-{sweep.runs}", tmp_path / f"lock-{sweep.runs}")
        sweep.until_done(lambda place=place: work(chain, place))  # type: ignore[misc]
        is_whole(follow(chain, place))
    with capsys.disabled():
        print(f"\nfollowing a log: killed {sweep.kills} times at random in {sweep.runs} runs, none wrong (seed {seed})")
