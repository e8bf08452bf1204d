"""The demonstration: its whole story, what it prints to type next, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from creditchain.cli.app import run
from ports import reserved_port

PATIENCE = 1200.0
#: Ctrl-C counts, also where the tests run in the background, which ignores it.
MAIN = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from creditchain.cli import main; main()"
)


def _environment() -> dict[str, str]:
    """No settings of this project, and its command in reach."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CREDITCHAIN_")}
    return kept | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def _demo(*words: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAIN, "demo", *words]
    return subprocess.Popen(
        command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _until(out: IO[str] | None, beginning: str) -> str:
    """What is printed up to a line that begins like this."""
    assert out is not None
    lines = []
    for line in out:
        lines.append(line)
        if line.startswith(beginning):
            break
    return "".join(lines)


def test_the_story_has_all_its_chapters_and_its_commands_work_in_another_terminal(tmp_path: Path) -> None:
    with reserved_port() as port:
        process = _demo("--records", "60", "--directory", "region", "--serve", "--port", str(port), folder=tmp_path)
        try:
            told = _until(process.stdout, "serving")
            assert told.splitlines()[-1] == f"serving  http://127.0.0.1:{port}", told[-3000:] + _errors(process)
            for number in range(1, 11):
                assert re.search(rf"^ {number}  \S.*[一-鿿]$", told, re.MULTILINE), number
            assert "refused 已拒绝  the consent is for another purpose" in told
            assert told.count("\tnot valid") == 8, "seven forgeries and a revoked record"
            typed = re.findall(r"^  ((?:creditchain|source) .*)$", told, re.MULTILINE)
            assert len(typed) == 4
            terminal = "\n".join(line.replace("source .venv/bin/activate; ", "") for line in typed)
            bank = subprocess.run(
                ["bash", "-c", f"set -e\n{terminal}"],
                cwd=tmp_path, env=_environment(), capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
            # What was handed out may not be on the ledger yet; then the verdict is that it is pending.
            assert bank.returncode in (0, 3), bank.stdout + bank.stderr
            assert "流动资金贷款场景报告" in bank.stdout
            assert "answered_before 此前已答复  no 否" in bank.stdout
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0, _errors(process)
        finally:
            process.kill()
            process.communicate()


def _errors(process: subprocess.Popen[str]) -> str:
    """What it said on stderr, if it has ended."""
    return "" if process.poll() is None or process.stderr is None else process.stderr.read()


def test_as_json_each_step_has_its_chapter(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["demo", "--json", "--records", "20", "--directory", str(tmp_path / "region")])
    out, err = capfd.readouterr()
    assert (code, err) == (0, "")
    steps = json.loads(out)["steps"]
    assert {step["chapter"] for step in steps} == set(range(1, 10))
    (shown,) = [
        step for step in steps if step["command"].startswith("report show delivered.json --policy policy.toml")
    ][:1]
    assert {step["outcome"] for step in shown["result"]["verdict"]["steps"]} == {"passed"}
    first, again = [step["result"][0] for step in steps if step["command"].startswith("query meter")]
    assert first["metered"]
    assert first["entry"] == again["entry"]
    refused = [step["command"] for step in steps if step["exit_code"] != 0]
    assert len(refused) == 3, "a request outside the consent, forgeries, a revoked record"


def test_interrupted_it_ends_cleanly(tmp_path: Path) -> None:
    process = _demo("--records", "20", folder=tmp_path)
    told = _until(process.stdout, "$ creditchain deploy")
    assert told, _errors(process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_told_before_the_story(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with reserved_port() as port, socket.create_server(("127.0.0.1", port)):
        code = run(["demo", "--serve", "--port", str(port), "--directory", str(tmp_path / "region")])
    out, err = capfd.readouterr()
    assert (code, out) == (2, "")
    assert "the port is taken" in err
    assert not (tmp_path / "region").exists()


def test_a_step_that_fails_ends_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its folder cannot be written, so the first command fails, and nothing after it runs."""
    file = tmp_path / "home-is-no-folder"
    code = run(["--networks", str(file), "demo", "--directory", str(tmp_path / "region")])
    out, err = capfd.readouterr()
    assert code not in (0, 1)
    assert "did not end as it should" in err
    assert out.count("$ creditchain") == 1
