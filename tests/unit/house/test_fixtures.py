"""What a fixture patches, it puts back before a test of another module runs in the same process."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
#: Calls that change what all tests of a process share.
PATCHES = {"MonkeyPatch", "setattr", "setenv", "delenv", "chdir", "putenv", "unstretched", "environ"}
#: Scopes of fixtures that do not end before tests of other modules run.
LONG = frozenset({"session", "package"})


def test_fixtures_that_outlive_a_module_patch_nothing() -> None:
    found = {
        f"{path.relative_to(TESTS)}:{fixture.name}": sorted(names)
        for path in TESTS.rglob("*.py")
        for fixture in _lasting(ast.parse(path.read_text("utf-8")))
        if (names := _named(fixture) & PATCHES)
    }
    assert found == {}, 'give these fixtures scope="module", or patch in the tests that need it'


def test_it_would_be_found() -> None:
    leaking = '@pytest.fixture(scope="session")\ndef f():\n    with pytest.MonkeyPatch.context():\n        yield'
    (fixture,) = _lasting(ast.parse(leaking))
    assert _named(fixture) & PATCHES == {"MonkeyPatch"}


def test_fixtures_that_outlive_a_test_take_no_fresh_world() -> None:
    """`Kept.fresh` takes the chain back for everybody, also for the world of a module."""
    found = [
        f"{path.relative_to(TESTS)}:{fixture.name}"
        for path in TESTS.rglob("*.py")
        for fixture in _lasting(ast.parse(path.read_text("utf-8")), LONG | {"module", "class"})
        if "fresh" in _members(fixture)
    ]
    assert found == [], "take `Kept.lasting` there"


def test_a_fresh_world_would_be_found() -> None:
    shared = '@pytest.fixture(scope="module")\ndef world(kept):\n    return kept.fresh(1)'
    (fixture,) = _lasting(ast.parse(shared), {"module"})
    assert "fresh" in _members(fixture)


def _lasting(module: ast.Module, scopes: Set[str] = LONG) -> Iterator[ast.FunctionDef]:
    """Fixtures of these scopes."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and any(_scopes(one) & scopes for one in node.decorator_list):
            yield node


def _scopes(decorator: ast.expr) -> Set[str]:
    if not isinstance(decorator, ast.Call):
        return set()
    return {ast.literal_eval(word.value) for word in decorator.keywords if word.arg == "scope"}


def _named(fixture: ast.FunctionDef) -> set[str]:
    names = {node.id for node in ast.walk(fixture) if isinstance(node, ast.Name)}
    return names | _members(fixture)


def _members(fixture: ast.FunctionDef) -> set[str]:
    return {node.attr for node in ast.walk(fixture) if isinstance(node, ast.Attribute)}
