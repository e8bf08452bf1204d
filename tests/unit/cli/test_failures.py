"""Exit code 1 is a verdict and nothing else: every failure has its own exit code and shows no traceback."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy.exc

from creditchain.cli.failures import explained
from creditchain.errors import ExitCode

#: Runs a line after the product command was made to fail as the first argument says.
INJECTED = """
import sys
from creditchain.cli import product
from creditchain.cli.app import main
def broken(*_):
    raise {}
product.folders_of = broken
sys.argv = ["creditchain", *sys.argv[1:]]
main()
"""


def creditchain(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "creditchain", *arguments]
    return subprocess.run(command, text=True, **({"capture_output": True} | options))


def broken(fault: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", INJECTED.format(fault), "product", "list", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("KeyError('914403001922038216')", ExitCode.BUG),
        ("AssertionError", ExitCode.BUG),
        ("RecursionError", ExitCode.BUG),
        ("SystemError('x')", ExitCode.BUG),
        ("MemoryError", ExitCode.OUT_OF_MEMORY),
        ("PermissionError(13, 'Permission denied', '/x')", ExitCode.COULD_NOT_CHECK),
        ("__import__('sqlite3').OperationalError('database is locked')", ExitCode.DATABASE_FAILED),
        ("KeyboardInterrupt", ExitCode.INTERRUPTED),
    ],
)
def test_an_exception_nobody_caught(fault: str, code: ExitCode) -> None:
    done = broken(fault)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_bug_says_where_it_is_and_shows_no_data() -> None:
    done = broken("KeyError('914403001922038216')", "--json")
    error = json.loads(done.stderr)["error"]
    assert (error["kind"], error["exit_code"]) == ("BugError", 70)
    assert error["found"].startswith("KeyError at creditchain/cli/product.py:")
    assert "914403001922038216" not in done.stderr


@pytest.mark.parametrize("form", ["text", "json"])
def test_verbose_shows_the_way_of_an_exception_without_its_words(form: str) -> None:
    done = broken("KeyError('914403001922038216') from ValueError('914403001922038216')", "-v", "--log-format", form)
    assert done.returncode == ExitCode.BUG
    assert "KeyError" in done.stderr
    assert "creditchain/cli/app.py:" in done.stderr
    assert "914403001922038216" not in done.stderr


def test_errors_of_databases() -> None:
    for error in (sqlite3.DatabaseError("x"), sqlalchemy.exc.OperationalError("select 914403001922038216", {}, None)):
        assert explained(error).exit_code == ExitCode.DATABASE_FAILED
        assert "914403001922038216" not in str(explained(error))


@pytest.mark.parametrize("arguments", [["--help"], ["product", "list"], ["product", "list", "--json"], ["node", "-h"]])
def test_a_full_output(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = creditchain(*arguments, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert done.returncode == ExitCode.OUTPUT_FAILED, done.stderr
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["product", "list"], ["product", "list", "--json"]])
def test_an_output_that_nobody_reads(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = creditchain(*arguments, stdout=closed, stderr=subprocess.PIPE, capture_output=False)
    assert (done.returncode, done.stderr) == (ExitCode.OUTPUT_CLOSED, "")


def test_no_output_at_all() -> None:
    line = [sys.executable, "-m", "creditchain", "product", "list"]
    done = subprocess.run(["/bin/sh", "-c", '"$@" >&-', "sh", *line], stderr=subprocess.PIPE, text=True)
    assert done.returncode == ExitCode.OUTPUT_CLOSED
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_an_output_that_takes_ascii_only(environment: dict[str, str]) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    shown = creditchain("product", "show", "registry-basic/1", "--json", env=clean | environment)
    assert shown.returncode == 0
    assert json.loads(shown.stdout)["title"]["zh"] == "工商登记信息"
    listed = creditchain("product", "list", env=clean | environment)
    assert listed.returncode == 0, listed.stderr
    assert creditchain("--help", env=clean | environment).returncode == 0
    error = creditchain("product", "show", "没有/1", env=clean | environment)
    assert error.returncode == ExitCode.BAD_INPUT, error.stderr
    assert "Traceback" not in error.stderr
