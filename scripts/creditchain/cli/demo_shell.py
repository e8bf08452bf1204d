"""Runs commands for the demonstration: shown as a user would type them, or asked for their JSON."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from creditchain.cli.settings import Settings
from creditchain.errors import CreditchainError, ExitCode

#: Runs one command line and returns its exit code.
Run = Callable[[list[str]], int]


class DemoError(CreditchainError):
    """A command of the demonstration did not end as it should."""

    exit_code = ExitCode.BUG


class DemoShell:
    """Commands on the chosen network, with home and deployments in the folder of the demonstration."""

    def __init__(self, chosen: Settings, run: Run, place: Path) -> None:
        self.output, self.place, self._run = chosen.output, place, run
        self.done: list[dict[str, Any]] = []  #: each command and its JSON, for --json
        self._options = ["--network", chosen.network, "--home", str(place / "home")]
        self._options += ["--deployments", str(place / "deployments")]
        if chosen.networks_file is not None:
            self._options += ["--networks", str(chosen.networks_file)]

    def say(self, title: str, zh: str) -> None:
        """A heading in both languages."""
        self.output.line()
        self.output.line(("bold cyan", title), f"  {zh}")

    def show(self, *words: str) -> None:
        """Run a command as a user would, and let it print; with --json keep what it gives."""
        if self.output.as_json:
            self.ask(*words)
            return
        self._print(words)
        self._check(words, self._run([*self._options, *words]), ExitCode.OK)

    def ask(self, *words: str, expect: ExitCode = ExitCode.OK, quietly: bool = False) -> Any:
        """Run a command for its JSON. Raises DemoError if it ends otherwise than expected."""
        if not quietly:
            self._print(words)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = self._run([*self._options, "--json", *words])
        self._check(words, code, expect)
        result = json.loads(printed.getvalue())
        self.done.append({"command": self._written(words), "exit_code": code, "result": result})
        return result

    def _print(self, words: Sequence[str]) -> None:
        self.output.line(("dim", f"$ creditchain {self._written(words)}"))

    def _written(self, words: Sequence[str]) -> str:
        """A command as one would type it in the folder of the demonstration."""
        return shlex.join(word.replace(f"{self.place}{os.sep}", "") for word in words)

    def _check(self, words: Sequence[str], code: int, expect: ExitCode) -> None:
        if code != expect:
            raise DemoError(f"`{words[0]}` did not end as it should", expected=f"exit code {expect}", found=str(code))
