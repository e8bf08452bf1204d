"""Every command in the README runs unchanged, in its order."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
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


def test_shell_commands(network: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    script = "set -euo pipefail\n" + "\n".join(blocks(READMES[0], "sh"))
    # Coverage would double the time that each command takes to start, and other tests run the same lines.
    left_out = ("CREDITCHAIN_", "COVERAGE_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environment = clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | network
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "VALID  有效" in done.stdout
    assert done.stdout.rstrip().endswith("exit code 1")


@pytest.mark.parametrize("readme", READMES)
def test_python_snippets(readme: str) -> None:
    snippets = blocks(readme, "python")
    assert snippets
    for snippet in snippets:
        exec(compile(snippet, readme, "exec"), {})  # noqa: S102


def test_both_readmes_give_the_same_commands() -> None:
    for language in ("sh", "sh brownie", "python"):
        assert blocks(READMES[0], language) == blocks(READMES[1], language)
