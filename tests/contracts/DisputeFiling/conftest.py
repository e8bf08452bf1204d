"""One region for the tests of this folder; each test starts from the same state."""

import pytest
from consent_world import World


@pytest.fixture(scope="module")
def world(_module):
    return World.build()


@pytest.fixture(autouse=True)
def _members(world):
    operators = dict(world.operators)
    yield
    world.forget(operators)
