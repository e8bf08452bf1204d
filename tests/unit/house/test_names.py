"""One idea, one type, one name: no two public classes of the package share one."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
PACKAGE = TESTS.parent / "scripts" / "creditchain"


def test_no_two_public_classes_share_a_name():
    places: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(PACKAGE)))
    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_two_test_modules_share_a_name() -> None:
    """pytest knows modules by their names alone. Contract tests run by themselves."""
    names = [path.name for room in ("unit", "e2e") for path in (TESTS / room).rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
