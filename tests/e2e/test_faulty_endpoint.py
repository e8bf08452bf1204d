"""Anchoring through an endpoint that is busy, drops connections and answers junk now and then: nothing fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from faulty import FAULTS, Faulty, faulty
from making import document, write_csv
from region_world import SOURCE, TAG_KEY, Place, region_of
from test_anchor_flow import Shell, anchor
from worlds import region_on_anvil

from creditchain.errors import ExitCode


@pytest.fixture
def shell_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Shell, Faulty, Place]]:
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    monkeypatch.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
    monkeypatch.setenv("CREDITCHAIN_SIGNER", f"dev:{SOURCE}")
    with region_on_anvil(tmp_path) as (place, server), faulty(server.url, seed=20261126) as endpoint:
        assert place.networks_file is not None
        text = place.networks_file.read_text()
        place.networks_file.write_text(text.replace(server.url, endpoint.url) + "deadline_seconds = 600\n")
        yield Shell(place, capsys), endpoint, place


def anchor_runs(shell: Shell, folder: Path, runs: int) -> list[str]:
    """The failures of so many runs of `anchor`, each with its own upload."""
    failures = []
    for run in range(runs):
        upload = write_csv(folder / f"{run}.csv", [document(10 * run + record) for record in range(3)])
        code, _, error = shell.run(*anchor(upload))
        if code != ExitCode.OK:
            failures.append(f"run {run}: {code} {error}")
    return failures


def anchored(place: Place) -> int:
    with region_of(place) as region:
        return len(read_anchors(region))


def test_a_tenth_of_the_answers_are_faults(shell_through: tuple[Shell, Faulty, Place], tmp_path: Path) -> None:
    shell, endpoint, place = shell_through
    endpoint.rate = 0.1
    assert anchor_runs(shell, tmp_path, 5) == []
    assert anchored(place) == 5
    assert sum(endpoint.given.values()) >= 5, "the test gave faults at all"


@pytest.mark.slow
def test_fifteen_runs_with_three_faults_in_a_hundred(
    shell_through: tuple[Shell, Faulty, Place], tmp_path: Path
) -> None:
    """Eight of fifteen such runs failed before requests were retried."""
    shell, endpoint, place = shell_through
    endpoint.rate = 0.03
    assert anchor_runs(shell, tmp_path, 15) == []
    assert anchored(place) == 15
    assert endpoint.given


def test_every_fault_is_met(shell_through: tuple[Shell, Faulty, Place]) -> None:
    """With faults in half of all answers, reads meet each kind of fault."""
    _, endpoint, place = shell_through
    endpoint.rate = 0.5
    while set(endpoint.given) != set(FAULTS):
        assert anchored(place) == 0
