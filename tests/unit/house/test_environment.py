"""The index of environment variables is complete, in the module that lists them and in the docs."""

import re
from pathlib import Path

import pytest

from creditchain.environment import VARIABLES
from creditchain.errors import ExitCode

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [
    path
    for path in (
        *(ROOT / "scripts").rglob("*"),
        *(ROOT / "tests").rglob("conftest.py"),
        ROOT / "Makefile",
        ROOT / "brownie-config.yaml",
    )
    if path.is_file() and path.suffix in (".py", ".sh", ".yaml", "") and path.name != "environment.py"
]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")


def test_every_variable_in_the_sources_is_listed() -> None:
    found = {
        name: str(path.relative_to(ROOT))
        for path in SOURCES
        for name in re.findall(r"\bCREDITCHAIN_[A-Z_]*[A-Z]", path.read_text("utf-8", "replace"))
    }
    assert found.keys() - VARIABLES.keys() == set(), found
    assert VARIABLES.keys() - found.keys() == set(), "listed, but nothing uses it"


@pytest.mark.parametrize("name", VARIABLES)
def test_the_docs_show_it(name: str) -> None:
    assert f"| `{name}` | {VARIABLES[name]} |" in OPERATIONS


def test_the_docs_show_no_other() -> None:
    assert set(re.findall(r"^\| `(CREDITCHAIN_[A-Z_]+)` \|", OPERATIONS, re.MULTILINE)) == VARIABLES.keys()


def test_the_docs_show_every_exit_code() -> None:
    rows = re.findall(r"^\| (\d+) \| ([A-Z_]+) \| .+ \|$", OPERATIONS, re.MULTILINE)
    assert {name: int(number) for number, name in rows} == {code.name: int(code) for code in ExitCode}
