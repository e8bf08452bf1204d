"""Runs commands for the demonstration: shown as a user would type them, or asked for their JSON."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import sys
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
        self.network, self.networks_file = chosen.network, chosen.networks_file
        self.done: list[dict[str, Any]] = []  #: each command, its chapter and its JSON, for --json
        self._chapter = 0
        self._options = ["--network", chosen.network, "--home", str(place / "home")]
        self._options += ["--deployments", str(place / "deployments")]
        if chosen.networks_file is not None:
            self._options += ["--networks", str(chosen.networks_file)]

    def chapter(self, title: str, zh: str) -> None:
        """Begin the next chapter: its number and its title in both languages."""
        self._chapter += 1
        self.output.line()
        self.output.line()
        self.output.line(("bold white on blue", f" {self._chapter} "), ("bold", f" {title}  {zh}"))

    def say(self, text: str, zh: str) -> None:
        """What happens next, in both languages."""
        self.output.line()
        self.output.line(("cyan", text), f"  {zh}")

    def show(self, *words: str) -> None:
        """Run a command as a user would, and let it print; with --json keep what it gives."""
        if self.output.as_json:
            self.ask(*words)
            return
        self._print(words)
        self._check(words, self._run([*self._options, *words]), ExitCode.OK)

    def show_beginning(self, *words: str, until: str, count: int) -> None:
        """The same, but show only what stands above the line that is the `count`th to begin with `until`."""
        if self.output.as_json:
            self.ask(*words)
            return
        self._print(words)
        printed = _Captured(sys.stdout.isatty())
        with contextlib.redirect_stdout(printed):
            code = self._run([*self._options, *words])
        self._check(words, code, ExitCode.OK)
        for line in printed.getvalue().splitlines():
            count -= until in line
            if count == 0:
                self.output.line(("dim", "…"))
                return
            sys.stdout.write(line + "\n")

    def ask(self, *words: str, expect: ExitCode = ExitCode.OK, quietly: bool = False) -> Any:
        """Run a command for its JSON. Raises DemoError if it ends otherwise than expected."""
        if not quietly:
            self._print(words)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = self._run([*self._options, "--json", *words])
        self._check(words, code, expect)
        return self._keep(words, code, printed.getvalue())

    def refused(self, *words: str) -> None:
        """Run a command that has to be refused, and show why."""
        self._print(words)
        told = io.StringIO()
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            code = self._run([*self._options, "--json", *words])
        self._check(words, code, ExitCode.REFUSED)
        error = self._keep(words, code, told.getvalue().strip().splitlines()[-1])["error"]
        self.output.line(("bold red", "refused 已拒绝"), f"  {error['message']}")
        self.output.line(f"  expected {error['expected']}, found {error['found']}")

    def run_on(self, *words: str) -> None:
        """Run a command that goes on until it is told to end, and let it print."""
        self._print(words)
        options = [*self._options, *(["--json"] if self.output.as_json else [])]
        self._check(words, self._run([*options, *words]), ExitCode.OK)

    def _keep(self, words: Sequence[str], code: int, printed: str) -> Any:
        result = json.loads(printed)
        step = {"chapter": self._chapter, "command": self._written(words), "exit_code": code, "result": result}
        self.done.append(step)
        return result

    def _print(self, words: Sequence[str]) -> None:
        self.output.line(("dim", f"$ creditchain {self._written(words)}"))

    def _written(self, words: Sequence[str]) -> str:
        """A command as one would type it in the folder of the demonstration."""
        return shlex.join(word.replace(f"{self.place}{os.sep}", "") for word in words)

    def _check(self, words: Sequence[str], code: int, expect: ExitCode) -> None:
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if code != expect:
            raise DemoError(f"`{words[0]}` did not end as it should", expected=f"exit code {expect}", found=str(code))


class _Captured(io.StringIO):
    """What a command prints, with colour if the terminal that it is printed on later has it."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal
