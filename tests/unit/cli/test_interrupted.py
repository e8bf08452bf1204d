"""Ctrl-C at any moment, also while modules load, ends with 130 and without a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from creditchain.errors import ExitCode

# Interrupts itself when a module is looked for, which is a moment in the middle of loading. Where tests run in the
# background, children inherit an ignored SIGINT, so the script takes it as a terminal's program would.
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
wanted = sys.argv.pop(1)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == wanted:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from creditchain.cli import main
main()
"""


@pytest.mark.parametrize("module", ["creditchain.cli.app", "creditchain.cli.product", "creditchain.products.schema"])
def test_while_modules_load(module: str) -> None:
    line = [sys.executable, "-c", SCRIPT, module, "product", "list"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in done.stderr
