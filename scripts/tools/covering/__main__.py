"""`python -m tools.covering [options of brownie test]`: run the contract tests with probes, print what they reached."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from creditchain.errors import UnavailableError
from tools.compiling import PROJECT
from tools.covering import project, report

#: Percent of statements and outcomes that a run of all tests must reach. It reached 99.5.
FLOOR = 99.0

FOLDER = PROJECT / "build" / "covering"


def main(options: list[str]) -> int:
    """Returns what Brownie returned if it failed, 1 if less was reached than the floor."""
    probes = project.make(FOLDER)
    printed = FOLDER / "printed"
    shutil.rmtree(printed, ignore_errors=True)
    printed.mkdir()
    environment = _environment(printed)
    # Compiled first, lest each worker compiles for itself. Sweeps reach nothing that other tests do not.
    for command in (["compile"], ["test", *options, "--network", "anvil", "-n", "2", "-m", "not slow"]):
        if failed := _brownie(command, environment):
            return failed
    results = report.reached(probes, printed)
    sys.stdout.writelines(f"{line}\n" for line in report.missing(results))
    Console(width=100).print(report.table(results))
    # Options may have chosen a few tests.
    return 0 if options else _judge(report.percent(results))


def _environment(printed: Path) -> dict[str, str]:
    """Ours, with an Anvil that prints to a file of the folder `printed`."""
    anvil = shutil.which("anvil")
    if anvil is None:
        raise UnavailableError("anvil was not found", hint="Run `npm ci`, then `. scripts/env.sh`.")
    path = f"{Path(__file__).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COVERING_ANVIL": anvil, "COVERING_PRINTED": str(printed)}
    # A chain that runs already would print elsewhere.
    environment.pop("CREDITCHAIN_TEST_PORT", None)
    return environment


def _brownie(command: list[str], environment: dict[str, str]) -> int:
    brownie = Path(sys.executable).with_name("brownie")
    return subprocess.run([brownie, *command], cwd=FOLDER, env=environment, check=False).returncode  # noqa: S603


def _judge(percent: float) -> int:
    if percent >= FLOOR:
        return 0
    sys.stderr.write(f"coverage of the contracts: {percent:.2f} % is below the floor of {FLOOR} %\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
