"""`brownie run deploy | anchor_batch | verify_report`, from an empty home folder.

On an Anvil that Brownie starts, and on a Ganache that runs. One test, because its runs share a build folder and a port.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
NODE_MODULES = PROJECT / "node_modules" / ".bin"
PORT = 8545


@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="needs `npm ci`")
def test_brownie_scripts(tmp_path):
    _wait_for_port(free=True)
    assert "VALID" in _run(tmp_path, "verify_report")
    ganache = subprocess.Popen([NODE_MODULES / "ganache", "--server.port", str(PORT), "--logging.quiet"])
    try:
        _wait_for_port(free=False)
        assert "RegionLog" in _run(tmp_path, "deploy")
        assert "registry-basic/1" in _run(tmp_path, "anchor_batch")
        assert "VALID" in _run(tmp_path, "verify_report")
    finally:
        ganache.terminate()
        ganache.wait()


def _run(home: Path, script: str) -> str:
    """Output of one script, which must succeed, as `. scripts/env.sh` and a shell would run it."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(NODE_MODULES), os.environ["PATH"]]),
        "SOLCX_BINARY_PATH": str(PROJECT / "scripts" / "solc"),
        "CREDITCHAIN_HOME": str(home / "creditchain"),
    }
    command = [shutil.which("brownie", path=environment["PATH"]), "run", script, "--network", "anvil"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _wait_for_port(*, free: bool) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if (probe.connect_ex(("127.0.0.1", PORT)) != 0) is free:
                return
        time.sleep(0.1)
    pytest.fail(f"port {PORT} is not {'free' if free else 'served'}")
