"""Runs commands in this process, as a shell would: exit code, and the JSON that was printed."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from creditchain.cli.app import run


@dataclass(frozen=True)
class Answer:
    """What a command left: exit code, its JSON on stdout, its error on stderr."""

    code: int
    value: Any
    error: Any


class Commands:
    """Commands on one network, with a home folder and deployments of their own."""

    def __init__(self, folder: Path, network: str = "embedded") -> None:
        home, deployments = str(folder / "home"), str(folder / "deployments")
        self._options = ["--network", network, "--home", home, "--deployments", deployments]

    def __call__(self, *arguments: str) -> Answer:
        """Run one command line."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run([*self._options, "--json", *arguments])
        printed, said = out.getvalue(), err.getvalue()
        error = json.loads(said)["error"] if code and said.startswith("{") else said
        return Answer(code, json.loads(printed) if printed.strip() else None, error)

    def done(self, *arguments: str) -> Any:
        """Run a command that has to succeed; its JSON."""
        answer = self(*arguments)
        assert answer.code == 0, answer.error
        return answer.value
