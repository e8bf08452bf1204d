"""Processor time of commands that ask the chain nothing, from the shell to the shell."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from tools.bench import Row

RUNS = 7
#: What a Python command of this kind loads at least: a parser of options and a database.
LIBRARIES = "import typer.main, sqlalchemy.orm"
COMMANDS = (("batch list", 0.4), ("network list", 0.4), ("product list", 0.4), ("--version", 0.4))


def measure() -> list[Row]:
    """Rows of group `starting`, each beside loading the libraries alone."""
    with tempfile.TemporaryDirectory() as name:
        home = Home(Path(name) / ".creditchain")
        home.path.mkdir(mode=0o700)
        with open_journal(home.journal):
            pass
        base = _seconds(Path(name), [sys.executable, "-c", LIBRARIES])
        rows = []
        for line, target in COMMANDS:
            taken = _seconds(Path(name), [sys.executable, "-m", "creditchain", *line.split()])
            beside = f"importing typer and SQLAlchemy, {base:.2f} s"
            ratio = taken / base
            rows.append(Row("starting", line, taken, "s of processor", beside, ratio, f"< {target} s", taken < target))
    return rows


def _seconds(folder: Path, line: list[str]) -> float:
    """The least user and system time of some runs: other programs on the machine only add to it."""
    return min(_once(folder, line) for _ in range(RUNS))


def _once(folder: Path, line: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(line, cwd=folder, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - commands of this file
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
