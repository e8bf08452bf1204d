"""Every command in the README runs as it stands, in the order it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.zh-CN.md"]


def blocks(readme: str, language: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_shell_commands(tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + "\n".join(blocks(READMES[0], "sh"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CREDITCHAIN_")}
    environment = clean | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=180
    )
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
