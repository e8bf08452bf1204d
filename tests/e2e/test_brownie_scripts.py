"""`brownie run deploy | anchor_batch | verify_report`, from an empty home folder.

On an Anvil that Brownie starts, and on a Ganache that runs. One test, because its runs share a build folder.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from servers import ganache, program

from ports import reserved_port

PROJECT = Path(__file__).resolve().parents[2]
NODE_MODULES = PROJECT / "node_modules" / ".bin"
#: Brownie's own list of networks, which it copies into an empty home folder.
NETWORKS = Path(str(importlib.util.find_spec("brownie").origin)).parent / "data" / "network-config.yaml"


def test_brownie_scripts(tmp_path: Path) -> None:
    program("anvil")
    with reserved_port() as port:
        _port(tmp_path, port)
        assert "VALID" in _run(tmp_path, "verify_report")
    with ganache("--wallet.deterministic") as server:
        _port(tmp_path, int(server.url.rpartition(":")[2]))
        assert "RegionLog" in _run(tmp_path, "deploy")
        assert "registry-basic/1" in _run(tmp_path, "anchor_batch")
        assert "VALID" in _run(tmp_path, "verify_report")


def _port(home: Path, port: int) -> None:
    """Put Brownie's networks on this port, because somebody else's chain may use the usual port."""
    file = home / ".brownie" / "network-config.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(NETWORKS.read_text().replace("port: 8545", f"port: {port}"))


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
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
