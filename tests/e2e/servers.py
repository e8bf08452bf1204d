"""Real nodes for tests: Anvil and Ganache on free loopback ports, ended by process group."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from creditchain.chain.networks import Network, load_network
from creditchain.chain.signers import DEV_MNEMONIC

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
PATIENCE = {"poll_seconds": 0.02, "timeout_seconds": 5.0, "give_up_seconds": 60.0}


@dataclass(frozen=True)
class Server:
    """A running node. `kind` names the built-in network that it is."""

    kind: str
    url: str

    def ask(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request that has to succeed."""
        answer = requests.post(
            self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=30
        )
        found = answer.json()
        assert "error" not in found, found
        return found["result"]

    def network(self, **changes: Any) -> Network:
        """The network of this node, patient as tests are."""
        return replace(load_network(self.kind), url=self.url, **{**PATIENCE, **changes})


@contextmanager
def anvil(*arguments: str) -> Iterator[Server]:
    """A fresh Anvil."""
    with _node("anvil", "--port", arguments) as url:
        yield Server("anvil", url)


@contextmanager
def ganache(*arguments: str) -> Iterator[Server]:
    """A fresh Ganache, with the development keys unless the arguments say other ones."""
    keys = () if any(word.startswith("--wallet") for word in arguments) else ("--wallet.mnemonic", DEV_MNEMONIC)
    with _node("ganache", "--server.port", (*keys, *arguments)) as url:
        yield Server("ganache", url)


def program(name: str) -> str:
    """The program, or skip: both come from npm."""
    found = shutil.which(name) or str(ROOT / "node_modules" / ".bin" / name)
    if not Path(found).exists():
        pytest.skip(f"{name} is not installed: npm ci")
    return found


@contextmanager
def _node(name: str, port_option: str, arguments: Sequence[str]) -> Iterator[str]:
    port = free_port()
    # A group of its own: npm's anvil is a script that starts the program proper.
    process = subprocess.Popen(
        [program(name), port_option, str(port), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}, timeout=2)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the node does not answer at {url}")
