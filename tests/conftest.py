"""Shared by all tests except those of the contracts, which Brownie runs with their own conftest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from creditchain.home.databases.address import DatabaseAddress
    from postgres import Postgres

pytest_plugins = ["skips"]

# How long an example takes says something about the machine and nothing about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests of a worker that do not meddle with it."""
    from postgres import server

    with server() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest) -> DatabaseAddress | None:
    """Where a fresh journal is to be: None for its file in the home, or a new database."""
    if request.param == "sqlite":
        return None
    started: Postgres = request.getfixturevalue("postgres")
    return started.database()
