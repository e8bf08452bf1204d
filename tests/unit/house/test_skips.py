"""A skip for a reason that is not listed fails in CI, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import skips

LISTED = sorted(skips.ALLOWED)[0]
MODULE = """
import pytest

def test_it():
    pytest.skip({reason!r})
"""
WHOLE_MODULE = """
import pytest

pytest.skip({reason!r}, allow_module_level=True)
"""


@pytest.mark.parametrize("module", [MODULE, WHOLE_MODULE])
@pytest.mark.parametrize(
    ("reason", "environment", "failed"),
    [("I do not like it", "true", True), ("I do not like it", "", False), (LISTED, "true", False)],
)
def test_a_skip(tmp_path: Path, module: str, reason: str, environment: str, failed: bool) -> None:
    (tmp_path / "test_it.py").write_text(module.format(reason=reason))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "skips", "-p", "no:pytest-brownie", "-rs", "."],
        cwd=tmp_path,
        env={**os.environ, "CI": environment, "PYTHONPATH": str(Path(skips.__file__).parent)},
        capture_output=True,
        text=True,
    )
    assert ("tests/skips.py does not list" in done.stdout) is failed, done.stdout
    assert reason in done.stdout
    assert done.returncode in ((1, 2) if failed else (0, 5))
