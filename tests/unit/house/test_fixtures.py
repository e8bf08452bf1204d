"""What a fixture patches, it puts back before a test of another module runs in the same process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
#: Calls that change what all tests of a process share.
PATCHES = {"MonkeyPatch", "setattr", "setenv", "delenv", "chdir", "putenv", "unstretched", "environ"}


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


def _lasting(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Fixtures of sessions and packages; tests of other modules run before these end."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and any(map(_lasts, node.decorator_list)):
            yield node


def _lasts(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call):
        return False
    scopes = {ast.literal_eval(word.value) for word in decorator.keywords if word.arg == "scope"}
    return bool(scopes & {"session", "package"})


def _named(fixture: ast.FunctionDef) -> set[str]:
    names = {node.id for node in ast.walk(fixture) if isinstance(node, ast.Name)}
    return names | {node.attr for node in ast.walk(fixture) if isinstance(node, ast.Attribute)}
