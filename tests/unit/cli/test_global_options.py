"""Global options work wherever they stand, and never take a word that belongs to the command."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from creditchain import __version__
from creditchain.cli.app import run, whole_command
from creditchain.cli.global_options import to_the_front
from creditchain.errors import ExitCode


@pytest.mark.parametrize(
    ("line", "moved", "kept"),
    [
        ("verify x.json --network anvil --home H --json", "--network anvil --home H --json", "verify x.json"),
        ("verify x.json -nanvil -q", "-nanvil -q", "verify x.json"),
        ("--json verify x.json", "--json", "verify x.json"),
        ("verify --network=anvil x.json", "--network=anvil", "verify x.json"),
        ("sample -qo out.csv", "-q", "sample -o out.csv"),
        ("sample -vqn anvil -o out.csv", "-v -q -n anvil", "sample -o out.csv"),
        ("node list --json", "--json", "node list"),
        # What an option of the command takes is its value, whatever it looks like.
        ("record revoke 1:0xab --reason --json", "", "record revoke 1:0xab --reason --json"),
        ("verify -- --json", "", "verify -- --json"),
        ("devnet --detach --home H", "--home H", "devnet --detach"),
        # What nobody knows stays, so that the parser can say so.
        ("verify x --unknown -z --json", "--json", "verify x --unknown -z"),
        ("nothing --json", "--json", "nothing"),
    ],
)
def test_where_words_go(line: str, moved: str, kept: str) -> None:
    assert to_the_front(line.split(), whole_command()) == (moved.split(), kept.split())


@pytest.mark.parametrize("line", ["verify --network", "verify x.json --home", "batch list -n", "batch list -qn"])
def test_a_missing_value_never_takes_the_command(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--json", *line.split()]) == ExitCode.USAGE
    assert "needs a value" in json.loads(capsys.readouterr().err)["error"]["message"]


def test_no_command_has_a_global_option_of_its_own() -> None:
    """A letter or name that means two things would depend on where it stands."""
    application = whole_command()
    taken = {name for param in application.params for name in param.opts if name not in ("--help", "-h")}

    def clashes(command: object, path: str) -> list[str]:
        found = [f"{path} {name}" for param in command.params for name in param.opts if name in taken]
        for name, inner in getattr(command, "commands", {}).items():
            found += clashes(inner, f"{path} {name}")
        return found

    assert [one for name, inner in application.commands.items() for one in clashes(inner, name)] == []


def test_running_commands_does_not_make_the_next_one_slower() -> None:
    """Registering adds to module-level groups: done for each run, it would take longer each time."""
    assert run(["product", "list", "--quiet"]) == 0
    assert whole_command() is whole_command()


def test_each_name_loads_the_module_that_adds_it() -> None:
    """Modules are loaded when they are named: a name that its module does not add would be found missing by users."""
    commands = whole_command().commands
    assert [name for name in commands if commands[name].name != name] == []
    assert set(commands.built) == set(commands)


def test_json_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "check", "no-such-file.toml", "--json"]) != 0
    assert "error" in json.loads(capsys.readouterr().err)


@pytest.mark.parametrize("module", [["-m", "creditchain"], ["-c", "from creditchain.cli import main; main()"]])
def test_version(module: list[str], tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, *module, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"creditchain {__version__}\n")


def test_verbose_logs_to_stderr_and_tells_no_argument(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["product", "show", "registry-basic/1", "-v", "--json"]) == 0
    out, err = capfd.readouterr()
    json.loads(out)
    assert "creditchain.cli.app: creditchain" in err
    assert "registry-basic" not in err
    assert run(["product", "list"]) == 0
    assert capfd.readouterr().err == ""
    assert logging.getLogger("creditchain").handlers == []
