"""Every command in the README runs unchanged, in its order."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from forking import PLAIN, Shell
from servers import anvil, ganache

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.zh-CN.md"]


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(params=["embedded", "anvil", "ganache"])
def network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment that directs the README's commands to a fresh chain of each kind that it names."""
    if request.param == "embedded":
        yield {}
        return
    with {"anvil": anvil, "ganache": ganache}[request.param]() as server:
        file = tmp_path / "networks.toml"
        file.write_text(f'[{server.kind}]\nurl = "{server.url}"\n')
        yield {"CREDITCHAIN_NETWORK": server.kind, "CREDITCHAIN_NETWORKS": str(file)}


@pytest.fixture(params=["forked", pytest.param("started", marks=pytest.mark.slow)])
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each command is a process of its own, forked from one that has loaded the modules, or started from nothing."""
    return PLAIN if request.param == "started" else request.getfixturevalue("forked_shell")


def test_shell_commands(shell: Shell, network: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    printed = shell(blocks(READMES[0], "sh"), folder, **network)
    assert "VALID  有效" in printed
    assert printed.rstrip().endswith("exit code 1")


@pytest.mark.parametrize("readme", READMES)
def test_python_snippets(readme: str) -> None:
    snippets = blocks(readme, "python")
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, readme, "exec"), {})  # noqa: S102


def test_both_readmes_give_the_same_commands() -> None:
    for language in ("sh", "sh brownie", "python"):
        assert blocks(READMES[0], language) == blocks(READMES[1], language)
