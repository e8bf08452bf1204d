"""Fixtures of the contract tests. Brownie runs them (`brownie test`); plain pytest passes over this folder."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "vectors"))


def pytest_ignore_collect(config):
    return None if config.pluginmanager.hasplugin("brownie-core") else True


@pytest.fixture(scope="module", autouse=True)
def _module(module_isolation):
    """Every module starts from a fresh chain."""


@pytest.fixture(autouse=True)
def _function(fn_isolation):
    """Every test starts from what its module's fixtures made."""


@pytest.fixture(scope="module")
def region(_module):
    """One region with a member of each role; see `world.Region`."""
    from world import found_region

    return found_region()
