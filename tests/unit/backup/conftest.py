"""The makers of uploads and of homes, importable by the tests of this folder; and passwords that cost no time."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "batch"))
sys.path.insert(0, str(Path(__file__).parent))

from homes import unstretched


@pytest.fixture(autouse=True, scope="module")
def passwords() -> Iterator[None]:
    """For the modules of this folder alone: other tests of the same process back up as users do."""
    with unstretched():
        yield
