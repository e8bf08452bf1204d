"""The packages named by their defects have the expected verdicts, and are what the generator writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from make_assets import FOLDER, assets
from verification_world import CATALOGUE, world

from creditchain.packages.fields import PackageError
from creditchain.packages.record_package import parse_package
from creditchain.verification.steps import malformed, verify_record

EXPECTED = json.loads((FOLDER / "expected.json").read_bytes())


def test_the_generator_writes_what_is_committed() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == assets()


@pytest.mark.parametrize("name", EXPECTED)
def test_verdict(name: str) -> None:
    honest = world()
    raw = (Path(FOLDER) / f"{name}.json").read_bytes()
    try:
        verdict = verify_record(parse_package(raw), honest.evidence, catalogue=CATALOGUE)
    except PackageError as error:
        verdict = malformed(error)
    found = {"verdict": verdict.status.value, "failed": [step.number for step in verdict.failed]}
    assert found == EXPECTED[name]
